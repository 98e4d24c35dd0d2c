import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** What may become garbage between two full collections. */
const ALLOWANCE_BYTES = 64 * 1024 * 1024
/** A look at the heap costs microseconds, and a heap takes seconds to grow. */
const callsPerLook = 256

/**
 * Lets garbage gather before it is collected.
 *
 * V8 collects a heap when it, and the memory outside of it that was allocated since, has grown by
 * some share. A coordinator's heap is small, and what comes over its sockets is tens of megabytes
 * per tree that live for a moment: it spends a third of its time, and other cores, on looking
 * through a heap in which nothing has changed.
 */
export class HeapAllowance {
  #nCalls = 0
  #percent = 0

  /** Holds the allowance as the heap grows and shrinks; cheap enough for every message. */
  keep(): void {
    if (this.#nCalls++ % callsPerLook !== 0) return
    const percent = heapGrowingPercent(getHeapStatistics().used_heap_size)
    // 0 is V8's own choice
    if (percent === this.#percent) return
    this.#percent = percent
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
}

/**
 * By how much a heap may grow until it is collected.
 *
 * @returns per cent, in steps of 50; 0 for a heap for which the allowance is less than what V8
 *   would give it
 */
export function heapGrowingPercent(usedBytes: number): number {
  const percent = Math.floor(ALLOWANCE_BYTES / Math.max(usedBytes, 1 << 20) * 2) * 50
  return percent < 100 ? 0 : percent
}
