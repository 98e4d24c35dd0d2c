import type { Audit } from '../protocol/messages.js'
import { mustRewind } from './store-progress.js'
import type { Store } from './store.js'

/**
 * Audits that are not answered yet. The coordinator asks when an iteration is over; a worker learns
 * that it is from the request that begins the next one, so a question may come early: it waits.
 */
export class AuditQueue {
  #audits: Audit[] = []

  add(audit: Audit): void {
    if (this.#audits.every((known) => known.audit !== audit.audit)) this.#audits.push(audit)
  }

  clear(): void {
    this.#audits = []
  }

  /**
   * Takes the next one that can be answered, and the store to answer it from: null where none that
   * has the partition will be at that iteration.
   */
  take(stores: readonly Store[]): { readonly audit: Audit, readonly store: Store | null } | null {
    for (const audit of this.#audits) {
      const { partition, iteration } = audit
      const holders = stores.filter(({ partitions }) => partitions.includes(partition))
      const store = holders.find((holder) => isAt(holder, iteration)) ?? null
      if (store === null && holders.some((holder) => isOnItsWay(holder, iteration))) continue
      this.#audits = this.#audits.filter((other) => other !== audit)
      return { audit, store }
    }
    return null
  }
}

/** Whether its scores are those after so many iterations, with no tree of the next one. */
function isAt({ isOpen, progress, rewindTo }: Store, iteration: number): boolean {
  const { applied, partial } = progress
  return isOpen && applied.length === iteration && partial.length === 0 &&
    !mustRewind(progress, rewindTo)
}

/** Whether it has trees to add yet, or first to take back those that are not the log's any more. */
function isOnItsWay({ progress, rewindTo }: Store, iteration: number): boolean {
  return progress.applied.length < iteration || mustRewind(progress, rewindTo)
}
