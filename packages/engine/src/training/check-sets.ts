import type { BinnedDataset } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { labelStatisticsOf } from '../objectives/statistics.js'
import type { ResolvedParams } from '../params/index.js'
import { checkRowCount } from './check-data.js'
import { TRAINING } from './growing-model.js'
import type { NamedTrainingData, TrainingData } from './trainer-protocol.js'

/** What is checked of a data set before its labels are read. */
type SetShape = Pick<BinnedDataset, 'nRows' | 'features'>

/**
 * Checks evaluation sets against the training set and the parameters, as far as that can be done
 * without their labels.
 *
 * @throws CoppiceError 'DATA' for names that are equal, sets without rows or with other bins;
 *   'PARAMETER' for early stopping with nothing to watch
 */
export function checkEvalSets(
  train: SetShape, evalSets: readonly { readonly name: string, readonly data: SetShape }[],
  params: ResolvedParams,
): void {
  const names = new Set<string>(params.isProvideTrainingMetric ? [TRAINING] : [])
  for (const { name, data } of evalSets) {
    if (names.has(name)) {
      throw new CoppiceError('DATA', `two evaluation sets are named "${name}"; names must differ`)
    }
    names.add(name)
    if (data.nRows === 0) {
      throw new CoppiceError('DATA', `evaluation set "${name}" has no rows`)
    }
    const sameBins = data.features.length === train.features.length &&
      data.features.every((feature, f) => feature.mapper === train.features[f]!.mapper)
    if (!sameBins) {
      throw new CoppiceError('DATA',
        `evaluation set "${name}" was not binned with the training set as its reference`)
    }
  }
  checkEarlyStopping(params, evalSets.length)
}

function checkEarlyStopping(params: ResolvedParams, nEvalSets: number): void {
  if (params.earlyStoppingRound <= 0) return
  if (nEvalSets === 0) {
    throw new CoppiceError('PARAMETER',
      'early_stopping_round needs at least one evaluation set; give one, or set it to 0')
  }
  if (params.metric.length === 0 && params.customMetrics === '') {
    throw new CoppiceError('PARAMETER', 'early_stopping_round needs a metric; metric is "none"')
  }
}

/** Metrics that need rows in which an event happened. */
const comparesTimes: readonly string[] = ['cox_nloglik', 'c_index']

/**
 * Checks what the evaluation sets' labels, weights and init scores came to.
 *
 * @param metrics - that are to be computed
 * @throws CoppiceError 'DATA'
 */
export function checkEvalSummaries(
  train: TrainingData, evalSets: readonly NamedTrainingData[], metrics: readonly string[],
): void {
  for (const { name, data: { nRows, summary } } of evalSets) {
    // the same from the first iteration to the last, they would end a training early
    const undefinedOnes = summary.events?.times.length === 0
      ? metrics.filter((metric) => comparesTimes.includes(metric)) : []
    if (undefinedOnes.length > 0) {
      throw new CoppiceError('DATA', `${undefinedOnes.join(', ')} cannot be computed of ` +
        `evaluation set "${name}": rows in which an event happened are compared with others, and ` +
        'all rows are censored (no label is above 0); add rows with an event, leave the set or ' +
        'the metric out, or use fewer folds')
    }
    checkRowCount(nRows, ` of evaluation set "${name}"`)
    if (!(labelStatisticsOf(summary).sumWeight > 0)) {
      throw new CoppiceError('DATA', `the weights of evaluation set "${name}" are all 0`)
    }
    if (summary.hasInitScore !== train.summary.hasInitScore) {
      throw new CoppiceError('DATA',
        `give init scores to the training set and to evaluation set "${name}", or to neither`)
    }
  }
}
