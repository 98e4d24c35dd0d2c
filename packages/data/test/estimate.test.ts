import assert from 'node:assert/strict'
import { allocateTargets, PACKED_FEATURES_MIN, rowsPerBlock } from '../src/loading/allocate.js'
import {
  estimateMemory, requireMemory, unitBytesOf, unitValuesMax,
} from '../src/loading/estimate.js'

const size = {
  nRows: 1_000_000,
  nFeatures: 28,
  binnedRowBytes: 28,
  nNumberArrays: 2,
  unitBytesMax: 48_000_000,
  nThreads: 2,
  nSampledValues: 28 * 200_000,
  nScans: 28 * 10,
}

describe('estimateMemory', () => {
  it('counts a byte per row and feature, and 8 per label and weight', () => {
    const { binnedBytes, numberBytes, totalBytes } = estimateMemory(size)
    assert.equal(binnedBytes, 28e6)
    assert.equal(numberBytes, 16e6)
    assert.ok(totalBytes >= binnedBytes + numberBytes)
  })
  it('grows with each part of the size', () => {
    for (const key of Object.keys(size) as (keyof typeof size)[]) {
      const more = estimateMemory({ ...size, [key]: size[key] * 10 + 1 })
      const isSampleOnly = key === 'nScans' || key === 'nFeatures'
      const grown = more.totalBytes - estimateMemory(size).totalBytes
      assert.ok(isSampleOnly ? grown >= 0 : grown > 0, key)
    }
  })
  it('is refused with both figures when it exceeds the limit', () => {
    const estimate = { ...estimateMemory(size), totalBytes: 300 * 1048576 }
    requireMemory(estimate, 300 * 1048576, 'this machine')
    assert.throws(() => requireMemory(estimate, 300 * 1048576 - 1, 'this machine'), {
      code: 'MEMORY',
      message: /about 300 MB .* more than the 300 MB of this machine/,
    })
  })
})

describe('unitValuesMax', () => {
  it('is all values, or what the bytes have room for where zeros are not stored', () => {
    const unit = { nRows: 1000, nColumns: 2000, nBytes: 250_000, format: 'npy' as const }
    assert.equal(unitValuesMax(unit), 2_000_000)
    assert.equal(unitValuesMax({ ...unit, format: 'libsvm' }), 62_500)
    assert.equal(unitValuesMax({ ...unit, format: 'csr' }), 125_000)
    assert.equal(unitValuesMax({ ...unit, nColumns: 3, format: 'libsvm' }), 3000)
    assert.equal(unitBytesOf(unit), 32_250_000)
    assert.equal(unitBytesOf({ ...unit, format: 'libsvm' }), 2_250_000)
  })
})

describe('allocateTargets', () => {
  it('covers all rows by blocks whose size depends on the bytes of a row alone', () => {
    assert.equal(rowsPerBlock(1), 1 << 22)
    assert.equal(rowsPerBlock(28), 1 << 20)
    assert.equal(rowsPerBlock(1e9), 64)
    const nFeatures = PACKED_FEATURES_MIN - 1
    const options = {
      nFeatures, rowBytes: nFeatures, nLabels: 1, hasWeight: false, nInitScores: 2,
      hasPositions: false,
      nRawValues: null,
    }
    const nRows = (1 << 19) + 2
    const { blocks, label, weight, initScore } = allocateTargets({ ...options, nRows })
    assert.deepEqual(
      blocks!.map((block) => [block.firstRow, block.nRows]),
      [
        [0, 1 << 18],
        [1 << 18, 1 << 18],
        [1 << 19, 2],
      ],
    )
    for (const block of blocks!) assert.equal(block.bins.length, block.nRows * nFeatures)
    assert.deepEqual([label!.length, weight, initScore!.length], [nRows, null, 2 * nRows])
    assert.equal(allocateTargets({ ...options, nFeatures: nFeatures + 1, nRows: 5 }).blocks, null)
    assert.ok(label!.buffer instanceof SharedArrayBuffer)
  })
})
