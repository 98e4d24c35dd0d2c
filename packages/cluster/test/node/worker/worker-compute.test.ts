import assert from 'node:assert/strict'
import { ThreadPool } from '@coppice/data/node'
import type { EngineSetup } from '@coppice/engine'
import { WorkerCompute } from '../../../src/node/worker-compute.js'
import type { Job } from '../../../src/protocol/messages.js'
import type { EngineWork, WorkerEvent } from '../../../src/worker/events.js'
import { eventually } from '../../support/eventually.js'
import { makeFiles } from './made-files.js'
import { plainFiles, surveyedJob } from './surveyed-files.js'

const setup: EngineSetup = {
  features: Array.from({ length: 4 }, () => ({ nBins: 255, missingBin: -1, isCategorical: false })),
  objective: {
    objective: { name: 'binary', sigmoid: 1 }, binaryWeights: [1, 1], gradientBound: 1,
    hessianBound: 0.25,
  },
  nOutputs: 1, baseScores: [0], fixedScores: null, initScoreQuantum: 1,
  scan: {
    lambdaL1: 0, lambdaL2: 0, minDataInLeaf: 1, minSumHessianInLeaf: 0, minGainToSplit: 0,
    maxDeltaStep: 0, catSmooth: 10, catL2: 10, maxCatThreshold: 32, maxCatToOnehot: 4,
    minDataPerGroup: 100, extraTrees: false,
  },
  usesBagging: false, usesGoss: false, maxExpansions: 2, maxLeaves: 4, metrics: [],
  evaluatesTraining: false,
}

