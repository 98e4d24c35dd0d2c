export { type ByteSink, nearestName } from '@coppice/data'
export {
  ioError, openAtomicFile, partitionData, type PartitionOptions, resolveInputs,
  type WrittenPartitions,
} from '@coppice/data/node'
export { type PredictionJob, writePredictions } from './prediction-table.js'
export { treeText } from './tree-text.js'
