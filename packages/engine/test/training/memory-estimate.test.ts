import assert from 'node:assert/strict'
import { Exchange } from '../../src/execution/exchange.js'
import { shareFeatures } from '../../src/execution/feature-shares.js'
import { localTraits, maxExpansions } from '../../src/training/executor-traits.js'
import {
  estimateTraining, requireTrainingMemory, type TrainingSize,
} from '../../src/training/memory-estimate.js'

const size: TrainingSize = {
  nRows: 1_000_000, nFeatures: 28, nEvalRows: 0, nOutputs: 1, numLeaves: 31, nThreads: 2,
  nBins: 28 * 255, usesBagging: false, hasWeight: false, histogramPoolBytes: 2 ** 30,
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
    assert.ok(estimateTraining({ ...size, histogramPoolBytes: 2 ** 20 }) < least)
  })

  it('does not grow with leaves whose histograms do not fit the pool', () => {
    const wide = { ...size, nFeatures: 2000, nBins: 2000 * 255, histogramPoolBytes: 2 ** 29 }
    assert.equal(
      estimateTraining({ ...wide, numLeaves: 255 }),
      estimateTraining({ ...wide, numLeaves: 131_072 }))
  })
})

describe('estimateTraining of the exchange', () => {
  it('is no less than what threads hand each other their sums in', () => {
    for (const [nFeatures, nThreads, speculation] of [
      [28, 2, 0], [28, 4, 64], [2000, 2, 0], [2000, 3, 500], [10_000, 8, 0], [40_000, 2, 1],
      [40_000, 16, 0],
    ] as const) {
      const features = Array.from({ length: nFeatures }, () =>
        ({ nBins: 254, missingBin: -1, isCategorical: false }))
      const room = Exchange.roomFor(maxExpansions(
        { speculation, numLeaves: 1023 }, features, localTraits(nThreads)))
      const { sums } = Exchange.sizes(shareFeatures(features, nThreads), room)
      const wide = {
        ...size, nRows: 4, nFeatures, nThreads, speculation, nBins: nFeatures * 254,
      }
      // beside what each thread has for itself, which does not depend on the exchange
      const own = 2 * nFeatures * 254 * 20 * nThreads
      assert.ok(estimateTraining(wide) - own >= sums,
        `${nFeatures} features, ${nThreads} threads: ${estimateTraining(wide) - own} < ${sums}`)
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

  it('says what would do: fewer threads, less ahead, a smaller pool', () => {
    const wide = {
      ...size, nThreads: 8, nRows: 10_000, nFeatures: 2000, nBins: 2000 * 255, numLeaves: 255,
      histogramPoolBytes: 2 ** 30,
    }
    const told = (own: TrainingSize, limitMb: number): string => {
      try {
        requireTrainingMemory(own, limitMb * 1_048_576)
      } catch (error) {
        return (error as Error).message
      }
      assert.fail('it is refused')
    }
    const needed = Math.floor(estimateTraining(wide) / 1_048_576)
    const message = told(wide, needed - 300)
    const [, nThreads, poolMb] =
      /; num_threads = (\d), or histogram_pool_size = (\d+) would do; or use/.exec(message)!
    for (const change of [
      { nThreads: Number(nThreads) }, { histogramPoolBytes: Number(poolMb) * 1_048_576 },
    ]) requireTrainingMemory({ ...wide, ...change }, (needed - 300) * 1_048_576)
    assert.equal(Number(nThreads), 3)
    // what would not fit the memory of so few threads is not advised
    const large = { ...size, nRows: 100_000_000, nFeatures: 500, nBins: 500 * 255, nThreads: 16 }
    const enough = estimateTraining(large) / 1_048_576
    assert.doesNotMatch(told(large, Math.floor(enough * 0.995)), /num_threads = [1-9]\b/)
    assert.match(told(wide, 100), /; use fewer rows or features, a smaller max_bin, or more mem/)
    const few = { ...wide, numLeaves: 4, nFeatures: 300, nBins: 300 * 255, nThreads: 2 }
    const own = Math.floor(estimateTraining(few) / 1_048_576)
    assert.match(told(few, own - 5), /; num_threads = 1, or speculation = 1, or histogram_pool/)
    requireTrainingMemory({ ...few, speculation: 1 }, (own - 5) * 1_048_576)
  })

  it('refuses what does not fit the memory of a thread, and says how many threads it takes', () => {
    for (const [large, nEnough] of [
      [{ ...size, nRows: 100_000_000 }, 3], [{ ...size, nRows: 2_000_000_000, nThreads: 16 }, 45],
      [{ ...size, nRows: 20_000_000, nFeatures: 500, nBins: 500 * 255, nThreads: 1 }, 6],
    ] as const) {
      let advised = 0
      const refused = (error: Error & { code: string }): boolean => {
        assert.equal(error.code, 'MEMORY')
        const pattern = new RegExp(
          `in each of ${large.nThreads} threads, a thread can hold 4096 MB; ` +
          'use num_threads = (\\d+) or more')
        advised = Number(pattern.exec(error.message)![1])
        return true
      }
      assert.throws(() => requireTrainingMemory(large, Infinity), refused)
      assert.equal(advised, nEnough)
      requireTrainingMemory({ ...large, nThreads: advised }, Infinity)
      assert.throws(() => requireTrainingMemory({ ...large, nThreads: advised - 1 }, Infinity))
    }
  })

  it('says so where no number of threads would do', () => {
    const wide = { ...size, nRows: 1000, nFeatures: 5_000_000, nBins: 5_000_000 * 255 }
    assert.throws(() => requireTrainingMemory(wide, Infinity), {
      code: 'MEMORY', message: /use fewer rows or features, or a smaller max_bin/,
    })
  })
})
