import { LAYOUT_ENTRY_BYTES } from './api.js'
import { candidateBytes } from './candidate.js'

/** The naive twin of the scan kernel: every candidate by itself, sums in BigInt. */

/** Sums over the rows of a bin. */
export interface Sums { readonly g: bigint, readonly h: bigint, readonly n: number }

/** Parameters of a scan, see assembly/scan-types.ts. */
export interface Params {
  readonly l1: number
  readonly l2: number
  readonly minData: number
  readonly minHessian: number
  readonly minGain: number
  readonly maxDelta: number
  readonly gradientUnit: number
  readonly hessianUnit: number
  readonly catSmooth: number
  readonly catL2: number
  readonly maxCatThreshold: number
  readonly maxCatToOnehot: number
  readonly minDataPerGroup: number
  readonly isExtra: boolean
}

interface Found {
  /** Sum of the children's gains. */
  readonly sum: number
  readonly bin: number
  readonly flags: number
  readonly left: Sums
  /** Categorical: the bins on the left. */
  readonly bins: readonly number[]
}

/** A leaf's sums over one feature. */
interface Feature {
  readonly bins: readonly Sums[]
  readonly missingBin: number
  readonly total: Sums
  readonly params: Params
  /** Number of the only candidate, or -1. */
  readonly only: number
}

/** Same signature as the kernel, after the memory. */
export function referenceScan(
  memory: WebAssembly.Memory, out: number, gradients: number, hessians: number, counts: number,
  layout: number, firstFeature: number, lastFeature: number, mask: number, paramsAt: number,
  _scratch: number, totalGradient: bigint, totalHessian: bigint, totalCount: number,
): void {
  const view = new DataView(memory.buffer)
  const params = readParams(view, paramsAt)
  const total: Sums = { g: totalGradient, h: totalHessian, n: totalCount }
  const parent = leafGain(
    Number(total.g) * params.gradientUnit, Number(total.h) * params.hessianUnit, params.l2, params)
  let best: { feature: number, gain: number, nBins: number, found: Found } | null = null
  let broken = -1
  for (let f = firstFeature; f < lastFeature; f++) {
    const allowed = view.getUint8(mask + f)
    if (allowed === 0) continue
    const entry = layout + f * LAYOUT_ENTRY_BYTES
    const bins = readBins(view, entry, gradients, hessians, counts)
    const sums = addUp(bins)
    if (sums.g !== total.g || sums.h !== total.h || sums.n !== total.n) {
      broken = f
      continue
    }
    const only = params.isExtra ? drawOf(view, mask, f, entry) : -1
    const feature = { bins, missingBin: view.getInt32(entry + 8, true), total, params, only }
    const isCategorical = isOfCategories(view, entry)
    const found = first(
      isCategorical ? categorical(feature) : numeric(feature), parent + params.minGain)
    if (found === null) continue
    const gain = found.sum - parent
    if (best === null || gain > best.gain) {
      best = { feature: f, gain, nBins: bins.length, found }
    }
  }
  view.setInt32(out + 8, best === null ? -1 : best.feature, true)
  view.setInt32(out + 40, broken, true)
  if (best !== null) writeCandidate(view, out, best.gain, best.found, best.nBins)
}

/** Whether a feature is categorical, by its entry in the layout table. */
export function isOfCategories(view: DataView, entry: number): boolean {
  return view.getInt32(entry + 12, true) % 2 === 1
}

/** The number of a feature's only candidate, see execution/mask.ts. */
export function drawOf(view: DataView, mask: number, feature: number, entry: number): number {
  const at = Math.floor(view.getInt32(entry + 12, true) / 2)
  return at === 0 ? view.getUint8(mask + feature) - 1 : view.getUint16(mask + at, true)
}

