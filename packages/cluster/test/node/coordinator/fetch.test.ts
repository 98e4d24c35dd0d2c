import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serializeModel } from '@coppice/model'
import type { ClusterClient, TrainingOrder } from '../../../src/node/index.js'
import { dataSpec, digestOf, makeData, type MadeData, orderOf, trainHere }
  from './local-training.js'
import { TestCluster } from './test-cluster.js'

const params = {
  objective: 'regression', numIterations: 10, numLeaves: 5, learningRate: 0.3, minDataInLeaf: 5,
}

/** Something that happens later. */
class Gate {
  open: () => void = () => undefined
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

describe('ClusterClient.fetch', function () {
  this.timeout(30_000)
  let cluster: TestCluster
  let client: ClusterClient
  let data: MadeData
  let order: TrainingOrder
  let expected: string
  let journalDir: string

  before(async () => {
    data = makeData(17, 'number', { train: { nRows: 400, nPartitions: 3 } })
    order = orderOf(params, dataSpec(data.path('train')))
    expected = digestOf((await trainHere(order)).model)
    journalDir = mkdtempSync(join(tmpdir(), 'coppice-fetch-'))
    cluster = await TestCluster.start(1, { journalDir })
    client = await cluster.client()
  })
  after(async () => {
    await cluster.stop()
    data.remove()
    rmSync(journalDir, { recursive: true })
  })

  it('waits for a job under way, with its progress, and does not disturb its client', async () => {
    const [heard, begun] = [new Gate(), new Gate()]
    const training = client.train({ ...order, wantsGo: true }, {
      onCommitted: async ({ iteration }) => {
        if (iteration === 3) {
          begun.open()
          await heard.opened
        }
        return 'go' as const
      },
    }, 'watched')
    await begun.opened
    const told: string[] = []
    const fetched = await (await cluster.client()).fetch('watched', {
      onEvent: (event) => {
        if (event.kind === 'started') heard.open()
        told.push(event.kind === 'iteration' ? `${event.iteration}` : event.kind)
      },
    })
    assert.deepEqual(told, ['started', '4', '5', '6', '7', '8', '9', 'stopped'])
    assert.equal(digestOf(fetched.model), expected)
    assert.equal(fetched.stoppedBy, 'completed')
    assert.equal(digestOf((await training).model), expected)
  })

  it('gives the model of a client that is gone', async () => {
    const gone = await cluster.client()
    const training = gone.train(order, {
      onEvent: ({ kind }) => {
        if (kind === 'iteration') void gone.close()
      },
    }, 'left-behind')
    await assert.rejects(training, { code: 'ABORTED' })
    assert.equal(digestOf((await client.fetch('left-behind')).model), expected)
  })

  it('gives the models of jobs that ended, also before the coordinator started', async () => {
    const direct = await client.train(order, {}, 'ended')
    const events: string[] = []
    for (const restarts of [false, true]) {
      if (restarts) {
        await cluster.stopCoordinator()
        await cluster.startCoordinator()
      }
      const fetched = await client.fetch('ended', { onEvent: ({ kind }) => events.push(kind) })
      assert.equal(serializeModel(fetched.model), serializeModel(direct.model))
      const { ended } = await client.status()
      const { endedAt, ...rest } = ended.find(({ job }) => job === 'ended')!
      assert.deepEqual(rest,
        { job: 'ended', kind: 'training', state: 'done', text: 'completed' })
      assert.ok(Math.abs(Date.parse(endedAt) - Date.now()) < 60_000)
    }
    assert.equal(events.filter((kind) => kind === 'stopped').length, 2)
  })

  it('ends with the error that the job ended with', async () => {
    const wrong = { ...order, train: dataSpec(data.path('nowhere/x.csv')) }
    const error: unknown = await client.train(wrong, {}, 'wrong').catch((thrown: unknown) => thrown)
    const { code, message } = error as { code: string, message: string }
    assert.equal(code, 'IO')
    await assert.rejects(client.fetch('wrong'), { code, message })
    const { ended } = await client.status()
    assert.deepEqual(ended.filter(({ job }) => job === 'wrong').map(({ state, text }) =>
      [state, text]), [['failed', message]])
  })

  it('tells of a job that was left, and gives its model once it went on', async () => {
    const lonely = await TestCluster.start(0, {
      stallMs: 100, journalDir: join(journalDir, 'lonely'),
    })
    try {
      const owner = await lonely.client()
      await assert.rejects(owner.train(order, {}, 'lonely'),
        { code: 'ABORTED', message: /^0 of at least 1 workers were there/ })
      await assert.rejects(owner.fetch('lonely'), {
        code: 'IO', message: /job "lonely" did not come to its end: 0 of at least 1 workers/,
      })
      await lonely.stopCoordinator()
      await lonely.startCoordinator({ stallMs: 60_000 })
      lonely.addWorker('w0')
      assert.equal(digestOf((await owner.fetch('lonely')).model), expected)
    } finally {
      await lonely.stop()
    }
  })

  it('refuses jobs that are not known, that are predictions, or have no name', async () => {
    await assert.rejects(client.fetch('nobody'),
      { code: 'PARAMETER', message: /there is no job "nobody" here; coppice status tells/ })
    await assert.rejects(client.fetch('a/b'), { code: 'PARAMETER' })
    const model = new TextEncoder().encode(serializeModel((await client.fetch('ended')).model))
    const spec = {
      data: dataSpec(data.path('train')), model, type: 'raw' as const, iterations: null, keep: [],
    }
    const during: Promise<unknown>[] = []
    await client.predict(spec, {
      onPlanned: () => void during.push(client.fetch('predicted').catch((error: unknown) => error)),
      onBatch: () => Promise.all(during).then(() => undefined),
    }, 'predicted')
    const isPrediction = { code: 'PARAMETER', message: /job "predicted" is a prediction/ }
    await assert.rejects(async () => { throw await during[0] }, isPrediction)
    await assert.rejects(client.fetch('predicted'), isPrediction)
  })

  it('says of what is not kept how it ended', async () => {
    const forgetful = await TestCluster.start(1)
    try {
      const owner = await forgetful.client()
      for (let i = 0; i < 5; i++) {
        await owner.train({ ...order, params: { ...params, numIterations: 1 } }, {}, `job-${i}`)
      }
      await assert.rejects(owner.fetch('job-0'),
        { code: 'IO', message: /job "job-0" ended \(completed\), and is not kept any more/ })
      assert.equal((await owner.fetch('job-1')).model.trees.length, 1)
    } finally {
      await forgetful.stop()
    }
  })

  it('leaves the job alone when it is aborted, or when who listens fails', async () => {
    const heard = new Gate()
    const begun = new Gate()
    const training = client.train({ ...order, wantsGo: true }, {
      onCommitted: async ({ iteration }) => {
        begun.open()
        if (iteration === 2) await heard.opened
        return 'go' as const
      },
    }, 'undisturbed')
    await begun.opened
    const controller = new AbortController()
    await assert.rejects(client.fetch('undisturbed', {
      signal: controller.signal, onEvent: () => controller.abort(),
    }), { code: 'ABORTED', message: /aborted; it goes on/ })
    const broken = new Error('the listener broke')
    await assert.rejects(client.fetch('undisturbed', {
      onEvent: () => { throw broken },
    }), broken)
    heard.open()
    assert.equal((await training).stoppedBy, 'completed')
  })
})
