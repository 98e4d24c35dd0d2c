import assert from 'node:assert/strict'
import { CentralReducer } from '../../src/execution/central-reducer.js'
import { histogramsOf } from '../../src/execution/histograms-of.js'
import { sumsLayout } from '../../src/execution/sums-layout.js'
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
