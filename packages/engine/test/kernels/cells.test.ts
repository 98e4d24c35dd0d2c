import assert from 'node:assert/strict'
import { cellOffsets, cellsOf } from '../../src/kernels/cells.js'

describe('cellsOf', () => {
  it('holds the bins, padded to pairs, in an odd number of cache lines', () => {
    for (let nBins = 1; nBins <= 256; nBins++) {
      const cells = cellsOf(nBins)
      assert.equal(cells % 8, 4)
      assert.ok(cells >= nBins + nBins % 2 && cells < nBins + 8)
    }
  })

  it('keeps the same bin of 64 features of a kind in different lines', () => {
    for (let nBins = 1; nBins <= 256; nBins++) {
      const offsets = cellOffsets(Array.from({ length: 64 }, () => nBins)).slice(0, -1)
      assert.equal(new Set(offsets.map((offset) => offset % 4096)).size, 64)
    }
  })
})
