export type { DataSpec, JobSpec, PredictionSpec } from '../protocol/client-messages.js'
export { readToken, Token, type TlsFiles } from '../transport/index.js'
export { buildId } from './build-id.js'
export { ClusterClient, type ClusterClientOptions, type TrainingOrder } from './client.js'
export type { TrainHandlers } from './client-job.js'
export type { PredictHandlers, PredictionOutline } from './client-prediction.js'
export type { CoordinatorProcessOptions } from './coordinator-options.js'
export { type CoordinatorHandle, runCoordinator } from './coordinator-process.js'
export {
  LocalCluster, type LocalClusterOptions, type LocalTimes,
} from './local-cluster.js'
export type { ClusterStatus, TimedNotice, WorkerStatus } from './status.js'
export { type WorkerExit, workerExitCodes } from './worker-exit.js'
export { runWorker, type WorkerProcessOptions } from './worker-process.js'
