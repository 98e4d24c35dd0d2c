import { assert, CoppiceError } from '../errors.js'
import type {
  BagRule, BinnedTree, EngineRequest, MetricPart, RootAnswer, RoundAnswer,
} from '../execution/protocol.js'
import { FeatureSampler } from '../grower/feature-sampler.js'
import { leafOutput } from '../grower/leaf-output.js'
import { TreeGrower, type GrownTree } from '../grower/tree-grower.js'
import { hessianBoundOf } from '../objectives/hessian-bound.js'
import type { ObjectiveSpec } from '../objectives/objective.js'
import { FIXED_POINT_BITS } from '../kernels/api.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'
import { fractionLimit, mixNumber, Purpose, startHash } from '../random.js'
import { HESSIAN_RANGE } from './check-data.js'
import { LeafGrid } from './leaf-grid.js'
import type { TrainingPlan } from './plan.js'

/** What an iteration came to. */
export interface IterationRecord {
  /** One tree per output; empty when none of them could split, and then nothing was committed. */
  readonly trees: readonly GrownTree[]
  /** Units of the fixed-point sums in the trees' totals. */
  readonly hessianUnit: number
  /** Of all engines, in any order; empty without evaluation. */
  readonly metricParts: readonly MetricPart[]
}

/** The answer to a request is of the type that the request's kind says. */
export type EngineAnswer = number | RootAnswer | RoundAnswer | readonly MetricPart[] | null

/** Requests to the engines, yielded one at a time; each is resumed with its answer. */
export type Dialogue<Result> = Generator<EngineRequest, Result, EngineAnswer>

/**
 * The boosting iteration, without a row: decides what the engines do next from what they
 * answered. Written as a dialogue, so that an executor may answer at once (threads) or much later
 * (a cluster) and the decisions are the same code.
 */
export class Booster {
  readonly #plan: TrainingPlan
  readonly #grid: LeafGrid
  readonly #sampler: FeatureSampler

  constructor(plan: TrainingPlan) {
    this.#plan = plan
    this.#grid = new LeafGrid(plan.scoreScale)
    this.#grid.spend(largestMagnitude(plan.engine.baseScores))
    this.#sampler = new FeatureSampler(
      plan.sampling, plan.usableFeatures, plan.engine.features.length)
  }

  /** Grows and commits the trees of one iteration. */
  *iterate(iteration: number, evaluates: boolean): Dialogue<IterationRecord> {
    const { nOutputs } = this.#plan.engine
    const scales = yield* this.#scaleGradients(iteration)
    if (scales === null) return { trees: [], hessianUnit: 1, metricParts: [] }
    const trees: GrownTree[] = []
    for (let output = 0; output < nOutputs; output++) {
      trees.push(yield* this.#growTree(iteration, output, scales))
    }
    if (trees.every((tree) => tree.splits.length === 0)) {
      return { trees: [], hessianUnit: 1, metricParts: [] }
    }
    this.#spend(trees.map((tree) => tree.binned))
    const metricParts = evaluates ? (yield { kind: 'evaluate' }) as readonly MetricPart[] : []
    return { trees, hessianUnit: 1 / scales.hessian, metricParts }
  }

  /** Brings the scores to where they were after these trees (one per output). */
  *replay(trees: readonly BinnedTree[]): Dialogue<void> {
    for (const [output, tree] of trees.entries()) {
      yield { kind: 'commit', output, tree, leafNodes: null }
    }
    this.#spend(trees)
  }

  /** A row's score of an output gets one of the iteration's trees: the largest is counted. */
  #spend(trees: readonly BinnedTree[]): void {
    this.#grid.spend(largestMagnitude(trees.flatMap((tree) => tree.leafValue)))
  }

  /** @returns null when all gradients are 0: the labels are met */
  *#scaleGradients(
    iteration: number,
  ): Dialogue<{ gradient: number, hessian: number } | null> {
    const { objective } = this.#plan.engine
    const draw = drawOf(objective, iteration)
    const bound = objective.gradientBound ?? (yield { kind: 'prepare', ...draw }) as number
    if (!Number.isFinite(bound)) {
      throw new CoppiceError('DATA',
        `the largest gradient is ${bound}: labels or scores are too large for double precision; ` +
        'scale the labels down')
    }
    if (bound === 0) return null
    const hessianBound = hessianBoundOf(objective, bound)
    if (hessianBound > HESSIAN_RANGE[1]) {
      throw new CoppiceError('DATA',
        `the training diverges: hessians reach ${hessianBound}, and gains can be computed up to ` +
        `${HESSIAN_RANGE[1]}; use a smaller learning_rate, or max_delta_step`)
    }
    const gradient = fixedPointScale(bound)
    const hessian = fixedPointScale(hessianBound)
    yield { kind: 'gradients', gradientScale: gradient, hessianScale: hessian, ...draw }
    return { gradient, hessian }
  }

  *#growTree(
    iteration: number, output: number, scales: { gradient: number, hessian: number },
  ): Dialogue<GrownTree> {
    const plan = this.#plan
    this.#sampler.startTree(iteration, output)
    const leafValue = (totals: LeafTotals, usesCatL2: boolean): number =>
      this.#grid.round(plan.learningRate * leafOutput(
        Number(totals.gradient) / scales.gradient, Number(totals.hessian) / scales.hessian,
        plan.output, usesCatL2 ? plan.output.catL2 : 0))
    const grower = new TreeGrower(
      plan.growth, plan.engine.features, (key) => this.#sampler.mask(key), leafValue)
    grower.start((yield {
      kind: 'root', output, bag: this.#bag(iteration), mask: grower.rootMask(),
    }) as RootAnswer)
    for (let round = grower.next(); round !== null; round = grower.next()) {
      grower.accept((yield round) as RoundAnswer)
    }
    const tree = withoutLoneLeaf(grower.finish())
    if (tree.splits.length > 0) {
      yield { kind: 'commit', output, tree: tree.binned, leafNodes: tree.leafNodes }
    }
    return tree
  }

  #bag(iteration: number): BagRule | null {
    const { baggingFraction, baggingFreq, baggingSeed } = this.#plan.bagging
    if (!this.#plan.engine.usesBagging) return null
    const drawnAt = iteration - (iteration % baggingFreq)
    return {
      hashStart: mixNumber(startHash(baggingSeed, Purpose.bagging), drawnAt),
      limit: fractionLimit(baggingFraction),
    }
  }
}

/** Where the hashes of an iteration's draws start, if the objective draws. */
function drawOf(
  { objective, ranking }: ObjectiveSpec, iteration: number,
): { readonly draw?: number } {
  if (objective.name !== 'rank_xendcg' || ranking === undefined) return {}
  return { draw: mixNumber(startHash(ranking.seed, Purpose.rankXendcg), iteration) }
}

/** A tree that could not split adds nothing (LightGBM's constant tree). */
function withoutLoneLeaf(tree: GrownTree): GrownTree {
  if (tree.splits.length > 0) return tree
  return { ...tree, binned: { ...tree.binned, leafValue: [0] } }
}

/** The power of two that brings values up to `bound` to at most FIXED_POINT_BITS bits. */
function fixedPointScale(bound: number): number {
  assert(bound > 0, 'a bound above 0')
  return powerOfTwo(FIXED_POINT_BITS) / ceilPowerOfTwo(Math.max(bound, powerOfTwo(-900)))
}

function largestMagnitude(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}
