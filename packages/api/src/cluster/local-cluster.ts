import type { ClusterStatus, LocalCluster as LocalProcesses } from '@coppice/cluster/node'
import { LOCAL_WORKERS_MAX } from '@coppice/cluster'
import { THREADS_MAX, type TrainResult } from '@coppice/engine'
import { defaultThreads } from '@coppice/engine/threads'
import { CoppiceError, type Model } from '@coppice/model'
import { checkOptionNames, optionNames } from '../options.js'
import type { Cluster, ClusterPrediction, ClusterTraining, FetchOptions } from './cluster.js'
import { ConnectedCluster } from './connected-cluster.js'

/** Options of `LocalCluster.start`. */
export interface LocalClusterOptions {
  /** Worker processes, 1 to 1024. */
  readonly workers: number
  /** Threads of each, 1 to 1024; default: the cores, shared by the workers. */
  readonly threadsPerWorker?: number | undefined
  /** Modules with objectives and metrics of your own (files) that trainings may run there. */
  readonly allowModules?: readonly string[] | undefined
  /**
   * Iterations between two audits, in which another worker reads a partition anew and must arrive
   * at the same scores; default 50, 0: none.
   */
  readonly auditEvery?: number | undefined
  /**
   * A worker that takes so many times as long as the median worker gives rows away; default 2,
   * 0: never.
   */
  readonly slowRatio?: number | undefined
  /** A worker that lives and does nothing for so long is told of; default 60,000 ms. */
  readonly hangWarnMs?: number | undefined
  /** ... and for so long, while others were done, is given up; default 600,000 ms. */
  readonly hangTimeoutMs?: number | undefined
}

const localClusterOptionNames = optionNames<LocalClusterOptions>({
  workers: true, threadsPerWorker: true, auditEvery: true, slowRatio: true, hangWarnMs: true,
  hangTimeoutMs: true, allowModules: true,
})

/**
 * A coordinator and workers as processes of this machine, which end with this process: for trying
 * a cluster, and for more memory than the threads of one process have.
 *
 * ```ts
 * const cluster = await LocalCluster.start({ workers: 2 })
 * await new GBDTClassifier().fit(X, y, { cluster })
 * await cluster.close()
 * ```
 */
export class LocalCluster implements Cluster {
  readonly #cluster: Cluster
  readonly #processes: LocalProcesses

  private constructor(cluster: Cluster, processes: LocalProcesses) {
    this.#cluster = cluster
    this.#processes = processes
  }

  /**
   * Starts the processes; resolves when they are ready to train.
   * @throws CoppiceError 'PARAMETER' for bad options, 'IO' when a process does not start
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    checkOptionNames('LocalCluster.start', options, localClusterOptionNames)
    const { workers, threadsPerWorker, allowModules = [], ...vigilance } = options ?? {}
    requireCount('workers', workers, LOCAL_WORKERS_MAX)
    if (threadsPerWorker !== undefined) {
      requireCount('threadsPerWorker', threadsPerWorker, THREADS_MAX)
    }
    const node = await import('@coppice/cluster/node')
    const processes = await node.LocalCluster.start({
      workers,
      threadsPerWorker: threadsPerWorker ?? Math.max(1, Math.floor(defaultThreads() / workers)),
      vigilance,
      allowModules,
    })
    try {
      const { url, token } = processes
      const client = await node.ClusterClient.connect(url, { token })
      const cluster = new ConnectedCluster(url, client, () => processes.stop())
      return new LocalCluster(cluster, processes)
    } catch (error) {
      await processes.stop()
      throw error
    }
  }

  /** Where its coordinator listens: `ws://127.0.0.1:port`. */
  get url(): string {
    return this.#cluster.url
  }

  /** The secret of this cluster, for whoever else connects to it. */
  get token(): string {
    return this.#processes.token
  }

  /** Process ids of the workers that run now. */
  get workerPids(): readonly number[] {
    return this.#processes.workerPids
  }

  /** What was told of it, oldest first: the last thousand lines. */
  get notices(): readonly string[] {
    return this.#cluster.notices
  }

  /** What it is doing: plain data, as `coppice status --json` prints it. */
  status(): Promise<ClusterStatus> {
    return this.#cluster.status()
  }

  /** Trains a model: the business of `train` and `fit`, to which a cluster is handed. */
  train(training: ClusterTraining): Promise<TrainResult> {
    return this.#cluster.train(training)
  }

  /** The model of a job, by its name or first letters: see `Cluster.fetch`. */
  fetch(job: string, options?: FetchOptions): Promise<Model> {
    return this.#cluster.fetch(job, options)
  }

  /** Predicts rows: the business of `predict`, to which a cluster is handed. */
  predict(prediction: ClusterPrediction): Promise<void> {
    return this.#cluster.predict(prediction)
  }

  /** Ends the connection and the processes. */
  close(): Promise<void> {
    return this.#cluster.close()
  }
}

function requireCount(
  name: string, value: unknown, max: number,
): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max) return
  throw new CoppiceError('PARAMETER', `${name} of LocalCluster.start must be an integer from 1 ` +
    `to ${max}, got ${JSON.stringify(value) ?? typeof value}`)
}
