/** Categories that are numbers in memory: from a value to its bin, without a code between. */
import {
  binCodes, type BinLookup, binOfCode, type CategoricalLookup, type NumericLookup,
} from './bin-values.js'
import { isWide } from '../row-bytes.js'

/** Bins by small whole numbers. Plain data: crosses threads by copy. */
export interface NumberTable {
  readonly kind: 'numbers'
  /** Bins that there are; above 256 a bin takes two bytes. */
  readonly nBins: number
  /** Bin by number. */
  readonly bins: Uint8Array | Uint16Array
  /** Bin of all others, and of NaN. */
  readonly otherBin: number
}

/** How bins of floats are found. */
export type FloatLookup = NumericLookup | NumberTable

/** Whole numbers from 0 to below this may have a place in a table. */
const numbersMax = 1 << 16

/**
 * How the bins of a feature are found where its values are floats; null where that takes codes,
 * because a category with a bin of its own is text or no small whole number.
 *
 * @param categories - by code; null for a numeric feature
 */
export function floatLookup(
  lookup: BinLookup, categories: readonly (string | number)[] | null,
): FloatLookup | null {
  if (lookup.kind === 'numeric') return lookup
  const { nBins, otherBin } = lookup
  const own: (readonly [number: number, bin: number])[] = []
  let length = 0
  // codes beyond the bins of the lookup have no bin of their own
  for (let code = 0; code < lookup.bins.length; code++) {
    const bin = binOfCode(lookup, code)
    if (bin === otherBin) continue
    const number = categories?.[code]
    if (typeof number !== 'number' || !isSmall(number)) return null
    length = Math.max(length, number + 1)
    own.push([number, bin])
  }
  const bins = isWide(nBins) ? new Uint16Array(length) : new Uint8Array(length)
  bins.fill(otherBin)
  for (const [number, bin] of own) bins[number] = bin
  return { kind: 'numbers', nBins, bins, otherBin }
}

function isSmall(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < numbersMax
}

/** Where numbers are: `data[first]`, and the next ones `step` further each. */
export interface SpacedNumbers {
  readonly data: Float32Array | Float64Array
  readonly first: number
  readonly step: number
}

/** The numbers of a table as the codes of its bins. */
export function numberCodes(
  { bins }: NumberTable, { data, first, step }: SpacedNumbers, nRows: number,
): Int32Array {
  const codes = new Int32Array(nRows)
  for (let i = 0, at = first; i < nRows; i++, at += step) {
    const value = data[at]!
    const whole = value | 0
    codes[i] = whole === value && whole >>> 0 < bins.length ? whole : -1
  }
  return codes
}

/** The lookup of such codes. */
export function tableLookup({ nBins, bins, otherBin }: NumberTable): CategoricalLookup {
  return { kind: 'categorical', nBins, bins, otherBin }
}

/** Bins numbers; `out` to `high` as in `binValues`. */
export function binNumbers(
  table: NumberTable, numbers: SpacedNumbers, nRows: number,
  out: Uint8Array, offset: number, stride: number, high = 0,
): void {
  const { nBins, bins, otherBin } = table
  if (isWide(nBins)) {
    binCodes(tableLookup(table), numberCodes(table, numbers, nRows), 0, nRows, out, offset,
      stride, high)
    return
  }
  const { data, first, step } = numbers
  for (let i = 0, at = first, o = offset; i < nRows; i++, at += step, o += stride) {
    const value = data[at]!
    const whole = value | 0
    out[o] = whole === value && whole >>> 0 < bins.length ? bins[whole]! : otherBin
  }
}
