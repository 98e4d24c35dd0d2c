import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { collectGarbage, ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import type { BinnedDataset } from '../../src/dataset.js'

const nRows = 3000
const nFeatures = 4

/** A data set and what is to be collected of it. */
function makeData(): { data: BinnedDataset, buffers: readonly WeakRef<object>[] } {
  const bins = new Uint8Array(new SharedArrayBuffer(nRows * nFeatures))
  bins.forEach((_, i) => {
    bins[i] = (i * 7919 >>> 3) % 10
  })
  const label = new Float64Array(new SharedArrayBuffer(nRows * 8))
  label.forEach((_, row) => {
    label[row] = Number(bins[row * nFeatures]! + bins[row * nFeatures + 1]! > 9)
  })
  const upperBounds = Float64Array.from({ length: 10 }, (_, b) => b === 9 ? Infinity : b)
  const data: BinnedDataset = {
    nRows,
    features: Array.from({ length: nFeatures }, (_, f) => ({
      name: `x${f}`, categories: null,
      mapper: {
        kind: 'numeric' as const, missing: 'none' as const, upperBounds, nBins: 10, zeroBin: 0,
        missingBin: -1,
      },
    })),
    blocks: [{ firstRow: 0, nRows, bins }],
    label, classes: null, weight: null, initScore: null, groupSizes: null,
  }
  return { data, buffers: [new WeakRef(bins.buffer), new WeakRef(label.buffer)] }
}

describe('training that releases the rows', () => {
  const params = { objective: 'binary', num_iterations: 4, num_leaves: 8 }

  for (const nThreads of [0, 2]) {
    it(`keeps none of them, ${nThreads === 0 ? 'inline' : 'on threads'}`, async () => {
      const executor = () => nThreads === 0 ? new InlineExecutor() : new ThreadExecutor(nThreads)
      const kept = makeData().data
      const expected = await train({ params, train: kept }, executor())
      assert.equal(kept.blocks.length, 1)
      const { data, buffers } = makeData()
      const valid = makeData()
      let nCollected = 0
      const { model } = await train({
        params, train: data, releasesRows: true,
        evalSets: [{ name: 'valid', data: Object.assign(valid.data, { features: data.features }) }],
        callbacks: [async ({ iteration }) => {
          if (iteration !== 1) return
          await sleep(1)
          collectGarbage()
          nCollected = [...buffers, ...valid.buffers]
            .filter((buffer) => buffer.deref() === undefined).length
        }],
      }, executor())
      assert.equal(nCollected, 4)
      assert.deepEqual(model.trees, expected.model.trees)
      assert.deepEqual([data.blocks, data.label], [[], null])
    })
  }
})
