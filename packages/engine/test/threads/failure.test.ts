import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { makeDataset } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import { mixedFeatures } from '../support/trainings.js'

const params = { numIterations: 3, numLeaves: 6 }

/** A data set in which one row's bin is beyond the feature's bins: a changed file, bad memory. */
function damaged(feature: number, row: number): BinnedDataset {
  const { data } = makeDataset({
    seed: 2, nRows: 5000, features: mixedFeatures, label: 'regression',
  })
  const block = data.blocks[0]!
  const bins = block.bins.slice()
  bins[row * mixedFeatures.length + feature] = 200
  return { ...data, blocks: [{ ...block, bins }] }
}

describe('a failure in a training', () => {
  for (const nThreads of [0, 1, 2, 3]) {
    const make = () => nThreads === 0 ? new InlineExecutor() : new ThreadExecutor(nThreads)
    const where = nThreads === 0 ? 'inline' : `on ${nThreads} threads`

    it(`finds a histogram that does not add up, ${where}`, async () => {
      for (const [feature, row] of [[0, 2500], [3, 4999], [6, 0]] as const) {
        const executor = make()
        await assert.rejects(
          train({ params, train: damaged(feature, row) }, executor),
          { name: 'CoppiceError', code: 'INTERNAL', message: /does not add up/ })
        // closed twice is closed once
        await executor.close()
      }
    })
  }

  it('rejects when one of three threads cannot load its rows', async () => {
    // rows of the second stripe are in no block: thread 1 of 3 fails, the others wait for it
    const { data } = makeDataset({
      seed: 2, nRows: 4096, features: mixedFeatures, label: 'regression', blocks: [2048],
    })
    const executor = new ThreadExecutor(3)
    const broken = { ...data, blocks: data.blocks.slice(0, 1) }
    await assert.rejects(train({ params, train: broken }, executor), { code: 'INTERNAL' })
    // of no more use, and says so at once
    await assert.rejects(executor.iterate(0, false))
  })

  it('is told each time, however threads hear of it and of the next iteration', async () => {
    // the iteration after it is in the leader's queue
    const broken = damaged(0, 2500)
    for (let turn = 0; turn < 6; turn++) {
      await assert.rejects(train({ params, train: broken }, new ThreadExecutor(2 + turn % 3)),
        { code: 'INTERNAL', message: /does not add up/ })
    }
  })

  it('closes the executor when parameters or data are refused', async () => {
    const { data } = makeDataset({ seed: 2, nRows: 50, features: mixedFeatures,
      label: 'regression' })
    let closed = 0
    let prepared = 0
    const inner = new InlineExecutor()
    const executor = {
      nThreads: 1,
      prepare: () => { prepared++ },
      open: inner.open.bind(inner),
      center: inner.center.bind(inner),
      replay: inner.replay.bind(inner),
      iterate: inner.iterate.bind(inner),
      close: async () => { closed++ },
    }
    await assert.rejects(train({ params: { numLeafs: 3 }, train: data }, executor),
      { code: 'PARAMETER' })
    assert.equal(prepared, 0, 'no thread is started for what is refused at once')
    await assert.rejects(train({ params, train: { ...data, label: null } }, executor),
      { code: 'DATA' })
    assert.equal(closed, 2)
  })

  it('refuses a number of threads that is none', () => {
    for (const n of [0, -1, 1.5, NaN]) {
      assert.throws(() => new ThreadExecutor(n), { code: 'PARAMETER' })
    }
  })
})

describe('ThreadExecutor.close', () => {
  /** Runs a script in a process of its own, which must end by itself. */
  const run = (body: string): string => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
    const script = `
      import { train } from ${url('../../src/training/train.js')}
      import { ThreadExecutor } from ${url('../../src/threads/index.js')}
      import { makeDataset } from '@coppice/testkit'
      const { data } = makeDataset({ seed: 2, nRows: 5000, label: 'regression',
        features: [{ kind: 'numeric', bins: 9 }, { kind: 'numeric', bins: 9 }] })
      const params = ${JSON.stringify(params)}
      ${body}`
    const cwd = new URL('.', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(
      process.execPath, ['--input-type=module', '-e', script],
      { cwd, encoding: 'utf8', timeout: 15_000 })
    assert.equal(status, 0, stderr)
    return stdout
  }

  it('leaves no thread that would keep the process from ending', () => {
    const out = run(`
      await train({ params, train: data }, new ThreadExecutor(3))
      process.stdout.write('trained')`)
    assert.equal(out, 'trained')
  })

  it('leaves no thread after a failure', () => {
    const out = run(`
      data.blocks[0].bins[4] = 99
      await train({ params, train: data }, new ThreadExecutor(3)).catch((error) => {
        process.stdout.write(error.code)
      })`)
    assert.equal(out, 'INTERNAL')
  })

  it('leaves no thread after an abort', () => {
    const out = run(`
      const controller = new AbortController()
      const { stoppedBy } = await train({
        params: { ...params, numIterations: 100000 }, train: data, signal: controller.signal,
        onEvent: ({ kind }) => { if (kind === 'iteration') controller.abort() },
      }, new ThreadExecutor(2))
      process.stdout.write(stoppedBy)`)
    assert.equal(out, 'aborted')
  })

  it('leaves no thread where an executor that is closed is opened', () => {
    const out = run(`
      const executor = new ThreadExecutor(2)
      executor.prepare()
      await executor.close()
      const codes = []
      for (const use of [() => executor.open({}), () => executor.iterate(0, false)]) {
        await use().catch(({ code }) => codes.push(code))
      }
      process.stdout.write(codes.join())`)
    assert.equal(out, 'ABORTED,ABORTED')
  })

  it('may be called while a training runs, which then ends', async () => {
    const { data } = makeDataset({ seed: 2, nRows: 5000, features: mixedFeatures,
      label: 'regression' })
    for (const closeSoon of [setImmediate, queueMicrotask, (close: () => void) => close()]) {
      const executor = new ThreadExecutor(2)
      const { stoppedBy, model } = await train({
        params: { ...params, numIterations: 100000 }, train: data,
        onEvent: ({ kind }) => {
          if (kind === 'iteration') closeSoon(() => { void executor.close() })
        },
      }, executor)
      assert.equal(stoppedBy, 'aborted')
      assert.ok(model.trees.length > 0)
      await assert.rejects(executor.iterate(0, false), { code: 'ABORTED' })
    }
  })
})
