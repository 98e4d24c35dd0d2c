import type { JobContext } from '../loading/job.js'
import type { SourceRef } from './source-ref.js'
import type { ThreadPool } from './thread-pool.js'

/** A context in use. */
export interface OpenContext {
  /** What the pool knows it by. */
  readonly contextId: number
  /** It may be forgotten; call once. */
  close(): void
}

interface Entry {
  readonly context: JobContext
  /** The partition that the context is cut down to, or null for a context without any. */
  readonly partitionIdx: number | null
  readonly contextId: number
  readonly sourcesId: number | null
  nUsers: number
}

/** What is kept for the next tasks of the same kind. */
const entriesMax = 32

/**
 * The contexts of a survey, as threads get them: for one partition each. All plans together may
 * be millions of units, which would take seconds to send to each thread; tasks need one of them.
 */
export class SharedContexts {
  readonly #pool: ThreadPool
  readonly #refs: readonly SourceRef[]
  readonly #allId: number
  /** Least recently used first. */
  readonly #entries = new Set<Entry>()

  /** @param refs - sources of all partitions */
  constructor(pool: ThreadPool, refs: readonly SourceRef[]) {
    this.#pool = pool
    this.#refs = refs
    this.#allId = pool.addSources(refs)
  }

  /** For tasks that need no plan: all sources, no partitions. */
  openFiles(context: JobContext): OpenContext {
    return this.#open(context, null)
  }

  /** For tasks about one partition, which is number 0 there. */
  openPartition(context: JobContext, partitionIdx: number): OpenContext {
    return this.#open(context, partitionIdx)
  }

  /** Forgets all of them. */
  close(): void {
    for (const entry of this.#entries) this.#forget(entry)
    this.#pool.drop(this.#allId)
  }

  #open(context: JobContext, partitionIdx: number | null): OpenContext {
    let entry = this.#find(context, partitionIdx)
    if (entry === null) entry = this.#add(context, partitionIdx)
    else this.#entries.delete(entry)
    this.#entries.add(entry)
    entry.nUsers++
    const used = entry
    return {
      contextId: used.contextId,
      close: () => {
        used.nUsers--
        this.#forgetOldest()
      },
    }
  }

  #find(context: JobContext, partitionIdx: number | null): Entry | null {
    for (const entry of this.#entries) {
      if (entry.context === context && entry.partitionIdx === partitionIdx) return entry
    }
    return null
  }

  #add(context: JobContext, partitionIdx: number | null): Entry {
    const isAll = partitionIdx === null
    const sourcesId = isAll ? null : this.#pool.addSources([this.#refs[partitionIdx]!])
    const partitions = isAll ? [] : [context.partitions[partitionIdx]!]
    const own: JobContext = { ...context, partitions }
    const contextId = this.#pool.addContext(sourcesId ?? this.#allId, own, null)
    return { context, partitionIdx, contextId, sourcesId, nUsers: 0 }
  }

  #forgetOldest(): void {
    for (const entry of this.#entries) {
      if (this.#entries.size <= entriesMax) return
      if (entry.nUsers === 0) this.#forget(entry)
    }
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry)
    this.#pool.drop(entry.contextId)
    if (entry.sourcesId !== null) this.#pool.drop(entry.sourcesId)
  }
}
