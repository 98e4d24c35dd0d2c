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
  const given = dartOnly(values)
  return given === null ? null
    : `${given} contradicts boosting = ${boosting}: it acts on boosting = dart only; leave it ` +
      'out or change boosting'
}
