import { featureColumns, featureTypes, type WantedType } from '@coppice/data'
import { type Columns, CoppiceError, type Model } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { checkWeights, encodeTargets, labelType } from './targets.js'

/** Some rows with what they are. */
export interface LabelledBatch {
  readonly nRows: number
  /** Features by name. */
  readonly columns: Columns
  /** Class indices, or numbers for regression. */
  readonly labels: Float64Array
  readonly weights: Float64Array | null
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
    const { label, weight } = rows
    if (label === null) {
      throw new CoppiceError('DATA',
        'the data have no label; pass y, or name the label column of the Dataset')
    }
    const features = model.features.map(({ name }) => name)
    if (features.includes(label)) throw labelIsFeature(label)
    // LightGBM counts weights among the features, and does not use them.
    const weightNames = weight === null || features.includes(weight) ? [] : [weight]
    const weightAt = weight === null ? -1
      : weightNames.length === 1 ? features.length + 1 : features.indexOf(weight)
    const types: Record<string, WantedType> = { ...featureTypes(model), [label]: labelType(model) }
    for (const name of weightNames) types[name] = 'float'
    let nRows = 0
    let partition: string | undefined
    for await (const batch of rows.batches([...features, label, ...weightNames], types)) {
      if (signal?.aborted === true) {
        throw new CoppiceError('ABORTED', 'the work was aborted', { cause: signal.reason })
      }
      // Rows are counted within their file.
      if (batch.partition !== partition) nRows = 0
      partition = batch.partition
      const place = { firstRow: nRows, partition }
      yield {
        nRows: batch.nRows,
        columns: featureColumns(model, batch),
        labels: encodeTargets(model, batch.columns[features.length]!, place),
        weights: weight === null ? null : checkWeights(batch.columns[weightAt]!, place),
      }
      nRows += batch.nRows
    }
  } finally {
    await rows.close()
  }
}

function labelIsFeature(label: string): CoppiceError {
  return new CoppiceError('DATA', `the label column '${label}' is a feature of the model, too; ` +
    'name the column that the model was trained to predict')
}
