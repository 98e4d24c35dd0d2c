import type { Arena } from '../kernels/arena.js'
import { softmaxWorkBytes, type Kernels } from '../kernels/api.js'
import { bindObjective } from '../objectives/kernels.js'
import { bindRanking } from '../objectives/ranking-kernels.js'
import type { GradientInputs, ObjectiveKernel } from '../objectives/objective.js'
import { EvalStore } from './eval-store.js'
import type {
  CommitRequest, EngineRows, EngineSetup, GradientsRequest, MetricPart, PrepareRequest,
  RootRequest,
} from './protocol.js'
import { dealEngineRows, type DealtRows, firstRowIds } from './queries.js'
import { countRows } from './row-dealing.js'
import { RowStore } from './row-store.js'
import { ScorePlanes } from './score-planes.js'
import { WalkTable } from './walk-table.js'

/** Which of the engines that share some rows this is. */
export interface RowPlace {
  readonly engine: number
  readonly nEngines: number
}

/**
 * One thread's share of some rows: records, gradients, scores, evaluation sets. Carries out the
 * part of requests that concerns rows; sums of them are a SumsBuilder's.
 */
export class RowEngine {
  /** The records and where each node's are. */
  readonly rows: RowStore
  readonly #setup: EngineSetup
  readonly #kernels: Kernels
  readonly #scores: ScorePlanes
  /** Gradients of all outputs in row order; null with one output, whose go into the records. */
  readonly #gradientPlanes: number | null
  readonly #objective: ObjectiveKernel
  readonly #walk: WalkTable
  /** Of the evaluation sets; those of the training rows come in `#evaluated`. */
  readonly #evalStores: readonly EvalStore[]
  /** In the order of metric parts. */
  readonly #evaluated: readonly EvalStore[]

  constructor(
    arena: Arena, kernels: Kernels, setup: EngineSetup, train: EngineRows,
    evalSets: readonly EngineRows[], { engine, nEngines }: RowPlace,
  ) {
    this.#setup = setup
    this.#kernels = kernels
    const deal = (data: EngineRows): DealtRows =>
      dealEngineRows(data, engine, nEngines, setup.objective.ranking !== undefined)
    const dealt = deal(train)
    const { runs } = dealt
    const nRows = countRows(runs)
    this.rows = new RowStore(
      arena, kernels, setup.features, train, runs, nRows, setup.usesBagging)
    this.#walk = new WalkTable(arena, setup.maxLeaves, this.rows)
    this.#scores = new ScorePlanes(arena, setup, train, runs, nRows)
    this.#gradientPlanes = setup.nOutputs === 1
      ? null
      : arena.reserve(this.#scores.planeBytes * setup.nOutputs)
    this.#objective = this.#bind(arena, train, dealt, nRows)
    this.#evalStores = evalSets.map((data) =>
      EvalStore.ofSet(arena, setup, data, deal(data)))
    this.#evaluated = setup.evaluatesTraining
      ? [EvalStore.ofTraining(train, dealt, nRows, this.#scores), ...this.#evalStores]
      : this.#evalStores
  }

  #bind(
    arena: Arena, train: EngineRows, { runs, queries }: DealtRows, nRows: number,
  ): ObjectiveKernel {
    const { nOutputs, objective } = this.#setup
    const { labels, weights } = this.#scores.gradientInputs(train, runs)
    const inputs: GradientInputs = {
      nRows,
      scores: this.#scores.offset,
      scorePlaneBytes: this.#scores.planeBytes,
      labels,
      weights,
      gradients: this.#gradientPlanes ?? this.rows.gradients,
      gradientStride: this.#gradientPlanes === null ? this.rows.layout.sideStride : 8,
      gradientPlaneBytes: this.#scores.planeBytes,
      work: arena.reserve(softmaxWorkBytes(nOutputs)),
    }
    return queries === null ? bindObjective(objective, this.#kernels, inputs)
      : bindRanking(objective, arena, this.#kernels, inputs, queries, firstRowIds(queries, runs))
  }

  /** Exact max |gradient| over this engine's rows; 0 without rows. */
  prepare(request: PrepareRequest): number {
    return this.#objective.maxGradient(request.draw)
  }

  /** Fixed-point gradients of all outputs. The scales are powers of two. */
  computeGradients({ gradientScale, hessianScale, draw }: GradientsRequest): void {
    this.#objective.gradients(gradientScale, hessianScale, draw)
  }

  /** Makes node 0 of a new tree: the rows in the bag, with the output's gradients. */
  startTree({ output, bag }: RootRequest): void {
    const planes = this.#gradientPlanes
    this.rows.startTree(planes === null ? null : planes + output * this.#scores.planeBytes, bag)
  }

  /**
   * Adds a finished tree to the scores of all rows of this engine. Scores and leaf values are on
   * one grid, so the sum is exact: the tree with negated values takes it back, bit for bit.
   */
  commit({ tree, leafNodes, output }: CommitRequest): void {
    const scores = this.#scores.plane(output)
    this.#objective.onScores?.()
    this.#walk.write(tree)
    if (leafNodes === null) this.#walkRows('all', scores)
    else {
      leafNodes.forEach((node, leaf) => {
        const value = tree.leafValue[leaf]!
        if (value !== 0) this.rows.scatter(node, scores, value)
      })
      if (this.#setup.usesBagging) this.#walkRows('outside', scores)
    }
    for (const store of this.#evalStores) store.add(this.#kernels, output, tree)
  }

  #walkRows(which: 'outside' | 'all', scores: number): void {
    if (this.#walk.isSingleLeaf) return
    this.rows.walk(which, scores, this.#walk.nodes, this.#walk.values)
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate(): MetricPart[] {
    return this.#evaluated.flatMap((store, dataset) => store.evaluate(this.#setup, dataset))
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
