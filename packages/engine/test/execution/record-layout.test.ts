import assert from 'node:assert/strict'
import { Arena } from '../../src/kernels/arena.js'
import { byteLayout, recordLayout, TILE_BYTES_MAX } from '../../src/execution/record-layout.js'
import { RecordPlanes } from '../../src/execution/record-planes.js'

const widths = [1, 3, 28, 63, 64, 65, 66, 100, 127, 128, 129, 500, 1999, 2000, 4096]

describe('recordLayout', () => {
  it('holds rows in records: bins padded to 4, three words, a multiple of 8', () => {
    for (let nColumns = 1; nColumns <= TILE_BYTES_MAX; nColumns++) {
      const { nTiles, binStride, sideStride, rowBytes, sideOffset } = byteLayout(nColumns)
      if (sideOffset === 0) continue
      assert.deepEqual([nTiles, sideStride, rowBytes], [1, binStride, binStride])
      assert.equal(rowBytes % 8, 0)
      assert.ok(rowBytes >= nColumns + 12 && rowBytes < nColumns + 12 + 3 + 8)
    }
    assert.equal(byteLayout(28).rowBytes, 40)
  })

  it('keeps the sides of narrow rows apart where that takes less', () => {
    const apart = Array.from({ length: TILE_BYTES_MAX }, (_, c) => c + 1)
      .filter((nColumns) => byteLayout(nColumns).sideOffset === 0)
    assert.deepEqual(apart, [5, 6, 7, 8, 13, 14, 15, 16])
    for (const nColumns of apart) {
      const { nTiles, binStride, sideStride, rowBytes } = byteLayout(nColumns)
      assert.deepEqual([nTiles, binStride, sideStride], [1, nColumns <= 8 ? 8 : 16, 12])
      assert.equal(rowBytes, binStride + 12)
    }
    // bins of two bytes are gone through by other kernels
    assert.equal(recordLayout([300, 2, 2, 2, 2]).sideOffset, 8)
  })

  it('cuts wide rows in tiles of about equal width, none of them empty', () => {
    for (const nColumns of widths) {
      const { nTiles, tileStarts, binStride } = byteLayout(nColumns)
      const tileColumns = tileStarts[1]!
      assert.ok(tileColumns <= TILE_BYTES_MAX && tileColumns <= binStride)
      assert.ok(nTiles * tileColumns >= nColumns && (nTiles - 1) * tileColumns < nColumns)
    }
    assert.equal(byteLayout(500).rowBytes, 8 * 64 + 16)
  })
})

describe('RecordPlanes', () => {
  it('gives every bin and side of every row a place of its own', () => {
    const nRows = 3
    // every third column has two bytes, or none
    for (const [nColumns, step] of widths.flatMap((n) => [[n, 3], [n, Infinity]] as const)) {
      const bytesOf = (column: number): number => column % step === 0 && step === 3 ? 2 : 1
      const nValues = Array.from({ length: nColumns }, (_, f) => bytesOf(f) === 2 ? 257 : 256)
      const layout = recordLayout(nValues)
      const arena = new Arena()
      const planes = new RecordPlanes(arena, layout, nRows)
      const taken = new Set<number>()
      for (let row = 0; row < nRows; row++) {
        for (let f = 0; f < nColumns; f++) {
          const at = planes.column(f) + row * layout.binStride
          for (let byte = 0; byte < bytesOf(f); byte++) taken.add(at + byte)
        }
        for (let k = 0; k < 12; k++) taken.add(planes.sides(row) + k)
      }
      const nBytes = nValues.reduce((sum, _, f) => sum + bytesOf(f), 0)
      assert.equal(taken.size, nRows * (nBytes + 12))
      assert.equal(layout.hasWide, step === 3)
      assert.equal(layout.nTiles, layout.tileStarts.length - 1)
      const first = planes.bins(0, 0)
      assert.equal(Math.min(...taken), first)
      assert.ok(Math.max(...taken) < arena.reserve(0))
      if (layout.sideOffset > 0) assert.equal(planes.sides(0), first + layout.sideOffset)
    }
  })
})
