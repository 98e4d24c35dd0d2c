import { LAYOUT_ENTRY_BYTES, RULES_BYTES, RULES_FEATURE_BYTES } from './api.js'
import {
  addUp, drawOf, isOfCategories, leafGain, orderOfCategories, readBins, readParams, threshold,
  writeCandidate, type Params, type Sums,
} from './reference-scan.js'

/** The naive twin of the constrained scan: every candidate by itself, sums in BigInt. */

interface Bounds {
  readonly leftMin: number
  readonly leftMax: number
  readonly rightMin: number
  readonly rightMax: number
}

interface Leaf {
  readonly total: Sums
  readonly params: Params
  readonly smooth: number
  /** The output that children are smoothed towards. */
  readonly own: number
}

interface Feature {
  readonly leaf: Leaf
  readonly bins: readonly Sums[]
  readonly missingBin: number
  readonly direction: number
  /** Number of the only candidate, or -1. */
  readonly only: number
  readonly bounds: (bin: number, defaultLeft: boolean) => Bounds
}

/** A way to cut the leaf. */
interface Cut {
  readonly leftBins: readonly number[]
  readonly bin: number
  readonly flags: number
}

/** Same signature as the kernel, after the memory. */
export function referenceScanConstrained(
  memory: WebAssembly.Memory, out: number, gradients: number, hessians: number, counts: number,
  layout: number, firstFeature: number, lastFeature: number, mask: number, paramsAt: number,
  _scratch: number, totalGradient: bigint, totalHessian: bigint, totalCount: number,
  rulesAt: number,
): void {
  const view = new DataView(memory.buffer)
  const params = readParams(view, paramsAt)
  const rule = (i: number): number => view.getFloat64(rulesAt + i * 8, true)
  const [min, max, smooth, output, monotoneFactor, cost, forced, forcedBin, boundsAt,
    planeBytes] =
    Array.from({ length: RULES_BYTES / 8 }, (_, i) => rule(i)) as
      [number, number, number, number, number, number, number, number, number, number]
  const total: Sums = { g: totalGradient, h: totalHessian, n: totalCount }
  const leaf = withOwn({ total, params, smooth, own: output })
  const floor = gainOfLeaf(leaf) + params.minGain
  let best = { feature: -1, gain: -Infinity }
  let broken = -1
  for (let f = firstFeature; f < lastFeature; f++) {
    const allowed = view.getUint8(mask + f)
    if (forced >= 0 ? f !== forced : allowed === 0) continue
    const entry = layout + f * LAYOUT_ENTRY_BYTES
    const bins = readBins(view, entry, gradients, hessians, counts)
    const sums = addUp(bins)
    if (sums.g !== total.g || sums.h !== total.h || sums.n !== total.n) {
      broken = f
      continue
    }
    const [direction, factor, penalty] = [0, 8, 16].map((at) =>
      view.getFloat64(rulesAt + RULES_BYTES + f * RULES_FEATURE_BYTES + at, true)) as
        [number, number, number]
    const bounds = (bin: number, defaultLeft: boolean): Bounds => {
      const at = (plane: number): number => view.getFloat64(
        boundsAt + ((defaultLeft ? 0 : 4) + plane) * planeBytes + bin * 8, true)
      return boundsAt === 0 ? { leftMin: min, leftMax: max, rightMin: min, rightMax: max }
        : { leftMin: at(0), leftMax: at(1), rightMin: at(2), rightMax: at(3) }
    }
    const missingBin = view.getInt32(entry + 8, true)
    const isCategorical = isOfCategories(view, entry)
    const only = params.isExtra ? drawOf(view, mask, f, entry) : -1
    const feature: Feature = { leaf, bins, missingBin, direction, bounds, only }
    const cuts = forced >= 0 ? forcedCuts(feature, forcedBin, isCategorical)
      : isCategorical ? categoricalCuts(feature) : numericCuts(feature)
    const found = bestCut(feature, cuts, floor)
    if (found === null) continue
    let gain = found.gain - floor
    if (forced < 0) gain = gain * factor - cost - penalty
    if (forced < 0 && direction !== 0) gain *= monotoneFactor
    if (!(gain > 0) || gain + params.minGain <= best.gain) continue
    best = { feature: f, gain: gain + params.minGain }
    const { bin, flags, leftBins } = found.cut
    const left = addUp(leftBins.map((b) => bins[b]!))
    writeCandidate(view, out, best.gain, { sum: 0, bin, flags, left, bins: leftBins }, bins.length)
  }
  if (best.feature < 0) view.setFloat64(out, -Infinity, true)
  view.setInt32(out + 8, best.feature, true)
  view.setInt32(out + 40, broken, true)
}

/** The root has no output yet: it is that of its sums, without smoothing. */
function withOwn(leaf: Leaf): Leaf {
  if (!Number.isNaN(leaf.own)) return leaf
  const [g, h] = inLoss(leaf.total, leaf)
  const own = h + leaf.params.l2 > 0
    ? freeOutput(g, h, leaf.total.n, leaf.params.l2, { ...leaf, smooth: 0 }) : 0
  return { ...leaf, own }
}

function gainOfLeaf(leaf: Leaf): number {
  const { total, params, smooth } = leaf
  const [g, h] = inLoss(total, leaf)
  if (smooth <= 0) return leafGain(g, h, params.l2, params)
  return h + params.l2 > 0
    ? gainGiven(g, h, params.l2, freeOutput(g, h, total.n, params.l2, leaf), params) : 0
}

