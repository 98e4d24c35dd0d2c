export * from './dataset.js'
export * from './errors.js'
export * from './random.js'
export * from './params/index.js'
export * from './binning/index.js'
export { type BinSet, BIN_SET_BYTES_MAX } from './bin-set.js'
export { BINS_MAX, byteValues, isWide, rowBytes, rowBytesOf } from './row-bytes.js'
export {
  ENTRY as SELECT_ENTRY, joinSelected, mergeSelected, type SelectPart, selectPartFault,
} from './selection/answer.js'
export {
  bucketRange, isSelectingRows, LOGARITHMIC as SELECT_LOGARITHMIC, TIES as SELECT_TIES,
} from './selection/buckets.js'
export { hasPercentileLeaves } from './objectives/families.js'
export { train } from './training/train.js'
export type { Executor, TrainingJob } from './training/executor.js'
export { InlineExecutor } from './execution/inline-executor.js'
export * from './training/types.js'
export {
  estimateTraining, requireTrainingMemory, storedColumns, type TrainingSize,
} from './training/memory-estimate.js'
export { ExactSum } from './numeric/exact-sum.js'
export { AUC_MU_CLASSES_MAX } from './metrics/auc-mu.js'
export { metricFamily } from './metrics/family.js'
export { checkMetric, isHigherBetter, metricDirections, metricsOf } from './metrics/names.js'
export {
  finishMetric, finishSpec, metricParameter, metricParts, metricSpecs, type SetSize,
} from './metrics/parts.js'
export {
  hasTargetColumns, isMulticlass, isNumeric, labelClasses, labelColumns,
} from './objectives/families.js'
export * from './custom/index.js'
export type { MetricPart, MetricSpec, RankedScores } from './execution/protocol.js'
export type { TimedScores } from './metrics/timed-rows.js'
export type { EventTimes } from './survival/event-times.js'
export type { RiskTables } from './survival/risk-tables.js'
export { mergeSummaries, summarizeRows, type RowSummary, withExtents } from './training/summary.js'
export { checkRows, type LabelledRows, type TargetShape } from './training/check-data.js'
export { targetShape } from './training/make-plan.js'
export { labelStatisticsOf } from './objectives/statistics.js'
export type { LabelStatistics } from './objectives/objective.js'
export { labelGains, type RankingSpec } from './objectives/ranking.js'
export {
  isRankingMetric, queryWeight, rankingParts, type RankedQueries,
} from './metrics/ranking.js'
export {
  exchangeExpansions, localTraits, type ExecutorTraits,
} from './training/executor-traits.js'
export { trainingDialogue } from './training/trainer.js'
export * from './training/trainer-protocol.js'
export { type RefitJob, refitTrees, type RefitTree, type Refitted } from './training/refit.js'
export { initialIterations, resumeModel } from './training/resume.js'
export { fitInitialModel, initialModel } from './training/initial-model.js'
export type { Rescale } from './training/dart.js'
export { EarlyStopping, type EarlyStoppingParams } from './training/early-stopping.js'
export { committedIterations } from './training/committed-iterations.js'
export {
  type InferredParams, requireClassCount, requireLabelCount, withInferred,
} from './training/class-count.js'
export { checkEvalSets } from './training/check-sets.js'
export type { RowNames, RowsOfFile } from './training/row-names.js'
export { featureLayout } from './training/build-model.js'
export type {
  BinnedLinear, BinnedTree, EngineRequest, EngineSetup, LinearSetup, MomentsRequest,
  RootRequest, RoundRequest, SelectedGroup, SelectGroup, SelectRequest,
  TogetherAnswer, TogetherRequest,
} from './execution/protocol.js'
export { isPosition, POSITION_MAX } from './execution/position-sums.js'
export { TALLY_COUNTS, TALLY_DIGITS, type TallyRequest } from './execution/tally-request.js'
export { tallyCounts } from './execution/tally-counts.js'
export {
  Booster, changesScores, type Dialogue, type EngineAnswer, type IterationRecord,
} from './training/iteration.js'
export {
  joinMoments, mergeMoments, momentsFault, momentsLength, type MomentsPart,
} from './linear/moments.js'
export { negateTree } from './linear/scale.js'
export { rawFeatures } from './execution/raw-values.js'
export {
  commitBytes, decodeRequest, encodeRequest, requestBytesMax,
} from './execution/request-codec.js'
export {
  isWholeTree, requestFault, type RequestLimits, treeFault,
} from './execution/request-check.js'
export type { TrainingPlan } from './training/plan.js'
export { bytesOfRows, joinRows, sharedRows, type PartitionRows } from './execution/engine-rows.js'
export type { EngineBlock, EngineRows } from './execution/protocol.js'
export type { StoreAnswer, Stores, SumsWatch } from './execution/stores.js'
export { InlineStores } from './execution/inline-stores.js'
export { CentralReducer } from './execution/central-reducer.js'
export { LaneReducers } from './execution/lane-reducers.js'
export { asksForSums, partsOf, type SumsRequest } from './execution/together.js'
export { lanesOf } from './training/lanes.js'
export { reducerMemory, type ReducerMemory } from './training/reducer-memory.js'
export { rowsRequest, rowsSetup } from './execution/rows-request.js'
export { histogramsOf } from './execution/histograms-of.js'
export { sumsLayout, type SumsLayout } from './execution/sums-layout.js'
export { isOfElected, TravelLayouts, type ElectedLayout } from './execution/travel-layout.js'
export { groupedFeatures } from './execution/voting.js'
export type { ElectedLeaf, Voting } from './execution/elected-leaf.js'
export type { LeafTotals, SplitCandidate } from './kernels/candidate.js'
export { packRows } from './execution/packed-rows.js'
export {
  packColumns, writeRows, type ColumnBins, type SparseBins,
} from './execution/packed-columns.js'
export { type EntryRows, packEntries } from './execution/pack-entries.js'
export {
  addRow, countSelected, fitRows, hasRow, noRows, type RowBits, selectFrom, selectRows,
} from './execution/select-rows.js'
export { Unpacker } from './execution/unpacker.js'
