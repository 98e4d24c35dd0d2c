export { type AtomicFile, openAtomicFile, writeFileAtomically } from './atomic-file.js'
export { hashFile } from './file-partitions.js'
export { type FileSource, ioError, openFileSource } from './file-source.js'
export { type InputPartition, resolveInputs } from './inputs.js'
export { loadDataset, type LoadOptions } from './load-dataset.js'
export { memoryLimitBytes } from './memory-limit.js'
export {
  partitionData,
  type PartitionOptions,
  type WrittenPartitions,
} from './partition.js'
export { openRaw, type RawOptions, type RawTable, type RawUnit, readRaw } from './read-raw.js'
export { openTableFile, type TableFile } from './write-table.js'