function inLoss(sums: Sums, { params }: Leaf): [number, number] {
  return [Number(sums.g) * params.gradientUnit, Number(sums.h) * params.hessianUnit]
}

function freeOutput(g: number, h: number, n: number, l2: number, leaf: Leaf): number {
  const { params: { l1, maxDelta }, smooth, own } = leaf
  let w = -threshold(g, l1) / (h + l2)
  if (maxDelta > 0) w = Math.max(-maxDelta, Math.min(maxDelta, w))
  if (smooth <= 0) return w
  const share = n / smooth
  return w * share / (share + 1) + own / (share + 1)
}

function gainGiven(g: number, h: number, l2: number, w: number, { l1 }: Params): number {
  return -(2 * threshold(g, l1) * w + (h + l2) * w * w)
}

/** The first of the best cuts above the floor. */
function bestCut(
  feature: Feature, cuts: Iterable<Cut>, floor: number,
): { cut: Cut, gain: number } | null {
  let best: { cut: Cut, gain: number } | null = null
  for (const cut of cuts) {
    const gain = pairGain(feature, cut)
    if (gain > (best?.gain ?? floor)) best = { cut, gain }
  }
  return best
}

function pairGain({ leaf, bins, direction, bounds }: Feature, cut: Cut): number {
  const { params, total } = leaf
  const l2 = params.l2 + ((cut.flags & 4) === 0 ? 0 : params.catL2)
  const left = addUp(cut.leftBins.map((b) => bins[b]!))
  const right = { g: total.g - left.g, h: total.h - left.h, n: total.n - left.n }
  const [[gl, hl], [gr, hr]] = [inLoss(left, leaf), inLoss(right, leaf)]
  if (!(hl + l2 > 0 && hr + l2 > 0)) return -Infinity
  // without a missing bin nothing depends on the direction
  const { leftMin, leftMax, rightMin, rightMax } =
    bounds((cut.flags & 2) === 0 ? cut.bin : 0, (cut.flags & 1) !== 0)
  const wl = Math.max(leftMin, Math.min(leftMax, freeOutput(gl, hl, left.n, l2, leaf)))
  const wr = Math.max(rightMin, Math.min(rightMax, freeOutput(gr, hr, right.n, l2, leaf)))
  if (direction * (wr - wl) < 0) return -Infinity
  return gainGiven(gl, hl, l2, wl, params) + gainGiven(gr, hr, l2, wr, params)
}

function isLegal({ leaf, bins }: Feature, leftBins: readonly number[]): boolean {
  const { params: { minData, minHessian, hessianUnit }, total } = leaf
  const left = addUp(leftBins.map((b) => bins[b]!))
  return left.n >= minData && total.n - left.n >= minData &&
    Number(left.h) * hessianUnit >= minHessian &&
    Number(total.h - left.h) * hessianUnit >= minHessian
}

function* numericCuts(feature: Feature): Generator<Cut> {
  const { bins, missingBin, only } = feature
  const nValues = missingBin === bins.length - 1 ? missingBin : bins.length
  const make = (bin: number, defaultLeft: boolean): Cut => ({
    leftBins: bins.map((_, b) => b).filter((b) => b === missingBin ? defaultLeft : b <= bin),
    bin,
    flags: defaultLeft ? 1 : 0,
  })
  const all = Array.from({ length: nValues }, (_, bin) => bin)
  const hasMissing = (bins[missingBin]?.n ?? 0) > 0
  const cuts = [
    ...all.slice(0, -1).reverse().map((bin) => make(bin, true)),
    ...hasMissing ? all.map((bin) => make(bin, false)) : [],
  ]
  for (const cut of cuts) {
    if ((only < 0 || cut.bin === only) && isLegal(feature, cut.leftBins)) yield cut
  }
}

/** The one threshold that is asked for: only an empty side refuses it. */
function* forcedCuts(
  { bins, missingBin, leaf }: Feature, bin: number, isCategorical: boolean,
): Generator<Cut> {
  const leftBins = bins.map((_, b) => b).filter((b) =>
    isCategorical ? b === bin : b === missingBin || b <= bin)
  const { n } = addUp(leftBins.map((b) => bins[b]!))
  if (n <= 0 || n >= leaf.total.n) return
  yield { leftBins, bin: isCategorical ? 1 : bin, flags: isCategorical ? 2 : 1 }
}

function* categoricalCuts(feature: Feature): Generator<Cut> {
  const { bins, only, leaf: { params, total } } = feature
  if (bins.length <= params.maxCatToOnehot) {
    for (let b = 1; b < bins.length; b++) {
      if (only >= 0 && b - 1 !== only) continue
      if (isLegal(feature, [b])) yield { leftBins: [b], bin: 1, flags: 2 }
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
      if (left.n < params.minData) continue
      if (Number(left.h) * params.hessianUnit < params.minHessian) continue
      const right = total.n - left.n
      if (right < params.minData || right < params.minDataPerGroup) break
      if (Number(total.h - left.h) * params.hessianUnit < params.minHessian) break
      if (group < params.minDataPerGroup) continue
      group = 0
      if (only >= 0 && size - 1 !== Math.floor(only * most / 255)) continue
      yield { leftBins, bin: size, flags: 6 }
    }
  }
}
