import { CELL_BYTES, HALF_CELL_BYTES, type Kernels } from './api.js'
import { cellsOf } from './cells.js'

type SumKernels = Pick<Kernels,
  'widen' | 'widenHalf' | 'sumColumns' | 'widenBundles' | 'addSums' | 'subtractSums' | 'sumBins' |
  'coarsen'>

/** Naive twins of the kernels for cells and sums; see `referenceKernels`. */
export function referenceSumKernels(memory: WebAssembly.Memory): SumKernels {
  const own = new ReferenceSums(memory)
  return {
    widen: (...args) => own.widen(...args),
    widenHalf: (...args) => own.widenHalf(...args),
    sumColumns: (...args) => own.sumColumns(...args),
    widenBundles: (...args) => own.widenBundles(...args),
    addSums: (dst, src, nCells) => own.combineSums(dst, src, nCells, 1),
    subtractSums: (dst, src, nCells) => own.combineSums(dst, src, nCells, -1),
    sumBins: (...args) => own.sumBins(...args),
    coarsen: (...args) => own.coarsen(...args),
  }
}

class ReferenceSums {
  readonly #memory: WebAssembly.Memory

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
  }

  /** Made anew each time: the memory may have grown. */
  get #view(): DataView {
    return new DataView(this.#memory.buffer)
  }

  /** Adds to a 64-bit integer, wrapping. */
  #addLong(at: number, value: bigint): void {
    const view = this.#view
    view.setBigInt64(at, BigInt.asIntN(64, view.getBigInt64(at, true) + value), true)
  }

  #addInt(at: number, value: number): void {
    const view = this.#view
    view.setInt32(at, (view.getInt32(at, true) + value) | 0, true)
  }

  widen(
    gradients: number, hessians: number, counts: number, hist: number, layout: number,
    firstFeature: number, lastFeature: number, add: number,
  ): void {
    const planes = [gradients, hessians, counts] as const
    this.#widen(planes, hist, layout, firstFeature, lastFeature, add, CELL_BYTES,
      (at) => this.#cell(at))
  }

  widenHalf(
    gradients: number, hessians: number, counts: number, hist: number, layout: number,
    firstFeature: number, lastFeature: number, add: number, hessian: number,
  ): void {
    const planes = [gradients, hessians, counts] as const
    this.#widen(planes, hist, layout, firstFeature, lastFeature, add, HALF_CELL_BYTES, (at) => {
      const packed = this.#view.getBigInt64(at, true)
      const n = packed & 0xffffn
      return [packed >> 16n, n * BigInt(hessian), n]
    })
  }

  #widen(
    [gradients, hessians, counts]: readonly [number, number, number], hist: number, layout: number,
    firstFeature: number, lastFeature: number, add: number, cellBytes: number,
    read: (cell: number) => Sums,
  ): void {
    const view = this.#view
    let cells = hist
    for (let f = firstFeature; f < lastFeature; f++) {
      const offset = view.getInt32(layout + f * 16, true)
      const nBins = view.getInt32(layout + f * 16 + 4, true)
      // bins are padded to pairs
      for (let b = 0; b < nBins + nBins % 2; b++) {
        const [g, h, n] = [gradients + (offset + b) * 8, hessians + (offset + b) * 8,
          counts + (offset + b) * 4]
        if (!add) {
          view.setBigInt64(g, 0n, true)
          view.setBigInt64(h, 0n, true)
          view.setInt32(n, 0, true)
        }
        const [cellG, cellH, cellN] = read(cells + b * cellBytes)
        this.#addLong(g, cellG)
        this.#addLong(h, cellH)
        this.#addInt(n, Number(cellN))
      }
      cells += cellsOf(nBins, cellBytes) * cellBytes
    }
  }

  sumBins(
    totals: number, gradients: number, hessians: number, counts: number, n: number,
  ): void {
    const view = this.#view
    view.setBigInt64(totals, 0n, true)
    view.setBigInt64(totals + 8, 0n, true)
    view.setInt32(totals + 16, 0, true)
    for (let bin = 0; bin < n; bin++) {
      this.#addLong(totals, view.getBigInt64(gradients + bin * 8, true))
      this.#addLong(totals + 8, view.getBigInt64(hessians + bin * 8, true))
      this.#addInt(totals + 16, view.getInt32(counts + bin * 4, true))
    }
  }

  coarsen(
    toGradients: number, toHessians: number, toCounts: number,
    gradients: number, hessians: number, counts: number, groups: number, nBins: number,
  ): void {
    for (let b = 0, view = this.#view; b < nBins; b++) {
      const to = view.getUint8(groups + b) * 4
      this.#addLong(toGradients + to * 2, view.getBigInt64(gradients + b * 8, true))
      this.#addLong(toHessians + to * 2, view.getBigInt64(hessians + b * 8, true))
      this.#addInt(toCounts + to, view.getInt32(counts + b * 4, true))
    }
  }

  /** Gradients, hessians, count. */
  #cell(at: number): Sums {
    const packed = this.#view.getBigUint64(at + 8, true)
    return [this.#view.getBigInt64(at, true), packed >> 16n, packed & 0xffffn]
  }

  sumColumns(totals: number, hist: number, columns: number, nColumns: number): void {
    const view = this.#view
    for (let c = 0; c < nColumns; c++) {
      const cells = hist + view.getUint32(columns + c * 8, true)
      const nCells = view.getUint32(columns + c * 8 + 4, true)
      addSums(Array.from({ length: nCells }, (_, v) => this.#cell(cells + v * CELL_BYTES)))
        .forEach((sum, k) => view.setBigInt64(totals + (c * 3 + k) * 8, sum, true))
    }
  }

  widenBundles(
    gradients: number, hessians: number, counts: number, hist: number, totals: number,
    layout: number, members: number, firstFeature: number, lastFeature: number, add: number,
  ): void {
    const view = this.#view
    for (let f = firstFeature; f < lastFeature; f++) {
      const offset = view.getInt32(layout + f * 16, true)
      const nBins = view.getInt32(layout + f * 16 + 4, true)
      const cells = hist + view.getInt32(members + f * 16, true)
      const defaultBin = view.getInt32(members + f * 16 + 4, true)
      const nCells = defaultBin < 0 ? nBins : nBins - 1
      const bins = Array.from({ length: nCells }, (_, i) => this.#cell(cells + i * CELL_BYTES))
      if (defaultBin >= 0) {
        const others = addSums(bins)
        const own = totals + view.getInt32(members + f * 16 + 8, true)
        const all = [0, 8, 16].map((at) => view.getBigInt64(own + at, true)) as Sums
        bins.splice(defaultBin, 0,
          [all[0] - others[0], all[1] - others[1], all[2] - others[2]])
      }
      if (nBins % 2 === 1) bins.push([0n, 0n, 0n])
      bins.forEach(([g, h, n], b) => {
        const [atG, atH, atN] = [gradients + (offset + b) * 8, hessians + (offset + b) * 8,
          counts + (offset + b) * 4]
        if (!add) {
          view.setBigInt64(atG, 0n, true)
          view.setBigInt64(atH, 0n, true)
          view.setInt32(atN, 0, true)
        }
        this.#addLong(atG, g)
        this.#addLong(atH, h)
        this.#addInt(atN, Number(n))
      })
    }
  }

  combineSums(dst: number, src: number, nCells: number, sign: 1 | -1): void {
    const view = this.#view
    for (let i = 0; i < 2 * nCells; i++) {
      this.#addLong(dst + i * 8, BigInt(sign) * view.getBigInt64(src + i * 8, true))
    }
    for (let i = 0; i < nCells; i++) {
      const at = 16 * nCells + i * 4
      this.#addInt(dst + at, sign * view.getInt32(src + at, true))
    }
  }
}

/** Gradients, hessians, count. */
type Sums = [bigint, bigint, bigint]

function addSums(cells: readonly Sums[]): Sums {
  return cells.reduce<Sums>(
    (sum, cell) => [sum[0] + cell[0], sum[1] + cell[1], sum[2] + cell[2]], [0n, 0n, 0n])
}
