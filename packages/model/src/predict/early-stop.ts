/**
 * Predictions that stop early: LightGBM's `pred_early_stop`. Every so many iterations it is looked
 * whether the scores of a row are so far apart that its later trees are left out.
 */

import { CoppiceError } from '../errors.js'
import { isForest } from '../objective.js'
import { describe } from '../text.js'
import type { Model, ModelObjective } from '../types.js'
import type { Forest } from './forest.js'
import { leafOutput } from './linear-leaves.js'
import { walkRow } from './walk.js'

/** When a row's trees are left out. */
export interface EarlyStop {
  /** Iterations between two looks, 1 or more (`pred_early_stop_freq`). */
  readonly freq: number
  /**
   * What the scores have to exceed, 0 or more (`pred_early_stop_margin`): of one score 2 x its
   * distance from 0, of several the distance between the two largest.
   */
  readonly margin: number
}

/** Objectives whose predictions LightGBM stops early: what counts is which score is larger. */
const names = ['binary', 'multiclass', 'multiclassova', 'lambdarank', 'rank_xendcg']

/** Whether predictions of a model may stop early. */
export function mayStopEarly(objective: ModelObjective): boolean {
  return !isForest(objective) && names.includes(nameOf(objective))
}

/** @throws CoppiceError 'PARAMETER' for numbers that are not legal, and models of other kinds */
export function requireEarlyStop({ objective }: Model, stop: EarlyStop): EarlyStop {
  const { freq, margin } = stop
  if (!(Number.isSafeInteger(freq) && freq >= 1)) {
    throw new CoppiceError('PARAMETER',
      `pred_early_stop_freq must be an integer, 1 or more; got ${describe(freq)}`)
  }
  if (!(margin >= 0)) {
    throw new CoppiceError('PARAMETER',
      `pred_early_stop_margin must be a number, 0 or more; got ${describe(margin)}`)
  }
  if (mayStopEarly(objective)) return { freq, margin }
  const what = isForest(objective) ? 'a random forest averages over all of its trees'
    : `objective = ${nameOf(objective) || 'none'} predicts numbers that all trees add to`
  throw new CoppiceError('PARAMETER', `pred_early_stop cannot be used: ${what}; it is for ` +
    `${names.join(', ')}; leave it out`)
}

function nameOf(objective: ModelObjective): string {
  return objective.name === 'imported' ? objective.source.split(' ')[0]! : objective.name
}

/**
 * Whether the trees to come are left out.
 * @param scores - those of the row are at `at`, `at + step`, ...
 */
export function isDecided(
  scores: Float64Array, at: number, step: number, nOutputs: number, margin: number,
): boolean {
  if (nOutputs === 1) return 2 * Math.abs(scores[at]!) > margin
  let first = -Infinity
  let second = -Infinity
  for (let k = 0; k < nOutputs; k++) {
    const score = scores[at + k * step]!
    if (score > first) {
      second = first
      first = score
    } else if (score > second) second = score
  }
  return first - second > margin
}

/**
 * Adds to the scores of one row, which are at `at` and behind it, the values of its leaves, tree by
 * tree, until they are decided.
 *
 * @param prepared - rows after `prepareRows`; the row begins at `base`
 * @param values - the rows before
 */
export function addTreesUntil(
  forest: Forest, { freq, margin }: EarlyStop, prepared: Float64Array, values: Float64Array,
  base: number, scores: Float64Array, at: number,
): void {
  const { roots, nOutputs } = forest
  let left = freq
  for (let t = 0; t < roots.length;) {
    for (let k = 0; k < nOutputs; k++, t++) {
      const leaf = walkRow(forest, prepared, base, roots[t]!)
      scores[at + k]! += leafOutput(forest, leaf, values, base)
    }
    if (--left > 0) continue
    if (isDecided(scores, at, 1, nOutputs, margin)) return
    left = freq
  }
}
