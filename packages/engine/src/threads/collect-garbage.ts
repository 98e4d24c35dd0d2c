import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Less memory than this is left to V8's own time. */
export const WORTH_COLLECTING_BYTES = 16_777_216

/**
 * Collects this thread's garbage now. A thread that sleeps in Atomics.wait, or waits for others,
 * allocates nothing, so V8 would keep a dropped store's gigabytes until the next large store wakes
 * its collector. Does nothing where V8 does not hand out its collector.
 */
export function collectGarbage(): void {
  // read when a context is made: the way to it without a flag of the whole process
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('typeof gc === "function" ? gc : null') as (() => void) | null
  collect?.()
}
