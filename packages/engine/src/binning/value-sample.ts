/** Collects the sampled values of one numeric column as sorted (value, count) pairs. */

import { sortDoubles } from '../numeric/sort-doubles.js'
import type { SampledValues } from './sampled-values.js'
import { kernelValuesMax, valueKernels } from './value-kernels.js'

/** Values no larger than this are zero, as LightGBM's kZeroThreshold: the float 1e-35, widened. */
export const zeroThreshold = Math.fround(1e-35)

/** A growing list of the sampled values of one column. */
export class ValueSample {
  private values: Float64Array<ArrayBuffer>
  private length = 0
  private addedZeros = 0

  /** @param capacity - expected number of sampled rows; grows when exceeded */
  constructor(capacity = 1024) {
    this.values = new Float64Array(Math.max(16, capacity))
  }

  /**
   * Adds rows of a chunk.
   * @param offsets - the sampled rows (`sampledOffsets`), or null for all
   */
  add(chunk: Float64Array, offsets: Int32Array | null): void {
    const added = this.room(offsets === null ? chunk.length : offsets.length)
    if (offsets === null) added.set(chunk)
    else for (let i = 0; i < offsets.length; i++) added[i] = chunk[offsets[i]!]!
  }

  /** Room for n more rows. */
  private room(n: number): Float64Array {
    const start = this.length
    this.length += n
    if (this.length > this.values.length) {
      const grown = new Float64Array(Math.max(this.length, this.values.length * 2))
      grown.set(this.values.subarray(0, start))
      this.values = grown
    }
    return this.values.subarray(start, this.length)
  }

  /** Adds rows of which nothing is stored because they are 0. */
  addZeros(nRows: number): void {
    this.addedZeros += nRows
  }

  /** Sorts and counts what was added. O(n). Rows may still be added afterwards. */
  finish(): SampledValues {
    const { addedZeros } = this
    const sampled = sampleValues(this.values.subarray(0, this.length))
    return { ...sampled, zeroCount: sampled.zeroCount + addedZeros }
  }
}

/** The sample of a column that all values of are given. O(n). */
export function sampleValues(added: Float64Array): SampledValues {
  if (added.length === 0) return noValues
  const value = added[0]!
  if (Math.abs(value) > zeroThreshold && isConstant(added)) {
    const counts = Uint32Array.of(added.length)
    return { values: added.slice(0, 1), counts, zeroCount: 0, nanCount: 0 }
  }
  return added.length <= kernelValuesMax ? valueKernels().sampleValues(added)
    : sampleManyValues(added.slice())
}

/** As `sampleValues`, without a kernel and with no copy of the values, which it changes. */
export function sampleManyValues(values: Float64Array<ArrayBuffer>): SampledValues {
  let n = 0
  let nanCount = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    values[n] = value
    n += Number(Math.abs(value) > zeroThreshold)
    nanCount += Number(value !== value)
  }
  const zeroCount = values.length - n - nanCount
  return { ...countSorted(sortDoubles(values.subarray(0, n))), zeroCount, nanCount }
}

/** Distinct values in ascending order, and how often each of them occurs. */
type CountedValues = Pick<SampledValues, 'values' | 'counts'>

/** Of columns that are 0: there are many of them where there are many columns. */
const noValues: SampledValues = {
  values: new Float64Array(0), counts: new Uint32Array(0), zeroCount: 0, nanCount: 0,
}

/** As the stored values of one-hot columns are. */
function isConstant(values: Float64Array): boolean {
  let i = 1
  while (i < values.length && values[i] === values[0]) i++
  return i >= values.length
}

function countSorted(sorted: Float64Array): CountedValues {
  const distinct = new Float64Array(sorted.length)
  const counts = new Uint32Array(sorted.length)
  let n = 0
  for (let i = 0; i < sorted.length; ) {
    const value = sorted[i]!
    const first = i
    do i++
    while (i < sorted.length && sorted[i] === value)
    distinct[n] = value
    counts[n++] = i - first
  }
  return { values: distinct.slice(0, n), counts: counts.slice(0, n) }
}

/**
 * The sample of a column that is coded: equal to that of its values. O(rows + dictionary).
 * @param codes - one index into `numbers` per row; -1 is NaN
 * @param numbers - may hold values that no row has, and some twice
 * @param offsets - the sampled rows (`sampledOffsets`), or null for all
 */
export function sampleCodes(
  codes: Int32Array, numbers: Float64Array, offsets: Int32Array | null,
): SampledValues {
  const nRows = new Uint32Array(numbers.length + 1)
  const n = offsets === null ? codes.length : offsets.length
  for (let i = 0; i < n; i++) nRows[codes[offsets === null ? i : offsets[i]!]! + 1]!++
  const sample = new ValueSample(numbers.length)
  sample.add(numbers.filter((_, code) => nRows[code + 1]! > 0), null)
  const { values } = sample.finish()
  const indexOf = new Map<number, number>()
  for (let i = 0; i < values.length; i++) indexOf.set(values[i]!, i)
  const counts = new Uint32Array(values.length)
  let zeroCount = 0
  let nanCount = nRows[0]!
  for (let code = 0; code < numbers.length; code++) {
    const value = numbers[code]!
    const index = indexOf.get(value)
    if (index !== undefined) counts[index]! += nRows[code + 1]!
    else if (value !== value) nanCount += nRows[code + 1]!
    else zeroCount += nRows[code + 1]!
  }
  return { values, counts, zeroCount, nanCount }
}

/** Merges two lists. O(distinct values). */
function mergeTwo(a: CountedValues, b: CountedValues): CountedValues {
  const na = a.values.length
  const nb = b.values.length
  const values = new Float64Array(na + nb)
  const counts = new Uint32Array(na + nb)
  let n = 0
  for (let i = 0, j = 0; i < na || j < nb; n++) {
    const x = i < na ? a.values[i]! : Infinity
    const y = j < nb ? b.values[j]! : Infinity
    // At the end of one side its stand-in, Infinity, may meet a real Infinity of the other.
    const takeA = i < na && (j >= nb || x <= y)
    const takeB = j < nb && (i >= na || y <= x)
    values[n] = takeA ? x : y
    counts[n] = (takeA ? a.counts[i++]! : 0) + (takeB ? b.counts[j++]! : 0)
  }
  return { values: values.slice(0, n), counts: counts.slice(0, n) }
}

/** Merges lists without a second copy of all of them, for many values. */
export function mergeLists(lists: readonly CountedValues[]): CountedValues {
  let level = [...lists]
  while (level.length > 1) {
    const next: CountedValues[] = []
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? mergeTwo(level[i]!, level[i + 1]!) : level[i]!)
    }
    level = next
  }
  return level[0]!
}

/**
 * Merges the samples of disjoint sets of rows (partitions, threads, workers). The result does not
 * depend on their order or grouping. O(total * log(parts)).
 */
export function mergeSampledValues(parts: readonly SampledValues[]): SampledValues {
  if (parts.length === 0) return new ValueSample(0).finish()
  if (parts.length === 1) return parts[0]!
  let total = 0
  let zeroCount = 0
  let nanCount = 0
  for (const part of parts) {
    total += part.values.length
    zeroCount += part.zeroCount
    nanCount += part.nanCount
  }
  const merged = total > kernelValuesMax ? mergeLists(parts) : valueKernels().merge(parts)
  return { ...merged, zeroCount, nanCount }
}

/** Rows in a sample. */
export function sampledRowCount(sampled: SampledValues): number {
  let total = sampled.zeroCount + sampled.nanCount
  for (const count of sampled.counts) total += count
  return total
}
