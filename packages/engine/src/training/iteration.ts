import { assert } from '../errors.js'
import type { BagRule } from '../execution/bag-rules.js'
import type {
  BinnedTree, EngineRequest, EvaluateRequest, MetricPart, RootAnswer, RoundAnswer,
  SelectAnswer, TogetherAnswer, VotesAnswer,
} from '../execution/protocol.js'
import { Election } from '../grower/election.js'
import { fitLeaves } from '../linear/fit-leaves.js'
import type { MomentsPart } from '../linear/moments.js'
import { RuledTree } from '../grower/growth-rules.js'
import { leafOutput } from '../grower/leaf-output.js'
import { type GrownTree, withoutLoneLeaf } from '../grower/grown-tree.js'
import { ExpectedGains } from '../grower/expected-gains.js'
import { TreeGrower, type LeafValue } from '../grower/tree-grower.js'
import type { LeafTotals } from '../kernels/candidate.js'
import type { Selection } from '../selection/select-percentiles.js'
import { askForRoot, askForRound } from './ask-for-splits.js'
import { DartForest, DartSchedule, type DartStep, type Rescale } from './dart.js'
import { type FixedPointScales, largestMagnitude } from './fixed-point-scales.js'
import { growTogether } from './growing-together.js'
import { LeafGrids } from './leaf-grid.js'
import { NodeMasks } from './node-masks.js'
import { stepBiases } from './position-biases.js'
import { labelPercentile, leafPercentiles } from './percentile-leaves.js'
import type { TrainingPlan, TreesPlan } from './plan.js'
import { RowCosts } from './row-costs.js'
import { drawRows, weightOfOthers } from './row-sampling.js'
import { scaleGradients } from './scale-gradients.js'
import { learningRateOf, settingsOf } from './settings-of-iteration.js'

/** What an iteration came to. */
export interface IterationRecord extends IterationOutcome {
  /** One tree per output; empty when none of them could split, and then nothing was committed. */
  readonly trees: readonly GrownTree[]
}

/** What it came to besides trees. */
export interface IterationOutcome {
  /** Units of the fixed-point sums in the trees' totals. */
  readonly hessianUnit: number
  /** What the iteration did to trees of earlier ones, or null. */
  readonly rescale: Rescale | null
  /** Of all engines, in any order; empty without evaluation. */
  readonly metricParts: readonly MetricPart[]
  /** Of positions, for the iteration that follows; absent where rows have none. */
  readonly positionBiases?: readonly number[]
}

/** The answer to a request is of the type that the request's kind says. */
export type EngineAnswer =
  number | Float64Array | RootAnswer | RoundAnswer | VotesAnswer | TogetherAnswer |
  readonly MetricPart[] | SelectAnswer | MomentsPart | null

/** Requests to the engines, yielded one at a time; each is resumed with its answer. */
export type Dialogue<Result> = Generator<EngineRequest, Result, EngineAnswer>

/**
 * The boosting iteration, without a row: decides what the engines do next from what they
 * answered. Written as a dialogue, so that an executor may answer at once (threads) or much later
 * (a cluster) and the decisions are the same code.
 */
export class Booster {
  readonly #plan: TrainingPlan
  readonly #grids: LeafGrids
  /** Of the trees that grow at the same time. */
  readonly #masks: readonly NodeMasks[]
  /** Null where no trees are dropped. */
  readonly #dart: DartForest | null
  readonly #expected: ExpectedGains
  /** Base scores that the engines do not start from: the first iteration adds them. */
  #base: readonly number[] = []
  /** Features that no committed tree uses, where a first use costs; else null. */
  #due: Uint8Array | null
  /** Of positions, for the next iteration; null where rows have none. */
  #biases: readonly number[] | null

  constructor(plan: TrainingPlan) {
    this.#plan = plan
    this.#biases = plan.positions?.start ?? null
    this.#grids = new LeafGrids(plan.scoreScales ?? plan.scoreScale)
    this.#grids.spend(plan.engine.baseScores.map(Math.abs))
    const { features, rules, lanes = 1 } = plan.engine
    this.#masks = Array.from({ length: lanes }, () => new NodeMasks(plan))
    this.#dart = plan.dart === null ? null : new DartForest(
      new DartSchedule(plan.dart, (iteration) => learningRateOf(plan, iteration)),
      this.#grids)
    this.#expected = new ExpectedGains(plan.engine.nOutputs)
    this.#due = rules?.firstUseCosts.some((cost) => cost > 0) === true
      ? new Uint8Array(features.length).fill(1) : null
  }

