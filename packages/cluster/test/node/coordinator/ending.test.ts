import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { CoppiceError, serializeModel } from '@coppice/model'
import type { ClusterClient, TrainingOrder } from '../../../src/node/index.js'
import { dataSpec, digestOf, makeData, type MadeData, orderOf, trainHere }
  from './local-training.js'
import { TestCluster } from './test-cluster.js'

/** The message of what a promise rejects with. */
async function refusal(promise: Promise<unknown>): Promise<{ code: string, message: string }> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof CoppiceError, String(error))
    return { code: error.code, message: error.message }
  }
  assert.fail('it was not refused')
}

const params = {
  objective: 'regression', numIterations: 12, numLeaves: 6, learningRate: 0.3, minDataInLeaf: 5,
}

describe('a job on a cluster', function () {
  this.timeout(30_000)
  let cluster: TestCluster
  let client: ClusterClient
  let data: MadeData
  let order: TrainingOrder

  before(async () => {
    data = makeData(11, 'number', {
      train: { nRows: 500, nPartitions: 4 }, valid: { nRows: 100, nPartitions: 2 },
    })
    writeFileSync(data.path('narrow.csv'), 'a,b,c,w,y\n1,2,3,1,0.5\n')
    order = orderOf(params, dataSpec(data.path('train')))
    cluster = await TestCluster.start(2)
    client = await cluster.client()
  })
  after(async () => {
    await cluster.stop()
    data.remove()
  })

  it('ends where a callback says so', async () => {
    const expected = await trainHere(order, {
      callbacks: [({ iteration }) => iteration === 4 ? 'stop' : undefined],
    })
    const result = await client.train({ ...order, wantsGo: true }, {
      onCommitted: ({ iteration }) => iteration === 4 ? 'stop' : 'go',
    })
    assert.equal(result.stoppedBy, 'callback')
    assert.equal(digestOf(result.model), digestOf(expected.model))
  })

  it('waits for a callback that takes its time', async () => {
    const seen: number[] = []
    const result = await client.train({ ...order, wantsGo: true }, {
      onCommitted: async ({ iteration }) => {
        seen.push(iteration)
        const { iteration: committed } = cluster.coordinator.status()
        await new Promise((resolve) => setTimeout(resolve, 20))
        assert.equal(cluster.coordinator.status().iteration, committed, 'nothing went on')
        return 'go' as const
      },
    })
    assert.deepEqual(seen, Array.from({ length: 12 }, (_, i) => i))
    assert.equal(digestOf(result.model), digestOf((await trainHere(order)).model))
  })

  it('rejects with what a callback throws, and ends the job', async () => {
    const broken = new Error('the callback broke')
    await assert.rejects(client.train({ ...order, wantsGo: true }, {
      onCommitted: ({ iteration }) => {
        if (iteration === 2) throw broken
        return 'go'
      },
    }), broken)
    // the next job is not behind it
    const result = await client.train(order)
    assert.equal(result.stoppedBy, 'completed')
  })

  it('gives the model of what is committed when it is aborted', async () => {
    const controller = new AbortController()
    const result = await client.train({ ...order, wantsGo: true }, {
      signal: controller.signal,
      onCommitted: ({ iteration }) => {
        if (iteration === 3) controller.abort()
        return 'go'
      },
    })
    assert.equal(result.stoppedBy, 'aborted')
    const nIterations = result.model.trees.length
    assert.ok(nIterations >= 4 && nIterations <= 5, `${nIterations} iterations`)
    const expected = await trainHere(order, {
      callbacks: [({ iteration }) => iteration + 1 === nIterations ? 'stop' : undefined],
    })
    assert.equal(digestOf(result.model), digestOf(expected.model))
  })

  it('is refused when it is aborted while its data are read', async () => {
    const controller = new AbortController()
    const { code } = await refusal(client.train(order, {
      signal: controller.signal, onLoading: () => controller.abort(),
    }))
    assert.equal(code, 'ABORTED')
    assert.equal((await client.train(order)).stoppedBy, 'completed')
  })

  it('waits behind another one, and is told so', async () => {
    const notices: string[] = []
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => { release = resolve })
    const first = client.train({ ...order, wantsGo: true }, {
      onCommitted: async () => {
        await held
        return 'go' as const
      },
    })
    const controller = new AbortController()
    const second = client.train(order, {
      onNotice: (text) => {
        notices.push(text)
        if (text === 'the job waits in the queue, behind another one') controller.abort()
      },
    })
    const third = client.train(order, { signal: controller.signal })
    assert.deepEqual(await refusal(third), {
      code: 'ABORTED', message: 'training was aborted before it began',
    })
    release()
    const expected = digestOf((await trainHere(order)).model)
    for (const result of [await first, await second]) {
      assert.equal(digestOf(result.model), expected)
    }
  })

  it('goes on from a model', async () => {
    const whole = await trainHere(order)
    const part = await trainHere(order, {
      callbacks: [({ iteration }) => iteration === 6 ? 'stop' : undefined],
    })
    const iterations: number[] = []
    const result = await client.train({ ...order, resumeFrom: serializeModel(part.model) }, {
      onEvent: (event) => {
        if (event.kind === 'started') assert.equal(event.firstIteration, 7)
        if (event.kind === 'iteration') iterations.push(event.iteration)
      },
    })
    assert.deepEqual(iterations, [7, 8, 9, 10, 11])
    assert.equal(digestOf(result.model), digestOf(whole.model))
  })

  const wrong: Readonly<Record<string, (order: TrainingOrder) => TrainingOrder>> = {
    'an unknown label column': (right) =>
      ({ ...right, train: dataSpec(data.path('train'), { roles: { label: 'z' } }) }),
    'a file that is not there': (right) =>
      ({ ...right, train: dataSpec(data.path('nowhere/x.csv')) }),
    'a parameter out of range': (right) => ({ ...right, params: { ...params, numLeaves: 1 } }),
    'an unknown parameter': (right) => ({ ...right, params: { ...params, numLeafs: 7 } }),
    'early stopping with nothing to watch': (right) =>
      ({ ...right, params: { ...params, earlyStoppingRound: 3 } }),
    'more classes than the objective has': (right) => ({
      ...right, labelKind: 'class', params: { ...params, objective: 'binary' },
    }),
    'an evaluation set without a feature': (right) => ({
      ...right,
      evalSets: [{ name: 'valid', data: dataSpec(data.path('narrow.csv')) }],
    }),
    'equal names of evaluation sets': (right) => ({
      ...right,
      evalSets: [1, 2].map(() => ({ name: 'valid', data: dataSpec(data.path('valid')) })),
    }),
    'a column that is a number but for one text': (right) =>
      ({ ...right, train: dataSpec(data.path('train'), { schema: { color: 'int' } }) }),
    'a model to go on from that is another one\'s': (right) => right,
  }

  for (const [what, change] of Object.entries(wrong)) {
    it(`is refused with the words of a training in one process: ${what}`, async () => {
      let changed = change(order)
      if (what.startsWith('a model')) {
            const other = await trainHere(orderOf({ ...params, numLeaves: 3 }, order.train))
        changed = { ...order, resumeFrom: serializeModel(other.model) }
      }
      const expected = await refusal(trainHere(changed))
      const found = await refusal(client.train(changed))
      const toldHere = found.message.replace(
        / \(on workers? w[01](, w1)?; paths are those of the workers\)$/, '')
      assert.equal(toldHere, expected.message)
      assert.equal(found.code, expected.code)
    })
  }

  it('is refused when its paths are relative', async () => {
    const { message } = await refusal(client.train({ ...order, train: dataSpec('train/x.csv') }))
    assert.match(message, /"train\/x\.csv" is a relative path.*absolute path or a uri/)
  })
})
