import {
  type ColumnChunk, featureTypes, type GroupScan, readUnitRows, scanGroups, takesSparse,
  type UnitPlace, type WantedType,
} from '@coppice/data'
import { checkRows } from '@coppice/engine'
import {
  CoppiceError, isRanking, labelsPerRow, type Model, type PredictInput,
} from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { shownName } from '../data/source.js'
import { checkWeights, encodeTargets, labelType, type RowPlace } from './targets.js'
import { joinDoubles } from './join-doubles.js'

/** Some rows with what they are. */
export interface LabelledBatch {
  /** The file that the rows are in; absent in memory. */
  readonly partition?: string | undefined
  readonly nRows: number
  /** The features. */
  readonly columns: PredictInput
  /** Class indices, or numbers for regression; those of several label columns one by one. */
  readonly labels: Float64Array
  /** What the label columns are called. */
  readonly labelNames: readonly string[]
  readonly weights: Float64Array | null
  /** Runs of equal query ids, for models that rank; else null. */
  readonly queries: GroupScan | null
  /** What the column of query ids is called. */
  readonly queryName: string
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
    const { labels, weight, noQuery } = rows
    requireLabels(model, labels)
    if (noQuery !== undefined) throw noQuery
    rows.fitTo?.(model)
    const query = isRanking(model.objective) ? requireQuery(rows.query) : null
    const features = model.features.map(({ name }) => name)
    const twice = labels.find((label) => features.includes(label))
    if (twice !== undefined) throw labelIsFeature(twice)
    const types: Record<string, WantedType> = featureTypes(model)
    for (const label of labels) types[label] = labelType(model)
    if (weight !== null) types[weight] ??= 'float'
    // LightGBM counts weights and queries among the features, and does not use them.
    const beside = [weight, query].filter((name) => name !== null)
    const wanted = [...new Set([...features, ...labels, ...beside])]
    const placeOf = (name: string | null): number => name === null ? -1 : wanted.indexOf(name)
    const weightAt = placeOf(weight)
    const queryAt = placeOf(query)
    const queryName = shownName(query ?? 'query', 'query')
    let nRows = 0
    let partition: string | undefined
    const read = (takesSparse(model) ? rows.storedBatches : undefined) ?? rows.batches
    // Those that are looked at by themselves.
    const apart = [...wanted.keys()]
      .filter((k) => k >= features.length || k === weightAt || k === queryAt)
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
      const targets = joinDoubles(labels.map((_, k) =>
        encodeTargets(model, columnAt(features.length + k), place)))
      checkTimes(model, targets, labels, place)
      yield {
        partition,
        nRows: batch.nRows,
        columns: unit.input(0, batch.nRows),
        labels: targets,
        labelNames: labels,
        weights: weight === null ? null : checkWeights(columnAt(weightAt), place),
        queryName,
        queries: query === null ? null
          : scanGroups(queryName, unitPlace(place, batch.nRows), columnAt(queryAt)),
      }
      nRows += batch.nRows
    }
  } finally {
    await rows.close()
  }
}

/** Times of models of survival: as in training, for what else is measured means nothing. */
function checkTimes(
  { objective: { name } }: Model, targets: Float64Array, labels: readonly string[],
  { firstRow, partition }: RowPlace,
): void {
  if (name !== 'cox' && name !== 'aft') return
  const label = rowMajor(targets, labels.length)
  const shape = { objective: name, nClasses: 0, nOutputs: 1, nLabels: labels.length }
  checkRows({
    nRows: label.length / labels.length, label, weight: null, initScore: null, firstRow,
    ...(partition === undefined ? {}
      : { names: { labels, files: [{ firstRow: 0, name: partition }] } }),
  }, shape, '')
}

/** Labels of several columns, one by one, as the engine takes them: row by row. */
export function rowMajor(labels: Float64Array, nLabels: number): Float64Array {
  if (nLabels === 1) return labels
  const nRows = labels.length / nLabels
  return Float64Array.from(labels, (_, i) =>
    labels[(i % nLabels) * nRows + Math.floor(i / nLabels)]!)
}

function unitPlace({ firstRow, partition }: RowPlace, nRows: number): UnitPlace {
  return { partition: partition ?? 'the rows', firstRow, partitionRow: firstRow, nRows }
}

/** @throws CoppiceError 'DATA' for more or fewer label columns than the model has */
function requireLabels({ objective }: Model, labels: readonly string[]): void {
  const wanted = labelsPerRow(objective)
  if (labels.length === wanted) return
  const names = labels.flatMap((label) => shownName(label, null) ?? [])
  const named = names.length === 0 ? '' : ` (${names.join(', ')})`
  throw new CoppiceError('DATA', labels.length === 0
    ? 'the data have no label; pass y, or name the label column of the Dataset'
    : `the data have ${labels.length} label column${labels.length > 1 ? 's' : ''}${named}, but ` +
      `a model of objective ${objective.name} has ${wanted}; name as many`)
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