describe('WorkerCompute', function () {
  this.timeout(60_000)
  const made = makeFiles(11, 600, 3)
  let job: Job
  let compute: WorkerCompute
  let events: WorkerEvent[] = []
  let nTickets = 0

  before(async () => {
    const threads = new ThreadPool(1)
    job = await surveyedJob(made, threads)
    await threads.close()
  })
  beforeEach(async () => {
    events = []
    compute = new WorkerCompute({
      nThreads: 1, files: await plainFiles(), emit: (event) => events.push(event),
    })
  })
  afterEach(() => compute.close())
  after(() => made.remove())

  /** Waits for so many events, and takes them. */
  async function next(n: number): Promise<WorkerEvent[]> {
    await eventually(`${n} events`, () => events.length >= n, 20_000)
    return events.splice(0)
  }

  function engine(work: EngineWork): void {
    compute.perform({ kind: 'engine', ticket: ++nTickets, work })
  }

  function load(store: number, partitions: readonly number[]): void {
    compute.perform({ kind: 'load', job: 'job', store, partitions })
  }

  it('loads, opens, runs and drops a store', async () => {
    compute.perform({ kind: 'job', job })
    load(1, [0, 3])
    const [loaded] = await next(1)
    assert.ok(loaded?.kind === 'loaded')
    assert.deepEqual(loaded.partitions.map(({ partition }) => partition), [0, 3])
    engine({ kind: 'open', store: 1, setup })
    assert.deepEqual(await next(1), [{ kind: 'engine-done', ticket: nTickets }])
    engine({ kind: 'run', store: 1, apply: [], answer: { kind: 'prepare' }, isApplied: false })
    const [answered, done] = await next(2)
    assert.ok(answered?.kind === 'engine-part' && answered.payload.kind === 'maximum')
    assert.deepEqual([answered.ticket, answered.chunk], [nTickets, 0])
    assert.deepEqual(done, { kind: 'engine-done', ticket: nTickets })
    engine({ kind: 'digest', store: 1, partition: 3 })
    const [digested] = await next(1)
    assert.ok(digested?.kind === 'digest-done')
    assert.match(digested.digest, /^[0-9a-f]{64}$/)
    engine({ kind: 'drop', store: 1 })
    assert.equal((await next(1))[0]!.kind, 'engine-done')
  })

  it('says of a store whose engines do not fit that it cannot be held', async () => {
    compute.perform({ kind: 'job', job })
    load(1, [0])
    await next(1)
    engine({ kind: 'open', store: 1, setup: { ...setup, maxExpansions: 1 << 28 } })
    const [failed, done] = await next(2)
    assert.ok(failed?.kind === 'load-failed')
    assert.deepEqual([failed.store, failed.partition, failed.error.code], [1, null, 'MEMORY'])
    assert.deepEqual(done, { kind: 'engine-done', ticket: nTickets })
    // a setup that is of other data is refused before engines trust it
    load(3, [2])
    await next(1)
    engine({ kind: 'open', store: 3, setup: { ...setup, features: setup.features.slice(1) } })
    const [refused] = await next(1)
    assert.ok(refused?.kind === 'engine-failed')
    assert.match(refused.error.message, /setup is for 3 features, and does not fit the 4 of/)
    // the others go on
    load(2, [1])
    await next(1)
    engine({ kind: 'open', store: 2, setup })
    assert.equal((await next(1))[0]!.kind, 'engine-done')
  })

  it('tells of nothing that was unloaded, and loads it anew under the same number', async () => {
    compute.perform({ kind: 'job', job })
    load(1, [0, 1, 2])
    compute.perform({ kind: 'unload', store: 1 })
    load(1, [2])
    const [loaded] = await next(1)
    assert.ok(loaded?.kind === 'loaded')
    assert.deepEqual(loaded.partitions.map(({ partition }) => partition), [2])
  })

  it('lets go of a job that is over, and takes the next', async () => {
    compute.perform({ kind: 'job', job })
    load(1, [0])
    await next(1)
    engine({ kind: 'open', store: 1, setup })
    await next(1)
    load(2, [1, 2])
    compute.perform({ kind: 'job', job: null })
    // what is left to drop is gone already
    engine({ kind: 'drop', store: 1 })
    assert.deepEqual(await next(1), [{ kind: 'engine-done', ticket: nTickets }])
    compute.perform({ kind: 'job', job: { ...job, job: 'next' } })
    compute.perform({ kind: 'load', job: 'next', store: 1, partitions: [1] })
    const [loaded] = await next(1)
    assert.ok(loaded?.kind === 'loaded' && loaded.job === 'next')
  })

  it('tells of work that cannot even be begun', async () => {
    // what no schema lets pass breaks before anything is awaited
    const unforeseen = null as never
    load(7, [0])
    const none = await next(1)
    assert.ok(none[0]?.kind === 'load-failed' && none[0].store === 7)
    assert.match(none[0].error.message, /job job is under way/)
    compute.perform({ kind: 'job', job: { ...job, sources: unforeseen } })
    load(1, [0])
    assert.equal(events.length, 0, 'not within the call')
    const [failed] = await next(1)
    assert.ok(failed?.kind === 'load-failed' && failed.store === 1)
    assert.match(failed.error.message, /^internal error: .*null/)
    compute.perform({ kind: 'context', context: {
      type: 'context', job: 'job', context: 1, sources: unforeseen,
      body: { ...job.recipes[0]!, scan: null, prediction: null },
    } })
    compute.perform({ kind: 'task', task: {
      type: 'task', job: 'job', task: 5, context: 1,
      body: { kind: 'load', task: { kind: 'plan', partitionIdx: 0 } },
    } })
    const [task] = await next(1)
    assert.ok(task?.kind === 'task-failed' && task.task === 5)
    assert.match(task.error.message, /^internal error: .*null/)
  })

  it('carries out tasks, and tells of those it cannot', async () => {
    const context = {
      type: 'context', job: 'job', context: 1, sources: job.sources[0]!,
      body: { ...job.recipes[0]!, scan: null, prediction: null },
    } as const
    compute.perform({ kind: 'context', context })
    const plan = (task: number, number: number, partitionIdx: number): void =>
      compute.perform({ kind: 'task', task: {
        type: 'task', job: 'job', task, context: number,
        body: { kind: 'load', task: { kind: 'plan', partitionIdx } },
      } })
    plan(1, 1, 0)
    const [done] = await next(1)
    assert.ok(done?.kind === 'task-done' && done.task === 1 && done.result.kind === 'load')
    assert.deepEqual(done.result.result, {
      plan: job.recipes[0]!.partitions[0]!.plan,
      byteLength: job.recipes[0]!.partitions[0]!.byteLength,
    })
    plan(2, 7, 0)
    const [failed] = await next(1)
    assert.ok(failed?.kind === 'task-failed' && failed.task === 2)
    assert.match(failed.error.message, /context 7 .* is unknown/)
    compute.perform({ kind: 'task', task: {
      type: 'task', job: 'job', task: 3, context: 0,
      body: { kind: 'resolve', inputs: [`${made.train}/none-*.csv`], format: null },
    } })
    const [missing] = await next(1)
    assert.ok(missing?.kind === 'task-failed')
    assert.equal(missing.error.code, 'IO')
    assert.equal(missing.isFinal, false, 'another worker may have the folder')
    for (const uri of ['ftp://host/a.csv', 'https://host/folder/']) {
      compute.perform({ kind: 'task', task: {
        type: 'task', job: 'job', task: 4, context: 0,
        body: { kind: 'resolve', inputs: [uri], format: null },
      } })
      const [refused] = await next(1)
      assert.ok(refused?.kind === 'task-failed' && refused.isFinal, uri)
    }
  })
})
