import assert from 'node:assert/strict'
import { Arena } from '../../src/kernels/arena.js'
import { recordLayout, sideOffset, TILE_FEATURES_MAX } from '../../src/execution/record-layout.js'
import { RecordPlanes } from '../../src/execution/record-planes.js'

const widths = [1, 3, 28, 63, 64, 65, 66, 100, 127, 128, 129, 500, 1999, 2000, 4096]

describe('recordLayout', () => {
  it('holds narrow rows in records: bins padded to 4, three words, a multiple of 8', () => {
    for (let nFeatures = 1; nFeatures <= TILE_FEATURES_MAX; nFeatures++) {
      const { nTiles, binStride, sideStride, rowBytes } = recordLayout(nFeatures)
      assert.deepEqual([nTiles, sideStride, rowBytes], [1, binStride, binStride])
      assert.equal(rowBytes % 8, 0)
      assert.ok(rowBytes >= nFeatures + 12 && rowBytes < nFeatures + 12 + 3 + 8)
    }
    assert.equal(recordLayout(28).rowBytes, 40)
  })

  it('cuts wide rows in tiles of about equal width, none of them empty', () => {
    for (const nFeatures of widths) {
      const { nTiles, tileFeatures, binStride } = recordLayout(nFeatures)
      assert.ok(tileFeatures <= TILE_FEATURES_MAX && tileFeatures <= binStride)
      assert.ok(nTiles * tileFeatures >= nFeatures && (nTiles - 1) * tileFeatures < nFeatures)
    }
    assert.equal(recordLayout(500).rowBytes, 8 * 64 + 16)
  })
})

describe('RecordPlanes', () => {
  it('gives every bin and side of every row a place of its own', () => {
    const nRows = 3
    for (const nFeatures of widths) {
      const layout = recordLayout(nFeatures)
      const arena = new Arena()
      const planes = new RecordPlanes(arena, layout, nRows)
      const taken = new Set<number>()
      for (let row = 0; row < nRows; row++) {
        for (let f = 0; f < nFeatures; f++) taken.add(planes.feature(f) + row * layout.binStride)
        for (let k = 0; k < 12; k++) taken.add(planes.sides(row) + k)
      }
      assert.equal(taken.size, nRows * (nFeatures + 12))
      const first = planes.bins(0, 0)
      assert.equal(Math.min(...taken), first)
      assert.ok(Math.max(...taken) < arena.reserve(0))
      if (layout.nTiles === 1) assert.equal(planes.sides(0), first + sideOffset(nFeatures))
    }
  })
})
