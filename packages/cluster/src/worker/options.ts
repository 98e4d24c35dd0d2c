import type { nextRun } from './store-progress.js'

/** What a worker is started with. */
export interface WorkerOptions {
  readonly name: string
  readonly incarnation: string
  readonly build: string
  readonly nThreads: number
  readonly memoryBytes: number
  /** How a store follows the log; tests plant bugs here. */
  readonly nextRun?: typeof nextRun
}
