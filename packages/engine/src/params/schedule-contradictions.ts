import type { ParameterValues } from './table.js'

/** What a schedule contradicts by itself; values of iterations are checked as parameters are. */
export function scheduleContradiction(values: ParameterValues): string | null {
  const { parameterSchedule, learningRateSchedule, numIterations, numLeaves, baggingFreq } = values
  if (parameterSchedule === '') return null
  const lists = JSON.parse(parameterSchedule) as Readonly<Record<string, readonly number[]>>
  if ('learning_rate' in lists && learningRateSchedule.length > 0) {
    return 'learning_rate_schedule contradicts parameter_schedule, which has learning_rate too; ' +
      'give one of them'
  }
  const name = Object.keys(lists).find((each) => lists[each]!.length > numIterations)
  if (name !== undefined) {
    return `parameter_schedule has ${lists[name]!.length} values of ${name}, and there are ` +
      `num_iterations = ${numIterations}; give at most one for each`
  }
  const leaves = Math.max(0, ...lists['num_leaves'] ?? [])
  if (leaves > numLeaves) {
    return `parameter_schedule has num_leaves ${leaves}, and num_leaves = ${numLeaves} is the ` +
      'largest that there may be; set num_leaves to the largest of all'
  }
  const drawn = Object.keys(lists).find((each) => each.endsWith('bagging_fraction'))
  return drawn === undefined || baggingFreq > 0 ? null : `parameter_schedule has ${drawn}, which ` +
    'does nothing while bagging_freq is 0; set bagging_freq = 1, or leave it out'
}
