export { parseConfigText } from './config-text.js'
export { THREADS_MAX } from './core.js'
export { deriveSeeds } from './derive.js'
export { parametersPage } from './page.js'
export type {
  EnumNames,
  NumberRange,
  Parameter,
  ParameterGroup,
  ParameterStatus,
  ParameterType,
  ResolvedValue,
} from './parameter.js'
export { describeLegal, parseValue } from './parse-value.js'
export { modelParameters, resolveParams, type ResolvedParams } from './resolve.js'
export type { ScheduledName } from './schedule.js'
export type {
  FeatureRef, GivenBins, GivenPerFeature, GivenSplit,
} from './structures.js'
export {
  camelCase,
  findParameter,
  parameterGroups,
  parameterTable,
  type ParameterInfo,
  type ParameterName,
  type ParameterValues,
} from './table.js'
