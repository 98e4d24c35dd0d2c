import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { RareBins } from '../../src/execution/rare-bins.js'

describe('RareBins', () => {
  it('finds the features off their defaults among those that it was told of', () => {
    const random = new TestRandom(1)
    for (const nFeatures of [1, 2, 3, 4, 5, 31, 64, 101]) {
      const members = Array.from({ length: nFeatures }, (_, feature) => ({
        feature, defaultBin: random.below(256),
      })).filter(() => random.below(3) > 0)
      const rare = new RareBins(nFeatures, members)
      const nRows = 20
      const bins = Uint8Array.from({ length: nRows * nFeatures + 3 }, () => random.below(256))
      for (let row = 0; row < nRows; row++) {
        const at = 3 + row * nFeatures
        for (const { feature, defaultBin } of members) {
          if (random.below(3) > 0) bins[at + feature] = defaultBin
        }
        const found: [number, number][] = []
        rare.visit(bins, at, (feature, bin) => found.push([feature, bin]))
        assert.deepEqual(found, members
          .map(({ feature, defaultBin }) => ({ feature, defaultBin, bin: bins[at + feature]! }))
          .filter(({ bin, defaultBin }) => bin !== defaultBin)
          .map(({ feature, bin }) => [feature, bin]))
      }
    }
  })
})
