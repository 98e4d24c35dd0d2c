import type { Member } from './members.js'
import { Pace } from './pace.js'
import { rebalance } from './placement.js'
import type { Placing } from './placing.js'
import type { BoardStore, StoreBoard } from './store-board.js'
import type { TrainingContext } from './training-context.js'

/**
 * Moves partitions between workers that are all alive: to those that came, from those that leave
 * or are slow, and several stores of a worker into one. New stores are built and catch up while
 * the old ones go on answering; between two iterations they take over.
 */
export class Moves {
  readonly #context: TrainingContext
  readonly #board: StoreBoard
  readonly #placing: Placing
  readonly #pace: Pace
  #isUneven = false
  #changedAt = 0

  constructor(context: TrainingContext, board: StoreBoard, placing: Placing) {
    this.#context = context
    this.#board = board
    this.#placing = placing
    this.#pace = new Pace(context.vigilance.slowRatio)
  }

  asked(): void {
    this.#pace.asked(this.#context.now())
  }

  answered(worker: string): void {
    this.#pace.answered(worker, this.#context.now())
  }

  /** Somebody came, left, or lost something: who holds what may be uneven. */
  membersChanged(): void {
    this.#isUneven = true
    this.#changedAt = this.#context.now()
    this.#pace.forget()
    this.#placing.setSpeeds(new Map())
  }

  /** Gives up what is being prepared. */
  cancel(): void {
    for (const role of ['standby', 'audit'] as const) {
      for (const store of this.#board.stores(role)) this.#board.retire(store)
    }
  }

  /** Between two iterations, after so many of them. */
  atBoundary(nIterations: number): void {
    this.#judgePace()
    this.#switchOver(nIterations)
    this.#prepare()
  }

  /** Where a worker is much slower than the others, what was measured decides who gets what. */
  #judgePace(): void {
    const speeds = this.#pace.endIteration(this.#placing.loads())
    if (speeds === null) return
    const slowest = [...speeds].reduce((a, b) => (b[1] < a[1] ? b : a))[0]
    const members = this.#context.members.all()
    const perThread = Math.max(...members.map(({ name, nThreads }) =>
      (speeds.get(name) ?? 0) / nThreads))
    const speedOf = ({ name, nThreads }: Member): number =>
      (speeds.get(name) ?? nThreads * perThread) / perThread
    this.#placing.setSpeeds(new Map(members.map((member) => [member.name, speedOf(member)])))
    this.#notice(`worker ${slowest} is much slower than the others; some of its rows move`)
    this.#isUneven = true
  }

  /** Standby stores that have caught up become the active ones. */
  #switchOver(nIterations: number): void {
    const standby = this.#board.stores('standby')
    const isReady = standby.length > 0 &&
      standby.every((store) => this.#hasCaughtUp(store, nIterations))
    if (!isReady) return
    const moved = new Set(standby.flatMap(({ partitions }) => partitions))
    for (const store of this.#board.stores('active')) {
      if (store.partitions.some((p) => moved.has(p))) this.#board.retire(store)
    }
    for (const store of standby) this.#board.activate(store)
    this.#pace.forget()
  }

  #hasCaughtUp({ id, worker }: BoardStore, nIterations: number): boolean {
    const member = this.#context.members.get(worker)
    const state = member?.state.stores.find(({ store }) => store === id)
    // what is left to replay takes less than an iteration
    return state?.phase === 'open' && state.iteration >= nIterations - 2
  }

  /** Has stores built that will even out who holds what, one for each worker. */
  #prepare(): void {
    const { members, now, resendMs, order } = this.#context
    const isBusy = this.#board.stores('standby').length > 0 || this.#board.orphans().length > 0
    const hasSettled = now() - this.#changedAt >= 2 * resendMs ||
      members.all().some(({ state }) => state.isDraining)
    const holders = this.#placing.holders()
    if (!this.#isUneven || isBusy || !hasSettled || holders.length === 0) return
    this.#isUneven = false
    const current = new Map<number, string>()
    for (const { worker, partitions } of this.#board.stores('active')) {
      for (const p of partitions) current.set(p, worker)
    }
    const placed = order.partitions.map(({ weight }, partition) => ({ partition, weight }))
    const target = rebalance(placed, holders, current)
    for (const { name } of holders) {
      const partitions = [...target.keys()].filter((p) => target.get(p) === name)
        .sort((a, b) => a - b)
      const active = this.#board.heldBy(name).filter(({ role }) => role === 'active')
      const isSame = active.length === 1 && equal(active[0]!.partitions, partitions)
      if (partitions.length > 0 && !isSame) this.#board.give(name, partitions, 'standby')
    }
  }

  #notice(text: string): void {
    this.#context.effect({ kind: 'notice', text })
  }
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
