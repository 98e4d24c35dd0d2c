/** Where scores begin when a training begins with a model: its raw scores of the rows. */
import { type BinnedDataset, fitInitialModel, fitRows, hasRow, initialModel } from '@coppice/engine'
import { CoppiceError, createPredictor, type Model } from '@coppice/model'
import { allRowsOf, Dataset } from '../data/dataset.js'
import { SelectedSource } from '../data/selected-rows.js'
import type { SelectableRows } from '../data/source.js'
import { Booster } from '../model/booster.js'
import { predictRows } from '../scoring/predict.js'

/** Whether a value is a Booster, or has a model's trees. */
export function isModelLike(given: unknown): given is Booster | Model {
  return typeof given === 'object' && given !== null &&
    (given instanceof Booster || 'trees' in given)
}

/**
 * The model that a training is to begin with, as `initialModel` gives it.
 *
 * @param boosting - of the training
 * @throws CoppiceError 'PARAMETER' for what is no model, 'MODEL' for one that cannot be begun with
 */
export function initialModelOf(given: unknown, boosting: string): Model | null {
  if (given === undefined) return null
  if (!isModelLike(given)) {
    throw new CoppiceError('PARAMETER', `initModel must be a Booster, or a model as plain data, ` +
      `got ${typeof given}; Booster.load(path) reads one from a file`)
  }
  return initialModel(given instanceof Booster ? given.model : given, boosting)
}

/**
 * Raw scores of whole data sets, for trainings on selections of their rows, as folds are: rows are
 * predicted once. Of one model; lives as long as the trainings.
 */
export class SharedScores {
  readonly #known = new Map<SelectableRows, Promise<Float64Array>>()

  /** Of all rows; predicts where nobody has. */
  of(base: SelectableRows, predict: () => Promise<Float64Array>): Promise<Float64Array> {
    const known = this.#known.get(base) ?? predict()
    this.#known.set(base, known)
    return known
  }
}

/**
 * The rows with the model's scores of them.
 *
 * @param model - of `initialModelOf`
 * @param name - '' for the training set
 * @throws CoppiceError 'MODEL' for features that do not fit, 'DATA' for rows that have init scores
 */
export async function withInitialScores(
  model: Model, name: string, dataset: Dataset, data: BinnedDataset,
  { numThreads, signal, shared }: {
    readonly numThreads: number, readonly signal?: AbortSignal | undefined,
    /** Of this model, where other trainings need scores of the same rows. */
    readonly shared?: SharedScores | undefined,
  },
): Promise<BinnedDataset> {
  const where = name === '' ? 'the training data' : `evaluation set "${name}"`
  if (data.initScore !== null) {
    throw new CoppiceError('DATA', `${where} has init scores, and initModel says where scores ` +
      'begin, too; leave one of them out')
  }
  const predictor = createPredictor(fitInitialModel(model, data.features))
  const scoresOf = (rows: Dataset): Promise<Float64Array> =>
    predictRows(predictor, rows, 'raw', numThreads)
  const base = allRowsOf(dataset)
  const initScore = shared === undefined || !(base instanceof Dataset) ? await scoresOf(dataset)
    : selectScores(dataset, await shared.of(base, () => scoresOf(base)), model.treesPerIteration)
  if (signal?.aborted === true) {
    throw new CoppiceError('ABORTED', 'loading was aborted by the caller', { cause: signal.reason })
  }
  return { ...data, initScore }
}

/** Of the scores of all rows, those of the rows that are selected. */
function selectScores(
  { source }: Dataset, scores: Float64Array, nOutputs: number,
): Float64Array {
  if (!(source instanceof SelectedSource)) return scores
  const nRows = scores.length / nOutputs
  const bits = fitRows(source.bits, nRows, 'the data set')
  const kept: number[] = []
  for (let row = 0; row < nRows; row++) if (hasRow(bits, row)) kept.push(row)
  const selected = new Float64Array(kept.length * nOutputs)
  kept.forEach((row, i) => {
    for (let k = 0; k < nOutputs; k++) selected[i * nOutputs + k] = scores[row * nOutputs + k]!
  })
  return selected
}
