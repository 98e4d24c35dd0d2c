import { type BinSet, bitBytes, bitsOf, hasBit } from '../bin-set.js'
import type { FeatureLayout } from '../execution/protocol.js'
import { BINS_MAX } from '../row-bytes.js'

/**
 * Where a leaf is: of each feature that the path to it splits, the bins that lead there, as bits
 * (`bitBytes`). Features that are not listed are whole.
 */
export type LeafRegion = ReadonlyMap<number, Uint8Array>

/** The bins of a feature that two regions share. */
export interface SharedBins {
  /** Of the bins of values; BINS_MAX and -1 where none is shared. */
  readonly first: number
  readonly last: number
  readonly hasMissing: boolean
}

/** The regions left and right of a split. */
export function splitRegion(
  region: LeafRegion, feature: number, leftBins: BinSet, { nBins }: FeatureLayout,
): [LeafRegion, LeafRegion] {
  const own = region.get(feature) ?? allBins(nBins)
  const leftBits = bitsOf(leftBins, nBins)
  const side = (isLeft: boolean): LeafRegion => new Map(region).set(
    feature, own.map((bits, i) => bits & (isLeft ? leftBits[i]! : ~leftBits[i]!)))
  return [side(true), side(false)]
}

/**
 * Whether some two rows, one of each region, differ in no feature but this one.
 */
export function isInLine(a: LeafRegion, b: LeafRegion, feature: number): boolean {
  for (const [g, bins] of a) {
    const others = g === feature ? undefined : b.get(g)
    if (others !== undefined && !bins.some((bits, i) => (bits & others[i]!) !== 0)) return false
  }
  return true
}

/** -1 where a's values of the feature are below b's, 1 where above, 0 where neither. */
export function sideOf(
  a: LeafRegion, b: LeafRegion, feature: number, layout: FeatureLayout,
): -1 | 0 | 1 {
  const [own, other] = [a.get(feature), b.get(feature)]
  if (own === undefined || other === undefined) return 0
  const [x, y] = [extent(own, layout), extent(other, layout)]
  if (x.last < 0 || y.last < 0) return 0
  if (x.last < y.first) return -1
  return x.first > y.last ? 1 : 0
}

/** What of the first region's bins of a feature the second has; null where it has all of them. */
export function partShared(
  region: LeafRegion, other: LeafRegion, feature: number, layout: FeatureLayout,
): SharedBins | null {
  const theirs = other.get(feature)
  if (theirs === undefined) return null
  const own = region.get(feature) ?? allBins(layout.nBins)
  if (own.every((bits, i) => (bits & ~theirs[i]!) === 0)) return null
  return extent(own.map((bits, i) => bits & theirs[i]!), layout)
}

function allBins(nBins: number): Uint8Array {
  return Uint8Array.from(
    { length: bitBytes(nBins) }, (_, i) => (1 << Math.max(0, Math.min(8, nBins - 8 * i))) - 1)
}

function extent(bins: Uint8Array, { nBins, missingBin }: FeatureLayout): SharedBins {
  let first = BINS_MAX
  let last = -1
  let hasMissing = false
  for (let b = 0; b < nBins; b++) {
    if (!hasBit(bins, b)) continue
    if (b === missingBin) hasMissing = true
    else {
      first = Math.min(first, b)
      last = b
    }
  }
  return { first, last, hasMissing }
}
