export { defineMetric, defineObjective } from './define.js'
export {
  type CustomParams, isDefined, metricDefinitions, objectiveDefinition,
} from './definitions.js'
export {
  codeModule, codeOf, forgetInline, isInline, loadModule, loadModules, registerInline,
} from './registry.js'
export type {
  CodeModule, CodeRef, CustomGradients, CustomMath, CustomMetric, CustomObjective, CustomRows,
  MetricDefinition, ObjectiveDefinition, ScoredCustomRows,
} from './types.js'
