/** What a refit has to know of rows. */
import { type GroupScan, mergeGroups, predictColumns } from '@coppice/data'
import type { RefitJob, RowsOfFile } from '@coppice/engine'
import { createPredictor, isRanking, labelsPerRow, type Model } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { MemorySource } from '../data/memory.js'
import { labelledBatches, rowMajor } from '../scoring/labelled-batches.js'
import { joinDoubles } from '../scoring/join-doubles.js'

/** Rows as the engine takes them, the leaves that they are in, and values for linear leaves. */
export type RefitRows = Pick<RefitJob, 'rows' | 'leavesOf' | 'columns'>

/**
 * Reads the rows of a data set.
 * @throws CoppiceError 'DATA' or 'IO'; 'ABORTED' by the signal
 */
export async function readRefitRows(
  model: Model, dataset: Dataset,
  { initScore, signal }: {
    readonly initScore?: ArrayLike<number> | undefined, readonly signal?: AbortSignal | undefined,
  },
): Promise<RefitRows> {
  const predictor = createPredictor(model)
  const { nTrees, nFeatures } = predictor
  const isSmall = model.trees.every(({ leafValue }) => leafValue.length <= 0x1_0000)
  const linearFeatures = [...new Set(model.trees.flatMap(({ linear }) =>
    linear?.features.flat() ?? []))]
  const labels: Float64Array[] = []
  const weights: Float64Array[] = []
  const batches: (Uint16Array | Int32Array)[] = []
  const values = linearFeatures.map((): Float64Array[] => [])
  const files: RowsOfFile[] = []
  let labelNames: readonly string[] = []
  let queryName = 'query'
  const units: { partition: string, groups: GroupScan }[] = []
  let nRows = 0
  for await (const batch of labelledBatches(model, dataset, signal)) {
    const { partition } = batch
    if (partition !== undefined && partition !== files.at(-1)?.name) {
      files.push({ firstRow: nRows, name: partition })
    }
    ({ labelNames, queryName } = batch)
    const found = predictColumns(predictor, batch.columns, 'leaf')
    batches.push(isSmall ? Uint16Array.from(found) : found)
    labels.push(rowMajor(batch.labels, labelsPerRow(model.objective)))
    if (batch.weights !== null) weights.push(batch.weights)
    if (linearFeatures.length > 0) {
      const encoded = predictor.encode(batch.columns)
      linearFeatures.forEach((f, i) => values[i]!.push(Float64Array.from(
        { length: batch.nRows }, (_, row) => encoded[row * nFeatures + f]!)))
    }
    if (batch.queries !== null) {
      units.push({ partition: partition ?? 'the rows', groups: batch.queries })
    }
    nRows += batch.nRows
  }
  const beside = initScore ?? (dataset.source instanceof MemorySource
    ? dataset.source.options.initScores : undefined)
  return {
    rows: {
      nRows,
      label: joinDoubles(labels),
      weight: weights.length === 0 ? null : joinDoubles(weights),
      initScore: beside === undefined ? null : Float64Array.from(beside),
      groupSizes: isRanking(model.objective) ? mergeGroups(queryName, units) : null,
      ...(files.length === 0 ? {} : { names: { labels: labelNames, files } }),
    },
    leavesOf: (tree, leaves) => {
      let row = 0
      for (const batch of batches) {
        for (let at = tree; at < batch.length; at += nTrees) leaves[row++] = batch[at]!
      }
    },
    columns: new Map(linearFeatures.map((f, i) => [f, joinDoubles(values[i]!)])),
  }
}
