import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import type { CodeModule } from '../../src/custom/types.js'
import { endIdleWorkers } from '../../src/threads/idle-workers.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import { digest, mixedFeatures } from '../support/trainings.js'

/** How many threads are started while something is done. */
async function countStarts(work: () => Promise<unknown>): Promise<number> {
  let n = 0
  const count = (): void => { n++ }
  process.on('worker', count)
  try {
    await work()
    // the event comes in the next turn
    await new Promise((resolve) => { setImmediate(resolve) })
  } finally {
    process.off('worker', count)
  }
  return n
}

type Label = 'binary' | 'regression' | { readonly classes: number }

function rows(nRows: number, label: Label, seed = 1): BinnedDataset {
  return makeDataset({ seed, nRows, features: mixedFeatures, label }).data
}

const short = { numIterations: 4, numLeaves: 6 }

/** Trainings of several shapes: more rows and fewer, classes grown apart, bags, drawn gradients. */
const trainings = [
  { params: { ...short, objective: 'binary' }, data: rows(3000, 'binary'), nThreads: 2 },
  { params: { ...short, objective: 'regression' }, data: rows(9000, 'regression'), nThreads: 2 },
  { params: { ...short, objective: 'multiclass', numClass: 3 }, data: rows(900, { classes: 3 }),
    nThreads: 2 },
  { params: { ...short, objective: 'binary', baggingFraction: 0.5, baggingFreq: 1 },
    data: rows(2000, 'binary', 5), nThreads: 3 },
  { params: { ...short, objective: 'regression', dataSampleStrategy: 'goss', learningRate: 0.9 },
    data: rows(2500, 'regression', 6), nThreads: 1 },
] as const

async function digestOf({ params, data, nThreads }: (typeof trainings)[number]): Promise<string> {
  return digest((await train({ params, train: data }, new ThreadExecutor(nThreads))).model)
}

describe('threads that one training leaves to the next', () => {
  beforeEach(endIdleWorkers)
  after(endIdleWorkers)

  it('are used again, as many as there are', async () => {
    const [first] = trainings
    assert.equal(await countStarts(() => digestOf(first)), 2)
    assert.equal(await countStarts(() => digestOf(first)), 0)
    assert.equal(await countStarts(() => digestOf({ ...first, nThreads: 3 } as never)), 1)
    assert.equal(await countStarts(() => Promise.all([digestOf(first), digestOf(first)])), 1)
    await endIdleWorkers()
    assert.equal(await countStarts(() => digestOf(first)), 2)
  })

  it('grow the trees that new ones grow, whatever they have grown before', async () => {
    const expected: string[] = []
    for (const training of trainings) {
      await endIdleWorkers()
      expected.push(await digestOf(training))
    }
    await endIdleWorkers()
    const order = [0, 1, 2, 3, 4, 3, 1, 4, 2, 0, 2, 1]
    assert.equal(await countStarts(async () => {
      for (const k of order) assert.equal(await digestOf(trainings[k]!), expected[k], `${k}`)
    }), 3)
  })

  it('are left where an iteration was under way', async () => {
    const { params, data } = trainings[1]
    const long = { ...params, numIterations: 10_000 }
    const controller = new AbortController()
    const stopped = (): Promise<unknown> => train({
      params: long, train: data,
      callbacks: [({ iteration }) => iteration === 3 ? 'stop' : undefined],
    }, new ThreadExecutor(2))
    assert.equal(await countStarts(stopped), 2)
    assert.equal(await countStarts(stopped), 0)
    const aborted = (): Promise<unknown> => train({
      params: long, train: data, signal: controller.signal,
      onEvent: ({ kind }) => { if (kind === 'iteration') controller.abort() },
    }, new ThreadExecutor(2))
    assert.equal(await countStarts(aborted), 0)
    assert.equal(await countStarts(stopped), 0)
  })

  it('are ended after a failure', async () => {
    const data = rows(3000, 'regression')
    const [block] = data.blocks
    const bins = block!.bins.slice()
    // beyond the feature's bins
    bins[4] = 200
    const broken = { ...data, blocks: [{ ...block!, bins }] }
    const fails = (): Promise<unknown> => assert.rejects(
      train({ params: short, train: broken }, new ThreadExecutor(2)), { code: 'INTERNAL' })
    assert.equal(await countStarts(fails), 2)
    assert.equal(await countStarts(fails), 2)
    assert.equal(await countStarts(() => digestOf(trainings[0])), 2)
  })

  it('are ended where they have code of the user', async () => {
    const modules: CodeModule[] = [
      { key: 'k', file: 'loss.mjs', source: 'export const nothing = {}' }]
    const runs = (): Promise<unknown> => train(
      { params: short, train: rows(500, 'regression') }, new ThreadExecutor(1, modules))
    assert.equal(await countStarts(() => digestOf(trainings[4])), 1)
    assert.equal(await countStarts(runs), 0)
    assert.equal(await countStarts(runs), 1)
    assert.equal(await countStarts(() => digestOf(trainings[4])), 1)
  })

  it('may have been closed before they began', async () => {
    const executor = new ThreadExecutor(2)
    assert.equal(await countStarts(async () => executor.prepare()), 2)
    await executor.close()
    assert.equal(await countStarts(() => digestOf(trainings[0])), 0)
  })
})
