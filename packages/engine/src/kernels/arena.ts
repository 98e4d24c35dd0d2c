import { CoppiceError } from '../errors.js'

const PAGE = 65_536
const MAX_PAGES = 65_536
/** Memory grows by at least 16 MiB: every step costs a system call and new views. */
const STEP_PAGES = 256
const BOTTOM = 1024

/**
 * A thread's WebAssembly memory, handed out from the bottom: training allocates all it needs when
 * it starts. Views are made anew after growth, so take them from here each time.
 * Nothing else may grow the memory.
 */
export class Arena {
  readonly memory: WebAssembly.Memory
  #top = BOTTOM
  /** Views of all of it: to make one takes as long as a small kernel. */
  #all: Uint8Array
  #view: DataView

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES })
    this.#all = new Uint8Array(this.memory.buffer)
    this.#view = new DataView(this.memory.buffer)
  }

  /**
   * Reserves zeroed bytes.
   * @returns a byte offset, a multiple of 64
   * @throws CoppiceError 'MEMORY' past 4 GiB or when the system has no more
   */
  reserve(bytes: number): number {
    const start = this.#top
    const end = start + Math.ceil(bytes / 64) * 64
    const missing = Math.ceil(end / PAGE) - this.memory.buffer.byteLength / PAGE
    if (missing > 0) this.#grow(missing, end)
    this.#top = end
    return start
  }

  /** Forgets all that was reserved. */
  reset(): void {
    this.clear(0, this.#top)
    this.#top = BOTTOM
  }

  #grow(pages: number, end: number): void {
    const mib = Math.ceil(end / 1_048_576)
    const advice = 'train with more threads (each has its own memory), fewer rows or features'
    if (end > MAX_PAGES * PAGE) {
      throw new CoppiceError('MEMORY', `a thread needs ${mib} MiB, the limit is 4096; ${advice}`)
    }
    try {
      this.#growBy(Math.min(Math.max(pages, STEP_PAGES), MAX_PAGES - this.#pages), pages)
    } catch (cause) {
      throw new CoppiceError(
        'MEMORY', `a thread needs ${mib} MiB, which the system does not have; ${advice}`, { cause })
    }
    this.#all = new Uint8Array(this.memory.buffer)
    this.#view = new DataView(this.memory.buffer)
  }

  get #pages(): number {
    return this.memory.buffer.byteLength / PAGE
  }

  /** Takes more than is missing, since growing is slow, but no less than what there is allows. */
  #growBy(wanted: number, missing: number): void {
    try {
      this.memory.grow(wanted)
    } catch {
      this.memory.grow(missing)
    }
  }

  /** Makes bytes 0. */
  clear(offset: number, length: number): void {
    this.#all.fill(0, offset, offset + length)
  }

  /** Puts bytes there. */
  put(offset: number, bytes: Uint8Array): void {
    this.#all.set(bytes, offset)
  }

  bytes(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, offset, length)
  }

  /** Bytes that are looked at again and again. */
  window(offset: number, length: number): ArenaWindow {
    return new ArenaWindow(this, offset, length)
  }

  doubles(offset: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, offset, length)
  }

  ints(offset: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, offset, length)
  }

  words(offset: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, offset, length)
  }

  view(): DataView {
    return this.#view
  }
}

/** A view of an arena that is made anew only where the memory has grown since the last look. */
export class ArenaWindow {
  readonly #arena: Arena
  readonly #offset: number
  readonly #length: number
  #bytes: Uint8Array
  /** The arena's view when `bytes` was made. */
  #made: DataView

  constructor(arena: Arena, offset: number, length: number) {
    this.#arena = arena
    this.#offset = offset
    this.#length = length
    this.#bytes = arena.bytes(offset, length)
    this.#made = arena.view()
  }

  get bytes(): Uint8Array {
    if (this.#made !== this.#arena.view()) {
      this.#bytes = this.#arena.bytes(this.#offset, this.#length)
      this.#made = this.#arena.view()
    }
    return this.#bytes
  }
}
