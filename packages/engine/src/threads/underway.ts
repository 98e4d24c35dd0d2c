import type { MetricPart } from '../execution/protocol.js'
import {
  type IterationOutcome, type IterationRecord, nothingLearnt,
} from '../training/iteration.js'
import { type PackedTrees, unpackTrees } from './packed-trees.js'

/**
 * An iteration that threads were told to do, and what they have told of it so far: the leader's
 * outcome, and trees and parts of metrics of all threads, in whatever order they come.
 */
export class Underway {
  readonly iteration: number
  readonly evaluates: boolean
  readonly #nOutputs: number
  readonly #nThreads: number
  /** Undefined until it is told, null: nothing was learnt. */
  #outcome: IterationOutcome | null | undefined
  #trees: PackedTrees[] = []
  #parts: MetricPart[] = []
  #nParts = 0
  #result: IterationRecord | Error | null = null

  constructor(iteration: number, evaluates: boolean, nOutputs: number, nThreads: number) {
    this.iteration = iteration
    this.evaluates = evaluates
    this.#nOutputs = nOutputs
    this.#nThreads = nThreads
  }

  /** What it came to; null until that is known. */
  get result(): IterationRecord | Error | null {
    return this.#result
  }

  /** The leader's. */
  setOutcome(outcome: IterationOutcome | null): void {
    this.#outcome = outcome
    this.#finish()
  }

  addTrees(trees: PackedTrees): void {
    this.#trees.push(trees)
    this.#finish()
  }

  /** Of one thread. */
  addParts(parts: readonly MetricPart[]): void {
    this.#parts.push(...parts)
    this.#nParts++
    this.#finish()
  }

  /** It will not come to an end, unless it has already. */
  fail(error: Error): void {
    this.#result ??= error
  }

  #finish(): void {
    const outcome = this.#outcome
    if (outcome === undefined || this.#result !== null) return
    if (outcome === null) this.#result = nothingLearnt
    else if (this.#isWhole) {
      this.#result = { ...outcome, trees: unpackTrees(this.#trees), metricParts: this.#parts }
    }
  }

  get #isWhole(): boolean {
    const nTrees = this.#trees.reduce((sum, { outputs }) => sum + outputs.length, 0)
    return nTrees === this.#nOutputs && (!this.evaluates || this.#nParts === this.#nThreads)
  }
}

/** Iterations that threads were told to do, in their order. */
export class UnderwayList {
  #all: readonly Underway[] = []

  /** The one that is asked for, or will be asked for next. */
  get first(): Underway | undefined {
    return this.#all[0]
  }

  add(underway: Underway): void {
    this.#all = [...this.#all, underway]
  }

  remove(underway: Underway): void {
    this.#all = this.#all.filter((each) => each !== underway)
  }

  clear(): void {
    this.#all = []
  }

  /** Something was told of an iteration, which may have been given up. */
  take(iteration: number, take: (own: Underway) => void): void {
    const own = this.#all.find((each) => each.iteration === iteration)
    if (own !== undefined) take(own)
  }

  /**
   * Iterations will not come to an end.
   *
   * @param from - in which a thread failed: those before it do, since all threads have told of
   *   them, if it was not heard yet; null: none does
   */
  fail(error: Error, from: number | null): void {
    for (const each of this.#all) if (from === null || each.iteration >= from) each.fail(error)
  }
}
