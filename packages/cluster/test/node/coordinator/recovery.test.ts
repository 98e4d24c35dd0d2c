import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { CoppiceError, serializeModel } from '@coppice/model'
import { readJournal } from '../../../src/journal/reader.js'
import { deferred } from '../../../src/jobs/deferred.js'
import { type JournalDisk, type JournalHandle, nodeDisk } from '../../../src/node/journal-disk.js'
import type { TrainingOrder } from '../../../src/node/index.js'
import { eventually } from '../../support/eventually.js'
import { FaultyProxy } from '../../support/faulty-proxy.js'
import { dataSpec, digestOf, makeData, type MadeData, orderOf, trainHere }
  from './local-training.js'
import { TestCluster } from './test-cluster.js'

const params = {
  objective: 'binary', numIterations: 10, numLeaves: 6, learningRate: 0.3, minDataInLeaf: 5,
  metric: 'auc', earlyStoppingRound: 4,
}

/** A disk that is full for as long as it is told to be. */
function fullDisk(): { disk: JournalDisk, isFull: boolean, nRefused: number } {
  const state = { isFull: false, nRefused: 0, disk: nodeDisk }
  const wrap = (handle: JournalHandle): JournalHandle => ({
    ...handle,
    write: async (bytes, position) => {
      if (!state.isFull) return handle.write(bytes, position)
      state.nRefused++
      // a part of it fits
      await handle.write(bytes.subarray(0, 7), position)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    },
  })
  state.disk = {
    ...nodeDisk,
    open: async (path) => {
      const handle = await nodeDisk.open(path)
      return handle === null ? null : wrap(handle)
    },
    create: async (path) => wrap(await nodeDisk.create(path)),
  }
  return state
}

