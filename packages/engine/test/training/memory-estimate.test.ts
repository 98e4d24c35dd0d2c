import assert from 'node:assert/strict'
import {
  estimateTraining, requireTrainingMemory, type TrainingSize,
} from '../../src/training/memory-estimate.js'

const size: TrainingSize = {
  nRows: 1_000_000, nFeatures: 28, nEvalRows: 0, nOutputs: 1, numLeaves: 31, nThreads: 2,
  nBins: 28 * 255, usesBagging: false, hasWeight: false,
}

describe('estimateTraining', () => {
  it('grows with each part of the size', () => {
    const least = estimateTraining(size)
    const more: Partial<TrainingSize>[] = [
      { nRows: 2_000_000 }, { nFeatures: 40 }, { nEvalRows: 1000 }, { nOutputs: 3 },
      { numLeaves: 255 }, { nThreads: 4 }, { nBins: 28 * 256 }, { usesBagging: true },
      { hasWeight: true },
    ]
    for (const part of more) {
      assert.ok(estimateTraining({ ...size, ...part }) > least, JSON.stringify(part))
    }
  })
})

describe('requireTrainingMemory', () => {
  it('refuses with both figures what is more than there is', () => {
    const needed = estimateTraining(size)
    requireTrainingMemory(size, needed)
    const figure = `${Math.ceil(needed / 1_048_576)} MB`
    assert.throws(() => requireTrainingMemory(size, 100 * 1_048_576), (error: Error) =>
      error.message.includes(figure) && error.message.includes('100 MB'))
  })

  it('refuses what does not fit the memory of a thread, and says that more threads help', () => {
    const wide = { ...size, nFeatures: 2000, nBins: 2000 * 256, numLeaves: 2000 }
    assert.throws(() => requireTrainingMemory(wide, Infinity), {
      code: 'MEMORY', message: /in each of 2 threads, a thread can hold 4096 MB; use more threads/,
    })
    requireTrainingMemory({ ...wide, nThreads: 16 }, Infinity)
  })
})
