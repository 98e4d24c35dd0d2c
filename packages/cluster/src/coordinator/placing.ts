import type { StoreFailed, WireError } from '../protocol/messages.js'
import { DeathToll } from './death-toll.js'
import type { Member } from './members.js'
import { deal, type Holder } from './placement.js'
import type { Round } from './round.js'
import type { BoardStore, StoreBoard } from './store-board.js'
import type { TrainingContext } from './training-context.js'
import { onWorkers } from './tried-by.js'

interface Failure {
  readonly workers: Set<string>
  readonly error: WireError
}

/** Gives partitions that nobody holds to workers, and remembers who could not hold what. */
export class Placing {
  readonly #context: TrainingContext
  readonly #board: StoreBoard
  /** Workers that failed to hold a partition, by partition, and the first error. */
  readonly #failures = new Map<number, Failure>()
  /** Of those who died while they loaded a partition ... */
  readonly #deathsLoading = new DeathToll()
  /** ... or had it open and were asked for its sums. */
  readonly #deathsAtWork = new DeathToll()
  /** Measured speeds, where they differ from what threads promise. */
  #speeds: ReadonlyMap<string, number> = new Map()

  constructor(context: TrainingContext, board: StoreBoard) {
    this.#context = context
    this.#board = board
  }

  setSpeeds(speeds: ReadonlyMap<string, number>): void {
    this.#speeds = speeds
  }

  /** Workers that may be given something. */
  holders(): Holder[] {
    return this.#context.members.all()
      .filter(({ state }) => !state.isDraining)
      .map(({ name, nThreads }) => ({ name, capacity: this.#speeds.get(name) ?? nThreads }))
  }

  /** Weight that each worker answers for. */
  loads(): Map<string, number> {
    const loads = new Map<string, number>()
    for (const { worker, partitions } of this.#board.stores('active')) {
      const weight = partitions.reduce((sum, p) => sum + this.weightOf(p), 0)
      loads.set(worker, (loads.get(worker) ?? 0) + weight)
    }
    return loads
  }

  weightOf(partition: number): number {
    return this.#context.order.partitions[partition]!.weight
  }

  nameOf(partition: number): string {
    return this.#context.order.partitions[partition]!.name
  }

  /** Gives away what nobody holds; of the pending answer each store counts all or nothing. */
  giveOrphans(round: Pick<Round, 'signature'> | null): void {
    const groups = new Map<string, number[]>()
    const holders = this.holders()
    for (const p of this.#board.orphans()) {
      // whoever could have held it is gone: those who failed try once more, or the job would wait
      // for ever; if they fail again, `blame` finds nobody else and ends it
      const failed = this.#failures.get(p)?.workers
      if (holders.every(({ name }) => failed?.has(name))) this.#failures.delete(p)
      const key = round === null ? '' : round.signature(p)
      groups.set(key, [...(groups.get(key) ?? []), p])
    }
    for (const group of groups.values()) this.#give(group)
  }

  #give(group: readonly number[]): void {
    const { order, readerOf } = this.#context
    const given = deal(
      group.map((partition) => ({ partition, weight: this.weightOf(partition) })),
      this.holders(), this.loads(),
      (p) => {
        const { source } = order.partitions[p]!
        return source === null ? null : readerOf(source)
      },
      (worker, p) => this.mayHold(worker, p))
    for (const [worker, taken] of given) this.#board.give(worker, taken, 'active')
  }

  mayHold(worker: string, partition: number): boolean {
    return this.#failures.get(partition)?.workers.has(worker) !== true
  }

  /**
   * A worker could not hold partitions. What fails here may work on another machine.
   * @returns the error when nobody is to try
   */
  blame(
    partitions: readonly number[], member: Member,
    { isFinal, error }: Pick<StoreFailed, 'isFinal' | 'error'>,
  ): WireError | null {
    for (const p of partitions) {
      // what all would say is the cause, also where another worker had trouble of its own before
      const known = isFinal ? undefined : this.#failures.get(p)
      const failure = known ?? { workers: new Set<string>(), error }
      failure.workers.add(member.name)
      this.#failures.set(p, failure)
      const isLeft = this.holders().some(({ name }) => !failure.workers.has(name))
      if (!isFinal && isLeft) continue
      if (failure.error.code === 'IO') return onWorkers(failure.error, failure.workers)
      const tried = [...failure.workers].sort().join(', ')
      return {
        code: failure.error.code, message: `${failure.error.message} (tried by ${tried})`,
      }
    }
    return null
  }

  /**
   * A worker died with a store: for want of memory, perhaps.
   *
   * @param where - the training is, if the store was open and its sums were waited for; null if it
   *   was not open
   * @returns the error when too many have
   */
  countDeath(
    store: BoardStore, { name, incarnation }: Member, reason: string, where: string | null,
  ): WireError | null {
    const toll = where === null ? this.#deathsLoading : this.#deathsAtWork
    for (const partition of store.partitions) {
      const dead = toll.count(partition, name, incarnation)
      if (dead.length < this.#context.deathsMax) continue
      const what = where === null ? 'loaded' : `worked ${where} on`
      return {
        code: 'MEMORY',
        message: `${dead.length} workers in a row were lost while they ${what} ` +
          `${this.nameOf(partition)} (${dead.join(', ')}), the last with: ${reason}; give ` +
          'workers more memory, or cut the data in more partitions',
      }
    }
    return null
  }

  /** A process that was thought dead was only cut off. */
  revive({ incarnation }: Member): void {
    this.#deathsLoading.revive(incarnation)
    this.#deathsAtWork.revive(incarnation)
  }

  /** It can be loaded after all. */
  forgive(partition: number): void {
    this.#deathsLoading.forgive(partition)
  }

  /** What was asked for is answered. */
  answered(): void {
    this.#deathsAtWork.clear()
  }
}
