export { absoluteInputs } from './absolute-inputs.js'
export { AppendFile } from './append-file.js'
export { readTextFile } from './text-file.js'
export { CACHE_BYTES_MIN, type CacheSettings, prepareCache } from './block-cache.js'
export type { CacheNotice } from './cached-reader.js'
export { type AtomicFile, openAtomicFile, writeFileAtomically } from './atomic-file.js'
export { DefiniteError } from './definite-error.js'
export { hashFile } from './source-partitions.js'
export { findOtherLength, type MeasuredFile, type OtherLength } from './file-lengths.js'
export { type FileSource, ioError, openFileSource } from './file-source.js'
export { type InputPartition, resolveInputs } from './inputs.js'
export { loadDataset, type LoadOptions } from './load-dataset.js'
export { makeFolder } from './make-folder.js'
export { memoryLimitBytes } from './memory-limit.js'
export { partitionData, type PartitionOptions, type WrittenPartitions } from './partition.js'
export { openRaw, type RawOptions, type RawTable, type RawUnit, readRaw } from './read-raw.js'
export { type FilesPrediction, predictFiles, predictionThreads } from './predict-files.js'
export {
  findSideFiles, readSideNumbers, readSideQueries, type RowFile, type SideEnding, sideEndings,
} from './side-files.js'
export { scoreRows } from './score-rows.js'
export { nowMs } from './now-ms.js'
export { openTableFile, type TableFile } from './write-table.js'
export { type HttpSettings } from './http-ranges.js'
export { openSource, type SourceOptions } from './open-source.js'
export {
  type BinnedPartition,
  openPartitionLoader,
  type PartitionLoader,
  type PartitionLoaderOptions,
} from './partition-loader.js'
export type { PartitionSource } from './source-ref.js'
export { ThreadPool } from './thread-pool.js'
export { hasTextColumns, refuseUnreadTextOptions } from './unread-text-options.js'
export { displayUri } from './uri.js'
