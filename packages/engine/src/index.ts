export * from './dataset.js'
export * from './errors.js'
export * from './random.js'
export * from './params/index.js'
export * from './binning/index.js'
export { train } from './training/train.js'
export type { Executor, TrainingJob } from './training/executor.js'
export { InlineExecutor } from './execution/inline-executor.js'
export * from './training/types.js'
export {
  estimateTraining, requireTrainingMemory, type TrainingSize,
} from './training/memory-estimate.js'
export { ExactSum } from './numeric/exact-sum.js'
export {
  checkMetric, finishMetric, isHigherBetter, metricPart, metricsOf,
} from './metrics/parts.js'
export type { MetricPart, MetricSpec, RankedScores } from './execution/protocol.js'
export type { RowSummary } from './training/summary.js'
export type { TargetShape } from './training/check-data.js'
export type { BinnedTree, EngineRequest, EngineSetup } from './execution/protocol.js'
export {
  Booster, type Dialogue, type EngineAnswer, type IterationRecord,
} from './training/iteration.js'
export { decodeRequest, encodeRequest, requestBytesMax } from './execution/request-codec.js'
export type { TrainingPlan } from './training/plan.js'