/** Sums of a feature's bins, by its entry in the layout table. */
export function readBins(
  view: DataView, entry: number, gradients: number, hessians: number, counts: number,
): Sums[] {
  const offset = view.getInt32(entry, true)
  return Array.from({ length: view.getInt32(entry + 4, true) }, (_, b): Sums => ({
    g: view.getBigInt64(gradients + (offset + b) * 8, true),
    h: view.getBigInt64(hessians + (offset + b) * 8, true),
    n: view.getInt32(counts + (offset + b) * 4, true),
  }))
}

/** Reads the 14 doubles at `at`. */
export function readParams(view: DataView, at: number): Params {
  const value = (i: number): number => view.getFloat64(at + i * 8, true)
  return {
    l1: value(0), l2: value(1), minData: value(2), minHessian: value(3), minGain: value(4),
    maxDelta: value(5), gradientUnit: value(6), hessianUnit: value(7), catSmooth: value(8),
    catL2: value(9), maxCatThreshold: value(10), maxCatToOnehot: value(11),
    minDataPerGroup: value(12), isExtra: value(13) !== 0,
  }
}

/** Writes all of a candidate but its feature. */
export function writeCandidate(
  view: DataView, out: number, gain: number, found: Found, nBins: number,
): void {
  view.setFloat64(out, gain, true)
  view.setInt32(out + 12, found.bin, true)
  view.setInt32(out + 16, found.flags, true)
  view.setInt32(out + 20, found.left.n, true)
  view.setBigInt64(out + 24, found.left.g, true)
  view.setBigInt64(out + 32, found.left.h, true)
  if (found.flags < 2) return
  const end = out + candidateBytes([{ nBins, isCategorical: true }])
  for (let at = out + 48; at < end; at++) view.setUint8(at, 0)
  for (const b of found.bins) {
    const at = out + 48 + (b >> 3)
    view.setUint8(at, view.getUint8(at) | (1 << (b & 7)))
  }
}

/** The first of the best candidates above the floor. */
function first(candidates: Iterable<Found>, floor: number): Found | null {
  let best: Found | null = null
  for (const found of candidates) if (found.sum > (best?.sum ?? floor)) best = found
  return best
}

/** The sums of all. */
export function addUp(sums: readonly Sums[]): Sums {
  return sums.reduce(
    (a, b) => ({ g: a.g + b.g, h: a.h + b.h, n: a.n + b.n }), { g: 0n, h: 0n, n: 0 })
}

/** T(G): the magnitude less l1, not below 0, with the sign of G. */
export function threshold(g: number, l1: number): number {
  const magnitude = Math.max(Math.abs(g) - l1, 0)
  return g < 0 ? -magnitude : magnitude
}

/** Gain of one leaf. */
export function leafGain(g: number, h: number, l2: number, { l1, maxDelta }: Params): number {
  const t = threshold(g, l1)
  const d = h + l2
  if (d <= 0) return 0
  if (maxDelta <= 0) return t * t / d
  const w = Math.max(-maxDelta, Math.min(maxDelta, -t / d))
  return -(2 * t * w + d * w * w)
}

