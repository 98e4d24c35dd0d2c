export { CoppiceError, type ErrorCode } from '@coppice/model'
export type { IterationRange, Model, Scalar } from '@coppice/model'
export type {
  MetricValue, StopReason, TrainingCallback, TrainingEvent,
} from '@coppice/engine'
export type { ColumnRef, ColumnType, Format, LoadProgress } from '@coppice/data'
export { Dataset, type OpenOptions } from './data/dataset.js'
export type { FileOptions } from './data/files.js'
export { Booster } from './model/booster.js'
export type { EvalResult } from './model/eval-result.js'
export { checkParams, train, type NamedDataset, type TrainOptions } from './training/train.js'
export type { RawParams, TrainingParams } from './training/params.js'
export {
  describeLegal, findParameter, parameterGroups, parametersPage, parameterTable, parseConfigText,
  resolveParams, type ParameterGroup, type ParameterInfo, type ResolvedParams,
} from '@coppice/engine'
