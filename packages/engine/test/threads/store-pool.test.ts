import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { makeDataset } from '@coppice/testkit'
import { engineRows, joinRows } from '../../src/execution/engine-rows.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import type { EngineSetup, GradientsRequest } from '../../src/execution/protocol.js'
import { StorePool } from '../../src/threads/index.js'
import { storesContract, treesContract } from '../execution/stores-contract.js'
import { storesTrainings } from '../execution/stores-trainings.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'

for (const nThreads of [1, 2, 3]) {
  describe(`StorePool of ${nThreads} threads`, () => {
    const trainings = nThreads === 3 ? storesTrainings : [storesTrainings[nThreads - 1]!]
    storesContract((n) => Array.from({ length: n }, () => new StorePool(nThreads)), trainings)
  })
}

describe('StorePool with little memory for the exchange', () => {
  // one histogram at a time, and two of the up to four of a round
  for (const exchangeBytes of [1, 7_000]) {
    describe(`${exchangeBytes} bytes`, () => {
      treesContract((n) => Array.from({ length: n }, () => new StorePool(2, exchangeBytes)),
        storesTrainings.slice(0, 1))
    })
  }
})

const { data } = makeDataset({ seed: 2, nRows: 5000, features: mixedFeatures, label: 'binary' })
const gradients: GradientsRequest = { kind: 'gradients', gradientScale: 1, hessianScale: 1 }

async function smallSetup(): Promise<EngineSetup> {
  const params = { objective: 'binary', numIterations: 1, numLeaves: 3 }
  const { watched } = await trainWatched({ params, train: data }, new InlineExecutor())
  return watched.job!.plan.engine
}

describe('StorePool', () => {
  it('refuses a number of threads that is none', () => {
    for (const n of [0, -1, 1.5, NaN]) {
      assert.throws(() => new StorePool(n), { code: 'PARAMETER' })
    }
  })

  it('takes one call at a time', async () => {
    const pool = new StorePool(2)
    await pool.build(1, await smallSetup(), engineRows(data), [])
    const first = pool.carryOut(1, gradients)
    await assert.rejects(pool.carryOut(1, gradients), { code: 'INTERNAL', message: /one call/ })
    assert.deepEqual(await first, { kind: 'none' })
    await pool.close()
  })

  it('rejects the call that runs when it is closed', async () => {
    const pool = new StorePool(2)
    const setup = await smallSetup()
    const building = assert.rejects(pool.build(1, setup, engineRows(data), []), { code: 'ABORTED' })
    await pool.close()
    await building
  })

  it('sleeps between calls', async () => {
    const pool = new StorePool(3)
    await pool.build(1, await smallSetup(), engineRows(data), [])
    await pool.carryOut(1, gradients)
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 400))
    const { user, system } = process.cpuUsage(before)
    // three spinning threads would take several hundred milliseconds
    assert.ok(user + system < 120_000, `${user + system} us of CPU in 400 ms of idleness`)
    await pool.close()
  })

  it('gives the memory of a dropped store back', async () => {
    const pool = new StorePool(2)
    const setup = await smallSetup()
    const nRows = 1_200_000
    const bins = new Uint8Array(new SharedArrayBuffer(nRows * mixedFeatures.length))
    const label = new Float64Array(new SharedArrayBuffer(nRows * 8))
    const blocks = [{ firstRow: 0, nRows, bins }]
    const rows = joinRows(
      [{ nRows, blocks, label, weight: null, initScore: null }], mixedFeatures.length)
    await pool.build(1, setup, rows, [])
    const held = process.memoryUsage().rss
    await pool.drop(1)
    // freed in the background
    let freed = 0
    for (let i = 0; i < 100 && freed < 20e6; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      freed = held - process.memoryUsage().rss
    }
    assert.ok(freed >= 20e6, `${freed} bytes were given back`)
    await pool.close()
  })

  it('keeps no process alive once it is closed, and is one that any process can use', () => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
    const script = `
      import { StorePool } from ${url('../../src/threads/index.js')}
      const pool = new StorePool(2)
      await pool.close()
      process.stdout.write('closed')`
    const cwd = new URL('.', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(
      process.execPath, ['--input-type=module', '-e', script],
      { cwd, encoding: 'utf8', timeout: 15_000 })
    assert.equal(status, 0, stderr)
    assert.equal(stdout, 'closed')
  })
})
