import assert from 'node:assert/strict'
import { type BinnedDataset, Unpacker } from '@coppice/engine'
import type { CsrMatrix } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { datasetFromMemory, type MemoryOptions } from '../src/memory.js'

const nRows = 40_000
/** One of 30 levels of each of five groups, and two columns of numbers. */
const nColumns = 152

/** @param isExclusive - else, rows behind the first unit have two levels of a group */
function makeMatrix(isExclusive: boolean): CsrMatrix & { readonly data: Float64Array } {
  const random = new TestRandom(6)
  const indices = new Int32Array(nRows * 7)
  const data = new Float64Array(nRows * 7).fill(1)
  for (let row = 0, at = 0; row < nRows; row++, at += 7) {
    for (let group = 0; group < 5; group++) indices[at + group] = group * 30 + random.below(30)
    indices[at + 5] = 150
    data[at + 5] = random.below(50) === 0 ? NaN : random.normal()
    indices[at + 6] = isExclusive || row < nRows - 5 ? 151 : (indices[at]! + 1) % 30
    data[at + 6] = random.below(4)
  }
  return {
    data, indices, indptr: Int32Array.from({ length: nRows + 1 }, (_, row) => row * 7),
    shape: [nRows, nColumns],
  }
}

function binsOf({ blocks }: BinnedDataset): Buffer {
  const bins = new Uint8Array(nRows * nColumns)
  for (const { firstRow, nRows: n, bins: own, packing } of blocks) {
    const place = bins.subarray(firstRow * nColumns, (firstRow + n) * nColumns)
    if (packing === undefined) place.set(own)
    else new Unpacker(packing).unpack(own, 0, n, place)
  }
  return Buffer.from(bins.buffer)
}

describe('units of a sparse matrix', () => {
  const labels = Float64Array.from({ length: nRows }, (_, row) => row % 2)
  const load = (matrix: CsrMatrix, options: MemoryOptions = {}) =>
    datasetFromMemory(matrix, labels, { labelKind: 'binary', ...options })
  // Numbers of a type that their array does not say are read by column.
  const schema = Object.fromEntries(
    Array.from({ length: nColumns }, (_, i) => [`Column_${i}`, 'date'] as const))

  for (const isExclusive of [true, false]) {
    const where = isExclusive ? 'where' : 'only where'
    it(`are packed like the first one ${where} that fits`, async () => {
      const matrix = makeMatrix(isExclusive)
      const found = await load(matrix, { params: { binConstructSampleCnt: 9000 } })
      const expected = await load(matrix, { schema, params: { binConstructSampleCnt: 9000 } })
      assert.deepEqual(found.features, expected.features)
      assert.ok(binsOf(found).equals(binsOf(expected)))
      const [first, second] = found.blocks
      assert.equal(found.blocks.length, 2)
      assert.ok(first!.packing !== undefined && second!.packing !== undefined)
      assert.equal(second.packing === first.packing, isExclusive)
      assert.ok(expected.blocks[1]!.packing !== expected.blocks[0]!.packing)
    })
  }

  it('are refused wherever they are wrong, though bins are known', async () => {
    const matrix = makeMatrix(true)
    const reference = await load(matrix, { categorical: ['Column_151'] })
    const again = await load(matrix, { reference })
    assert.ok(binsOf(again).equals(binsOf(reference)))
    const indices = Int32Array.from(matrix.indices)
    indices[39_555 * 7 + 3] = indices[39_555 * 7]!
    await assert.rejects(load({ ...matrix, indices }, { reference }),
      { code: 'DATA', message: /twice in row 39555/ })
    await assert.rejects(load({ ...matrix, indices }),
      { code: 'DATA', message: /twice in row 39555/ })
  })
})
