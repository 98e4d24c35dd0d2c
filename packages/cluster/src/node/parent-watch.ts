import { Worker } from 'node:worker_threads'

/** Milliseconds. */
export interface ParentWatchTimes {
  /** Between two looks. */
  readonly everyMs: number
  /** How long this process may take to end by itself once its parent is gone. */
  readonly patienceMs: number
}

/** What the watching thread is told. */
export interface ParentWatchStart extends ParentWatchTimes {
  readonly parentPid: number
}

const defaultTimes: ParentWatchTimes = { everyMs: 2000, patienceMs: 5000 }

/**
 * Sees to it that this process does not outlive its parent, even if its main thread hangs or is
 * too busy to notice: a thread looks for the parent now and then, and kills. It keeps no process
 * alive.
 *
 * @returns ends the watch
 */
export function watchParent(times: ParentWatchTimes = defaultTimes): () => void {
  const start: ParentWatchStart = { parentPid: process.ppid, ...times }
  const thread = new Worker(new URL('./parent-watch-thread.js', import.meta.url), {
    workerData: start, name: 'coppice-parent-watch', execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 8 },
  })
  thread.unref()
  // Without the watch there is still the end of standard input.
  thread.on('error', () => undefined)
  return () => void thread.terminate()
}
