import type { Kernels } from './api.js'

type WalkKernels = Pick<Kernels, 'decide' | 'decideWide' | 'walkTree' | 'walkTreeWide'>

/** The naive twins of the kernels that find out which way rows go, by bins of one byte or two. */
export function referenceWalkKernels(memory: WebAssembly.Memory): WalkKernels {
  const byTable = (table: number, at: number): number => {
    const view = new DataView(memory.buffer)
    return view.getUint8(table + view.getUint8(at))
  }
  const byBits = (bits: number, at: number): number => {
    const view = new DataView(memory.buffer)
    const bin = view.getUint16(at, true)
    return (view.getUint8(bits + (bin >> 3)) >> (bin & 7)) & 1
  }
  const decideBy = (goesLeft: typeof byTable): Kernels['decide'] =>
    (decisions, bins, n, stride, table) => {
      let nLeft = 0
      for (let i = 0; i < n; i++) {
        const isLeft = goesLeft(table, bins + i * stride)
        new DataView(memory.buffer).setUint8(decisions + i, isLeft)
        nLeft += isLeft
      }
      return nLeft
    }
  const walk: Kernels['walkTree'] = (score, rec, stride, ids, n, nodes, values) => {
    const view = new DataView(memory.buffer)
    for (let i = 0; i < n; i++) {
      const row = ids === 0 ? i : view.getUint32(ids + i * 4, true)
      let node = 0
      while (node >= 0) {
        const entry = nodes + node * 16
        const bin = rec + row * stride + view.getUint32(entry, true)
        const table = view.getUint32(entry + 4, true)
        const isLeft = table % 2 === 1 ? byBits(table - 1, bin) : byTable(table, bin)
        node = view.getInt32(entry + (isLeft === 1 ? 8 : 12), true)
      }
      const at = score + row * 8
      const sum = view.getFloat64(at, true) + view.getFloat64(values + ~node * 8, true)
      view.setFloat64(at, sum, true)
    }
  }
  return {
    decide: decideBy(byTable), decideWide: decideBy(byBits), walkTree: walk, walkTreeWide: walk,
  }
}
