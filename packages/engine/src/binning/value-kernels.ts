/**
 * The kernels for values of a column, over a memory that each thread has one of: values go in and
 * out by copy, a few thousand at a time.
 */
import { SORT_COUNT_BYTES, type Kernels } from '../kernels/api.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import type { SampledValues } from './sampled-values.js'

/** Longer lists are left to those who need no second copy of them. */
export const kernelValuesMax = 1 << 20

/** What sorting and counting so many values needs beside them. */
function scratchBytes(n: number): number {
  return 8 * n + Math.max(SORT_COUNT_BYTES, 4 * n)
}

/** Rows that are drawn in one call. */
const drawnAtOnce = 1 << 16

/** Values and how often each of them occurs. */
type Counted = Pick<SampledValues, 'values' | 'counts'>

class ValueKernels {
  readonly #arena = new Arena()
  readonly #kernels: Kernels = instantiateKernels(this.#arena.memory)
  /** Where values begin, and how many bytes are there from then on. */
  readonly #start = this.#arena.reserve(0)
  #bytes = 0

  /** The sample of rows of these values. */
  sampleValues(values: Float64Array): SampledValues {
    let sample: SampledValues | null = null
    this.sampleColumns(1, values.length, (place) => place.set(values), (sampled) => {
      sample = { ...sampled, values: sampled.values.slice(), counts: sampled.counts.slice() }
    })
    return sample!
  }

  /**
   * The samples of several columns.
   *
   * @param nRows - of each
   * @param fill - writes all values: column by column, nRows apart
   * @param take - is given each sample: views that do not outlive the call
   */
  sampleColumns(
    nColumns: number, nRows: number, fill: (values: Float64Array) => void,
    take: (sampled: SampledValues, index: number) => void,
  ): void {
    const [values, columnBytes] = [this.#start, 8 * nRows]
    const scratch = values + nColumns * columnBytes
    this.#ensure(scratch + scratchBytes(nRows) - values)
    fill(this.#arena.doubles(values, nColumns * nRows))
    for (let c = 0; c < nColumns; c++) {
      take(this.#sampled(values + c * columnBytes, nRows, scratch), c)
    }
  }

  /** The sample of values, where they are. `scratch` has room for `scratchBytes`. */
  #sampled(values: number, length: number, scratch: number): SampledValues {
    const counts = scratch + 8 * length
    const n = this.#kernels.keepStored(values, length, counts)
    const nanCount = this.#arena.view().getInt32(counts, true)
    this.#kernels.sortValues(values, scratch, n, counts)
    const nDistinct = this.#kernels.countDistinct(values, counts, n)
    return {
      values: this.#arena.doubles(values, nDistinct),
      counts: this.#arena.words(counts, nDistinct),
      zeroCount: length - n - nanCount,
      nanCount,
    }
  }

  /** Offsets of the rows whose draws are below the limit, among consecutive ones. */
  drawRows(start: number, limit: number, firstRow: number, nRows: number): Int32Array {
    this.#ensure(4 * Math.min(nRows, drawnAtOnce))
    const offsets = new Int32Array(nRows)
    let n = 0
    for (let first = 0; first < nRows; first += drawnAtOnce) {
      const nDrawn = this.#kernels.drawRows(
        this.#start, Math.min(drawnAtOnce, nRows - first), start, firstRow + first, limit)
      const drawn = this.#arena.ints(this.#start, nDrawn)
      for (let i = 0; i < nDrawn; i++) offsets[n++] = first + drawn[i]!
    }
    return offsets.slice(0, n)
  }

  /** Merges lists of distinct values in ascending order. */
  merge(parts: readonly Counted[]): Counted {
    const total = parts.reduce((sum, { values }) => sum + values.length, 0)
    this.#ensure(24 * total)
    // Two places for the values, two for the counts: each level goes from one to the other.
    const places = [0, 1].map((side) => ({
      values: this.#start + 8 * total * side,
      counts: this.#start + 16 * total + 4 * total * side,
    })) as [Place, Place]
    let lists: List[] = []
    let start = 0
    for (const { values, counts } of parts) {
      this.#arena.doubles(places[0].values + 8 * start, values.length).set(values)
      this.#arena.words(places[0].counts + 4 * start, counts.length).set(counts)
      lists.push({ start, length: values.length })
      start += values.length
    }
    let [from, to] = places
    while (lists.length > 1) {
      lists = this.#mergeLevel(lists, from, to)
      ;[from, to] = [to, from]
    }
    return this.#counted(from.values, from.counts, lists[0]!.length)
  }

  /** Merges lists in pairs; one that has no partner is copied. */
  #mergeLevel(lists: readonly List[], from: Place, to: Place): List[] {
    const merged: List[] = []
    for (let i = 0; i < lists.length; i += 2) {
      const a = lists[i]!
      const b = lists[i + 1] ?? { start: a.start, length: 0 }
      const length = this.#kernels.mergeCounted(
        to.values + 8 * a.start, to.counts + 4 * a.start,
        from.values + 8 * a.start, from.counts + 4 * a.start, a.length,
        from.values + 8 * b.start, from.counts + 4 * b.start, b.length)
      merged.push({ start: a.start, length })
    }
    return merged
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#bytes) return
    this.#arena.reserve(bytes - this.#bytes)
    this.#bytes += Math.ceil((bytes - this.#bytes) / 64) * 64
  }

  #counted(values: number, counts: number, n: number): Counted {
    return {
      values: this.#arena.doubles(values, n).slice(),
      counts: this.#arena.words(counts, n).slice(),
    }
  }
}

/** Where values and their counts begin, in bytes. */
interface Place {
  readonly values: number
  readonly counts: number
}

/** A list within a place, in values. */
interface List {
  readonly start: number
  readonly length: number
}

let own: ValueKernels | null = null

/** Gives back their memory, which may be large; they are made again when they are wanted. */
export function forgetValueKernels(): void {
  own = null
}

/** Those of this thread. */
export function valueKernels(): ValueKernels {
  return (own ??= new ValueKernels())
}
