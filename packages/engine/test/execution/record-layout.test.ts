import assert from 'node:assert/strict'
import { Arena } from '../../src/kernels/arena.js'
import { recordLayout, sideOffset, TILE_COLUMNS_MAX } from '../../src/execution/record-layout.js'
import { RecordPlanes } from '../../src/execution/record-planes.js'

const widths = [1, 3, 28, 63, 64, 65, 66, 100, 127, 128, 129, 500, 1999, 2000, 4096]

describe('recordLayout', () => {
  it('holds narrow rows in records: bins padded to 4, three words, a multiple of 8', () => {
    for (let nColumns = 1; nColumns <= TILE_COLUMNS_MAX; nColumns++) {
      const { nTiles, binStride, sideStride, rowBytes } = recordLayout(nColumns)
      assert.deepEqual([nTiles, sideStride, rowBytes], [1, binStride, binStride])
      assert.equal(rowBytes % 8, 0)
      assert.ok(rowBytes >= nColumns + 12 && rowBytes < nColumns + 12 + 3 + 8)
    }
    assert.equal(recordLayout(28).rowBytes, 40)
  })

  it('cuts wide rows in tiles of about equal width, none of them empty', () => {
    for (const nColumns of widths) {
      const { nTiles, tileColumns, binStride } = recordLayout(nColumns)
      assert.ok(tileColumns <= TILE_COLUMNS_MAX && tileColumns <= binStride)
      assert.ok(nTiles * tileColumns >= nColumns && (nTiles - 1) * tileColumns < nColumns)
    }
    assert.equal(recordLayout(500).rowBytes, 8 * 64 + 16)
  })
})

describe('RecordPlanes', () => {
  it('gives every bin and side of every row a place of its own', () => {
    const nRows = 3
    for (const nColumns of widths) {
      const layout = recordLayout(nColumns)
      const arena = new Arena()
      const planes = new RecordPlanes(arena, layout, nRows)
      const taken = new Set<number>()
      for (let row = 0; row < nRows; row++) {
        for (let f = 0; f < nColumns; f++) taken.add(planes.column(f) + row * layout.binStride)
        for (let k = 0; k < 12; k++) taken.add(planes.sides(row) + k)
      }
      assert.equal(taken.size, nRows * (nColumns + 12))
      const first = planes.bins(0, 0)
      assert.equal(Math.min(...taken), first)
      assert.ok(Math.max(...taken) < arena.reserve(0))
      if (layout.nTiles === 1) assert.equal(planes.sides(0), first + sideOffset(nColumns))
    }
  })
})
