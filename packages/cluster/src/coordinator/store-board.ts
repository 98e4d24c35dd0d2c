import { assert } from '@coppice/model'
import type { HeldStore, LoadedPartitionInfo } from '../protocol/messages.js'

/** A set of partitions that one worker holds, or held. */
export interface BoardStore {
  readonly id: number
  readonly worker: string
  /** Ascending. */
  readonly partitions: readonly number[]
  /**
   * `standby` stores follow the log to take over later, `audit` ones to be compared; `retired`
   * ones are gone.
   */
  role: 'active' | 'standby' | 'audit' | 'retired'
  isLoaded: boolean
}

/**
 * Who is to hold what. Active stores are disjoint; together they cover all partitions, but for
 * those that were lost and not given away yet.
 */
export class StoreBoard {
  readonly #nPartitions: number
  readonly #stores = new Map<number, BoardStore>()
  readonly #infos: (LoadedPartitionInfo | null)[]
  readonly #views = new Map<string, number>()
  readonly #firstView: number
  #nextId: number

  /**
   * @param firstId - ids of stores and versions of lists are counted on from here, over jobs and
   *   restarts too: a worker that did not hear of the end of a job takes no list for an older one
   */
  constructor(nPartitions: number, firstId: number) {
    this.#nPartitions = nPartitions
    this.#firstView = firstId
    this.#nextId = firstId + 1
    this.#infos = new Array<LoadedPartitionInfo | null>(nPartitions).fill(null)
  }

  /** The first number that was not given. */
  get nextId(): number {
    return this.#nextId
  }

  /** A number that nothing else has, over jobs and restarts. */
  takeId(): number {
    return this.#nextId++
  }

  get(id: number): BoardStore | undefined {
    return this.#stores.get(id)
  }

  stores(role: BoardStore['role']): BoardStore[] {
    return [...this.#stores.values()].filter((store) => store.role === role)
  }

  heldBy(worker: string): BoardStore[] {
    return [...this.#stores.values()].filter((store) =>
      store.worker === worker && store.role !== 'retired')
  }

  /** Version of the list of stores of a worker. */
  viewOf(worker: string): number {
    return this.#views.get(worker) ?? this.#firstView
  }

  /** The list as the worker is told it. */
  listOf(worker: string): HeldStore[] {
    return this.heldBy(worker).map(({ id, partitions, role }) =>
      ({ store: id, partitions, isActive: role === 'active' }))
  }

  /** Partitions that no active store has, ascending. */
  orphans(): number[] {
    const covered = new Uint8Array(this.#nPartitions)
    for (const { partitions } of this.stores('active')) {
      for (const p of partitions) {
        assert(covered[p] === 0, `partition ${p} is in one active store`)
        covered[p] = 1
      }
    }
    return [...covered.keys()].filter((p) => covered[p] === 0)
  }

  give(
    worker: string, partitions: readonly number[], role: 'active' | 'standby' | 'audit',
    id = this.#nextId++,
  ): BoardStore {
    const store: BoardStore = { id, worker, partitions, role, isLoaded: false }
    this.#stores.set(id, store)
    this.touch(worker)
    return store
  }

  retire(store: BoardStore): void {
    store.role = 'retired'
    this.touch(store.worker)
  }

  activate(store: BoardStore): void {
    store.role = 'active'
    this.touch(store.worker)
  }

  /** The worker must be told its list (again). */
  touch(worker: string): void {
    this.#views.set(worker, this.#nextId++)
  }

  info(partition: number): LoadedPartitionInfo | null {
    return this.#infos[partition]!
  }

  /** @returns the first one known where this one is another, else null */
  learn(info: LoadedPartitionInfo): LoadedPartitionInfo | null {
    const known = this.#infos[info.partition]
    if (known === undefined) return null
    if (known === null) this.#infos[info.partition] = info
    else if (known.hash !== info.hash || known.nRows !== info.nRows) return known
    return null
  }

  /** Of all partitions in order, or null while some are missing. */
  allInfos(): readonly LoadedPartitionInfo[] | null {
    const infos = this.#infos.filter((info) => info !== null)
    return infos.length === this.#nPartitions ? infos : null
  }
}