/** Missing left from the highest bin down, then missing right from the lowest up. */
function* numeric({ bins, missingBin, total, params, only }: Feature): Generator<Found> {
  const { gradientUnit, hessianUnit, l1, l2, minData, minHessian } = params
  const nothing: Sums = { g: 0n, h: 0n, n: 0 }
  const missing = bins[missingBin] ?? nothing
  const nValues = missingBin === bins.length - 1 ? missingBin : bins.length
  for (const defaultLeft of missing.n > 0 ? [true, false] : [true]) {
    const nThresholds = defaultLeft ? nValues - 1 : nValues
    const extra = defaultLeft ? missing : nothing
    for (let i = 0; i < nThresholds; i++) {
      const bin = defaultLeft ? nThresholds - 1 - i : i
      if (only >= 0 && bin !== only) continue
      const values = addUp(bins.filter((_, b) => b <= bin && b !== missingBin))
      // converted before they are added, as the kernel does: sums beyond 2^53 round here
      const gl = Number(values.g) * gradientUnit + Number(extra.g) * gradientUnit
      const hl = Number(values.h) * hessianUnit + Number(extra.h) * hessianUnit
      const gr = Number(total.g) * gradientUnit - gl
      const hr = Number(total.h) * hessianUnit - hl
      const left = addUp([values, extra])
      if (left.n < minData || total.n - left.n < minData) continue
      if (hl < minHessian || hr < minHessian || !(hl + l2 > 0) || !(hr + l2 > 0)) continue
      const sum = params.maxDelta > 0
        ? leafGain(gl, hl, l2, params) + leafGain(gr, hr, l2, params)
        : overCommonDenominator(
          Math.max(Math.abs(gl) - l1, 0), Math.max(Math.abs(gr) - l1, 0), hl + l2, hr + l2)
      yield { sum, bin, flags: defaultLeft ? 1 : 0, left, bins: [] }
    }
  }
}

/** tl^2 / dl + tr^2 / dr with one division. */
function overCommonDenominator(tl: number, tr: number, dl: number, dr: number): number {
  return (tl * tl * dr + tr * tr * dl) / (dl * dr)
}

function* categorical({ bins, total, params, only }: Feature): Generator<Found> {
  const { gradientUnit, hessianUnit, minData, minHessian, minDataPerGroup } = params
  const isOneHot = bins.length <= params.maxCatToOnehot
  const l2 = isOneHot ? params.l2 : params.l2 + params.catL2
  const score = (leftBins: readonly number[], flags: number): Found | null => {
    const left = addUp(leftBins.map((b) => bins[b]!))
    const hl = Number(left.h) * hessianUnit
    const hr = Number(total.h - left.h) * hessianUnit
    if (left.n < minData || total.n - left.n < minData) return null
    if (hl < minHessian || hr < minHessian || hl + l2 <= 0 || hr + l2 <= 0) return null
    const sum = leafGain(Number(left.g) * gradientUnit, hl, l2, params) +
      leafGain(Number(total.g - left.g) * gradientUnit, hr, l2, params)
    return { sum, bin: leftBins.length, flags, left, bins: leftBins }
  }
  if (isOneHot) {
    for (let b = 1; b < bins.length; b++) {
      if (only >= 0 && only !== b - 1) continue
      const found = score([b], 2)
      if (found !== null) yield found
    }
    return
  }
  const order = orderOfCategories(bins, params)
  const most = Math.min(params.maxCatThreshold, (order.length + 1) >> 1)
  for (const ends of [order, [...order].reverse()]) {
    let group = 0
    for (let size = 1; size <= most; size++) {
      const leftBins = ends.slice(0, size)
      const left = addUp(leftBins.map((b) => bins[b]!))
      group += bins[leftBins.at(-1)!]!.n
      if (left.n < minData || Number(left.h) * hessianUnit < minHessian) continue
      const right = total.n - left.n
      if (right < minData || right < minDataPerGroup) break
      if (Number(total.h - left.h) * hessianUnit < minHessian) break
      if (group < minDataPerGroup) continue
      group = 0
      if (only >= 0 && size - 1 !== Math.floor(only * most / 255)) continue
      const found = score(leftBins, 6)
      if (found !== null) yield found
    }
  }
}

/** Bins of categories with enough rows, by G / (H + cat_smooth), then by bin. */
export function orderOfCategories(bins: readonly Sums[], params: Params): number[] {
  const key = (b: number): number => {
    const d = Number(bins[b]!.h) * params.hessianUnit + params.catSmooth
    return d > 0 ? Number(bins[b]!.g) * params.gradientUnit / d : 0
  }
  return bins.map((_, b) => b)
    .filter((b) => b > 0 && bins[b]!.n >= params.catSmooth)
    .sort((a, b) => key(a) - key(b) || a - b)
}
