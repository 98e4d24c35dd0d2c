import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import { metricPart } from '../metrics/parts.js'
import type { EngineRows, EngineSetup, MetricPart } from './protocol.js'
import { countRows, gatherRows, visitBlocks, type RowRun } from './row-dealing.js'
import { ScorePlanes } from './score-planes.js'
import type { WalkTable } from './walk-table.js'

/** A thread's rows of one evaluated data set: bins (unless it trains), scores, labels, weights. */
export class EvalStore {
  readonly #nRows: number
  readonly #nFeatures: number
  /** Offset of the bins, or null when the scores are those of the training rows. */
  readonly #bins: number | null
  readonly scores: ScorePlanes
  readonly #labels: Float64Array
  readonly #weights: Float64Array | null

  private constructor(
    data: EngineRows, runs: readonly RowRun[], nRows: number, bins: number | null,
    scores: ScorePlanes,
  ) {
    this.#nRows = nRows
    this.#nFeatures = data.nFeatures
    this.#bins = bins
    this.scores = scores
    this.#labels = new Float64Array(nRows)
    gatherRows(this.#labels, data.label, runs)
    this.#weights = data.weight === null ? null : new Float64Array(nRows)
    if (this.#weights !== null) gatherRows(this.#weights, data.weight!, runs)
  }

  static ofSet(
    arena: Arena, setup: EngineSetup, data: EngineRows, runs: readonly RowRun[],
  ): EvalStore {
    const nRows = countRows(runs)
    const nFeatures = data.nFeatures
    const offset = arena.reserve(nRows * nFeatures)
    const target = arena.bytes(offset, nRows * nFeatures)
    visitBlocks(data, runs, ({ bins }, blockRow, n, localRow) => {
      const from = blockRow * nFeatures
      target.set(bins.subarray(from, from + n * nFeatures), localRow * nFeatures)
    })
    const scores = new ScorePlanes(arena, setup, data, runs, nRows)
    return new EvalStore(data, runs, nRows, offset, scores)
  }

  static ofTraining(
    data: EngineRows, runs: readonly RowRun[], nRows: number,
    scores: ScorePlanes,
  ): EvalStore {
    return new EvalStore(data, runs, nRows, null, scores)
  }

  /** Adds the tree in the walk table to the scores; training scores have it already. */
  add(kernels: Kernels, output: number, walk: WalkTable): void {
    if (this.#bins === null || this.#nRows === 0) return
    if (walk.isSingleLeaf) {
      const value = walk.firstValue
      const scores = this.scores.values(output)
      for (let i = 0; i < scores.length; i++) scores[i]! += value
      return
    }
    kernels.walkTree(
      this.scores.plane(output), this.#bins, this.#nFeatures, 0, this.#nRows, walk.nodes,
      walk.values)
  }

  /** @returns a part per metric; none where there are no rows */
  evaluate(setup: EngineSetup, dataset: number): MetricPart[] {
    if (this.#nRows === 0) return []
    const scores = Array.from({ length: setup.nOutputs }, (_, k) => this.scores.values(k))
    return setup.metrics.map((metric) => ({
      dataset,
      metric: metric.name,
      ...metricPart(metric, setup.objective.objective, scores, this.#labels, this.#weights),
    }))
  }
}
