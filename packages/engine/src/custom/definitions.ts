import { CoppiceError } from '../errors.js'
import type { MetricDefinition, ObjectiveDefinition } from './types.js'

/**
 * Custom objectives and metrics travel as parameters: `custom_objective` and `custom_metrics` hold
 * their definitions as JSON once the library has loaded the modules that users name there.
 */
export interface CustomParams {
  readonly objective: string
  readonly customObjective: string
  readonly customMetrics: string
}

/** Whether a parameter holds definitions, and not the name of a module. */
export function isDefined(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[')
}

/**
 * The definition of `objective=custom`.
 * @throws CoppiceError 'PARAMETER' where no module was loaded
 */
export function objectiveDefinition({ customObjective }: CustomParams): ObjectiveDefinition {
  if (isDefined(customObjective)) return JSON.parse(customObjective) as ObjectiveDefinition
  throw new CoppiceError('PARAMETER', customObjective === ''
    ? 'objective = custom needs custom_objective: a module with the loss, such as loss.mjs#name'
    : `custom_objective = ${customObjective} is not loaded; train by the library's train or fit`)
}

/**
 * Custom metrics in the order given.
 * @throws CoppiceError 'PARAMETER' where no module was loaded
 */
export function metricDefinitions(
  { customMetrics }: Pick<CustomParams, 'customMetrics'>,
): readonly MetricDefinition[] {
  if (customMetrics === '') return []
  if (isDefined(customMetrics)) return JSON.parse(customMetrics) as readonly MetricDefinition[]
  throw new CoppiceError('PARAMETER',
    `custom_metrics = ${customMetrics} is not loaded; train by the library's train or fit`)
}
