import { ComputeWorker } from './compute-worker.js'
import { defaultThreads } from './default-threads.js'

/** At least: the folds of a cross-validation have a thread each and take turns. */
const IDLE_MAX = 8
/** Longer than a caller takes from one training to the next, as a rule. */
const IDLE_MS = 5000

/**
 * Compute threads that wait for a next training of this process: to start one takes 60 ms, and
 * the code of a new one is interpreted at first, and compiled once more. They do not keep the
 * process alive, and end after a while.
 */
const idle: ComputeWorker[] = []
let timer: NodeJS.Timeout | null = null

/** One that waits, or a new one. */
export function takeWorker(): ComputeWorker {
  for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) {
    if (worker.isAlive) return worker
  }
  return new ComputeWorker()
}

/** Keeps threads that have no training, up to a number of them. */
export function keepWorkers(workers: readonly ComputeWorker[]): void {
  for (const worker of workers) {
    worker.release()
    if (idle.length < Math.max(IDLE_MAX, defaultThreads())) idle.push(worker)
    else void worker.terminate()
  }
  if (timer !== null) clearTimeout(timer)
  timer = setTimeout(() => void endIdleWorkers(), IDLE_MS).unref()
}

/** Ends those that wait. */
export async function endIdleWorkers(): Promise<void> {
  await Promise.all(idle.splice(0).map((worker) => worker.terminate()))
}
