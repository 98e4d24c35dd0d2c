import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { makeDataset } from '@coppice/testkit'
import { engineRows, joinRows } from '../../src/execution/engine-rows.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import type {
  EngineSetup, GradientsRequest, RootRequest, RoundRequest,
} from '../../src/execution/protocol.js'
import { StorePool } from '../../src/threads/index.js'
import { storesContract, treesContract } from '../execution/stores-contract.js'
import { randomDeal, StoresExecutor } from '../execution/stores-executor.js'
import { storesTrainings } from '../execution/stores-trainings.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'

for (const nThreads of [1, 2, 3]) {
  describe(`StorePool of ${nThreads} threads`, () => {
    const trainings = nThreads === 3 ? storesTrainings : [storesTrainings[nThreads - 1]!]
    storesContract((n) => Array.from({ length: n }, () => new StorePool(nThreads)), trainings)

    it('tells of sums while others are made, and fails with whoever is told', async () => {
      const pool = new StorePool(nThreads)
      // a request that is watched by an executor is checked against the whole answer
      const executor = new StoresExecutor({ pools: [pool], deal: randomDeal(1, 1) })
      const params = { objective: 'binary', numIterations: 2, numLeaves: 31, speculation: 8 }
      await trainWatched({ params, train: data }, executor)
      assert.ok(executor.nEarly > 20, `${executor.nEarly} histograms were early`)
      const setup = { ...await smallSetup(), maxExpansions: 8 }
      await pool.build(1, setup, engineRows(data), [])
      const root: RootRequest = {
        kind: 'root', output: 0, bag: null, mask: new Uint8Array(mixedFeatures.length),
      }
      await pool.carryOut(1, root)
      const split = { leftBins: new Uint8Array(32).fill(0x55), feature: 0 }
      const totals = { gradient: 0n, hessian: 0n, count: 1 }
      const leaf = { leftTotals: totals, rightTotals: totals, leftMask: root.mask, rightMask: null }
      const round: RoundRequest = {
        kind: 'round', released: [], expansions: Array.from({ length: 8 }, (_, i) =>
          ({ parent: 2 * i, left: 2 * i + 1, right: 2 * i + 2, ...split, ...leaf })),
      }
      const take = (): void => { throw new Error('no room for sums') }
      await assert.rejects(
        pool.carryOut(1, round, { every: 1, take }), { message: 'no room for sums' })
      await pool.close()
    })
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
    // enough for each thread to hold more than it leaves to V8's own time
    const nRows = 2_400_000
    const bins = new Uint8Array(new SharedArrayBuffer(nRows * mixedFeatures.length))
    // no two features are at one bin mostly, and stored together then
    for (let i = 0; i < bins.length; i++) bins[i] = i % 3 % 2
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
    // closed first: threads left over would keep a failed test's process alive
    await pool.close()
    assert.ok(freed >= 20e6, `${freed} bytes were given back`)
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
