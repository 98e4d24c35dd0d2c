import type { JournalRecord } from './record.js'

/** What a record is to a journal: the next one, one that it has, or none that it can take. */
export type Admission =
  | { readonly kind: 'next' }
  | { readonly kind: 'repeat' }
  /** It has that record, and it says something else. */
  | { readonly kind: 'contradiction', readonly reason: string }
  | { readonly kind: 'gap', readonly reason: string }

/**
 * The order of a journal's records, for whoever writes it and whoever reads it. Records are
 * idempotent: one that is there already is ignored if it is equal, and is an alarm if it is not,
 * since equal trainings give equal records.
 */
export class RecordOrder {
  /** Of job, plan and end, by kind. */
  readonly #digests = new Map<string, string>()
  /** Of the iterations, in order. */
  readonly #iterations: string[] = []

  /** Iterations in the journal. */
  get nIterations(): number {
    return this.#iterations.length
  }

  /**
   * What the record would be as the next one. Changes nothing.
   * @param digest - of its bytes: equal for equal records
   */
  examine(record: JournalRecord, digest: string): Admission {
    const known = record.kind === 'iteration'
      ? this.#iterations[record.iteration] : this.#digests.get(record.kind)
    if (known === digest) return { kind: 'repeat' }
    if (known !== undefined) return { kind: 'contradiction', reason: contradiction(record) }
    const gap = this.#gapBefore(record)
    return gap === null ? { kind: 'next' } : { kind: 'gap', reason: gap }
  }

  /** Takes a record that was examined and found to be the next one. */
  take(record: JournalRecord, digest: string): void {
    if (record.kind === 'iteration') this.#iterations.push(digest)
    else this.#digests.set(record.kind, digest)
  }

  #gapBefore(record: JournalRecord): string | null {
    if (record.kind === 'job') return null
    if (!this.#digests.has('job')) return `a "${record.kind}" record comes before the job`
    if (this.#digests.has('end')) return `a "${record.kind}" record comes after the end`
    if (record.kind !== 'iteration') return null
    if (!this.#digests.has('plan')) return `iteration ${record.iteration} comes before the plan`
    if (record.iteration === this.#iterations.length) return null
    return `iteration ${record.iteration} comes where ${this.#iterations.length} is due`
  }
}

function contradiction(record: JournalRecord): string {
  switch (record.kind) {
    case 'iteration':
      return `iteration ${record.iteration} was trained twice with different results: a machine ` +
        'computes wrongly, runs another build, or read other data'
    case 'job': return 'the job differs from the one that the journal was begun for'
    case 'plan':
      return 'the plan differs from the one that the journal was begun with: the data have changed'
    case 'end': return `the job has ended before for another reason than "${record.reason}"`
  }
}
