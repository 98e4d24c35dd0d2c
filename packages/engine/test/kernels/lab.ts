import assert from 'node:assert/strict'
import type { Kernels } from '../../src/kernels/api.js'

const GUARD = 64
const GUARD_BYTE = 0xa5

/**
 * A memory with kernels over it. Every buffer has guard bytes on both sides; `run` checks that
 * they, and all buffers that are not named as outputs, are as before.
 */
export class Lab {
  readonly memory = new WebAssembly.Memory({ initial: 64, maximum: 64 })
  readonly kernels: Kernels
  #top = 1024
  #buffers: { at: number, bytes: number }[] = []

  constructor(make: (memory: WebAssembly.Memory) => Kernels) {
    this.kernels = make(this.memory)
  }

  /** Forgets all buffers. */
  clear(): void {
    this.#top = 1024
    this.#buffers = []
  }

  get view(): DataView {
    return new DataView(this.memory.buffer)
  }

  /** A zeroed buffer at a multiple of 8, a byte beyond which is guarded. */
  reserve(bytes: number): number {
    const at = this.#top + GUARD
    const end = Math.ceil((at + bytes) / 8) * 8 + GUARD
    assert.ok(end <= this.memory.buffer.byteLength, 'the lab is large enough')
    new Uint8Array(this.memory.buffer, this.#top, end - this.#top).fill(GUARD_BYTE)
    this.bytes(at, bytes).fill(0)
    this.#buffers.push({ at, bytes })
    this.#top = end
    return at
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length)
  }

  /** A buffer with these bytes. */
  put(bytes: ArrayLike<number>): number {
    const at = this.reserve(bytes.length)
    this.bytes(at, bytes.length).set(bytes)
    return at
  }

  /** A buffer of doubles, padded to an even number. */
  putDoubles(values: ArrayLike<number>): number {
    const at = this.reserve((values.length + 1 & ~1) * 8)
    for (let i = 0; i < values.length; i++) this.view.setFloat64(at + i * 8, values[i]!, true)
    return at
  }

  doubles(at: number, n: number): number[] {
    return Array.from({ length: n }, (_, i) => this.view.getFloat64(at + i * 8, true))
  }

  ints(at: number, n: number): number[] {
    return Array.from({ length: n }, (_, i) => this.view.getInt32(at + i * 4, true))
  }

  longs(at: number, n: number): bigint[] {
    return Array.from({ length: n }, (_, i) => this.view.getBigInt64(at + i * 8, true))
  }

  /** Runs a kernel and checks that nothing but the buffers at `outputs` changed. */
  run<T>(outputs: readonly number[], work: (kernels: Kernels) => T): T {
    const before = new Uint8Array(this.memory.buffer, 0, this.#top).slice()
    const result = work(this.kernels)
    const after = new Uint8Array(this.memory.buffer, 0, this.#top)
    for (const { at, bytes } of this.#buffers) {
      if (outputs.includes(at)) before.set(after.subarray(at, at + bytes), at)
    }
    assert.ok(Buffer.compare(before, after) === 0, 'only outputs change')
    return result
  }
}

/** Lengths on both sides of the lane width, and several blocks. */
export const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 100, 513]