  /**
   * Base scores that can only be found by asking those who hold the rows: percentiles of the
   * labels. Asked before the first iteration, which adds them to the scores as trees of one leaf.
   */
  *center(): Dialogue<readonly number[]> {
    const { engine: { nOutputs }, percentiles } = this.#plan
    assert(percentiles !== null, 'the base scores are percentiles')
    const base: number[] = []
    for (let output = 0; output < nOutputs; output++) {
      const [value] = (yield* this.#select(labelPercentile(percentiles, output)))
      const grid = this.#grids.of(output)
      base.push(grid.round(value! * grid.quantum))
    }
    this.#base = base
    this.#grids.spend(base.map(Math.abs))
    return base
  }

  /** Carries a selection out. */
  *#select(selection: Selection<number[]>): Dialogue<number[]> {
    let step = selection.next()
    while (step.done !== true) step = selection.next((yield step.value) as SelectAnswer)
    return step.value
  }

  /** Trees of a forest have the base scores in them: there these are where gradients begin. */
  *#addBase(base: readonly BinnedTree[]): Dialogue<void> {
    const { forest, engine: { nOutputs } } = this.#plan
    const first = forest === null ? 0 : nOutputs
    for (const [k, tree] of base.entries()) {
      if (tree.leafValue[0] === 0) continue
      yield { kind: 'commit', output: first + k, tree, leafNodes: null }
    }
  }

  /** Grows and commits the trees of one iteration. */
  *iterate(iteration: number, evaluates: boolean): Dialogue<IterationRecord> {
    const start = yield* this.#begin(iteration)
    if (start === null) return nothingLearnt
    const trees = yield* this.#growTrees(start.task)
    const outcome = yield* this.#end(start, trees.map(({ binned }) => binned), evaluates)
    return outcome === null ? nothingLearnt : { trees, ...outcome }
  }

  /** One by one, or as many at the same time as there are lanes. */
  *#growTrees(task: IterationTask): Dialogue<GrownTree[]> {
    const { nOutputs, lanes = 1 } = this.#plan.engine
    if (lanes > 1) {
      return yield* growTogether(
        nOutputs, lanes, (output, lane) => this.growTree({ ...task, output }, null, lane),
      ) as Dialogue<GrownTree[]>
    }
    const trees: GrownTree[] = []
    for (let output = 0; output < nOutputs; output++) {
      trees.push(yield* this.growTree({ ...task, output }, this.#dueAfter(trees)))
    }
    return trees
  }

  /** Whether a plan's trees of one iteration may be grown at the same time, apart. */
  static canGrowApart(
    { engine: { nOutputs, rules, asked }, percentiles, linear }: TreesPlan,
  ): boolean {
    return nOutputs > 1 && percentiles === null && linear === undefined &&
      rules?.firstUseCosts.some((cost) => cost > 0) !== true && asked === undefined
  }

  /**
   * As `iterate`, for whoever can grow the trees of an iteration at the same time.
   *
   * @param growAll - grows the tree of each output as `growTree` says, adds it to the scores, and
   *   gives all trees, by output
   * @returns the record but for the trees; null where none of them could split
   */
  *iterateApart(
    iteration: number, evaluates: boolean, growAll: (task: IterationTask) => readonly BinnedTree[],
  ): Dialogue<IterationOutcome | null> {
    const start = yield* this.#begin(iteration)
    return start === null ? null : yield* this.#end(start, growAll(start.task), evaluates)
  }

  /** All that comes before the trees. Null: there is nothing to learn. */
  *#begin(iteration: number): Dialogue<IterationStart | null> {
    if (iteration === 0) yield* this.#addBase(baseTrees(this.#base))
    const { rowSampling } = settingsOf(this.#plan, iteration)
    const step = this.#dart?.step() ?? null
    if (step !== null) yield* this.#dart!.removals(step) as Dialogue<void>
    const factor = weightOfOthers(rowSampling, iteration)
    const scales = yield* scaleGradients(
      this.#plan.engine, { iteration, factor, biases: this.#biases }) as
      Dialogue<readonly FixedPointScales[] | null>
    if (scales === null) return null
    const biases = yield* stepBiases(this.#plan.positions, this.#biases, scales[0]!) as
      Dialogue<readonly number[] | null>
    const bag = yield* drawRows(rowSampling, iteration) as Dialogue<BagRule | null>
    const shrinkage = step?.shrinkage ?? learningRateOf(this.#plan, iteration)
    const leafLimits = this.#grids.limits
    return { task: { iteration, scales, bag, shrinkage, leafLimits }, step, biases }
  }

  /** All that comes after the trees. Null: none of them could split. */
  *#end(
    { task: { iteration, scales }, step, biases }: IterationStart, trees: readonly BinnedTree[],
    evaluates: boolean,
  ): Dialogue<IterationOutcome | null> {
    if (trees.every(({ feature }) => feature.length === 0)) return null
    if (step !== null) yield* this.#dart!.returns(step) as Dialogue<void>
    const metricParts = evaluates ? (yield this.#evaluate(iteration)) as readonly MetricPart[] : []
    this.#biases = biases
    return {
      // of all outputs: losses with scales for each are squared errors, whose hessians have one
      hessianUnit: 1 / scales[0]!.hessian, metricParts, rescale: this.#take(trees, step),
      ...(biases === null ? {} : { positionBiases: biases }),
    }
  }

  #evaluate(iteration: number): EvaluateRequest {
    return this.#plan.forest === null ? { kind: 'evaluate' }
      : { kind: 'evaluate', divisor: iteration + 1 }
  }

  /**
   * The iteration is over: an iteration that is begun again finds all as it was, but for what it
   * expects of gains, on which no tree depends.
   */
  #take(trees: readonly BinnedTree[], step: DartStep | null): Rescale | null {
    this.#spend(trees)
    if (step === null) return null
    this.#dart!.take(step, trees)
    return step.dropped.length === 0 ? null : this.#dart!.rescale(step)
  }

  /**
   * Brings the scores to where they were after these trees: one per output, behind those of
   * `baseTrees` where the iteration began with them.
   */
  *replay(trees: readonly BinnedTree[]): Dialogue<void> {
    const nBase = trees.length - this.#plan.engine.nOutputs
    const base = trees.slice(0, nBase)
    if (nBase > 0 && this.#base.length === 0) this.#spend(base)
    yield* this.#addBase(base)
    const grown = trees.slice(nBase)
    for (const [output, tree] of grown.entries()) {
      yield { kind: 'commit', output, tree, leafNodes: null }
    }
    this.#spend(grown)
    this.#dart?.takeReplayed(grown)
  }

  /** A row's score of an output gets one of the iteration's trees: the largest is counted. */
  #spend(trees: readonly BinnedTree[]): void {
    this.#due = this.#dueAfter(trees.map((binned) => ({ binned })))
    this.#grids.spend(trees.map((tree) => largestMagnitude(tree.leafValue)))
  }

  /** Features whose first use is yet to be paid when these trees are committed too. */
  #dueAfter(trees: readonly { readonly binned: BinnedTree }[]): Uint8Array | null {
    if (this.#due === null) return null
    const due = this.#due.slice()
    for (const f of trees.flatMap(({ binned }) => binned.feature)) due.fill(0, f, f + 1)
    return due
  }

  /**
   * Grows one tree, and commits it if it changes scores.
   *
   * @param due - see `dueAfter`; null where trees may be grown apart
   * @param lane - of trees that grow at the same time each has another
   */
  *growTree(task: TreeTask, due: Uint8Array | null, lane = 0): Dialogue<GrownTree> {
    const { iteration, output, bag, shrinkage, leafLimits } = task
    const scales = scalesOf(task)
    const leafLimit = leafLimits[leafLimits.length === 1 ? 0 : output]!
    const plan = this.#plan
    const grid = this.#grids.of(output)
    const settings = settingsOf(plan, iteration)
    const masks = this.#masks[lane]!
    masks.startTree(iteration, output, settings.sampling)
    const freeOutput = (totals: LeafTotals, usesCatL2: boolean): number => leafOutput(
      Number(totals.gradient) / scales.gradient, Number(totals.hessian) / scales.hessian,
      settings.output, usesCatL2 ? settings.output.catL2 : 0)
    // trees of a forest are models of their own
    const bias = this.#biasOf(output)
    const leafValue: LeafValue = (totals, usesCatL2, ruled) =>
      grid.round(shrinkage * (ruled ?? freeOutput(totals, usesCatL2)) + bias, leafLimit)
    const { features, rules } = plan.engine
    const ruledTree = rules === undefined ? null
      : new RuledTree(rules, plan.growthRules!, features, freeOutput, due)
    const grower = new TreeGrower(
      settings.growth, features, (key, path) => masks.mask(key, path), leafValue, ruledTree,
      this.#expected.of(output))
    const election = plan.engine.voting === undefined ? null : new Election(plan.engine)
    const rowCosts = plan.engine.asked === undefined ? null : new RowCosts(rules!.rowCosts)
    const root = yield* askForRoot({
      kind: 'root', output, bag, mask: grower.rootMask(),
      ...(ruledTree === null ? {} : { rules: ruledTree.rootRules() }),
      ...(settings.scan === undefined ? {} : { scan: settings.scan }),
      ...(task.scales.length === 1 ? {} : { scales }),
    }, election) as Dialogue<RootAnswer>
    if (rowCosts !== null) yield* rowCosts.takeRoot() as Dialogue<void>
    grower.start(root, rowCosts?.of)
    for (let round = grower.next(); round !== null; round = grower.next()) {
      const answer = yield* askForRound(round, election) as Dialogue<RoundAnswer>
      if (rowCosts !== null) yield* rowCosts.take(round.expansions) as Dialogue<void>
      grower.accept(answer, rowCosts?.of)
    }
    this.#expected.take(output, grower.gains)
    const grown = withoutLoneLeaf(grower.finish(), bias)
    const tree = yield* this.#renew(task, yield* this.#fit(task, grown, bias), bias)
    if (changesScores(tree.binned)) {
      yield { kind: 'commit', output, tree: tree.binned, leafNodes: tree.leafNodes }
    }
    return tree
  }

  /** What is added to all values of the trees of an output. */
  #biasOf(output: number): number {
    const { forest } = this.#plan
    return forest === null ? 0 : this.#base[output] ?? forest.bias[output]!
  }

  /** Makes leaves linear, where they are to be. */
  *#fit(
    task: TreeTask, tree: GrownTree, bias: number,
  ): Dialogue<GrownTree> {
    const { iteration, output, shrinkage } = task
    const { linear: plan, engine: { linear: setup, features } } = this.#plan
    if (plan === undefined || setup === undefined) return tree
    const scales = scalesOf(task)
    return yield* fitLeaves(
      { plan, setup, features, iteration, output, scales, shrinkage, bias }, tree,
    ) as Dialogue<GrownTree>
  }

  /** Puts percentiles of the leaves' rows in the place of their steps, where there are some. */
  *#renew(
    { output, shrinkage }: TreeTask, tree: GrownTree, bias: number,
  ): Dialogue<GrownTree> {
    const { percentiles } = this.#plan
    if (percentiles === null || tree.splits.length === 0) return tree
    const values = yield* this.#select(leafPercentiles(percentiles, output, tree))
    const grid = this.#grids.of(output)
    const leafValue = values.map((value) =>
      grid.round(shrinkage * (value * grid.quantum) + bias))
    return { ...tree, binned: { ...tree.binned, leafValue } }
  }
}

