import assert from 'node:assert/strict'
import { fuzzUpgrade } from '../support/fuzz-upgrade.js'

/** For longer campaigns: so many inputs, and which. */
const nInputs = Number(process.env['COPPICE_FUZZ_UPGRADE'] ?? 800)
const seed = Number(process.env['COPPICE_FUZZ_SEED'] ?? 1)

describe('requests that are nearly right', () => {
  it('are answered or dropped, in time, and let nobody in', async function () {
    this.timeout(20_000 + nInputs * 20)
    const { text, hasFailed } = await fuzzUpgrade({ nInputs, seed, first: 0 })
    assert.ok(!hasFailed, text)
    assert.match(text, /% refused/)
  })
})
