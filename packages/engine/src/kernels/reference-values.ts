import type { Kernels } from './api.js'
import { type SearchFunctions, SearchLayout } from './search-api.js'

type ValueKernels = SearchFunctions &
  Pick<Kernels, 'keepStored' | 'sortValues' | 'countDistinct' | 'mergeCounted'>

/** Bins of values by all bounds, whatever the cells say, but for that of NaN. */
function referenceSearch(memory: WebAssembly.Memory, bytes: 4 | 8): Kernels['searchDoubles'] {
  const { last, bounds, boundsMax, cells } = SearchLayout
  return (out, stride, values, step, n, search) => {
    const view = new DataView(memory.buffer)
    const all = new Float64Array(memory.buffer, search + bounds, boundsMax)
    const nanBin = view.getUint8(search + cells + view.getFloat64(search + last, true) + 1)
    for (let i = 0; i < n; i++) {
      const at = values + i * step
      const value = bytes === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true)
      const bin = all.filter((bound) => bound < value).length
      view.setUint8(out + i * stride, value !== value ? nanBin : bin)
    }
  }
}

/** Naive twins of the kernels for the values of a column; see `referenceKernels`. */
export function referenceValueKernels(memory: WebAssembly.Memory): ValueKernels {
  const doubles = (at: number, n: number) => new Float64Array(memory.buffer, at, n)
  const words = (at: number, n: number) => new Uint32Array(memory.buffer, at, n)
  const put = (at: number, countsAt: number, pairs: readonly (readonly [number, number])[]) => {
    doubles(at, pairs.length).set(pairs.map(([value]) => value))
    words(countsAt, pairs.length).set(pairs.map(([, count]) => count))
    return pairs.length
  }
  const [searchDoubles, searchFloats] = [
    referenceSearch(memory, 8), referenceSearch(memory, 4)]
  return {
    searchDoubles, searchDoublesLong: searchDoubles, searchDoublesCurved: searchDoubles,
    searchFloats, searchFloatsLong: searchFloats, searchFloatsCurved: searchFloats,
    lookUpCodes: (out, stride, codes, n, bins, nCodes, otherBin) => {
      const view = new DataView(memory.buffer)
      for (let i = 0; i < n; i++) {
        const code = view.getInt32(codes + 4 * i, true)
        const isKnown = code >= 0 && code < nCodes
        view.setUint8(out + i * stride, isKnown ? view.getUint8(bins + code) : otherBin)
      }
    },
    keepStored: (values, n, nNans) => {
      const all = [...doubles(values, n)]
      const kept = all.filter((value) => Math.abs(value) > Math.fround(1e-35))
      doubles(values, kept.length).set(kept)
      words(nNans, 1)[0] = all.filter(Number.isNaN).length
      return kept.length
    },
    sortValues: (values, _scratch, n) => void doubles(values, n).sort(),
    countDistinct: (values, counts, n) => {
      const found = new Map<number, number>()
      for (const value of doubles(values, n)) found.set(value, (found.get(value) ?? 0) + 1)
      return put(values, counts, [...found])
    },
    mergeCounted: (dst, dstCounts, a, aCounts, na, b, bCounts, nb) => {
      const found = new Map<number, number>()
      for (const [at, countsAt, n] of [[a, aCounts, na], [b, bCounts, nb]] as const) {
        const counts = words(countsAt, n)
        for (const [i, value] of doubles(at, n).entries()) {
          found.set(value, (found.get(value) ?? 0) + counts[i]!)
        }
      }
      return put(dst, dstCounts, [...found].sort(([x], [y]) => (x < y ? -1 : 1)))
    },
  }
}
