import assert from 'node:assert/strict'
import fc from 'fast-check'
import { shareFeatures } from '../../src/execution/feature-shares.js'

const feature = fc.record({
  nBins: fc.integer({ min: 1, max: 256 }), missingBin: fc.constant(-1), isCategorical: fc.boolean(),
})

describe('shareFeatures', () => {
  it('puts every feature into one share, with cells of its own', () => {
    fc.assert(fc.property(
      fc.array(feature, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 12 }),
      (features, nShares) => {
        const { shares, cellOffsets } = shareFeatures(features, nShares)
        assert.equal(shares.length, nShares)
        let next = 0
        for (const { first, last, nCells } of shares) {
          assert.equal(first, next)
          assert.ok(last >= first)
          next = last
          let end = 0
          for (let f = first; f < last; f++) {
            assert.equal(cellOffsets[f]! % 2, 0)
            assert.ok(cellOffsets[f]! >= end, 'cells do not overlap')
            end = cellOffsets[f]! + features[f]!.nBins
          }
          assert.ok(nCells >= end + (end % 2) && nCells % 4 === 0)
        }
        assert.equal(next, features.length)
        // the leader's share holds the root's totals
        assert.ok(shares[0]!.last > 0)
      }))
  })

  it('shares equal features evenly', () => {
    const features = Array.from({ length: 28 }, () =>
      ({ nBins: 255, missingBin: -1, isCategorical: false }))
    const { shares } = shareFeatures(features, 4)
    assert.deepEqual(shares.map(({ first, last }) => last - first), [7, 7, 7, 7])
  })

  it('knows that features of two bins are hardly any work', () => {
    const of = (n: number, nBins: number) =>
      Array.from({ length: n }, () => ({ nBins, missingBin: -1, isCategorical: false }))
    const [mixed] = shareFeatures([...of(200, 2), ...of(10, 255)], 2).shares
    assert.deepEqual([mixed!.first, mixed!.last], [0, 204])
    const [alone] = shareFeatures(of(2000, 2), 2).shares
    assert.equal(alone!.last, 1000)
  })
})
