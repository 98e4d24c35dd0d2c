import type { ScanParams } from '../../src/execution/protocol.js'

/** Sums over the rows of one bin. */
export interface Sums { readonly g: bigint, readonly h: bigint, readonly n: number }

export interface FeatureSums {
  readonly bins: readonly Sums[]
  readonly missingBin: number
  readonly isCategorical: boolean
  /** Extra trees: number of the only candidate, one of 255 spread over ordered categories. */
  readonly only?: number
}

export interface BestSplit {
  readonly feature: number
  readonly gain: number
  readonly leftBins: readonly number[]
  readonly left: Sums
  readonly defaultLeft: boolean
  readonly usesCatL2: boolean
}

interface Candidate extends Omit<BestSplit, 'feature' | 'gain'> {
  /** Both children's gains. */
  readonly sum: number
}

export interface ScanUnits { readonly gradient: number, readonly hessian: number }

export function addUp(sums: readonly Sums[]): Sums {
  let total: Sums = { g: 0n, h: 0n, n: 0 }
  for (const { g, h, n } of sums) total = { g: total.g + g, h: total.h + h, n: total.n + n }
  return total
}

/**
 * The best split by writing down all candidates: per feature the first of the largest gain, over
 * features the lowest of the largest gain. Sums in units are converted to doubles one by one.
 */
export function bruteForceScan(
  features: readonly (FeatureSums | null)[], total: Sums, p: ScanParams, units: ScanUnits,
): BestSplit | null {
  const G = Number(total.g) * units.gradient
  const H = Number(total.h) * units.hessian
  const parent = gainOf(G, H, p.lambdaL2, p)
  const found: BestSplit[] = []
  features.forEach((feature, f) => {
    if (feature === null) return
    const all = feature.isCategorical
      ? categoricalCandidates(feature, total, p, units)
      : numericCandidates(feature, total, p, units)
    const legal = all.filter(({ sum }) => sum > parent + p.minGainToSplit)
    const most = legal.reduce((max, { sum }) => Math.max(max, sum), -Infinity)
    const best = legal.find(({ sum }) => sum === most)
    if (best !== undefined) found.push({ ...best, feature: f, gain: best.sum - parent })
  })
  const most = found.reduce((max, { gain }) => Math.max(max, gain), -Infinity)
  return found.find(({ gain }) => gain === most) ?? null
}

function shrink(g: number, l1: number): number {
  return Math.sign(g) * Math.max(Math.abs(g) - l1, 0)
}

function gainOf(g: number, h: number, l2: number, p: ScanParams): number {
  const d = h + l2
  if (!(d > 0)) return 0
  const t = shrink(g, p.lambdaL1)
  if (p.maxDeltaStep <= 0) return t * t / d
  const w = Math.min(p.maxDeltaStep, Math.max(-p.maxDeltaStep, -t / d))
  return -((2 * t) * w + (d * w) * w)
}

function isLegal(
  hl: number, hr: number, nl: number, nr: number, l2: number, p: ScanParams,
): boolean {
  const minData = Math.max(1, p.minDataInLeaf)
  return nl >= minData && nr >= minData && hl >= p.minSumHessianInLeaf &&
    hr >= p.minSumHessianInLeaf && hl + l2 > 0 && hr + l2 > 0
}

