import { labelsPerRow } from '@coppice/model'
import { CustomKernel } from '../custom/objective-kernel.js'
import type { Arena } from '../kernels/arena.js'
import { softmaxWorkBytes, type Kernels } from '../kernels/api.js'
import { bindObjective } from '../objectives/kernels.js'
import { percentileObjective } from '../objectives/percentile-objectives.js'
import { bindRanking } from '../objectives/ranking-kernels.js'
import { assert } from '../errors.js'
import type { GradientInputs, ObjectiveKernel } from '../objectives/objective.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import type { BagRule } from './bag-rules.js'
import { AskedRows } from './asked-rows.js'
import { EvalStore } from './eval-store.js'
import { LinearScorer } from './linear-scorer.js'
import { MomentSummer } from './moment-summer.js'
import type {
  CommitRequest, EngineRows, EngineSetup, EvaluateRequest, Expansion, GradientsRequest,
  MetricPart, MomentsRequest, PrepareRequest, RootRequest, SelectRequest,
} from './protocol.js'
import type { TallyRequest } from './tally-request.js'
import { positionTally } from './position-sums.js'
import { dealEngineRows, type DealtRows, firstRowIds } from './queries.js'
import { LeafValues } from './leaf-values.js'
import { RawRows } from './raw-values.js'
import { countRows, gatherRows, type RowRun } from './row-dealing.js'
import { RowSampler } from './row-sampler.js'
import { RowSelector } from './row-selector.js'
import { RowStore } from './row-store.js'
import { ScorePlanes } from './score-planes.js'
import type { TreePlanes } from './tree-planes.js'
import { WalkTable } from './walk-table.js'

/** Which of the engines that share some rows this is. */
export interface RowPlace {
  readonly engine: number
  readonly nEngines: number
}

/** Offsets of labels and weights, see ScorePlanes. */
type RowInputs = ReturnType<ScorePlanes['gradientInputs']>

/**
 * One thread's share of some rows: records, gradients, scores, evaluation sets. Carries out the
 * part of requests that concerns rows; sums of them are a SumsBuilder's.
 */
export class RowEngine {
  /** The records and where each node's are. */
  readonly rows: RowStore
  readonly #setup: EngineSetup
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #runs: readonly RowRun[]
  readonly #scores: ScorePlanes
  /** The scores of which gradients are: those, or of a forest some that never change. */
  readonly #gradientScores: ScorePlanes
  /** Gradients of all outputs in row order; null with one output, whose go into the records. */
  readonly #gradientPlanes: number | null
  /** At which position each row was shown, or null where that does not count. */
  readonly #shownAt: Int32Array | null
  readonly #memory: WebAssembly.Memory
  readonly #objective: ObjectiveKernel
  readonly #sampler: RowSampler
  /** Of the gradients of each output, where they have their own. */
  readonly #ownScales: number[] = []
  /** Null where no leaf is a percentile. */
  readonly #selector: RowSelector | null
  /** Null where no leaf is linear. */
  readonly #linear: { readonly summer: MomentSummer, readonly scorer: LinearScorer } | null
  /** Null where rows pay for no features. */
  readonly #asked: AskedRows | null
  readonly #values: LeafValues
  /** The trees that are grown: the output of each lane's. */
  readonly #outputs: number[] = []
  /** Of the evaluation sets; those of the training rows come in `#evaluated`. */
  readonly #evalStores: readonly EvalStore[]
  /** In the order of metric parts. */
  readonly #evaluated: readonly EvalStore[]

