/** Predictions that stop early, as users ask for them. */
import type { PredictionType } from '@coppice/data'
import { CoppiceError, type EarlyStop } from '@coppice/model'
import { checkOptionNames } from '../options.js'

/**
 * When the later trees of a row are left out of its scores: LightGBM's `pred_early_stop_freq` and
 * `pred_early_stop_margin`, each 10 where it is not given.
 */
export type GivenEarlyStop = { readonly [K in keyof EarlyStop]?: EarlyStop[K] | undefined }

/** @throws CoppiceError 'PARAMETER' for other options, and predictions that are of all trees */
export function earlyStopOf(
  given: GivenEarlyStop | undefined, type: PredictionType,
): EarlyStop | undefined {
  if (given === undefined) return undefined
  checkOptionNames('earlyStop', given, ['freq', 'margin'])
  if (type === 'leaf' || type === 'contribution') {
    throw new CoppiceError('PARAMETER', `predictions of type ${type} are of all trees, so that ` +
      'they cannot stop early; leave out earlyStop (pred_early_stop)')
  }
  return { freq: given.freq ?? 10, margin: given.margin ?? 10 }
}
