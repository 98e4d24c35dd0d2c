import { CoppiceError } from '@coppice/model'
import { RANGE_CELLS_MAX } from './sum-chunks.js'
import { packedBytesMax, padded } from './sum-layout.js'
import { kernelsBase64 } from './wasm-binary.js'

/**
 * The contract of the WebAssembly kernels (sources in `assembly/`): all arguments are byte offsets
 * into the one memory, or counts. Vectors are read and written in steps of 16 bytes, so that up to
 * 15 elements beyond their end are touched.
 *
 * A *bitmap* has a bit for each cell, in words of 64 bits.
 */
export interface SumKernels {
  /**
   * Sets the bits of the cells that are not all zero, a byte for every 8 cells. At `out`: the bits
   * that occur in the gradients where they differ from the sign, in the gradients, in the
   * hessians, and in the counts; 8 bytes each. n is a multiple of 4.
   *
   * @returns the number of those cells
   */
  survey(
    out: number, bitmap: number, gradients: number, hessians: number, counts: number, n: number,
  ): number
  /**
   * 16 words to `out`, of n bytes in blocks of 64: bytes behind the last whole block must be zero
   * up to its end. See `sum-checksum.ts`.
   */
  checksum(out: number, src: number, n: number): void
  /** Copies the 8-byte values of the cells in the bitmap to one after the other. */
  compact64(dst: number, src: number, bitmap: number, nWords: number): void
  compact32(dst: number, src: number, bitmap: number, nWords: number): void
  /** The reverse; other cells are left as they are. */
  expand64(dst: number, src: number, bitmap: number, nWords: number): void
  expand32(dst: number, src: number, bitmap: number, nWords: number): void
  countBits(bitmap: number, nWords: number): number
  /** The low words of n 8-byte integers. */
  lows(dst: number, src: number, n: number): void
  /** The high words of n 8-byte integers. */
  highs(dst: number, src: number, n: number): void
  /** Bits [shift, shift + 8 nBytes) of n words, as integers of 4, 2 or 1 bytes. */
  narrow(dst: number, src: number, n: number, nBytes: number, shift: number): void
  /** n integers of 4, 2 or 1 bytes, moved up by `shift` bits: stored as words, or or-ed to them. */
  widen(
    dst: number, src: number, n: number, nBytes: number, shift: number, isSigned: number,
    add: number,
  ): void
  /** n 8-byte integers from low and high words. `high` 0: zeros, or the low ones' signs. */
  join(dst: number, low: number, high: number, n: number, isSigned: number): void
}

/** The kernels with their memory, and where in it what is. */
export interface SumMemory {
  readonly kernels: SumKernels
  readonly bytes: Uint8Array
  readonly words: Int32Array
  /** 64 bytes. */
  readonly stats: number
  readonly bitmap: number
  /** The planes of a range, one after the other. */
  readonly planes: number
  /** The same of the stored cells of a sparse range: gradients, hessians, counts. */
  readonly compact: readonly [number, number, number]
  readonly lows: number
  readonly highs: number
  /** A chunk, packed: `packedSize` bytes. */
  readonly packed: number
  readonly packedSize: number
}

/** Elements beyond the end of a vector that kernels may touch. */
export const SLACK = 16

let memory: SumMemory | null = null

/** The kernels of this thread, made when they are first needed; 7 MiB. */
export function sumMemory(): SumMemory {
  memory ??= makeMemory()
  return memory
}

function makeMemory(): SumMemory {
  let end = 1024
  const reserve = (nBytes: number): number => {
    const start = end
    end = (start + nBytes + 63) & ~63
    return start
  }
  const n = RANGE_CELLS_MAX + SLACK
  const bitmapSize = padded(n >> 3) + 8
  const layout = {
    stats: reserve(64),
    bitmap: reserve(bitmapSize),
    planes: reserve(20 * n + 8 * SLACK),
    compact: [reserve(8 * n), reserve(8 * n), reserve(4 * n)] as const,
    lows: reserve(4 * n),
    highs: reserve(4 * n),
    packed: reserve(packedBytesMax + 8 * SLACK),
    packedSize: packedBytesMax,
  }
  const imported = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) })
  return {
    ...layout,
    kernels: instantiate(imported),
    bytes: new Uint8Array(imported.buffer),
    words: new Int32Array(imported.buffer),
  }
}

function instantiate(imported: WebAssembly.Memory): SumKernels {
  const text = atob(kernelsBase64)
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  try {
    const module = new WebAssembly.Module(bytes)
    const instance = new WebAssembly.Instance(module, { env: { memory: imported } })
    return instance.exports as unknown as SumKernels
  } catch (cause) {
    throw new CoppiceError('INTERNAL',
      'this JavaScript engine cannot run WebAssembly SIMD; Node 20.19 or later is needed',
      { cause })
  }
}
