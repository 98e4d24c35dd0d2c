import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import {
  addRow, type BinnedBlock, type BinnedDataset, CoppiceError, countSelected, fitRows, hasRow,
  noRows, packRows, type RowBits, selectFrom, selectRows, Unpacker,
} from '../../src/index.js'

const nFeatures = 5

/** Rows of mostly-zero bins in blocks of uneven sizes, some of them packed. */
function makeData(nRows: number, random: TestRandom): BinnedDataset {
  const blocks: BinnedBlock[] = []
  for (let firstRow = 0; firstRow < nRows;) {
    const n = Math.min(nRows - firstRow, 1 + random.below(40))
    const bins = Uint8Array.from({ length: n * nFeatures }, (_, i) =>
      i % nFeatures === Math.floor(i / nFeatures) % nFeatures ? random.below(7) : 0)
    const packed = packRows(bins, n, [7, 7, 7, 7, 7], (size) => new Uint8Array(size))
    const usePacked = packed !== null && random.below(2) === 0
    blocks.push({ firstRow, nRows: n, ...(usePacked ? packed : { bins }) })
    firstRow += n
  }
  const doubles = (n: number): Float64Array => {
    const values = new Float64Array(new SharedArrayBuffer(8 * n))
    for (let i = 0; i < n; i++) values[i] = random.uniform()
    return values
  }
  return {
    nRows, blocks, classes: null, features: Array.from({ length: nFeatures }, (_, f) => ({
      name: `f${f}`, categories: null, mapper: {
        kind: 'numeric', missing: 'none', upperBounds: Float64Array.of(0, 1, 2, 3, 4, 5, Infinity),
        nBins: 7, zeroBin: 0, missingBin: -1,
      } as const,
    })),
    label: doubles(nRows), weight: doubles(nRows), initScore: doubles(nRows * 2),
    groupSizes: groupsOf(nRows, random),
  }
}

function groupsOf(nRows: number, random: TestRandom): Uint32Array {
  const sizes: number[] = []
  for (let row = 0; row < nRows; row += sizes.at(-1)!) {
    sizes.push(Math.min(nRows - row, 1 + random.below(9)))
  }
  return Uint32Array.from(sizes)
}

/** All bins, a list per row. */
function rowsOf(blocks: readonly BinnedBlock[]): number[][] {
  return blocks.flatMap(({ bins, nRows, packing }) => {
    let plain = bins
    if (packing !== undefined) {
      plain = new Uint8Array(nRows * nFeatures)
      new Unpacker(packing).unpack(bins, 0, nRows, plain)
    }
    return Array.from({ length: nRows }, (_, row) =>
      [...plain.subarray(row * nFeatures, (row + 1) * nFeatures)])
  })
}

function randomBits(nRows: number, kind: number, random: TestRandom): RowBits {
  const bits = noRows(nRows)
  const cut = random.below(nRows + 1)
  for (let row = 0; row < nRows; row++) {
    const isIn = kind === 0 ? random.below(5) > 0 : kind === 1 ? row < cut : kind === 2
      ? random.below(20) === 0 : row >= cut
    if (isIn) addRow(bits, row)
  }
  return bits
}

describe('selectRows', () => {
  it('has what is picked row by row, whatever the blocks and their packing', () => {
    const random = new TestRandom(5)
    for (let trial = 0; trial < 60; trial++) {
      const nRows = 1 + random.below(300)
      const data = makeData(nRows, random)
      const bits = randomBits(nRows, trial % 4, random)
      const picked = Array.from({ length: nRows }, (_, row) => row).filter((row) =>
        hasRow(bits, row))
      const selected = selectRows(data, bits)
      const all = rowsOf(data.blocks)
      assert.equal(selected.nRows, picked.length)
      assert.equal(countSelected(bits, 0, nRows), picked.length)
      assert.deepEqual(rowsOf(selected.blocks), picked.map((row) => all[row]))
      assert.deepEqual([...selected.label!], picked.map((row) => data.label![row]))
      assert.deepEqual([...selected.weight!], picked.map((row) => data.weight![row]))
      assert.deepEqual([...selected.initScore!], picked.flatMap((row) =>
        [data.initScore![2 * row], data.initScore![2 * row + 1]]))
      assert.equal(selected.groupSizes!.reduce((sum, n) => sum + n, 0), picked.length)
      assert.equal(selected.features, data.features)
      let firstRow = 0
      for (const block of selected.blocks) {
        assert.equal(block.firstRow, firstRow)
        firstRow += block.nRows
      }
    }
  })

  it('gives partitions the row ids that they have in the selection of all', () => {
    const random = new TestRandom(6)
    const data = makeData(200, random)
    const bits = randomBits(200, 0, random)
    const whole = selectRows(data, bits)
    const cut = data.blocks[2]!.firstRow
    const parts = [[0, cut], [cut, 200]].map(([begin, end]) => selectFrom({
      firstRow: begin!, nRows: end! - begin!, rowBytes: nFeatures,
      blocks: data.blocks.filter(({ firstRow }) => firstRow >= begin! && firstRow < end!),
      label: data.label!.subarray(begin, end), weight: null, initScore: null, groupSizes: null,
    }, bits))
    assert.deepEqual(parts.flatMap(({ blocks }) => blocks), whole.blocks)
    assert.deepEqual(parts.flatMap(({ label }) => [...label!]), [...whole.label!])
    assert.equal(parts[1]!.firstRow, parts[0]!.nRows)
  })

  it('shares the bins of a run of rows, and threads share what is copied', () => {
    const data = makeData(100, new TestRandom(7))
    const all = noRows(100)
    for (let row = 0; row < 100; row++) addRow(all, row)
    for (const [i, { bins }] of selectRows(data, all).blocks.entries()) {
      assert.equal(bins.buffer, data.blocks[i]!.bins.buffer)
    }
    assert.ok(selectRows(data, all).label!.buffer instanceof SharedArrayBuffer)
  })
})

describe('fitRows', () => {
  it('takes shorter bits for the first rows, and refuses rows that there are not', () => {
    const bits = noRows(20)
    addRow(bits, 17)
    assert.deepEqual(fitRows(bits, 100, 'x').length, 13)
    assert.equal(countSelected(fitRows(bits, 100, 'x'), 0, 100), 1)
    assert.equal(fitRows(bits, 18, 'x'), bits)
    assert.throws(() => fitRows(bits, 17, 'the data'), (error: unknown) =>
      error instanceof CoppiceError && error.code === 'DATA' && /row 17 of the data/.test(
        error.message))
    assert.throws(() => fitRows(bits, 5, 'the data'), /row 17/)
  })
})
