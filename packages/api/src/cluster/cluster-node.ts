import type { TrainingClient } from './client.js'

/** What is used of `@coppice/cluster/node`. */
export interface ClusterNode {
  readonly ClusterClient: {
    connect(url: string, options: {
      readonly token?: string | undefined
      readonly tokenFile?: string | undefined
      readonly caFile?: string | undefined
    }): Promise<TrainingClient>
  }
  readonly LocalCluster: {
    start(options: {
      readonly workers: number
      readonly threadsPerWorker?: number
    }): Promise<LocalProcesses>
  }
}

/** What is used of the processes that @coppice/cluster starts. */
export interface LocalProcesses {
  readonly url: string
  readonly token: string
  readonly workerPids: readonly number[]
  stop(): Promise<void>
}

/** Loaded when it is needed: sockets take longer to load than a small training takes. */
export async function loadClusterNode(): Promise<ClusterNode> {
  return await import('@coppice/cluster/node') as unknown as ClusterNode
}
