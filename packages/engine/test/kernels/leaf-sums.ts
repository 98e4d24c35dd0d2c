import type { TestRandom } from '@coppice/testkit'
import { bitBytes } from '../../src/bin-set.js'
import { addUp, type FeatureSums } from './brute-force.js'

/** A feature without its sums. */
export type Shape = Omit<FeatureSums, 'bins'> & { readonly nBins: number }

/** A leaf: sums of the same random rows over the bins of each feature. */
export function makeLeaf(
  random: TestRandom, shapes: readonly Shape[], nRows: number, draw: () => [number, number],
): FeatureSums[] {
  const rows = Array.from({ length: nRows }, draw)
  return shapes.map(({ nBins, missingBin, isCategorical }) => {
    const bins = Array.from({ length: nBins }, () => ({ g: 0n, h: 0n, n: 0 }))
    for (const [g, h] of rows) {
      const bin = bins[random.below(nBins)]!
      bin.g += BigInt(g)
      bin.h += BigInt(h)
      bin.n++
    }
    return { bins, missingBin, isCategorical }
  })
}

/** The feature with the sums of its missing bin moved to another. */
export function withoutMissing(feature: FeatureSums): FeatureSums {
  const { bins, missingBin } = feature
  if (missingBin < 0 || bins.length < 2) return feature
  const to = missingBin === 0 ? 1 : 0
  const none = { g: 0n, h: 0n, n: 0 }
  return { ...feature, bins: bins.map((sums, b) =>
    b === missingBin ? none : b === to ? addUp([sums, bins[missingBin]!]) : sums) }
}

/** Some of a feature's bins as bits. */
export function bitsOfBins(bins: readonly number[], nBins = 1): Uint8Array {
  const bits = new Uint8Array(bitBytes(nBins))
  for (const b of bins) bits[b >> 3]! |= 1 << (b & 7)
  return bits
}
