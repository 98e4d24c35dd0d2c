import assert from 'node:assert/strict'
import { ThreadPool } from '@coppice/data/node'
import {
  Booster, type EngineRequest, type EngineSetup, localTraits, mergeSummaries, resolveParams,
  trainingDialogue, type TrainingPlan,
} from '@coppice/engine'
import { type HeldPartition, PartitionCache } from '../../../src/node/worker-partitions.js'
import { WorkerStores } from '../../../src/node/worker-stores.js'
import { needsAnswer } from '../../../src/log/request-log.js'
import type { AnswerPayload, Job } from '../../../src/protocol/messages.js'
import { StarReducer } from '../../../src/reduce/index.js'
import type { EngineWork } from '../../../src/worker/events.js'
import { makeFiles } from './made-files.js'
import { plainFiles, surveyedJob } from './surveyed-files.js'

describe('WorkerStores', function () {
  this.timeout(60_000)
  const made = makeFiles(10, 1000, 4)
  const threads = new ThreadPool(1)
  const stores = new WorkerStores(2)
  let cache: PartitionCache
  let job: Job
  let plan: TrainingPlan

  before(async () => {
    job = await surveyedJob(made, threads)
    cache = new PartitionCache(job, threads, await plainFiles())
    plan = planOf(job, await cache.hold(0, [0, 1, 2, 3, 4, 5]))
  })
  after(async () => {
    await stores.close()
    await cache.close()
    await threads.close()
    made.remove()
  })

  async function open(store: number, partitions: readonly number[]): Promise<EngineSetup> {
    const held = await cache.hold(store, partitions)
    await stores.open(
      store, plan.engine, held, job.recipes.map(({ features }) => features.length))
    return plan.engine
  }

  /** @returns the chunks of the answer, which come in order */
  async function run(work: Extract<EngineWork, { kind: 'run' }>): Promise<AnswerPayload[]> {
    const payloads: AnswerPayload[] = []
    await stores.run(work, (chunk, payload) => {
      assert.equal(chunk, payloads.length)
      payloads.push(payload)
    })
    return payloads
  }

  /** Trains on stores as a coordinator does. @returns the requests of each iteration */
  async function trainOn(ids: readonly number[], nIterations: number): Promise<EngineRequest[][]> {
    const booster = new Booster(plan)
    const reducer = new StarReducer(plan.engine)
    const log: EngineRequest[][] = []
    for (let iteration = 0; iteration < nIterations; iteration++) {
      const requests: EngineRequest[] = []
      const dialogue = booster.iterate(iteration, true)
      for (let step = dialogue.next(null); step.done !== true;) {
        const request = step.value
        requests.push(request)
        const nChunks = reducer.begin(request)
        for (const store of ids) {
          const payloads = await run({
            kind: 'run', store, apply: needsAnswer(request) ? [] : [request],
            answer: needsAnswer(request) ? request : null, isApplied: false,
          })
          assert.equal(payloads.length, needsAnswer(request) ? nChunks : 0)
          payloads.forEach((payload, chunk) => reducer.add(chunk, payload))
        }
        step = dialogue.next(needsAnswer(request) ? reducer.finish() : null)
      }
      log.push(requests)
    }
    return log
  }

  it('has the same digest of a partition in every store that did the same', async () => {
    await open(1, [0, 3, 4])
    await open(2, [1, 2, 5])
    const fresh = await stores.digest(1, 3)
    const log = await trainOn([1, 2], 3)
    // one that catches up by the trees alone, and one that is made of everything
    const trees = log.flat().flatMap((request) =>
      (request.kind === 'commit' ? [{ ...request, leafNodes: null }] : []))
    for (const [store, partitions] of [[3, [3]], [4, [0, 1, 2, 3, 4, 5]], [5, [5, 1]]] as const) {
      await open(store, partitions)
      await run({ kind: 'run', store, apply: trees, answer: null, isApplied: false })
    }
    const digests = new Map<number, string>()
    for (const [store, partition] of [
      [1, 0], [4, 0], [2, 1], [4, 1], [5, 1], [1, 3], [3, 3], [4, 3], [1, 4], [4, 4], [2, 5],
      [5, 5],
    ] as const) {
      const digest = await stores.digest(store, partition)
      assert.equal(digests.get(partition) ?? digest, digest, `store ${store}, ${partition}`)
      digests.set(partition, digest)
    }
    assert.equal(new Set([...digests.values(), fresh]).size, 6)
  })

  it('answers again what it was asked, without carrying it out twice', async () => {
    await open(6, [0, 1])
    const apply: EngineRequest[] = [{ kind: 'gradients', gradientScale: 1024, hessianScale: 1024 }]
    const root: EngineRequest = {
      kind: 'root', output: 0, bag: null,
      mask: new Uint8Array(plan.engine.features.length).fill(1),
    }
    const work = { kind: 'run', store: 6, apply, answer: root, isApplied: false } as const
    const first = await run(work)
    assert.deepEqual(await run({ ...work, apply: [], isApplied: true }), first)
    assert.equal(first.length, 1)
  })

  it('drops a store once, and knows none that it could not build', async () => {
    await open(7, [2])
    await stores.drop(7)
    await stores.drop(7)
    await open(7, [2, 3])
    const held = await cache.hold(8, [0])
    const huge = { ...plan.engine, maxExpansions: 1 << 28 }
    await assert.rejects(stores.open(8, huge, held, [4, 4]), { code: 'MEMORY' })
    await stores.drop(8)
    await assert.rejects(run({
      kind: 'run', store: 8, apply: [], answer: { kind: 'prepare' }, isApplied: false,
    }))
  })
})

function planOf({ recipes }: Job, held: readonly HeldPartition[]): TrainingPlan {
  const data = (set: number) => {
    const summary = mergeSummaries(
      held.filter(({ dataset }) => dataset === set).map(({ info }) => info.summary))
    const { features, classes } = recipes[set]!
    return { nRows: summary.nRows, features, classes, summary }
  }
  const opened = trainingDialogue({
    params: resolveParams({
      objective: 'binary', num_leaves: 8, metric: ['auc'], is_provide_training_metric: true,
    }),
    train: data(0), evalSets: [{ name: 'valid', data: data(1) }],
    executor: { ...localTraits(1), speculation: 4 },
  }).next(null)
  if (opened.done === true || opened.value.kind !== 'open') throw new Error('it begins with open')
  return opened.value.plan
}
