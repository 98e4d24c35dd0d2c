import type { BinnedTree, CommitRequest } from '../execution/protocol.js'
import { negateTree, scaleLinear } from '../linear/scale.js'
import { roundTiesToEven } from '../numeric/rounding.js'
import { finish, mixNumber, Purpose, startHash } from '../random.js'
import type { LeafGrids } from './leaf-grid.js'

/** Dropout of trees (Rashmi and Gilad-Bachrach 2015; LightGBM's dart.hpp). */
export interface DartParams {
  readonly dropRate: number
  /** <= 0: no limit. */
  readonly maxDrop: number
  readonly skipDrop: number
  readonly uniformDrop: boolean
  readonly xgboostDartMode: boolean
  readonly dropSeed: number
}

/** What an iteration does to those before it. */
export interface DartStep {
  /** Iterations whose trees are left out while this one's grow, ascending. */
  readonly dropped: readonly number[]
  /** Factor on the values of the new trees. */
  readonly shrinkage: number
  /** Factor on the values of the dropped trees, once the new ones are there. */
  readonly factor: number
}

/** Values of the trees of some iterations were multiplied, and rounded to the grid of scores. */
export interface Rescale {
  readonly iterations: readonly number[]
  readonly factor: number
  /** Values are multiples of it. */
  readonly quantum: number
  /** Instead, of the trees of each output, where each has a grid of its own. */
  readonly quanta?: readonly number[]
}

/** Values after a rescale: the same wherever they are computed. Factors are at most 1. */
export function rescaleValues(
  values: readonly number[], rescale: Rescale, output: number,
): number[] {
  const { factor } = rescale
  const quantum = rescale.quanta?.[output] ?? rescale.quantum
  return values.map((value) => roundTiesToEven(value * factor / quantum) * quantum + 0)
}

/**
 * Which iterations are dropped when. A function of the parameters alone: it depends on no row and
 * no tree, so that whoever goes on with a training knows it.
 */
export class DartSchedule {
  readonly #params: DartParams
  readonly #learningRate: (iteration: number) => number
  /** LightGBM's tree_weight_, of each iteration. */
  readonly #weights: number[] = []

  constructor(params: DartParams, learningRate: (iteration: number) => number) {
    this.#params = params
    this.#learningRate = learningRate
  }

  /** Of the iteration after those that were taken. */
  step(): DartStep {
    const iteration = this.#weights.length
    const dropped = this.#draw(iteration)
    const k = dropped.length
    const rate = this.#learningRate(iteration)
    if (!this.#params.xgboostDartMode) {
      return { dropped, shrinkage: rate / (1 + k), factor: k / (k + 1) }
    }
    return { dropped, shrinkage: k === 0 ? rate : rate / (rate + k), factor: k / (k + rate) }
  }

  /** The iteration of this step is committed. */
  take({ dropped, shrinkage, factor }: DartStep): void {
    for (const i of dropped) this.#weights[i]! *= factor
    this.#weights.push(shrinkage)
  }

  #draw(iteration: number): number[] {
    const { dropRate, maxDrop, skipDrop, uniformDrop, dropSeed } = this.#params
    const start = (purpose: Purpose): number => mixNumber(startHash(dropSeed, purpose), iteration)
    const share = (hash: number): number => finish(hash) / 0x1_0000_0000
    if (iteration === 0 || share(start(Purpose.dartSkip)) < skipDrop) return []
    const most = maxDrop > 0 ? maxDrop : Infinity
    const sum = this.#weights.reduce((total, weight) => total + weight, 0)
    // drops are as likely as trees are heavy, and as many on average
    const rateOf = uniformDrop
      ? () => Math.min(dropRate, most / iteration)
      : (weight: number) => {
          const perAverage = iteration / sum
          return Math.min(dropRate, most * perAverage / sum) * weight * perAverage
        }
    const dropped: number[] = []
    const hash = start(Purpose.dartDrop)
    for (let i = 0; i < iteration && dropped.length < most; i++) {
      if (share(mixNumber(hash, i)) < rateOf(this.#weights[i]!)) dropped.push(i)
    }
    return dropped
  }
}

/** The trees of a training as they are in the scores, and what an iteration changes of them. */
export class DartForest {
  readonly #schedule: DartSchedule
  readonly #grids: Pick<Rescale, 'quantum' | 'quanta'>
  /** By iteration: one tree per output. */
  readonly #trees: (readonly BinnedTree[])[] = []

  constructor(schedule: DartSchedule, grids: LeafGrids) {
    const { quanta } = grids
    this.#schedule = schedule
    this.#grids = { quantum: grids.of(0).quantum, ...(quanta === null ? {} : { quanta }) }
  }

  step(): DartStep {
    return this.#schedule.step()
  }

  /** Takes dropped trees out of the scores: exactly, since all values are on one grid. */
  *removals({ dropped }: DartStep): Generator<CommitRequest> {
    for (const iteration of dropped) {
      yield* commitsOf(this.#trees[iteration]!, negateTree)
    }
  }

  /** Puts them back with their new values. */
  *returns(step: DartStep): Generator<CommitRequest> {
    const rescale = this.rescale(step)
    for (const iteration of step.dropped) {
      yield* commitsOf(
        this.#trees[iteration]!, (tree, output) => rescaleTree(tree, rescale, output))
    }
  }

  rescale({ dropped, factor }: DartStep): Rescale {
    return { iterations: dropped, factor, ...this.#grids }
  }

  /** The iteration of this step is committed, with these trees. */
  take(step: DartStep, trees: readonly BinnedTree[]): void {
    const rescale = this.rescale(step)
    for (const i of step.dropped) {
      this.#trees[i] = this.#trees[i]!.map((tree, output) => rescaleTree(tree, rescale, output))
    }
    this.takeReplayed(trees)
  }

  /** A committed iteration is replayed, its trees with the values that they have by now. */
  takeReplayed(trees: readonly BinnedTree[]): void {
    this.#schedule.take(this.#schedule.step())
    this.#trees.push(trees)
  }
}

function rescaleTree(tree: BinnedTree, rescale: Rescale, output: number): BinnedTree {
  const rescaled = { ...tree, leafValue: rescaleValues(tree.leafValue, rescale, output) }
  const { linear } = tree
  return linear === undefined ? rescaled
    : { ...rescaled, linear: scaleLinear(linear, rescale.factor) }
}

function* commitsOf(
  trees: readonly BinnedTree[], change: (tree: BinnedTree, output: number) => BinnedTree,
): Generator<CommitRequest> {
  for (const [output, tree] of trees.entries()) {
    // one that could not split adds nothing
    if (tree.feature.length === 0) continue
    yield { kind: 'commit', output, tree: change(tree, output), leafNodes: null }
  }
}
