import { setFlagsFromString } from 'node:v8'
import { defaultThreads } from './default-threads.js'

/**
 * By V8's major version, what makes it compile JavaScript with its slow compiler later: by a factor
 * of seven. Later versions have another compiler in between, and need none of it.
 */
const laterFlags = new Map([
  [11, '--interrupt-budget=500000'],
  [12, '--invocation-count-for-turbofan=20000'],
])

let isDedicated = false

/**
 * Says that this process is there to train, as the processes of the command are: its trainings may
 * then set how V8 works for all of it, for good.
 *
 * What they set is when V8 compiles JavaScript (laterFlags), and only where compute threads have
 * all processors between them, once they are there. Each of them compiles the same functions for
 * itself, in V8's own threads, of which nobody knows in a program that has a processor for each
 * thread: so long one thread waits, and all others with it. Of two threads on two processors,
 * 500,000 x 28, log-normal labels, 31 leaves, the first 40 iterations took 13 instead of 17 ms each
 * so (Node 20), 20,000 x 20, 200 iterations, 0.7 instead of 1.1 s. Node 24 needs 13 ms and 0.66 s
 * in any process.
 *
 * Call it in a script that does nothing but train; a server's other code would run slower for
 * longer.
 */
export function dedicateProcess(): void {
  isDedicated = true
}

/**
 * Whether V8 is going to compile for each compute thread while they work: it is a version that
 * would have to be told (laterFlags), and nobody has called dedicateProcess.
 */
export function compilesBeside(): boolean {
  return !isDedicated && laterFlagOf(process.versions.v8) !== null
}

/**
 * Compute threads that share each tree are there, and have not begun.
 *
 * @param nProcessors - that the process may use
 */
export function compileLater(nThreads: number, nProcessors = defaultThreads()): void {
  const flag = laterFlagOf(process.versions.v8)
  if (!isDedicated || nThreads < 2 || nThreads < nProcessors || flag === null) return
  // who has chosen it knows better
  if (process.execArgv.some((arg) => nameOf(arg) === nameOf(flag))) return
  setFlagsFromString(flag)
}

/** Of a flag of V8's, which takes `_` for `-`. */
function nameOf(flag: string): string {
  return flag.split('=')[0]!.replaceAll('_', '-')
}

/** What a version of V8 is told; null where nothing. V8 writes of flags that it does not know. */
export function laterFlagOf(version: string): string | null {
  return laterFlags.get(Number.parseInt(version, 10)) ?? null
}
