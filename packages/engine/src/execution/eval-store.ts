import { labelsPerRow } from '@coppice/model'
import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import { metricParts } from '../metrics/parts.js'
import { isRankingMetric, rankingParts } from '../metrics/ranking.js'
import { isWide } from '../row-bytes.js'
import { bundleFeatures } from './bundle-features.js'
import { ColumnFiller, type ColumnTarget } from './column-rows.js'
import { planColumns } from './columns.js'
import { LinearScorer } from './linear-scorer.js'
import type { BinnedTree, EngineRows, EngineSetup, MetricPart } from './protocol.js'
import type { DealtRows, LocalQueries } from './queries.js'
import { RawRows } from './raw-values.js'
import { countRows, gatherRows, type RowRun } from './row-dealing.js'
import { ScorePlanes } from './score-planes.js'
import { visitRows } from './visit-rows.js'
import { WalkTable } from './walk-table.js'

/** What trees are walked over, of rows that grow none. */
interface StoredRows {
  /** Offset of the rows' bytes, row-major. */
  readonly offset: number
  /** Bytes of a row. */
  readonly stride: number
  readonly walk: WalkTable
  /** Null where no leaf is linear. */
  readonly scorer: LinearScorer | null
  /** Some bins have two bytes. */
  readonly isWide: boolean
}

/** A thread's rows of one evaluated data set: bins (unless it trains), scores, labels, weights. */
export class EvalStore {
  readonly #nRows: number
  /** Null when the scores are those of the training rows. */
  readonly #rows: StoredRows | null
  readonly scores: ScorePlanes
  readonly #queries: LocalQueries | null
  /** A plane of each label column. */
  readonly #labels: Float64Array
  readonly #weights: Float64Array | null

  private constructor(
    data: EngineRows, { runs, queries }: DealtRows, nRows: number, rows: StoredRows | null,
    scores: ScorePlanes, nLabels: number,
  ) {
    this.#queries = queries
    this.#nRows = nRows
    this.#rows = rows
    this.scores = scores
    this.#labels = new Float64Array(nRows * nLabels)
    for (let k = 0; k < nLabels; k++) {
      gatherRows(this.#labels.subarray(k * nRows), data.label, runs, nLabels, k)
    }
    this.#weights = data.weight === null ? null : new Float64Array(nRows)
    if (this.#weights !== null) gatherRows(this.#weights, data.weight!, runs)
  }

  static ofSet(
    arena: Arena, kernels: Kernels, setup: EngineSetup, data: EngineRows, dealt: DealtRows,
  ): EvalStore {
    const { runs } = dealt
    const nRows = countRows(runs)
    const rows = storeRows(arena, kernels, setup, data, runs, nRows)
    const scores = new ScorePlanes(arena, setup, data, runs, nRows)
    return new EvalStore(
      data, dealt, nRows, rows, scores, labelsPerRow(setup.objective.objective))
  }

  static ofTraining(
    data: EngineRows, dealt: DealtRows, nRows: number, scores: ScorePlanes, nLabels: number,
  ): EvalStore {
    return new EvalStore(data, dealt, nRows, null, scores, nLabels)
  }

  /** Adds a tree to the scores; training scores have it already. */
  add(kernels: Kernels, output: number, tree: BinnedTree): void {
    if (this.#rows === null || this.#nRows === 0) return
    const { offset, stride, walk, scorer, isWide: hasWide } = this.#rows
    const walkTree = hasWide ? kernels.walkTreeWide : kernels.walkTree
    if (tree.linear !== undefined && tree.feature.length > 0 && scorer !== null) {
      walk.write(scorer.marking(tree))
      walkTree(scorer.marks, offset, stride, 0, this.#nRows, walk.nodes, walk.values)
      scorer.addMarked(tree, tree.linear, this.scores.values(output), output)
      return
    }
    if (tree.feature.length === 0) {
      const value = tree.leafValue[0]!
      const scores = this.scores.values(output)
      for (let i = 0; i < scores.length; i++) scores[i]! += value
      return
    }
    walk.write(tree)
    walkTree(
      this.scores.plane(output), offset, stride, 0, this.#nRows, walk.nodes, walk.values)
  }

  /**
   * @param divisor - of the scores
   * @returns a part per metric; none where there are no rows
   */
  evaluate(setup: EngineSetup, dataset: number, divisor: number): MetricPart[] {
    if (this.#nRows === 0) return []
    const scores = Array.from({ length: setup.nOutputs }, (_, k) => {
      const values = this.scores.values(k)
      return divisor === 1 ? values : values.map((score) => score / divisor)
    })
    const { objective } = setup.objective
    const ofRanks = this.#rank(setup, scores[0]!)
    return setup.metrics.flatMap((metric) => {
      const ranked = ofRanks.get(metric.name)
      const parts = ranked === undefined
        ? metricParts(metric, objective, scores, this.#labels, this.#weights) : [ranked]
      return parts.map((part) => ({ dataset, metric: metric.name, ...part }))
    })
  }

  /** Those metrics that are of the order of a query's rows, by name. */
  #rank(
    { metrics, objective: { ranking } }: EngineSetup, scores: Float64Array,
  ): Map<string, Pick<MetricPart, 'sum' | 'ranked'>> {
    if (this.#queries === null || ranking === undefined) return new Map()
    const { starts } = this.#queries
    const specs = metrics.filter(({ name }) => isRankingMetric(name))
    const queries = { starts, scores, labels: this.#labels, weights: this.#weights }
    const sums = rankingParts(specs, queries, ranking.labelGain)
    return new Map(specs.map(({ name }, m) => [name, { sum: sums[m]!, ranked: null }]))
  }
}

function storeRows(
  arena: Arena, kernels: Kernels, setup: EngineSetup, data: EngineRows, runs: readonly RowRun[],
  nRows: number,
): StoredRows {
  const columns = planColumns(setup.features, bundleFeatures(data, runs, setup.features))
  const widths = columns.columns.map(({ nValues }) => isWide(nValues) ? 2 : 1)
  const stride = widths.reduce((sum, width) => sum + width, 0)
  let next = 0
  const byteOf = Int32Array.from(widths, (width) => (next += width) - width)
  const offset = arena.reserve(nRows * stride)
  const target = arena.bytes(offset, nRows * stride)
  const filler = new ColumnFiller(columns)
  const targetAt = (localRow: number): ColumnTarget =>
    ({ memory: target, offsetOf: (column) => localRow * stride + byteOf[column]!, stride })
  visitRows(data, runs, (bins, _, localRow) => filler.fill(targetAt(localRow), bins),
    (packing, bins, first, n, localRow) =>
      filler.fillPacked(targetAt(localRow), packing, bins, first, n))
  const walkOffset = (column: number): number => byteOf[column]!
  const walk = new WalkTable(arena, kernels, setup.maxLeaves, { columns, walkOffset })
  const scorer = setup.linear === undefined ? null : new LinearScorer(
    arena, new RawRows(data, runs, setup.features), nRows, setup)
  return { offset, stride, walk, scorer, isWide: columns.wide.length > 0 }
}
