import assert from 'node:assert/strict'
import { measureThroughput } from '../support/throughput.js'

describe('measureThroughput', () => {
  it('counts every byte of a tiny run', async () => {
    const result = await measureThroughput(20, 512 << 10, 20)
    assert.equal(result.nBytes, 20 * (512 << 10))
    assert.ok(result.megabytesPerSecond > 10, `${result.megabytesPerSecond} MB/s`)
    assert.ok(result.roundTripMicros < 20_000)
  })
})
