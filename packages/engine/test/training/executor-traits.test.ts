import assert from 'node:assert/strict'
import type { FeatureLayout } from '../../src/execution/protocol.js'
import { growthCosts, localTraits } from '../../src/training/executor-traits.js'

const features = (n: number, nBins: number): FeatureLayout[] =>
  new Array<FeatureLayout>(n).fill({ nBins, missingBin: -1, isCategorical: false })

describe('growthCosts', () => {
  const [one, two] = [localTraits(1), localTraits(2)]

  it('shares rows and sums among the threads, but for what every expansion takes', () => {
    const [alone, both] = [one, two].map((traits) => growthCosts(features(28, 255), traits))
    assert.equal(both!.rowNs, alone!.rowNs / 2)
    const fixed = growthCosts([], one).expansionNs
    assert.ok(Math.abs(
      (both!.expansionNs - fixed) * 2 - (alone!.expansionNs - fixed)) < 1e-6)
    assert.equal(both!.roundNs, alone!.roundNs)
  })

  it('counts features that are stored: flags share bytes, constants have none', () => {
    const costsOf = (n: number, nBins: number): number => growthCosts(features(n, nBins), two).rowNs
    assert.ok(costsOf(28, 255) > costsOf(14, 255))
    assert.equal(costsOf(28, 255), costsOf(28, 3))
    assert.equal(costsOf(160, 2), costsOf(10, 255))
    assert.equal(costsOf(28, 1), costsOf(0, 255))
  })

  it('counts sums of the elected features where features vote', () => {
    const wide = features(4000, 255)
    const [all, voting] = [undefined, { nElected: 40 }]
      .map((own) => growthCosts(wide, two, own).expansionNs)
    assert.ok(voting! < all! / 20)
    // electing all of them is summing all of them
    assert.equal(growthCosts(wide, two, { nElected: 4000 }).expansionNs, all)
  })
})
