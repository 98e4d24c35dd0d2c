import { exp } from '@coppice/model'
import { finish, mixNumber } from '../random.js'
import { CELL_BYTES, type Kernels } from './api.js'
import { cellsOf } from './cells.js'
import { nearestEven, saturate } from './fixed-point.js'
import { referenceObjectiveKernels } from './reference-objectives.js'
import { referenceMomentKernels } from './reference-moments.js'
import { referenceScanConstrained } from './reference-constrained.js'
import { referenceRankingKernels } from './reference-ranking.js'
import { referenceSampleKernels } from './reference-sample.js'
import { referenceShapedKernels } from './reference-shaped.js'
import { referenceScan } from './reference-scan.js'
import { referenceValueKernels } from './reference-values.js'
import { referenceWalkKernels } from './reference-walk.js'

/**
 * Naive twins of the WebAssembly kernels: the same signatures, the same results to the bit, one
 * row and one value at a time. For tests; both pass test/kernels/contract.ts.
 */
export function referenceKernels(memory: WebAssembly.Memory): Kernels {
  const own = new ReferenceKernels(memory)
  return {
    widen: (...args) => own.widen(...args),
    sumColumns: (...args) => own.sumColumns(...args),
    widenBundles: (...args) => own.widenBundles(...args),
    addSums: (dst, src, nCells) => own.combineSums(dst, src, nCells, 1),
    subtractSums: (dst, src, nCells) => own.combineSums(dst, src, nCells, -1),
    coarsen: (...args) => own.coarsen(...args),
    partition: (...args) => own.partition(...args),
    rearrange: (rows, n, stride, feature, table) =>
      own.rearrange(rows, n, stride, feature, table),
    partitionNarrow: (...args) => own.partitionNarrow(...args),
    rearrangeNarrow: (rows, sides, n, stride, feature, table) =>
      own.rearrange(rows, n, stride, feature, table, sides),
    misplaced: (...args) => own.misplaced(...args),
    exchangeRows: (...args) => own.exchangeRows(...args),
    divide: (...args) => own.divide(...args),
    gatherRows: (...args) => own.gatherRows(...args),
    scan: (...args) => referenceScan(memory, ...args),
    scanConstrained: (...args) => referenceScanConstrained(memory, ...args),
    bag: (...args) => own.bag(...args),
    binaryGradients: (...args) => own.binaryGradients(...args),
    residuals: (...args) => own.residuals(...args),
    residualGradients: (...args) => own.residualGradients(...args),
    softmaxGradients: (...args) => own.softmaxGradients(...args),
    putGradients: (...args) => own.putGradients(...args),
    scatterLeaf: (...args) => own.scatterLeaf(...args),
    addScores: (score, additions, n) => {
      for (let at = 0; at < n * 8; at += 8) {
        own.putDouble(score + at, own.double(score + at) + own.double(additions + at))
      }
    },
    expLanes: (dst, src, n) => {
      for (let i = 0; i < n; i++) own.putDouble(dst + i * 8, exp(own.double(src + i * 8)))
    },
    ...referenceMomentKernels(memory),
    ...referenceObjectiveKernels(memory),
    ...referenceRankingKernels(memory),
    ...referenceSampleKernels(memory),
    ...referenceShapedKernels(memory),
    ...referenceValueKernels(memory),
    ...referenceWalkKernels(memory),
  }
}