describe('a job that is disturbed', function () {
  this.timeout(40_000)
  let data: MadeData
  let order: TrainingOrder
  let expected: string
  let nExpected: number
  let journalDir: string
  let cluster: TestCluster | null = null

  before(async () => {
    data = makeData(12, 'two-texts', {
      train: { nRows: 500, nPartitions: 4 }, valid: { nRows: 150, nPartitions: 2 },
    })
    order = orderOf(params, dataSpec(data.path('train')), {
      evalSets: [{ name: 'valid', data: dataSpec(data.path('valid')) }],
    })
    const { model } = await trainHere(order)
    expected = digestOf(model)
    nExpected = model.trees.length
    assert.ok(nExpected > 6, `${nExpected} iterations`)
  })
  after(() => data.remove())
  beforeEach(() => {
    journalDir = mkdtempSync(join(tmpdir(), 'coppice-journals-'))
  })
  afterEach(async () => {
    await cluster?.stop()
    cluster = null
    rmSync(journalDir, { recursive: true, force: true })
  })

  for (const wantsGo of [true, false]) {
    it(`goes on after its coordinator was stopped twice, ${wantsGo ? 'with' : 'without'} a client `
      + 'that answers', async () => {
      cluster = await TestCluster.start(2, { journalDir })
      const client = await cluster.client()
      const iterations: number[] = []
      let nStarted = 0
      const restart = async (): Promise<void> => {
        await cluster!.stopCoordinator()
        await cluster!.startCoordinator()
      }
      const result = await client.train({ ...order, wantsGo }, {
        onEvent: (event) => {
          if (event.kind === 'started') nStarted++
        },
        onCommitted: async ({ iteration }) => {
          iterations.push(iteration)
          if (iteration === 2 || iteration === 5) await restart()
          return 'go' as const
        },
      })
      assert.equal(digestOf(result.model), expected)
      assert.equal(result.stoppedBy, (await trainHere(order)).stoppedBy)
      assert.deepEqual(iterations, Array.from({ length: nExpected }, (_, i) => i))
      assert.equal(nStarted, 1)
    })
  }

  it('stops where the client said so before the coordinator was lost', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const client = await cluster.client()
    const result = await client.train({ ...order, wantsGo: true }, {
      onCommitted: async ({ iteration }) => {
        if (iteration < 3) return 'go'
        assert.equal(iteration, 3, 'asked once')
        await cluster!.stopCoordinator()
        await cluster!.startCoordinator()
        return 'stop'
      },
    })
    const local = await trainHere(order, {
      callbacks: [({ iteration }) => iteration === 3 ? 'stop' : undefined],
    })
    assert.equal(result.stoppedBy, 'callback')
    assert.equal(digestOf(result.model), digestOf(local.model))
  })

  it('goes on from a model, over a restart', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const client = await cluster.client()
    const part = await trainHere(order, {
      callbacks: [({ iteration }) => iteration === 2 ? 'stop' : undefined],
    })
    const result = await client.train({ ...order, resumeFrom: serializeModel(part.model) }, {
      onCommitted: async ({ iteration }) => {
        if (iteration === 4) {
          await cluster!.stopCoordinator()
          await cluster!.startCoordinator()
        }
        return 'go' as const
      },
    })
    assert.equal(digestOf(result.model), expected)
  })

  it('ends without its client, who gets the model later, also of another coordinator', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const client = await cluster.client()
    const leaving = client.train(order, { onCommitted: ({ iteration }) => {
      if (iteration === 1) void client.close()
      return 'go'
    } }, 'job-1')
    await assert.rejects(leaving, (error) => error instanceof CoppiceError)
    await cluster.stopCoordinator()
    await cluster.startCoordinator()
    await eventually('the job ends', () => cluster!.coordinator.status().phase === 'idle', 20_000)
    const again = await cluster.client()
    const iterations: number[] = []
    const handlers = { onCommitted: ({ iteration }: { iteration: number }) => {
      iterations.push(iteration)
      return 'go' as const
    } }
    assert.equal(digestOf((await again.train(order, handlers, 'job-1')).model), expected)
    await cluster.stopCoordinator()
    await cluster.startCoordinator()
    assert.equal(digestOf((await again.train(order, handlers, 'job-1')).model), expected)
    const all = Array.from({ length: nExpected }, (_, i) => i)
    assert.deepEqual(iterations, [...all, ...all])
    assert.deepEqual(kindsIn(journalDir, 'job-1'), [
      'job', 'plan', ...all.map(() => 'iteration'), 'end',
    ])
  })

  it('is not harmed by a client whose connection breaks again and again', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const proxy = await FaultyProxy.start(cluster.port)
    try {
      const notices: string[] = []
      const client = await cluster.client(proxy.port)
      const iterations: number[] = []
      const result = await client.train({ ...order, wantsGo: true }, {
        onNotice: (text) => notices.push(text),
        onCommitted: ({ iteration }) => {
          iterations.push(iteration)
          if (iteration % 4 === 1) proxy.reset()
          return 'go'
        },
      })
      assert.equal(digestOf(result.model), expected)
      assert.deepEqual(iterations, Array.from({ length: nExpected }, (_, i) => i))
      assert.ok(notices.some((text) => text.startsWith('the connection to the coordinator was')))
    } finally {
      await proxy.stop()
    }
  })

  it('waits for a disk that is full, and loses nothing', async () => {
    const full = fullDisk()
    cluster = await TestCluster.start(1, { journalDir, internal: { disk: full.disk } })
    const client = await cluster.client()
    const notices: string[] = []
    let nCommitted = 0
    const result = await client.train(order, {
      onCommitted: ({ iteration }) => {
        nCommitted = iteration + 1
        if (iteration === 2) full.isFull = true
        return 'go'
      },
      onNotice: (text) => {
        notices.push(text)
        if (!text.includes('cannot write to the journal')) return
        assert.match(text, /full\.journal: the disk is full.*the training waits until it can go on/)
        assert.ok(nCommitted >= 3 && nCommitted <= 5, `${nCommitted} iterations`)
        setTimeout(() => { full.isFull = false }, 100)
      },
    }, 'full')
    assert.ok(full.nRefused > 0)
    assert.ok(notices.some((text) => text.endsWith('can be written again')))
    assert.equal(digestOf(result.model), expected)
    await eventually('the end is written', () => kindsIn(journalDir, 'full').at(-1) === 'end')
    assert.equal(kindsIn(journalDir, 'full').length, nExpected + 3)
  })

  it('is done in its turn when the coordinator is lost while it waits in the queue', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const client = await cluster.client()
    const leaver = await cluster.client()
    const queued = deferred<void>()
    const first = client.train({ ...order, wantsGo: true }, {
      onCommitted: async ({ iteration }) => {
        if (iteration > 0) return 'go'
        const second = leaver.train(order, { onNotice: (text) => {
          if (text.startsWith('the job waits in the queue')) void leaver.close()
        } }, 'queued')
        await assert.rejects(second)
        await cluster!.stopCoordinator()
        assert.deepEqual(kindsIn(journalDir, 'queued'), ['job'])
        await cluster!.startCoordinator()
        queued.resolve()
        return 'go' as const
      },
    })
    await queued.promise
    assert.deepEqual(cluster.coordinator.status().queue, ['queued'])
    assert.equal(digestOf((await first).model), expected)
    await eventually('it is done', () => kindsIn(journalDir, 'queued').at(-1) === 'end', 20_000)
    const again = await cluster.client()
    assert.equal(digestOf((await again.train(order, {}, 'queued')).model), expected)
  })

  it('can be aborted while its coordinator is away', async () => {
    cluster = await TestCluster.start(1, { journalDir })
    const client = await cluster.client()
    const controller = new AbortController()
    const result = await client.train({ ...order, wantsGo: true }, {
      signal: controller.signal,
      onCommitted: async ({ iteration }) => {
        if (iteration !== 1) return 'go'
        await cluster!.stopCoordinator()
        controller.abort()
        await cluster!.startCoordinator()
        return 'go' as const
      },
    })
    assert.equal(result.stoppedBy, 'aborted')
    assert.equal(result.model.trees.length, 2)
  })

  it('is kept for later when its client is gone and has to answer', async () => {
    cluster = await TestCluster.start(1, { journalDir, clientGraceMs: 100 })
    const client = await cluster.client()
    await assert.rejects(client.train({ ...order, wantsGo: true }, {
      onCommitted: ({ iteration }) => {
        if (iteration === 3) void client.close()
        return 'go'
      },
    }, 'left'))
    await eventually('it is given up', () => cluster!.notices.some((line) =>
      line.startsWith('job left failed: the client that has to answer after iteration 3 was gone')))
    assert.deepEqual(kindsIn(journalDir, 'left').slice(-1), ['iteration'])
    const again = await cluster.client()
    const result = await again.train({ ...order, wantsGo: true }, {}, 'left')
    assert.equal(digestOf(result.model), expected)
  })

  it('fails when no worker comes, names what is missing, and can be gone on with', async () => {
    cluster = await TestCluster.start(0, { journalDir, stallMs: 300 })
    const client = await cluster.client()
    await assert.rejects(client.train(order, {}, 'stalled'), (error) =>
      error instanceof CoppiceError && error.code === 'ABORTED' &&
      /^0 of at least 1 workers were there for 0 s; start more, or give the coordinator a lo/
        .test(error.message))
    cluster.addWorker('late')
    const result = await client.train(order, {}, 'stalled')
    assert.equal(digestOf(result.model), expected)
  })
})

/** Kinds of the records in a job's journal. */
function kindsIn(folder: string, job: string): string[] {
  assert.ok(readdirSync(folder).includes(`${job}.journal`))
  const { records, damage } = readJournal(readFileSync(join(folder, `${job}.journal`)), crc32)
  assert.equal(damage, null)
  return records.map(({ kind }) => kind)
}
