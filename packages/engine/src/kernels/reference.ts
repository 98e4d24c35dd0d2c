import { exp } from '@coppice/model'
import { finish, mixNumber } from '../random.js'
import type { Kernels } from './api.js'
import { nearestEven, saturate } from './fixed-point.js'
import { NO_PLACE } from './row-api.js'
import { referenceObjectiveKernels } from './reference-objectives.js'
import { referenceMomentKernels } from './reference-moments.js'
import { referenceScanConstrained } from './reference-constrained.js'
import { referenceRankingKernels } from './reference-ranking.js'
import { referenceSampleKernels } from './reference-sample.js'
import { referenceShapedKernels } from './reference-shaped.js'
import { referenceScan } from './reference-scan.js'
import { referenceSumKernels } from './reference-sums.js'
import { referenceValueKernels } from './reference-values.js'
import { referenceWalkKernels } from './reference-walk.js'

/**
 * Naive twins of the WebAssembly kernels: the same signatures, the same results to the bit, one
 * row and one value at a time. For tests; both pass test/kernels/contract.ts.
 */
export function referenceKernels(memory: WebAssembly.Memory): Kernels {
  const own = new ReferenceKernels(memory)
  return {
    partition: (...args) => own.partition(...args),
    rearrange: (rows, n, stride, feature, table) =>
      own.rearrange(rows, n, stride, feature, table),
    partitionNarrow: (...args) => own.partitionNarrow(...args),
    rearrangeNarrow: (rows, sides, n, stride, feature, table) =>
      own.rearrange(rows, n, stride, feature, table, sides),
    misplaced: (...args) => own.misplaced(...args),
    exchangeRows: (...args) => own.exchangeRows(...args),
    spreadBits: (bytes, bits) => own.spreadBits(bytes, bits),
    divide: (...args) => own.divide(...args),
    gatherRows: (...args) => own.gatherRows(...args),
    scan: (...args) => referenceScan(memory, ...args),
    scanConstrained: (...args) => referenceScanConstrained(memory, ...args),
    bag: (...args) => own.bag(...args),
    binaryGradients: (...args) => own.binaryGradients(...args),
    residuals: (...args) => own.residuals(...args),
    residualGradients: (...args) => own.residualGradients(...args),
    softmaxGradients: (...args) => own.softmaxGradients(...args),
    copyRows: (...args) => own.copyRows(...args),
    placeEntries: (...args) => own.placeEntries(...args),
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
    ...referenceSumKernels(memory),
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

  spreadBits(bytes: number, bits: number): void {
    const view = this.#view
    for (let bit = 0; bit < 256; bit++) {
      view.setUint8(bytes + bit, (view.getUint8(bits + (bit >> 3)) >> (bit & 7)) & 1)
    }
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

  copyRows(
    dst: number, dstStride: number, src: number, srcStride: number, width: number, n: number,
  ): void {
    for (let i = 0; i < n; i++) this.#copy(dst + i * dstStride, src + i * srcStride, width)
  }

  placeEntries(
    dst: number, dstStride: number, src: number, nColumns: number, n: number, places: number,
    values: number,
  ): void {
    const view = this.#view
    for (let i = 0; i < n * nColumns; i++) {
      const entry = (i % nColumns) * 256 + view.getUint8(src + i)
      const place = view.getUint32(places + entry * 4, true)
      if (place === NO_PLACE) continue
      const row = dst + Math.floor(i / nColumns) * dstStride
      view.setUint8(row + place, view.getUint8(values + entry))
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