/** Base scores that engines do not start from, as trees without a split. */
export function baseTrees(base: readonly number[]): BinnedTree[] {
  return base.map((value) =>
    ({ feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [value] }))
}

/** What all trees of an iteration are grown with. Plain data. */
export interface IterationTask {
  readonly iteration: number
  /** Of the fixed-point gradients and hessians: one of all outputs, or one of each. */
  readonly scales: readonly FixedPointScales[]
  readonly bag: BagRule | null
  /** Factor on leaf values. */
  readonly shrinkage: number
  /** Of their magnitude: whoever grows a tree need not know those before. */
  readonly leafLimits: readonly number[]
}

/** What one of them is grown with. */
export interface TreeTask extends IterationTask {
  readonly output: number
}

function scalesOf({ scales, output }: TreeTask): FixedPointScales {
  return scales[scales.length === 1 ? 0 : output]!
}

interface IterationStart {
  readonly task: IterationTask
  /** Null where no trees are dropped. */
  readonly step: DartStep | null
  /** Of positions, for the iteration after it; null where rows have none. */
  readonly biases: readonly number[] | null
}

/** Whether a tree adds anything to scores: else it is no commit. */
export function changesScores({ feature, leafValue }: BinnedTree): boolean {
  return feature.length > 0 || leafValue[0] !== 0
}

/** None of an iteration's trees could split. */
export const nothingLearnt: IterationRecord = {
  trees: [], hessianUnit: 1, metricParts: [], rescale: null,
}
