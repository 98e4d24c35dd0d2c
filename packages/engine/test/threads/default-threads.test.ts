import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { defaultThreads, parseQuota } from '../../src/threads/default-threads.js'

describe('defaultThreads', () => {
  it('is at least 1 and at most what the process may use', () => {
    const n = defaultThreads()
    assert.ok(Number.isInteger(n) && n >= 1 && n <= availableParallelism())
  })
})

describe('parseQuota', () => {
  it('reads cpu.max and the two files of cgroup v1', () => {
    assert.equal(parseQuota('150000 100000\n'), 1.5)
    assert.equal(parseQuota('max 100000\n'), Infinity)
    assert.equal(parseQuota('-1 100000'), Infinity)
    assert.equal(parseQuota(''), Infinity)
  })
})