function numericCandidates(
  { bins, missingBin, only }: FeatureSums, total: Sums, p: ScanParams, units: ScanUnits,
): Candidate[] {
  const isLast = missingBin === bins.length - 1
  const values = bins.map((_, b) => b).filter((b) => !isLast || b < missingBin)
  const missing = missingBin < 0 ? addUp([]) : bins[missingBin]!
  const score = (bin: number, defaultLeft: boolean): Candidate | null => {
    if (only !== undefined && only !== bin) return null
    const leftValues = bins.map((_, b) => b).filter((b) => b <= bin && b !== missingBin)
    const own = addUp(leftValues.map((b) => bins[b]!))
    const extra = defaultLeft ? missing : addUp([])
    const left = addUp([own, extra])
    const gl = Number(own.g) * units.gradient + Number(extra.g) * units.gradient
    const hl = Number(own.h) * units.hessian + Number(extra.h) * units.hessian
    const gr = Number(total.g) * units.gradient - gl
    const hr = Number(total.h) * units.hessian - hl
    if (!isLegal(hl, hr, left.n, total.n - left.n, p.lambdaL2, p)) return null
    let sum = gainOf(gl, hl, p.lambdaL2, p) + gainOf(gr, hr, p.lambdaL2, p)
    if (p.maxDeltaStep <= 0) {
      const [tl, tr] = [shrink(gl, p.lambdaL1), shrink(gr, p.lambdaL1)]
      const [dl, dr] = [hl + p.lambdaL2, hr + p.lambdaL2]
      sum = ((tl * tl) * dr + (tr * tr) * dl) / (dl * dr)
    }
    const leftBins = defaultLeft && missingBin >= 0 ? [...leftValues, missingBin] : leftValues
    return { sum, leftBins, left, defaultLeft, usesCatL2: false }
  }
  // LightGBM: downwards with missing values on the left, then upwards with them on the right
  const down = values.slice(0, -1).reverse().map((bin) => score(bin, true))
  const up = missing.n > 0 ? values.map((bin) => score(bin, false)) : []
  return [...down, ...up].filter((candidate) => candidate !== null)
}

function categoricalCandidates(
  { bins, only }: FeatureSums, total: Sums, p: ScanParams, units: ScanUnits,
): Candidate[] {
  const isOneHot = bins.length <= p.maxCatToOnehot
  const l2 = isOneHot ? p.lambdaL2 : p.lambdaL2 + p.catL2
  const hessians = (left: Sums): [number, number] =>
    [Number(left.h) * units.hessian, Number(total.h - left.h) * units.hessian]
  const score = (leftBins: readonly number[]): Candidate | null => {
    const left = addUp(leftBins.map((b) => bins[b]!))
    const [hl, hr] = hessians(left)
    if (!isLegal(hl, hr, left.n, total.n - left.n, l2, p)) return null
    const sum = gainOf(Number(left.g) * units.gradient, hl, l2, p) +
      gainOf(Number(total.g - left.g) * units.gradient, hr, l2, p)
    return { sum, leftBins, left, defaultLeft: false, usesCatL2: !isOneHot }
  }
  const categories = bins.map((_, b) => b).slice(1)
  const isDrawn = (place: number): boolean => only === undefined || only === place
  if (isOneHot) {
    return categories.map((b) => isDrawn(b - 1) ? score([b]) : null).filter((c) => c !== null)
  }
  const key = (b: number): number => {
    const d = Number(bins[b]!.h) * units.hessian + p.catSmooth
    return d > 0 ? Number(bins[b]!.g) * units.gradient / d : 0
  }
  const order = categories.filter((b) => bins[b]!.n >= p.catSmooth)
    .sort((a, b) => key(a) - key(b) || a - b)
  const sizes = Math.min(p.maxCatThreshold, Math.ceil(order.length / 2))
  const minData = Math.max(1, p.minDataInLeaf)
  const out: (Candidate | null)[] = []
  for (const ends of [order, [...order].reverse()]) {
    // rows added since a cut was last scored
    let pending = 0
    for (let size = 1; size <= sizes; size++) {
      const left = addUp(ends.slice(0, size).map((b) => bins[b]!))
      const [hl, hr] = hessians(left)
      pending += bins[ends[size - 1]!]!.n
      if (left.n < minData || hl < p.minSumHessianInLeaf) continue
      const nRight = total.n - left.n
      if (nRight < minData || nRight < p.minDataPerGroup || hr < p.minSumHessianInLeaf) break
      if (pending < p.minDataPerGroup) continue
      pending = 0
      if (only !== undefined && Math.floor(only * sizes / 255) !== size - 1) continue
      out.push(score(ends.slice(0, size)))
    }
  }
  return out.filter((candidate) => candidate !== null)
}
