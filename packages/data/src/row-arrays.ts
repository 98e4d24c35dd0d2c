/**
 * Arrays for the rows of units that are decoded one after the other. Memory that is new is dear:
 * the system clears it page by page, and what is let go of waits for the garbage collector.
 */

import type { RowArrays } from './reader.js'

/** Arrays of their own, to keep. */
export const ownArrays: RowArrays = {
  doubles: (length) => new Float64Array(length),
  ints: (length) => new Int32Array(length),
}

/** Arrays that are used again from one unit to the next. Nothing of a unit may outlive it. */
export class ReusedArrays implements RowArrays {
  readonly #buffers: ArrayBuffer[] = []
  #nUsed = 0

  doubles(length: number): Float64Array {
    return new Float64Array(this.#next(length * 8), 0, length)
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.#next(length * 4), 0, length)
  }

  /** The unit is done with: its arrays go to the next one. */
  reset(): void {
    this.#buffers.length = this.#nUsed
    this.#nUsed = 0
  }

  #next(nBytes: number): ArrayBuffer {
    const at = this.#nUsed++
    const known = this.#buffers[at]
    if (known !== undefined && known.byteLength >= nBytes) return known
    // Units differ a little in their rows.
    return (this.#buffers[at] = new ArrayBuffer(Math.ceil((nBytes * 9) / 64) * 8))
  }
}
