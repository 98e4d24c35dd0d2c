import assert from 'node:assert/strict'
import { heapGrowingPercent } from '../../../src/node/heap-allowance.js'

const mebibyte = 1 << 20

describe('heapGrowingPercent', () => {
  it('lets a small heap grow by 64 MiB, and by no more', () => {
    for (let used = mebibyte; used <= 64 * mebibyte; used += 777_777) {
      const growth = used * heapGrowingPercent(used) / 100
      assert.ok(growth <= 64 * mebibyte)
      assert.ok(growth > 64 * mebibyte - used / 2, `${growth} of ${used}`)
    }
    assert.equal(heapGrowingPercent(0), 6400)
  })

  it('leaves large heaps to V8', () => {
    assert.equal(heapGrowingPercent(64 * mebibyte), 100)
    assert.equal(heapGrowingPercent(64 * mebibyte + 1), 0)
    assert.equal(heapGrowingPercent(1e12), 0)
  })
})
