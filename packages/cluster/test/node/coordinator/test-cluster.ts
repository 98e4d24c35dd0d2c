import type { SourceOptions } from '@coppice/data/node'
import {
  ClusterClient, type ClusterClientOptions, type CoordinatorHandle,
  type CoordinatorProcessOptions, runCoordinator, runWorker, type WorkerExit,
} from '../../../src/node/index.js'

/** A worker in this process. */
export interface TestWorker {
  /** Asks it to leave in good order, and waits until it has. */
  stop(): Promise<WorkerExit>
}

/** A coordinator, workers and clients in this process, over loopback. */
export class TestCluster {
  readonly notices: string[] = []
  readonly #options: CoordinatorProcessOptions
  readonly #workers: TestWorker[] = []
  readonly #clients: ClusterClient[] = []
  #coordinator: CoordinatorHandle | null = null
  #port = 0

  private constructor(options: CoordinatorProcessOptions) {
    this.#options = options
  }

  static async start(
    nWorkers: number, options: CoordinatorProcessOptions = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster({
      minWorkers: Math.max(1, nWorkers), lastCallMs: 0, heartbeatMs: 100, leaseMs: 5000,
      ...options,
    })
    await cluster.startCoordinator()
    for (let i = 0; i < nWorkers; i++) cluster.addWorker(`w${i}`)
    return cluster
  }

  get coordinator(): CoordinatorHandle {
    return this.#coordinator!
  }

  get port(): number {
    return this.#port
  }

  /** Starts it (again), where it was before. */
  async startCoordinator(change: CoordinatorProcessOptions = {}): Promise<void> {
    this.#coordinator = await runCoordinator({
      ...this.#options, ...change, listen: `127.0.0.1:${this.#port}`,
      onNotice: (line) => this.notices.push(line),
    })
    this.#port = Number(new URL(this.#coordinator.url).port)
  }

  async stopCoordinator(): Promise<void> {
    await this.#coordinator?.close()
    this.#coordinator = null
  }

  addWorker(name: string, source: SourceOptions = {}): TestWorker {
    const leave = new AbortController()
    const exit = runWorker({
      coordinator: `ws://127.0.0.1:${this.#port}`, token: null, name, threads: 1, signals: [],
      signal: leave.signal, drainMs: 200, coordinatorGraceMs: 20_000, source,
      onNotice: (line) => this.notices.push(line),
    })
    const worker = {
      stop: () => {
        leave.abort()
        return exit
      },
    }
    this.#workers.push(worker)
    return worker
  }

  async client(port = this.#port, options: ClusterClientOptions = {}): Promise<ClusterClient> {
    const client = await ClusterClient.connect(`ws://127.0.0.1:${port}`, options)
    this.#clients.push(client)
    return client
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await client.close()
    const exits = this.#workers.map((worker) => worker.stop())
    await this.stopCoordinator()
    await Promise.all(exits)
  }
}
