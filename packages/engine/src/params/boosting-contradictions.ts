import type { ParameterValues } from './table.js'

/** Parameters of DART at other values than their defaults. */
function dartOnly(values: ParameterValues): string | null {
  const { dropRate, maxDrop, skipDrop, xgboostDartMode, uniformDrop } = values
  if (dropRate !== 0.1) return `drop_rate = ${dropRate}`
  if (maxDrop !== 50) return `max_drop = ${maxDrop}`
  if (skipDrop !== 0.5) return `skip_drop = ${skipDrop}`
  if (xgboostDartMode) return 'xgboost_dart_mode = true'
  return uniformDrop ? 'uniform_drop = true' : null
}

/** What a random forest needs, and what it does not have. */
function forestContradiction(values: ParameterValues): string | null {
  const { learningRate, learningRateSchedule, objective, baggingFreq } = values
  if (learningRate !== 0.1 || learningRateSchedule.length > 0) {
    const given = learningRate !== 0.1 ? `learning_rate = ${learningRate}`
      : 'learning_rate_schedule'
    return `${given} contradicts boosting = rf: trees of a forest have no learning rate; leave ` +
      'it out'
  }
  if (objective === 'custom') {
    return 'objective = custom contradicts boosting = rf; use another objective, or boosting = gbdt'
  }
  const { baggingFraction, posBaggingFraction, negBaggingFraction, featureFraction } = values
  const least = Math.min(baggingFraction, posBaggingFraction, negBaggingFraction)
  const draws = (baggingFreq > 0 && least < 1) || featureFraction < 1 ||
    values.dataSampleStrategy === 'goss'
  return draws ? null
    : 'boosting = rf needs trees that differ: set bagging_fraction below 1 with bagging_freq = ' +
      '1, or feature_fraction below 1'
}

/** What the boosting modes contradict. */
export function boostingContradiction(values: ParameterValues): string | null {
  const { boosting, earlyStoppingRound, learningRateSchedule, numIterations } = values
  if (learningRateSchedule.length > numIterations) {
    return `learning_rate_schedule has ${learningRateSchedule.length} rates, and num_iterations ` +
      `is ${numIterations}; give at most one rate for each iteration`
  }
  if (boosting === 'dart') {
    return earlyStoppingRound > 0
      ? `early_stopping_round = ${earlyStoppingRound} contradicts boosting = dart: later ` +
        'iterations change the trees of earlier ones; leave it out'
      : null
  }
  const forest = boosting === 'rf' ? forestContradiction(values) : null
  if (forest !== null) return forest
  const given = dartOnly(values)
  return given === null ? null
    : `${given} contradicts boosting = ${boosting}: it acts on boosting = dart only; leave it ` +
      'out or change boosting'
}
