import { isWide } from './row-bytes.js'

/**
 * Some bins of a feature, those of the left side of a split. Of up to 256 bins 32 bytes: bit b is
 * set for bin b. Of more the shorter of two forms, told apart by their lengths:
 *
 * - runs of bins, ascending, with others between them: first and last of each as 16-bit
 *   little-endian numbers, 4 bytes a run. A threshold is one or two.
 * - bits, in an odd number of bytes.
 */
export type BinSet = Uint8Array

/** Bytes of the set of a feature of up to 256 bins. */
const NARROW_BYTES = 32
const RUN_BYTES = 4

/** The bytes of a set as bits: at least 32; those beyond the bins are 0. */
export function bitBytes(nBins: number): number {
  return Math.max(NARROW_BYTES, Math.ceil(nBins / 64) * 8)
}

/** Bytes of bits in a set of a wide feature: odd. */
function wideBytes(nBins: number): number {
  return Math.ceil(nBins / 8) | 1
}

/**
 * The set of the bins up to one, that of missing values being in it or not by itself.
 *
 * @param missingBin - -1: there is none
 */
export function binSetUpTo(
  last: number, nBins: number, missingBin: number, hasMissing: boolean,
): BinSet {
  const bits = new Uint8Array(bitBytes(nBins))
  const end = Math.min(last + 1, nBins)
  const nWhole = end >> 3
  for (let i = 0; i < nWhole; i++) bits[i] = 255
  if (nWhole < bits.length) bits[nWhole] = (1 << (end & 7)) - 1
  if (missingBin >= 0) {
    const bit = 1 << (missingBin & 7)
    const rest = bits[missingBin >> 3]! & ~bit
    bits[missingBin >> 3] = hasMissing ? rest | bit : rest
  }
  return binSetOfBits(bits, nBins)
}

/**
 * The set of the bins whose bits are set.
 *
 * @param bits - `bitBytes(nBins)` bytes
 * @returns the bits themselves where nBins are at most 256
 */
export function binSetOfBits(bits: Uint8Array, nBins: number): BinSet {
  if (!isWide(nBins)) return bits
  const runs: number[] = []
  for (let b = 0; b < nBins; b++) {
    if (!hasBit(bits, b)) continue
    const first = b
    while (b + 1 < nBins && hasBit(bits, b + 1)) b++
    runs.push(first, b)
  }
  const nBytes = wideBytes(nBins)
  if (runs.length * 2 >= nBytes) {
    const whole = new Uint8Array(nBytes)
    whole.set(bits.subarray(0, nBytes))
    return whole
  }
  const set = new Uint8Array(runs.length * 2)
  runs.forEach((bin, i) => {
    set[2 * i] = bin & 255
    set[2 * i + 1] = bin >> 8
  })
  return set
}

/** Writes a set as bits: all of `bits` is written, from `bitBytes(nBins)` bytes on. */
export function writeBits(set: BinSet, nBins: number, bits: Uint8Array): void {
  bits.fill(0)
  if (!isWide(nBins) || isBits(set)) {
    bits.set(set.length > bits.length ? set.subarray(0, bits.length) : set)
    return
  }
  for (const [first, last] of runsOf(set)) {
    for (let b = first; b <= last; b++) bits[b >> 3]! |= 1 << (b & 7)
  }
}

/** A set as bits, `bitBytes(nBins)` of them; those of up to 256 bins are the set itself. */
export function bitsOf(set: BinSet, nBins: number): Uint8Array {
  if (!isWide(nBins)) return set
  const bits = new Uint8Array(bitBytes(nBins))
  writeBits(set, nBins, bits)
  return bits
}

/** Whether the bit of a bin is set. */
export function hasBit(bits: Uint8Array, bin: number): boolean {
  return ((bits[bin >> 3]! >> (bin & 7)) & 1) === 1
}

/** Most bytes of a set of a feature. */
export function binSetBytesMax(
  { nBins, isCategorical }: { readonly nBins: number, readonly isCategorical: boolean },
): number {
  // runs are chosen where they are fewer bytes; thresholds are two at most, and a missing bin
  return isWide(nBins) && isCategorical ? Math.max(NARROW_BYTES, wideBytes(nBins)) : NARROW_BYTES
}

/** Most bytes of a set of any feature. */
export const BIN_SET_BYTES_MAX = 8193

/** Whether bytes are a set of bins of a feature of so many. */
export function isBinSet(set: Uint8Array, nBins: number): boolean {
  if (!isWide(nBins)) return set.length === NARROW_BYTES
  if (isBits(set)) return set.length === wideBytes(nBins)
  if (set.length % RUN_BYTES !== 0) return false
  let next = 0
  for (const [first, last] of runsOf(set)) {
    if (first < next || last < first || last >= nBins) return false
    next = last + 2
  }
  return set.length < wideBytes(nBins)
}

function isBits(set: Uint8Array): boolean {
  return (set.length & 1) === 1
}

function* runsOf(set: Uint8Array): Generator<readonly [first: number, last: number]> {
  for (let i = 0; i + RUN_BYTES <= set.length; i += RUN_BYTES) {
    yield [set[i]! | (set[i + 1]! << 8), set[i + 2]! | (set[i + 3]! << 8)]
  }
}
