export { LOCAL_WORKERS_MAX, uselessCa } from '@coppice/cluster'
export {
  chainOf, isRanking, mayStopEarly, parseUniqueJson, RepeatedKeyError,
  requireLightGBMObjective, treeColumns, withUsedFeatures,
} from '@coppice/model'
export { parseValue, THREADS_MAX } from '@coppice/engine'
export {
  type ByteSink, columnsWithOtherRoles, DETECT_BYTES, detectFormat, formatOfName, implicitLabel,
  listNames, nearestName, resolveRoles,
} from '@coppice/data'
export {
  CACHE_BYTES_MIN, findSideFiles, hasTextColumns, ioError, openAtomicFile, openRaw, partitionData,
  type PartitionOptions, readSideNumbers, refuseUnreadTextOptions, resolveInputs, type SideEnding,
  type WrittenPartitions,
} from '@coppice/data/node'
export { type PredictionJob, writePredictions } from './prediction-table.js'
export { treeText } from './tree-text.js'
export { runCoordinator, runWorker, type RunWorkerOptions } from './cluster.js'
