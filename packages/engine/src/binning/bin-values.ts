/** Bins of values, one column at a time. */
import { assert } from '@coppice/model'
import type { BinMapper, CategoricalBinMapper, NumericBinMapper } from '../dataset.js'
import { BINS_MAX, isWide } from '../row-bytes.js'

/** A numeric mapper prepared for the search. Plain data: crosses threads by copy. */
export interface NumericLookup {
  readonly kind: 'numeric'
  /** Bins that there are; above 256 a bin takes two bytes. */
  readonly nBins: number
  /** 16, 256 or a greater power of two ascending upper bounds, filled up with Infinity. */
  readonly bounds: Float64Array
  /** Bin of NaN. */
  readonly nanBin: number
}

/** A categorical mapper prepared for the search. Plain data: crosses threads by copy. */
export interface CategoricalLookup {
  readonly kind: 'categorical'
  /** Bins that there are; above 256 a bin takes two bytes. */
  readonly nBins: number
  /** Bin by category code. */
  readonly bins: Uint8Array | Uint16Array
  /** Bin of codes at or beyond the length, and of negative ones. */
  readonly otherBin: number
}

export type BinLookup = NumericLookup | CategoricalLookup

/** A column of rows: values where the feature is numeric, category codes where categorical. */
export type ValueColumn = Float64Array | Int32Array

function requireBins(nBins: number): void {
  assert(nBins >= 1 && nBins <= BINS_MAX, `${nBins} bins in [1, ${BINS_MAX}]`)
}

function numericLookup({ upperBounds, nBins, zeroBin, missing }: NumericBinMapper): NumericLookup {
  const nBounds = upperBounds.length
  requireBins(nBins)
  assert(nBounds >= 1, 'a numeric feature has a bound')
  const size = nBounds <= 16 ? 16 : Math.max(256, 1 << (32 - Math.clz32(nBounds - 1)))
  const bounds = new Float64Array(size).fill(Infinity)
  bounds.set(upperBounds)
  return { kind: 'numeric', nBins, bounds, nanBin: missing === 'nan' ? nBins - 1 : zeroBin }
}

function categoricalLookup({ codes, nBins }: CategoricalBinMapper): CategoricalLookup {
  requireBins(nBins)
  const length = codes.reduce((most, code) => Math.max(most, code + 1), 0)
  const bins = binArray(nBins, length)
  for (const [index, code] of codes.entries()) bins[code] = index + 1
  return { kind: 'categorical', nBins, bins, otherBin: 0 }
}

/** Zeroed, for bins of a feature of so many. */
function binArray(nBins: number, length: number): Uint8Array | Uint16Array {
  return isWide(nBins) ? new Uint16Array(length) : new Uint8Array(length)
}

/** Prepares a mapper. */
export function binLookup(mapper: BinMapper): BinLookup {
  return mapper.kind === 'numeric' ? numericLookup(mapper) : categoricalLookup(mapper)
}

/**
 * The searches below count the bounds that are less than the value, one bit of the count at a
 * time, largest first. Comparisons become numbers, not branches: which way they go is random and
 * a branch would be mispredicted half of the time (measured: 4 times slower).
 */
function searchIn256(
  { bounds, nanBin }: NumericLookup,
  values: Float64Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
): void {
  const half = bounds[127]!
  let o = offset
  for (let i = start; i < end; i++, o += stride) {
    const value = values[i]!
    let bin = +(half < value) << 7
    bin += +(bounds[bin + 63]! < value) << 6
    bin += +(bounds[bin + 31]! < value) << 5
    bin += +(bounds[bin + 15]! < value) << 4
    bin += +(bounds[bin + 7]! < value) << 3
    bin += +(bounds[bin + 3]! < value) << 2
    bin += +(bounds[bin + 1]! < value) << 1
    bin += +(bounds[bin]! < value)
    out[o] = value !== value ? nanBin : bin
  }
}

function searchIn16(
  { bounds, nanBin }: NumericLookup,
  values: Float64Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
): void {
  let o = offset
  for (let i = start; i < end; i++, o += stride) {
    const value = values[i]!
    let bin = +(bounds[7]! < value) << 3
    bin += +(bounds[bin + 3]! < value) << 2
    bin += +(bounds[bin + 1]! < value) << 1
    bin += +(bounds[bin]! < value)
    out[o] = value !== value ? nanBin : bin
  }
}

