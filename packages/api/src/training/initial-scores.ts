/** Where scores begin when a training begins with a model: its raw scores of the rows. */
import { type BinnedDataset, fitInitialModel, initialModel } from '@coppice/engine'
import { CoppiceError, createPredictor, type Model } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'
import { Booster } from '../model/booster.js'
import { predictRows } from '../scoring/predict.js'

/**
 * The model that a training is to begin with, as `initialModel` gives it.
 *
 * @param boosting - of the training
 * @throws CoppiceError 'PARAMETER' for what is no model, 'MODEL' for one that cannot be begun with
 */
export function initialModelOf(given: unknown, boosting: string): Model | null {
  if (given === undefined) return null
  const isModel = typeof given === 'object' && given !== null &&
    (given instanceof Booster || 'trees' in given)
  if (!isModel) {
    throw new CoppiceError('PARAMETER', `initModel must be a Booster, or a model as plain data, ` +
      `got ${typeof given}; Booster.load(path) reads one from a file`)
  }
  return initialModel(given instanceof Booster ? given.model : given as Model, boosting)
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
  { numThreads, signal }: {
    readonly numThreads: number, readonly signal?: AbortSignal | undefined,
  },
): Promise<BinnedDataset> {
  const where = name === '' ? 'the training data' : `evaluation set "${name}"`
  if (data.initScore !== null) {
    throw new CoppiceError('DATA', `${where} has init scores, and initModel says where scores ` +
      'begin, too; leave one of them out')
  }
  const predictor = createPredictor(fitInitialModel(model, data.features))
  const initScore = await predictRows(predictor, dataset, 'raw', numThreads)
  if (signal?.aborted === true) {
    throw new CoppiceError('ABORTED', 'loading was aborted by the caller', { cause: signal.reason })
  }
  return { ...data, initScore }
}
