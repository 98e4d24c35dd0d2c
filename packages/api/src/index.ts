export { CoppiceError, type ErrorCode } from '@coppice/model'
export type { CsrMatrix, ImportedObjective, IterationRange, Model, Scalar } from '@coppice/model'
export type {
  EarlyStop, ScoreBounds, TreeGraphInfo, TreeGraphOptions, TreeRow,
} from '@coppice/model'
export type {
  MetricValue, StopReason, TrainingCallback, TrainingEvent,
} from '@coppice/engine'
export type {
  ColumnRef, ColumnType, Format, LoadProgress, Prediction, PredictionType,
} from '@coppice/data'
export type { ClusterStatus, EndedJob, WorkerStatus } from '@coppice/cluster/node'
export type { Cluster, FetchOptions } from './cluster/cluster.js'
export { connect, type ConnectOptions } from './cluster/connect.js'
export { LocalCluster, type LocalClusterOptions } from './cluster/local-cluster.js'
export { Dataset, type OpenOptions } from './data/dataset.js'
export type { FileOptions } from './data/files.js'
export type { Cell, MemoryMatrix, MemoryRows } from '@coppice/data'
export type { Labels, RowOptions } from './data/memory.js'
export type { QueryOptions } from './data/query-groups.js'
export { GBDTClassifier } from './estimators/classifier.js'
export { GBDTRegressor } from './estimators/regressor.js'
export { GBDTRanker, type RankScoreOptions } from './estimators/ranker.js'
export type { PredictOptions } from './estimators/estimator.js'
export type { FitDatasetOptions, FitOptions, LabelledRows } from './estimators/fit-options.js'
export { Booster } from './model/booster.js'
export type { RefitOptions } from './model/refit.js'
export type { CodeLanguage, LightGBMOptions } from './model/model-file.js'
export type { EvalResult } from './model/eval-result.js'
export { evaluate, type EvaluateOptions, type Evaluation } from './scoring/evaluate.js'
export type { GivenEarlyStop } from './scoring/early-stop.js'
export type { PredictionRows } from './scoring/predict.js'
export { checkParams, train, type TrainOptions } from './training/train.js'
export type { NamedDataset } from './training/recipe.js'
export type { TrainingTimes } from './training/phase-times.js'
export type { CodeAddress, GivenMetric, GivenObjective } from './training/custom.js'
export type {
  CustomGradients, CustomMath, CustomMetric, CustomObjective, CustomRows, ScoredCustomRows,
} from '@coppice/engine'
export type { FeatureRef, GivenBins, GivenPerFeature, GivenSplit } from '@coppice/engine'
export type { StructuredParams } from './training/structured-params.js'
export { paramsFrom, type RawParams, type TrainingParams } from './training/params.js'
export {
  describeLegal, findParameter, parameterGroups, parametersPage, parameterTable, parseConfigText,
  resolveParams, type ParameterGroup, type ParameterInfo, type ResolvedParams,
} from '@coppice/engine'
export { dedicateProcess } from '@coppice/engine/threads'
export { cv, type CvOptions, type CvResult, type CvRunOptions } from './cv/cv.js'
export type { CvMetrics } from './cv/cv-metrics.js'
export type { ColumnOrValues } from './cv/column.js'
export type { FoldIteration, FoldMetric } from './cv/fold-board.js'
export type { CustomFold, FoldOptions } from './cv/fold-options.js'
export { tune, type TuneResult } from './tune/tune.js'
export type { HalvingOptions, TuneOptions } from './tune/tune-options.js'
export type { Distribution, SearchSpace, SpaceValue, TrialParams } from './tune/space.js'
export type { TrialOutcome } from './tune/trial-journal.js'
export { crossValScore } from './cv/cross-val-score.js'
