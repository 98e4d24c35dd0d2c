import assert from 'node:assert/strict'
import { CELL_BYTES, HALF_CELL_BYTES } from '../../src/kernels/api.js'
import { cellOffsets, cellsOf } from '../../src/kernels/cells.js'

for (const cellBytes of [CELL_BYTES, HALF_CELL_BYTES]) {
  describe(`cellsOf, ${cellBytes} bytes`, () => {
    it('holds the bins, padded to pairs, in an odd number of cache lines', () => {
      for (let nBins = 1; nBins <= 256; nBins++) {
        const cells = cellsOf(nBins, cellBytes)
        assert.equal(cells * cellBytes % 128, 64)
        assert.ok(cells >= nBins + nBins % 2 && cells * cellBytes < nBins * cellBytes + 128)
      }
    })

    it('keeps the same bin of 64 features of a kind in different lines', () => {
      for (let nBins = 1; nBins <= 256; nBins++) {
        const offsets =
          cellOffsets(Array.from({ length: 64 }, () => nBins), cellBytes).slice(0, -1)
        assert.equal(new Set(offsets.map((offset) => offset % 4096)).size, 64)
      }
    })
  })
}