class ReferenceKernels {
  readonly #memory: WebAssembly.Memory

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
  }

  /** Made anew each time: the memory may have grown. */
  get #view(): DataView {
    return new DataView(this.#memory.buffer)
  }

  double(at: number): number {
    return this.#view.getFloat64(at, true)
  }

  putDouble(at: number, value: number): void {
    this.#view.setFloat64(at, value, true)
  }

  #byte(at: number): number {
    return this.#view.getUint8(at)
  }

  #copy(dst: number, src: number, length: number): void {
    new Uint8Array(this.#memory.buffer).copyWithin(dst, src, src + length)
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
    const view = this.#view
    let cells = hist
    for (let f = firstFeature; f < lastFeature; f++) {
      const offset = view.getInt32(layout + f * 16, true)
      const nBins = view.getInt32(layout + f * 16 + 4, true)
      // bins are padded to pairs
      for (let b = 0; b < nBins + nBins % 2; b++) {
        const cell = cells + b * CELL_BYTES
        const packed = view.getBigUint64(cell + 8, true)
        const [g, h, n] = [gradients + (offset + b) * 8, hessians + (offset + b) * 8,
          counts + (offset + b) * 4]
        if (!add) {
          view.setBigInt64(g, 0n, true)
          view.setBigInt64(h, 0n, true)
          view.setInt32(n, 0, true)
        }
        this.#addLong(g, view.getBigInt64(cell, true))
        this.#addLong(h, packed >> 16n)
        this.#addInt(n, Number(packed & 0xffffn))
      }
      cells += cellsOf(nBins) * CELL_BYTES
    }
  }

  coarsen(
    toGradients: number, toHessians: number, toCounts: number,
    gradients: number, hessians: number, counts: number, groups: number, nBins: number,
  ): void {
    for (let b = 0, view = this.#view; b < nBins; b++) {
      const to = this.#byte(groups + b) * 4
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

  partition(
    dst: number, src: number, n: number, stride: number, feature: number, table: number,
  ): number {
    let front = 0
    let back = n
    for (let i = 0; i < n; i++) {
      const record = src + i * stride
      const goesLeft = this.#byte(table + this.#byte(record + feature)) === 1
      this.#copy(dst + (goesLeft ? front++ : --back) * stride, record, stride)
    }
    return front
  }

  partitionNarrow(
    dst: number, dstSides: number, src: number, srcSides: number, n: number, stride: number,
    feature: number, table: number,
  ): number {
    for (let i = 0, front = 0, back = n; i < n; i++) {
      const goesLeft = this.#byte(table + this.#byte(src + i * stride + feature)) === 1
      this.#copy(dstSides + (goesLeft ? front++ : --back) * 12, srcSides + i * 12, 12)
    }
    return this.partition(dst, src, n, stride, feature, table)
  }

  /** @param sides - of 12 bytes, in a plane of their own */
  rearrange(
    rows: number, n: number, stride: number, feature: number, table: number,
    sides: number | null = null,
  ): number {
    let nLeft = 0
    for (let i = 0; i < n; i++) {
      const goesLeft = this.#byte(table + this.#byte(rows + i * stride + feature)) === 1
      if (!goesLeft) continue
      if (sides !== null) this.#exchange(sides, 12, i, nLeft)
      this.#exchange(rows, stride, i, nLeft++)
    }
    return nLeft
  }

  misplaced(
    decisions: number, n: number, nLeft: number, rights: number, lefts: number,
  ): number {
    const order = Array.from({ length: n }, (_, i) => i)
    const goesLeft = (i: number): boolean => this.#byte(decisions + i) === 1
    const right = order.filter((i) => i < nLeft && !goesLeft(i))
    right.forEach((i, k) => { this.#view.setUint32(rights + k * 4, i, true) })
    order.filter((i) => i >= nLeft && goesLeft(i))
      .forEach((i, k) => { this.#view.setUint32(lefts + k * 4, i, true) })
    return right.length
  }

  exchangeRows(rows: number, stride: number, rights: number, lefts: number, n: number): void {
    for (let k = 0; k < n; k++) {
      const [i, j] = [rights, lefts].map((list) => this.#view.getUint32(list + k * 4, true))
      this.#exchange(rows, stride, i!, j!)
    }
  }

  #exchange(rows: number, stride: number, i: number, j: number): void {
    const bytes = new Uint8Array(this.#memory.buffer)
    const row = bytes.slice(rows + i * stride, rows + (i + 1) * stride)
    bytes.copyWithin(rows + i * stride, rows + j * stride, rows + (j + 1) * stride)
    bytes.set(row, rows + j * stride)
  }

  divide(dst: number, src: number, n: number, stride: number, decisions: number): void {
    let front = 0
    let back = n
    for (let i = 0; i < n; i++) {
      const to = this.#byte(decisions + i) === 1 ? front++ : --back
      this.#copy(dst + to * stride, src + i * stride, stride)
    }
  }

  gatherRows(
    dst: number, src: number, n: number, stride: number, ids: number, idStride: number,
  ): void {
    for (let i = 0; i < n; i++) {
      const row = this.#view.getUint32(ids + i * idStride, true)
      this.#copy(dst + i * stride, src + row * stride, stride)
    }
  }

  bag(
    dst: number, outside: number, src: number, n: number, stride: number, rowIdOffset: number,
    hashStart: number, firstRow: number, limit: number,
  ): number {
    const view = this.#view
    let kept = 0
    let left = 0
    for (let i = 0; i < n; i++) {
      const record = src + i * stride
      if (finish(mixNumber(hashStart, firstRow + i)) < limit) {
        this.#copy(dst + kept++ * stride, record, stride)
      } else {
        view.setUint32(outside + left++ * 4, view.getUint32(record + rowIdOffset, true), true)
      }
    }
    return kept
  }

  #putPair(at: number, gradient: number, hessian: number): void {
    this.#view.setInt32(at, saturate(nearestEven(gradient)), true)
    this.#view.setInt32(at + 4, saturate(nearestEven(hessian)), true)
  }

  #weight(weight: number, i: number): number {
    return weight === 0 ? 1 : this.double(weight + i * 8)
  }

  binaryGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    positive: number, sigmoid: number, weightNegative: number, weightPositive: number,
    gradientScale: number, hessianScale: number,
  ): void {
    for (let i = 0; i < n; i++) {
      const isPositive = this.double(label + i * 8) === positive
      const sign = isPositive ? 1 : -1
      const response = sigmoid / (1 + exp(sign * sigmoid * this.double(score + i * 8)))
      const w = (isPositive ? weightPositive : weightNegative) * this.#weight(weight, i)
      this.#putPair(
        out + i * outStride, -sign * response * w * gradientScale,
        response * (sigmoid - response) * w * hessianScale)
    }
  }

  #residual(score: number, label: number, weight: number, i: number): number {
    return (this.double(score + i * 8) - this.double(label + i * 8)) * this.#weight(weight, i)
  }

  residuals(score: number, label: number, weight: number, n: number): number {
    let max = 0
    for (let i = 0; i < n; i++) {
      max = Math.max(max, Math.abs(this.#residual(score, label, weight, i)))
    }
    return max
  }

  residualGradients(
    out: number, outStride: number, score: number, label: number, weight: number, n: number,
    gradientScale: number, hessianScale: number,
  ): void {
    for (let i = 0; i < n; i++) {
      this.#putPair(
        out + i * outStride, this.#residual(score, label, weight, i) * gradientScale,
        this.#weight(weight, i) * hessianScale)
    }
  }

  softmaxGradients(
    out: number, outPlaneBytes: number, score: number, scorePlaneBytes: number, label: number,
    weight: number, n: number, nClasses: number, hessianFactor: number, gradientScale: number,
    hessianScale: number, _work: number,
  ): void {
    for (let i = 0; i < n; i++) {
      const scores = Array.from(
        { length: nClasses }, (_, k) => this.double(score + k * scorePlaneBytes + i * 8))
      const max = Math.max(...scores)
      const powers = scores.map((own) => exp(own - max))
      const sum = powers.reduce((a, b) => a + b, 0)
      const w = this.#weight(weight, i)
      const y = this.double(label + i * 8)
      powers.forEach((power, k) => {
        const p = power / sum
        this.#putPair(
          out + k * outPlaneBytes + i * 8, (p - (y === k ? 1 : 0)) * w * gradientScale,
          hessianFactor * p * (1 - p) * w * hessianScale)
      })
    }
  }

  putGradients(sides: number, n: number, stride: number, gradients: number): void {
    for (let i = 0; i < n; i++) this.#copy(sides + i * stride, gradients + i * 8, 8)
  }

  scatterLeaf(score: number, ids: number, n: number, stride: number, value: number): void {
    for (let i = 0; i < n; i++) {
      const at = score + this.#view.getUint32(ids + i * stride, true) * 8
      this.putDouble(at, this.double(at) + value)
    }
  }
}

/** Gradients, hessians, count. */
type Sums = [bigint, bigint, bigint]

function addSums(cells: readonly Sums[]): Sums {
  return cells.reduce<Sums>(
    (sum, cell) => [sum[0] + cell[0], sum[1] + cell[1], sum[2] + cell[2]], [0n, 0n, 0n])
}
