/** The values of a sample of the rows of a sparse matrix, by column. */
import { type SampledValues, ValueSample, zeroThreshold } from '@coppice/engine'
import type { CsrMatrix } from '@coppice/model'

/** By column its place among the wanted ones, or -1. */
export function slotsOf(wanted: readonly number[], nColumns: number): Int32Array {
  const slots = new Int32Array(nColumns).fill(-1)
  wanted.forEach((column, slot) => {
    slots[column] = slot
  })
  return slots
}

interface SampledRange {
  readonly start: number
  readonly end: number
  /** Sampled rows, counted from `start`; null for all. */
  readonly offsets: Int32Array | null | 'none'
}

/**
 * Samples rows that have been checked. O(entries of the sampled rows + columns).
 *
 * @returns per wanted column; null where no rows were wanted
 */
export function sampleCsr(
  matrix: CsrMatrix, nColumns: number, wanted: readonly number[], range: SampledRange,
): (SampledValues | null)[] {
  const { start, end, offsets } = range
  if (offsets === 'none') return wanted.map(() => null)
  const nSampled = offsets?.length ?? end - start
  const rows = { start, offsets, nSampled }
  const slots = slotsOf(wanted, nColumns)
  const { counts, first, varies } = countEntries(matrix, slots, wanted.length, rows)
  const varied = valuesOf(matrix, slots, counts, varies, rows)
  return wanted.map((_, slot): SampledValues => {
    const count = counts[slot]!
    // As one-hot columns are: a value, and zeros.
    if (varies[slot] === 0 && count > 0) {
      return {
        values: Float64Array.of(first[slot]!), counts: Uint32Array.of(count),
        zeroCount: nSampled - count, nanCount: 0,
      }
    }
    const sample = new ValueSample(count)
    if (count > 0) sample.add(varied[slot]!, null)
    sample.addZeros(nSampled - count)
    return sample.finish()
  })
}

interface SampledRows {
  readonly start: number
  readonly offsets: Int32Array | null
  readonly nSampled: number
}

/** Entries per slot, the first value of each, and whether it has others, or is 0 or NaN. */
function countEntries(
  { data, indices, indptr }: CsrMatrix, slots: Int32Array, nSlots: number,
  { start, offsets, nSampled }: SampledRows,
) {
  const counts = new Int32Array(nSlots)
  const first = new Float64Array(nSlots)
  const varies = new Uint8Array(nSlots)
  for (let k = 0; k < nSampled; k++) {
    const row = start + (offsets === null ? k : offsets[k]!)
    const stop = indptr[row + 1]!
    for (let i = indptr[row]!; i < stop; i++) {
      const slot = slots[indices[i]!]!
      if (slot < 0) continue
      const value = data[i]!
      if (counts[slot]!++ === 0) {
        first[slot] = value
        if (!(Math.abs(value) > zeroThreshold)) varies[slot] = 1
      } else if (value !== first[slot]) varies[slot] = 1
    }
  }
  return { counts, first, varies }
}

/** The values of the slots that have several; those of others are empty. */
function valuesOf(
  { data, indices, indptr }: CsrMatrix, slots: Int32Array, counts: Int32Array,
  varies: Uint8Array, { start, offsets, nSampled }: SampledRows,
): Float64Array[] {
  const next = new Int32Array(counts.length)
  let total = 0
  for (let slot = 0; slot < counts.length; slot++) {
    next[slot] = total
    if (varies[slot] === 1) total += counts[slot]!
  }
  const ends = next.map((at, slot) => varies[slot] === 1 ? at + counts[slot]! : at)
  const starts = next.slice()
  const values = new Float64Array(total)
  for (let k = 0; k < nSampled && total > 0; k++) {
    const row = start + (offsets === null ? k : offsets[k]!)
    const stop = indptr[row + 1]!
    for (let i = indptr[row]!; i < stop; i++) {
      const slot = slots[indices[i]!]!
      if (slot < 0 || varies[slot] === 0) continue
      const value = data[i]!
      values[next[slot]!++] = value !== value ? NaN : value + 0
    }
  }
  return Array.from(starts, (at, slot) => values.subarray(at, ends[slot]))
}
