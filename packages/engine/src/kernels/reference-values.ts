import type { Kernels } from './api.js'

type ValueKernels = Pick<Kernels, 'sortValues' | 'countDistinct' | 'mergeCounted'>

/** Naive twins of the kernels for the values of a column; see `referenceKernels`. */
export function referenceValueKernels(memory: WebAssembly.Memory): ValueKernels {
  const doubles = (at: number, n: number) => new Float64Array(memory.buffer, at, n)
  const words = (at: number, n: number) => new Uint32Array(memory.buffer, at, n)
  const put = (at: number, countsAt: number, pairs: readonly (readonly [number, number])[]) => {
    doubles(at, pairs.length).set(pairs.map(([value]) => value))
    words(countsAt, pairs.length).set(pairs.map(([, count]) => count))
    return pairs.length
  }
  return {
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
