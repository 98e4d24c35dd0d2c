import assert from 'node:assert/strict'
import { CentralReducer } from '../../src/execution/central-reducer.js'
import { histogramsOf } from '../../src/execution/histograms-of.js'
import { describeSums, sumsLayout } from '../../src/execution/sums-layout.js'
import { recordIteration, reducerContract } from './reducer-contract.js'

describe('CentralReducer', () => {
  reducerContract((setup) => new CentralReducer(setup))

  it('takes no more memory than it says', async () => {
    const { setup, steps } = await recordIteration()
    const { nCells } = sumsLayout(setup.features)
    const most = CentralReducer.bytesMax(setup)
    assert.equal(most - CentralReducer.bytesMax({ ...setup, maxLeaves: setup.maxLeaves - 1 }),
      nCells * 20)
    let open = 0
    let mostOpen = 0
    for (const { request } of steps) {
      if (request.kind === 'round') open -= request.released.length
      open += histogramsOf(request).length
      mostOpen = Math.max(mostOpen, open)
    }
    assert.ok((mostOpen + 1) * nCells * 20 < most)
  })
})

describe('describeSums', () => {
  it('tells the totals, and the first feature that disagrees', async () => {
    const { setup, steps } = await recordIteration()
    const { cellOffsets, nCells, nBytes } = sumsLayout(setup.features)
    const { sums, answer } = steps[0]!
    const { totals } = answer as { totals: unknown }
    assert.deepEqual(describeSums(setup.features, sums[0]!), { totals, brokenFeature: -1 })
    const planes = [
      (cell: number) => cell * 8 + 3, (cell: number) => (nCells + cell) * 8,
      (cell: number) => nCells * 16 + cell * 4,
    ]
    for (const at of planes) {
      for (const feature of [1, 4, 6]) {
        const wrong = sums[0]!.slice()
        wrong[at(cellOffsets[feature]! + 1)]! ^= 1
        assert.equal(describeSums(setup.features, wrong).brokenFeature, feature)
      }
    }
    // a view into something larger, at an odd place
    const shifted = new Uint8Array(nBytes + 3)
    shifted.set(sums[0]!, 3)
    assert.equal(describeSums(setup.features, shifted.subarray(3)).brokenFeature, -1)
  })

  it('finds counts and hessians that no rows have', async () => {
    const { setup: { features } } = await recordIteration()
    const { nCells, nBytes, cellOffsets } = sumsLayout(features)
    for (const [plane, width] of [[nCells * 8, 8], [nCells * 16, 4]] as const) {
      const sums = new Uint8Array(nBytes)
      const view = new DataView(sums.buffer)
      const at = plane + cellOffsets[2]! * width
      if (width === 8) {
        view.setBigInt64(at, -1n, true)
        view.setBigInt64(at + 8, 1n, true)
      } else {
        view.setInt32(at, -1, true)
        view.setInt32(at + 4, 1, true)
      }
      assert.equal(describeSums(features, sums).brokenFeature, 2)
    }
  })
})

describe('sumsLayout', () => {
  it('leaves no bin out and no two bins in one cell', async () => {
    const { setup: { features } } = await recordIteration()
    const { nCells, cellOffsets, nBytes } = sumsLayout(features)
    const cells = features.flatMap(({ nBins }, f) =>
      Array.from({ length: nBins }, (_, b) => cellOffsets[f]! + b))
    assert.equal(new Set(cells).size, cells.length)
    assert.ok(cells.every((cell) => cell < nCells))
    assert.equal(nCells % 4, 0)
    assert.equal(nBytes, nCells * 20)
  })
})
