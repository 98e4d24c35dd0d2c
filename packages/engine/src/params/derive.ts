import type { ParameterValues } from './table.js'

/** Values under their camelCase names while they are being resolved. */
export type MutableValues = { -readonly [K in keyof ParameterValues]: ParameterValues[K] }

/** Canonical names the user gave. */
export type Given = ReadonlySet<string>

/**
 * Seeds derived from one seed, as LightGBM does (Config::Set, Random::NextShort(0, 32767)): the
 * linear congruential generator x = 214013 x + 2531011 mod 2^32 gives 15 bits a step, taken
 * modulo 32767, in the order data, bagging, drop, feature fraction, objective, extra.
 */
export function deriveSeeds(seed: number): {
  readonly dataRandomSeed: number
  readonly baggingSeed: number
  readonly dropSeed: number
  readonly featureFractionSeed: number
  readonly objectiveSeed: number
  readonly extraSeed: number
} {
  let x = seed | 0
  const next = (): number => {
    x = (Math.imul(214013, x) + 2531011) | 0
    return ((x >>> 16) & 0x7fff) % 32767
  }
  return {
    dataRandomSeed: next(),
    baggingSeed: next(),
    dropSeed: next(),
    featureFractionSeed: next(),
    objectiveSeed: next(),
    extraSeed: next(),
  }
}

/** The metric that is computed when none is named: the objective's own loss. */
const metricOfObjective = {
  regression: 'l2',
  binary: 'binary_logloss',
  multiclass: 'multi_logloss',
  regression_l1: 'l1',
  quantile: 'quantile',
  mape: 'mape',
  huber: 'huber',
  fair: 'fair',
  poisson: 'poisson',
  gamma: 'gamma',
  tweedie: 'tweedie',
  cross_entropy: 'cross_entropy',
  cross_entropy_lambda: 'cross_entropy_lambda',
  multiclassova: 'multi_logloss',
  lambdarank: 'ndcg',
  rank_xendcg: 'ndcg',
  expectile: 'expectile',
  pseudo_huber: 'pseudo_huber',
  log_cosh: 'log_cosh',
  focal: 'binary_logloss',
  hinge: 'binary_error',
  multi_quantile: 'quantile',
  squared_log_error: 'rmsle',
  aft: 'aft_nloglik',
  cox: 'cox_nloglik',
  multi_regression: 'l2',
  multi_label: 'binary_logloss',
} as const

/** Fills in values that depend on others; explicit ones are never touched. */
export function deriveValues(values: MutableValues, given: Given): void {
  // the same here
  if (values.treeLearner !== 'voting') values.treeLearner = 'serial'
  // LightGBM's spelling of a way to draw rows
  if (values.boosting === 'goss') {
    values.boosting = 'gbdt'
    values.dataSampleStrategy = 'goss'
  }
  if (values.seed !== null) {
    const seeds = deriveSeeds(values.seed)
    if (!given.has('data_random_seed')) values.dataRandomSeed = seeds.dataRandomSeed
    if (!given.has('bagging_seed')) values.baggingSeed = seeds.baggingSeed
    if (!given.has('feature_fraction_seed')) values.featureFractionSeed = seeds.featureFractionSeed
    // in the model only where they are in use
    if (!given.has('drop_seed') && values.boosting === 'dart') values.dropSeed = seeds.dropSeed
    if (!given.has('extra_seed') && values.extraTrees) values.extraSeed = seeds.extraSeed
    // elsewhere it does nothing, and model files do not have it
    const draws = values.objective === 'rank_xendcg'
    if (draws && !given.has('objective_seed')) values.objectiveSeed = seeds.objectiveSeed
  }
  if (values.maxDepth > 0 && !given.has('num_leaves')) {
    values.numLeaves = values.maxDepth >= 5 ? 31 : 1 << values.maxDepth
  }
  if (!given.has('metric') && values.objective !== 'custom') {
    values.metric = [metricOfObjective[values.objective]]
  }
}