/** A search as above for bins of two bytes: the higher one lies `high` behind the lower one. */
function searchWide(
  { bounds, nanBin }: NumericLookup,
  values: Float64Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
  high: number,
): void {
  const half = bounds.length >> 1
  let o = offset
  for (let i = start; i < end; i++, o += stride) {
    const value = values[i]!
    let bin = 0
    for (let step = half; step > 0; step >>= 1) {
      bin += +(bounds[bin + step - 1]! < value) * step
    }
    if (value !== value) bin = nanBin
    out[o] = bin
    out[o + high] = bin >> 8
  }
}

/**
 * Bins rows [start, end) of a numeric column. Row `start` goes to `out[offset]`, the next one to
 * `out[offset + stride]`.
 *
 * @param high - where more than 256 bins take two bytes: how far the higher one is behind the lower
 */
export function binValues(
  lookup: NumericLookup,
  values: Float64Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
  high = 0,
): void {
  if (isWide(lookup.nBins)) {
    requireHigh(high)
    searchWide(lookup, values, start, end, out, offset, stride, high)
  } else if (lookup.bounds.length === 16) {
    searchIn16(lookup, values, start, end, out, offset, stride)
  } else {
    searchIn256(lookup, values, start, end, out, offset, stride)
  }
}

/** The bin of one value, as `binValues`. */
export function binOfValue({ bounds, nanBin }: NumericLookup, value: number): number {
  if (value !== value) return nanBin
  let bin = 0
  for (let step = bounds.length >> 1; step > 0; step >>= 1) {
    bin += +(bounds[bin + step - 1]! < value) * step
  }
  return bin
}

/** The bin of one category code, as `binCodes`. */
export function binOfCode({ bins, otherBin }: CategoricalLookup, code: number): number {
  return code >>> 0 < bins.length ? bins[code]! : otherBin
}

function requireHigh(high: number): void {
  assert(high > 0, 'bins of two bytes have a place for the higher one')
}

/** Bins rows [start, end) of a categorical column, as `binValues`. */
export function binCodes(
  { bins, otherBin }: CategoricalLookup,
  codes: Int32Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
  high = 0,
): void {
  if (bins instanceof Uint16Array) {
    requireHigh(high)
    binWideCodes(bins, otherBin, codes, start, end, out, offset, stride, high)
    return
  }
  const length = bins.length
  let o = offset
  for (let i = start; i < end; i++, o += stride) {
    const code = codes[i]!
    // A negative code is a large unsigned number.
    out[o] = code >>> 0 < length ? bins[code]! : otherBin
  }
}

function binWideCodes(
  bins: Uint16Array,
  otherBin: number,
  codes: Int32Array,
  start: number,
  end: number,
  out: Uint8Array,
  offset: number,
  stride: number,
  high: number,
): void {
  let o = offset
  for (let i = start; i < end; i++, o += stride) {
    const code = codes[i]!
    const bin = code >>> 0 < bins.length ? bins[code]! : otherBin
    out[o] = bin
    out[o + high] = bin >> 8
  }
}

/**
 * The lookup of a numeric column that is coded: each of its numbers is searched for once.
 * @param numbers - by code; negative codes are NaN
 */
export function codedLookup(lookup: NumericLookup, numbers: Float64Array): CategoricalLookup {
  const { nBins, nanBin } = lookup
  const n = numbers.length
  const bytes = new Uint8Array(2 * n)
  binValues(lookup, numbers, 0, n, bytes, 0, 1, n)
  return { kind: 'categorical', nBins, bins: joinBytes(nBins, bytes), otherBin: nanBin }
}

/**
 * The lookup by other codes.
 * @param codes - by the other code, the one that the lookup knows; negative: none
 */
export function recodedLookup(lookup: CategoricalLookup, codes: Int32Array): CategoricalLookup {
  const n = codes.length
  const bytes = new Uint8Array(2 * n)
  binCodes(lookup, codes, 0, n, bytes, 0, 1, n)
  return { ...lookup, bins: joinBytes(lookup.nBins, bytes) }
}

/** Bins from their lower bytes and, behind all of them, the higher ones. */
function joinBytes(nBins: number, bytes: Uint8Array): Uint8Array | Uint16Array {
  const n = bytes.length / 2
  if (!isWide(nBins)) return bytes.slice(0, n)
  return Uint16Array.from({ length: n }, (_, i) => bytes[i]! | (bytes[n + i]! << 8))
}