  /** @param growsTrees - false where TreeEngines do */
  constructor(
    arena: Arena, kernels: Kernels, setup: EngineSetup, train: EngineRows,
    evalSets: readonly EngineRows[], { engine, nEngines }: RowPlace, growsTrees = true,
  ) {
    this.#setup = setup
    this.#arena = arena
    this.#kernels = kernels
    const deal = (data: EngineRows): DealtRows =>
      dealEngineRows(data, engine, nEngines, setup.objective.ranking !== undefined)
    const dealt = deal(train)
    const { runs } = dealt
    const nRows = countRows(runs)
    this.#runs = runs
    this.rows = new RowStore(
      arena, kernels, setup.features, train, runs, nRows, setup.usesBagging && growsTrees,
      growsTrees ? setup.lanes ?? 1 : 0)
    const walk = new WalkTable(arena, kernels, setup.maxLeaves, this.rows)
    this.#values = new LeafValues(arena, this.rows, walk, setup.usesBagging)
    this.#scores = new ScorePlanes(arena, setup, train, runs, nRows)
    this.#gradientScores = setup.fixedScores === null ? this.#scores
      : new ScorePlanes(arena, { ...setup, baseScores: setup.fixedScores }, train, runs, nRows)
    this.#gradientPlanes = setup.nOutputs === 1
      ? null
      : arena.reserve(this.#scores.planeBytes * setup.nOutputs)
    const nLabels = labelsPerRow(setup.objective.objective)
    const { labels, weights } = this.#scores.gradientInputs(train, runs, nLabels)
    this.#memory = arena.memory
    this.#shownAt = shownRows(setup, train, runs, nRows)
    this.#objective = this.#bind(arena, dealt, nRows, labels, weights)
    this.#sampler = new RowSampler(arena, kernels, {
      runs, nRows, labels, nOutputs: setup.nOutputs, queries: dealt.queries, ...this.#pairs,
    })
    this.#selector = this.#makeSelector(arena, { labels, weights })
    this.#linear = this.#makeLinear(arena, train, runs)
    this.#asked = setup.asked === undefined ? null : new AskedRows(arena, this.rows, setup.asked)
    this.#evalStores = evalSets.map((data) =>
      EvalStore.ofSet(arena, kernels, setup, data, deal(data)))
    const own = setup.evaluatesTraining
      ? [EvalStore.ofTraining(train, dealt, nRows, this.#scores, nLabels)] : []
    this.#evaluated = [...own, ...this.#evalStores]
  }

  /** Where gradients are in row order. */
  get #pairs(): { pairs: number, pairStride: number, planeBytes: number } {
    const planes = this.#gradientPlanes
    return {
      pairs: planes ?? this.rows.gradients,
      pairStride: planes === null ? this.rows.layout.sideStride : 8,
      planeBytes: this.#scores.planeBytes,
    }
  }

  #bind(
    arena: Arena, { runs, queries }: DealtRows, nRows: number, labels: number, weights: number,
  ): ObjectiveKernel {
    const { pairs, pairStride, planeBytes } = this.#pairs
    const { nOutputs, objective } = this.#setup
    const inputs: GradientInputs = {
      memory: arena.memory,
      nRows,
      scores: this.#gradientScores.offset,
      scorePlaneBytes: planeBytes,
      labels,
      weights,
      gradients: pairs,
      gradientStride: pairStride,
      gradientPlaneBytes: planeBytes,
      quantum: this.#setup.initScoreQuantum,
      work: arena.reserve(softmaxWorkBytes(nOutputs)),
    }
    if (queries !== null) {
      const ranked = { queries, firstIds: firstRowIds(queries, runs), shownAt: this.#shownAt }
      return bindRanking(objective, arena, this.#kernels, inputs, ranked)
    }
    if (objective.custom == null) return bindObjective(objective, this.#kernels, inputs)
    const rowId = (row: number): number => {
      const run = runs.findLast(({ localRow }) => localRow <= row)!
      return run.firstRow + row - run.localRow
    }
    return new CustomKernel(objective.custom, inputs, { memory: arena.memory, nOutputs, rowId })
  }

  #makeSelector(arena: Arena, { labels, weights }: RowInputs): RowSelector | null {
    const { objective: { objective }, initScoreQuantum } = this.#setup
    const percentile = percentileObjective(objective)
    return percentile === null ? null : new RowSelector(arena, this.rows, {
      labels,
      weights,
      isRelative: percentile.isRelative,
      quantum: initScoreQuantum,
      // trees of a forest are of what its gradients are of
      scores: (output) => this.#gradientScores.plane(output),
    })
  }

  #makeLinear(
    arena: Arena, train: EngineRows, runs: readonly RowRun[],
  ): { readonly summer: MomentSummer, readonly scorer: LinearScorer } | null {
    const { linear, features } = this.#setup
    if (linear === undefined) return null
    const raw = new RawRows(train, runs, features)
    return {
      summer: new MomentSummer(arena, this.#kernels, this.rows, raw, linear),
      scorer: new LinearScorer(arena, raw, this.rows.nRows, this.#setup),
    }
  }

  /** This engine's part of the sums of leaves' normal equations. */
  moments(request: MomentsRequest): MomentsPart {
    assert(this.#linear !== null, 'the leaves of the training are linear')
    return this.#linear.summer.sum(request)
  }

  /** This engine's part of what is asked about residuals. */
  select(request: SelectRequest): SelectPart {
    assert(this.#selector !== null, 'the leaves of the objective are percentiles')
    return this.#selector.select(request)
  }

  /** Cuts a node's rows in two. */
  split(expansion: Expansion): void {
    this.#selector?.forget()
    this.rows.split(expansion)
  }

  /** Exact max |gradient| (or hessian, or score) over this engine's rows; 0 without rows. */
  prepare({ of, draw, biases, risks, output }: PrepareRequest): number {
    switch (of) {
      case 'hessians': return this.#objective.maxHessian?.() ?? 0
      case 'scores': return this.#objective.maxScoreKey?.() ?? 0
      default: return this.#objectiveOf(output).maxGradient(draw, biases, risks)
    }
  }

  /** Fixed-point gradients of all outputs, or of one. The scales are powers of two. */
  computeGradients(request: GradientsRequest): void {
    const { gradientScale, hessianScale, draw, biases, risks, output } = request
    this.#objectiveOf(output).gradients(gradientScale, hessianScale, draw, biases, risks)
    if (!this.#setup.usesGoss) return
    if (output === undefined) {
      this.#sampler.takeKeys()
      return
    }
    this.#ownScales[output] = gradientScale
    if (output === this.#setup.nOutputs - 1) this.#sampler.takeKeys(this.#ownScales)
  }

  #objectiveOf(output: number | undefined): ObjectiveKernel {
    if (output === undefined) return this.#objective
    const own = this.#objective.output?.(output)
    assert(own !== undefined, 'the objective has outputs')
    return own
  }

  /** Counts or sums of this engine's rows, see TallyRequest. */
  tally(request: TallyRequest): Float64Array {
    if (request.of === undefined) return this.#sampler.tally(request)
    if (request.of === 'hazards') {
      assert(this.#objective.hazards !== undefined, 'the objective is of hazards')
      return this.#objective.hazards(request)
    }
    if (request.of === 'asked') {
      assert(this.#asked !== null, 'rows pay for features')
      return this.#asked.tally(request)
    }
    assert(this.#shownAt !== null, 'rows were shown at positions')
    const { pairs, pairStride: stride } = this.#pairs
    const gradients = { memory: this.#memory.buffer, pairs, stride, shownAt: this.#shownAt }
    return positionTally(gradients, request.first)
  }

  /** From now on it is about the tree in this lane; 0 where trees grow one by one. */
  enter(lane: number): void {
    this.rows.enter(lane)
  }

  /**
   * Makes node 0 of a new tree: the rows in the bag, with the output's gradients.
   *
   * @param lane - that was entered
   */
  startTree({ output, bag }: RootRequest, lane = 0): void {
    this.#outputs[lane] = output
    const planes = this.#gradientPlanes
    this.#selector?.forget()
    this.rows.startTree(
      planes === null ? null : planes + output * this.#scores.planeBytes, bag,
      (rule) => this.#sampler.mark(rule))
  }

  /**
   * Adds a finished tree to the scores of all rows of this engine. Scores and leaf values are on
   * one grid, so the sum is exact: the tree with negated values takes it back, bit for bit.
   */
  commit(request: CommitRequest): void {
    const { tree, leafNodes, output } = request
    this.#asked?.take(request, this.#values)
    this.#objective.onScores?.()
    this.#selector?.forget()
    const { nOutputs } = this.#setup
    if (output >= nOutputs) {
      addValue(this.#gradientScores.values(output - nOutputs), tree.leafValue[0]!)
      return
    }
    if (leafNodes !== null) this.enter(this.#laneOf(output))
    if (tree.linear === undefined || tree.feature.length === 0) {
      this.#values.add(tree, leafNodes, this.#scores.plane(output))
    } else {
      assert(this.#linear !== null, 'the leaves of the training are linear')
      const { scorer } = this.#linear
      this.#values.add(scorer.marking(tree), leafNodes, scorer.marks)
      scorer.addMarked(tree, tree.linear, this.#scores.values(output), output)
    }
    for (const store of this.#evalStores) store.add(this.#kernels, output, tree)
  }

  #laneOf(output: number): number {
    // of a tree that is not grown here nodes will be missed
    return Math.max(0, this.#outputs.indexOf(output))
  }

  /** Hands the gradients of all outputs over to those who grow their trees, and rows' marks. */
  giveGradients(planes: TreePlanes, bag: BagRule | null): void {
    const { planeBytes } = this.#scores
    const { nRows } = this.rows
    assert(this.#gradientPlanes !== null, 'there are several outputs')
    for (let output = 0; output < this.#setup.nOutputs; output++) {
      const pairs = this.#gradientPlanes + output * planeBytes
      planes.putPairs(output, this.#arena.ints(pairs, nRows * 2), this.#runs)
    }
    if (bag === null || bag.kind === 'rows') return
    planes.putMarks(this.#arena.bytes(this.#sampler.mark(bag), nRows), this.#runs)
  }

  /** Adds the trees of an iteration that were grown elsewhere to all scores. */
  takeTrees(planes: TreePlanes): void {
    this.#objective.onScores?.()
    const taken = this.#gradientPlanes
    assert(taken !== null, 'there are several outputs')
    for (let output = 0; output < this.#setup.nOutputs; output++) {
      for (const { position, localRow, nRows } of this.#runs) {
        // the gradients are no longer needed
        this.#arena.put(taken, planes.additions(output, position, nRows))
        this.#kernels.addScores(this.#scores.plane(output) + localRow * 8, taken, nRows)
      }
    }
    if (this.#evalStores.length === 0) return
    for (const [output, tree] of planes.trees().entries()) {
      for (const store of this.#evalStores) store.add(this.#kernels, output, tree)
    }
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate({ divisor = 1 }: EvaluateRequest): MetricPart[] {
    return this.#evaluated.flatMap((store, dataset) =>
      store.evaluate(this.#setup, dataset, divisor))
  }

  /**
   * Copies this engine's scores of the rows at positions [first, first + nRows) of a set (0 the
   * training rows, 1 .. the evaluation sets) to their places in `target`, nRows x nOutputs.
   */
  copyScores(set: number, first: number, nRows: number, target: Float64Array): void {
    const scores = set === 0 ? this.#scores : this.#evalStores[set - 1]!.scores
    scores.copyRows(first, nRows, target)
  }
}

function addValue(scores: Float64Array, value: number): void {
  for (let row = 0; row < scores.length; row++) scores[row]! += value
}

/** Of the rows of a thread, where the objective learns biases of positions. */
function shownRows(
  { objective: { ranking } }: EngineSetup, { shownAt = null, nRows: nAll }: EngineRows,
  runs: readonly RowRun[], nRows: number,
): Int32Array | null {
  if (ranking?.nPositions === undefined) return null
  assert(shownAt !== null || nAll === 0, 'rows were shown at positions')
  const own = new Float64Array(nRows)
  if (shownAt !== null) gatherRows(own, shownAt, runs)
  return Int32Array.from(own)
}
