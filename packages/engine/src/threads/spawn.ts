import { Worker } from 'node:worker_threads'

/**
 * Starts a module of this folder as a thread.
 *
 * @param file - './name.js'
 * @param name - seen in debuggers and thread lists
 * @param workerData - copied, except for what is shared
 */
export function spawnThread(file: string, name: string, workerData: unknown): Worker {
  return new Worker(
    new URL(file, import.meta.url), { workerData, name, ...workerOptions(process.execArgv) })
}

/**
 * Options of a thread. Threads inherit the process's options, of which Node refuses V8's
 * (`--max-old-space-size`) when they are listed. Only `--input-type` must not be inherited, since
 * it refuses a worker's file (`node --input-type=module -e ...`): then the threads get none.
 */
export function workerOptions(execArgv: readonly string[]): { execArgv?: string[] } {
  return execArgv.some((arg) => arg.startsWith('--input-type')) ? { execArgv: [] } : {}
}
