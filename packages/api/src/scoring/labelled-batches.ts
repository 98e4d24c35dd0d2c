import {
  type ColumnChunk, featureTypes, type GroupScan, readUnitRows, scanGroups, takesSparse,
  type UnitPlace, type WantedType,
} from '@coppice/data'
import {
  CoppiceError, isRanking, labelsPerRow, type Model, type PredictInput,
} from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { checkWeights, encodeTargets, labelType, type RowPlace } from './targets.js'

/** Some rows with what they are. */
export interface LabelledBatch {
  /** The file that the rows are in; absent in memory. */
  readonly partition?: string | undefined
  readonly nRows: number
  /** The features. */
  readonly columns: PredictInput
  /** Class indices, or numbers for regression; those of several label columns one by one. */
  readonly labels: Float64Array
  readonly weights: Float64Array | null
  /** Runs of equal query ids, for models that rank; else null. */
  readonly queries: GroupScan | null
}

/**
 * Reads the rows of a data set with their labels, as a model sees them.
 * @throws CoppiceError 'DATA' or 'IO'; 'ABORTED' by the signal
 */
export async function* labelledBatches(
  model: Model, dataset: Dataset, signal?: AbortSignal,
): AsyncGenerator<LabelledBatch> {
  const rows = await dataset.source.open()
  try {
    const { labels, weight, query } = rows
    requireLabels(model, labels)
    rows.fitTo?.(model)
    const queryNames = isRanking(model.objective) ? [requireQuery(query)] : []
    const features = model.features.map(({ name }) => name)
    const twice = labels.find((label) => features.includes(label))
    if (twice !== undefined) throw labelIsFeature(twice)
    // LightGBM counts weights among the features, and does not use them.
    const weightNames = weight === null || features.includes(weight) ? [] : [weight]
    const weightAt = weight === null ? -1
      : weightNames.length === 1 ? features.length + labels.length : features.indexOf(weight)
    const types: Record<string, WantedType> = featureTypes(model)
    for (const label of labels) types[label] = labelType(model)
    for (const name of weightNames) types[name] = 'float'
    const wanted = [...features, ...labels, ...weightNames, ...queryNames]
    let nRows = 0
    let partition: string | undefined
    const read = (takesSparse(model) ? rows.storedBatches : undefined) ?? rows.batches
    // Those that are looked at by themselves.
    const apart = [...wanted.keys()].filter((k) => k >= features.length || k === weightAt)
    for await (const batch of read(wanted, types)) {
      if (signal?.aborted === true) {
        throw new CoppiceError('ABORTED', 'the work was aborted', { cause: signal.reason })
      }
      // Rows are counted within their file.
      if (batch.partition !== partition) nRows = 0
      partition = batch.partition
      const place = { firstRow: nRows, partition }
      const unit = readUnitRows(model, batch.columns, apart, batch.nRows)
      const columnAt = (k: number): ColumnChunk => unit.column(k, 0, batch.nRows)
      yield {
        partition,
        nRows: batch.nRows,
        columns: unit.input(0, batch.nRows),
        labels: joined(labels.map((_, k) =>
          encodeTargets(model, columnAt(features.length + k), place))),
        weights: weight === null ? null : checkWeights(columnAt(weightAt), place),
        queries: queryNames.length === 0 ? null
          : scanGroups('query', unitPlace(place, batch.nRows), columnAt(wanted.length - 1)),
      }
      nRows += batch.nRows
    }
  } finally {
    await rows.close()
  }
}

function unitPlace({ firstRow, partition }: RowPlace, nRows: number): UnitPlace {
  return { partition: partition ?? 'the rows', firstRow, partitionRow: firstRow, nRows }
}

/** @throws CoppiceError 'DATA' for more or fewer label columns than the model has */
function requireLabels({ objective }: Model, labels: readonly string[]): void {
  const wanted = labelsPerRow(objective)
  if (labels.length === wanted) return
  throw new CoppiceError('DATA', labels.length === 0
    ? 'the data have no label; pass y, or name the label column of the Dataset'
    : `the data have ${labels.length} label columns (${labels.join(', ')}), but a model of ` +
      `objective ${objective.name} has ${wanted}; name as many`)
}

function joined(planes: readonly Float64Array[]): Float64Array {
  if (planes.length === 1) return planes[0]!
  const all = new Float64Array(planes.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const plane of planes) {
    all.set(plane, at)
    at += plane.length
  }
  return all
}

function requireQuery(query: string | null): string {
  if (query !== null) return query
  throw new CoppiceError('DATA', 'the rows have no queries, and the model orders the rows of a ' +
    'query; name the column of query ids (group, or --group), or give group or queryId')
}

function labelIsFeature(label: string): CoppiceError {
  return new CoppiceError('DATA', `the label column '${label}' is a feature of the model, too; ` +
    'name the column that the model was trained to predict')
}
