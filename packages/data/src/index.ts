export { joinTypes, TypeJoin, type WantedType } from './column-types.js'
export { DETECT_BYTES, detectFormat } from './formats/detect.js'
export { dataExtensions, formatOfName } from './input-format.js'
export { runLoad } from './loader.js'
export { surveyDataset } from './loading/survey.js'
export { withLocalMerges } from './loading/local-merges.js'
export type {
  DatasetOptions,
  DatasetReference,
  DatasetSurvey,
  LoadedColumn,
  LoadedDataset,
  LoadedPartition,
  LoadInputs,
  LoadProgress,
  LocalRunner,
  PartitionInfo,
  SurveyInputs,
  TaskRunner,
} from './loading/options.js'
export { estimateMemory, type LoadSize, type MemoryEstimate } from './loading/estimate.js'
export { InlineRunner } from './loading/inline-runner.js'
export { mergeGroups, scanGroups } from './loading/groups.js'
export {
  type BinningParams, defaultBinning, type GroupScan, type LabelKind, type UnitPlace,
} from './loading/job.js'
export {
  formatManifest, formats, type Manifest, type ManifestPartition, parseManifest,
} from './manifest.js'
export { PlannedColumns } from './planned-columns.js'
export { type PlannedFile, predictedBytes, readingContext } from './prediction/context.js'
export { featureColumns, featureTypes } from './prediction/features.js'
export { type ReadUnit, readUnitRows, takesSparse } from './prediction/unit-rows.js'
export type { UnitColumn } from './loading/read-unit.js'
export {
  type PackedPrediction,
  type PackedSize,
  packedWidth,
  packPrediction,
  unpackPrediction,
} from './prediction/packed-prediction.js'
export {
  givenTypes,
  keptTypes,
  type PredictedRows,
  type PredictionPlan,
  wantedColumns,
  wantedTypes,
} from './prediction/plan.js'
export {
  joinPredictions,
  predictColumns,
  type Prediction,
  type PredictionType,
} from './prediction/predict-columns.js'
export { predictionUnits } from './prediction/prediction-units.js'
export { readyRows } from './prediction/ready-rows.js'
export * from './reader.js'
export { defaultTextOptions, readerOf } from './readers.js'
export {
  type ColumnRef,
  type ColumnRoles,
  joinColumns,
  type JointColumns,
  type PlannedPartition,
  resolveRoles,
  type RoleOptions,
} from './schema.js'
export { columnsWithOtherRoles, implicitLabel } from './sparse-columns-of-files.js'
export { listNames, nearestName } from './suggest.js'
export { csrFile, type CsrUnit } from './writers/csr.js'
export { joinBytes } from './writers/join-bytes.js'
export { createTableWriter, type OutputFormat, outputFormats } from './writers/create-writer.js'
export {
  type ByteSink,
  chunkRows,
  concatChunks,
  type OutputColumn,
  sliceChunk,
  type TableWriter,
} from './writers/writer.js'
export type { Cell } from './cells.js'
export {
  labelArrays, labelName, refuseMixedLabelColumns, refuseMixedLabels, type LabelArray,
  type LabelMatrix,
} from './label-arrays.js'
export {
  checkGroupSize,
  type ColumnBatch,
  columnBatches,
  columnsFromMemory,
  datasetFromMemory,
  type MemoryOptions,
  type RawColumns,
} from './memory.js'
export { coerceStored } from './formats/stored-columns.js'
export { checkFeatureNames } from './feature-names.js'
export { memoryName } from './memory-rows.js'
export type {
  Matrix as MemoryMatrix, MemoryRows, MemoryTable, SparseTable,
} from './memory-rows.js'
export { asMemoryTable } from './memory-table.js'
export { type DatasetRecipe, labelColumnsOf, type RecipePartition } from './loading/recipe.js'
export { isOfClasses } from './loading/job.js'
export type {
  EncodePlan,
  JobColumn,
  JobContext,
  JobPartition,
  LoadTask,
  PlannedSource,
  TaskResults,
} from './loading/job.js'
