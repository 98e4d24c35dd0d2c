/** The memory that the kernels that read files work in. */

import { assert, CoppiceError } from '@coppice/model'
import { POWERS_BYTES, TEXT_MARGIN, writePowers } from './csv-kernels.js'
import { type DecodingKernels, loadDecodingKernels } from './decoding-kernels.js'

const PAGE = 65_536
const POWERS = 1024
const BOTTOM = POWERS + POWERS_BYTES
/** A memory that has become larger than this is given back when its user is done. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024

/**
 * One memory for all units that a thread reads, since every memory reserves gigabytes of
 * addresses. Decoding is synchronous, so one unit has it at a time, from `enterMachine` to
 * `leave`. Views are gone when more is reserved.
 */
export class DecodingMachine {
  readonly memory = new WebAssembly.Memory({ initial: 1 })
  readonly kernels: DecodingKernels = loadDecodingKernels(this.memory)
  /** What `parseNumbers` scales with. */
  readonly powers = POWERS
  #top = BOTTOM

  constructor() {
    writePowers(new DataView(this.memory.buffer), POWERS)
  }

  /** Forgets everything that was reserved. */
  clear(): void {
    this.#top = BOTTOM
  }

  /**
   * Reserves bytes, with what an earlier user left in them.
   *
   * @returns a multiple of 16
   * @throws CoppiceError 'MEMORY' where the system has no more
   */
  reserve(nBytes: number): number {
    const start = Math.ceil(this.#top / 16) * 16
    const missing = Math.ceil((start + nBytes - this.memory.buffer.byteLength) / PAGE)
    if (missing > 0) this.#grow(missing)
    this.#top = start + nBytes
    return start
  }

  /** Reserves bytes for a text, and those around it that kernels may read. */
  reserveText(nBytes: number): number {
    return this.reserve(nBytes + 2 * TEXT_MARGIN) + TEXT_MARGIN
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length)
  }

  ints(at: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, length)
  }

  doubles(at: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, at, length)
  }

  /** What was reserved is of no more use. */
  leave(): void {
    this.clear()
    isTaken = false
    if (this.memory.buffer.byteLength > KEPT_BYTES_MAX) machine = null
  }

  #grow(nPages: number): void {
    try {
      this.memory.grow(nPages)
    } catch (cause) {
      throw new CoppiceError(
        'MEMORY',
        'there is no memory for what is being read; use fewer threads or smaller row groups, or, ' +
          'in text, look for a double quote that is never closed',
        { cause },
      )
    }
  }
}

let machine: DecodingMachine | null = null

let isTaken = false

/** This thread's machine, with nothing reserved, until `leave`. */
export function enterMachine(): DecodingMachine {
  assert(!isTaken, 'one unit is decoded at a time')
  machine ??= new DecodingMachine()
  isTaken = true
  return machine
}
