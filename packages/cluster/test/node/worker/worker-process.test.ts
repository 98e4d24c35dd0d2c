import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Token } from '../../../src/transport/index.js'
import { eventually } from '../../support/eventually.js'
import { digestOf, makeFiles, trainedHere } from './made-files.js'
import { TinyCoordinator, type TinyOptions } from './tiny-coordinator.js'
import { WorkerChildren } from './worker-children.js'

const secret = 'a token of a test, 0123456789'.replaceAll(/[ ,]/g, '-')
const token = new Token(secret, 'the test')
const params = {
  objective: 'binary', numIterations: 8, numLeaves: 15, metric: ['auc', 'binary_logloss'],
  baggingFraction: 0.7, baggingFreq: 2,
}

describe('runWorker', function () {
  this.timeout(30_000)
  const files = makeFiles(5, 6000, 7)
  const children = new WorkerChildren()
  let coordinator: TinyCoordinator
  let expected = ''

  before(async () => {
    expected = await trainedHere(files, 'y', params)
  })
  afterEach(async () => {
    await children.stop()
    await coordinator.close()
  })
  after(() => files.remove())

  async function start(minWorkers: number, options: Partial<TinyOptions> = {}): Promise<void> {
    coordinator = await TinyCoordinator.start({ token, minWorkers, ...options })
  }

  const training = { train: files.train, valid: files.valid, label: 'y', params }

  for (const [nWorkers, threads] of [[1, 2], [2, 1], [3, 2]] as const) {
    it(`trains the bytes of one thread: ${nWorkers} workers of ${threads}`, async () => {
      await start(nWorkers)
      for (let w = 0; w < nWorkers; w++) {
        children.start({ coordinator: coordinator.url, token: secret, threads })
      }
      const { model } = await coordinator.train(training)
      assert.equal(digestOf(model), expected)
      assert.equal(coordinator.workers.length, nWorkers)
    })
  }

  it('goes on without a worker that was killed, and gives the same bytes', async () => {
    await start(2)
    const workers = ['a', 'b', 'c'].map((name) =>
      children.start({ coordinator: coordinator.url, token: secret, name }))
    await eventually('all are in', () => coordinator.workers.length === 3)
    const { model } = await coordinator.train({ ...training, onIteration: (iteration) => {
      if (iteration === 2) process.kill(workers[1]!.pid, 'SIGKILL')
    } })
    assert.equal(digestOf(model), expected)
    const notices = coordinator.notices.join('\n')
    assert.match(notices, /worker b lost: .* partitions? moved to/)
  })

  it('hands its partitions over at SIGTERM and ends with 0', async () => {
    await start(2)
    const workers = ['a', 'b', 'c'].map((name) =>
      children.start({ coordinator: coordinator.url, token: secret, name }))
    await eventually('all are in', () => coordinator.workers.length === 3)
    const many = { ...training, params: { ...params, numIterations: 30 } }
    const result = coordinator.train({ ...many, onIteration: (iteration) => {
      if (iteration === 1) process.kill(workers[1]!.pid, 'SIGTERM')
    } })
    const { code, stderr } = await workers[1]!.exit
    assert.equal(code, 0, stderr)
    assert.equal(digestOf((await result).model), await trainedHere(files, 'y', many.params))
    assert.ok(coordinator.notices.includes('worker b left'))
    assert.equal(coordinator.notices.some((text) => text.includes('lost')), false)
  })

  it('comes back after its connection broke, with what it held', async () => {
    await start(2, { graceMs: 3000 })
    for (const name of ['a', 'b']) {
      children.start({ coordinator: coordinator.url, token: secret, name })
    }
    const { model } = await coordinator.train({ ...training, onIteration: (iteration) => {
      if (iteration === 1 || iteration === 4) coordinator.cut('a')
    } })
    assert.equal(digestOf(model), expected)
    assert.equal(coordinator.notices.some((text) => text.includes('lost')), false)
    assert.ok(coordinator.received.get('hello')! >= 4)
  })

  it('serves one job after another, and a coordinator that was started again', async () => {
    await start(1)
    const { port } = coordinator
    children.start({ coordinator: coordinator.url, token: secret })
    for (let n = 0; n < 2; n++) {
      assert.equal(digestOf((await coordinator.train(training)).model), expected)
    }
    await coordinator.close()
    await start(1, { port })
    assert.equal(digestOf((await coordinator.train(training)).model), expected)
  })

  it('ends at once when whoever started it does', async () => {
    await start(1)
    const worker = children.start({ coordinator: coordinator.url, token: secret })
    await eventually('it is in', () => coordinator.workers.length === 1)
    worker.process.stdin!.end()
    const { code, stderr } = await worker.exit
    assert.equal(code, 3)
    assert.match(stderr, /the process that started it has ended/)
  })

  it('ends at the second signal, or when it is not let go in time', async () => {
    // a coordinator that has lost its voice: it takes what comes and lets nobody go
    await start(1, { leaseMs: 60_000, minWorkers: 1 })
    const mute = { coordinator: coordinator.url, token: secret }
    const first = children.start({ ...mute, name: 'first' })
    const second = children.start({ ...mute, name: 'second', drainMs: 100 })
    await eventually('they are in', () => coordinator.workers.length === 2)
    coordinator.isMute = true
    process.kill(first.pid, 'SIGTERM')
    await eventually('it heard', () => first.lines.some((line) => line.includes('asked to leave')))
    process.kill(first.pid, 'SIGTERM')
    process.kill(second.pid, 'SIGTERM')
    assert.deepEqual([(await first.exit).code, (await second.exit).code], [3, 3])
    assert.match((await second.exit).stderr, /not let go within 0.1 s/)
  })

  it('says why it is refused, and gives up on nobody', async () => {
    await start(1, { build: 'another' })
    const options = { coordinator: coordinator.url, token: secret, coordinatorGraceMs: 300 }
    const other = children.start(options)
    const stranger = children.start({ ...options, token: 'not-the-token-of-this-test' })
    const lonely = children.start({ ...options, coordinator: 'ws://127.0.0.1:9' })
    const exits = await Promise.all([other.exit, stranger.exit, lonely.exit])
    assert.deepEqual(exits.map(({ code }) => code), [1, 2, 3])
    assert.match(exits[0].stderr, /build .* another: their models could differ/)
    assert.match(exits[1].stderr, /token/)
    assert.match(exits[2].stderr, /no connection for .* nothing listens there/)
  })

  it('tells which partition cannot be read', async () => {
    const broken = makeFiles(6, 400, 4)
    try {
      await start(1)
      children.start({ coordinator: coordinator.url, token: secret })
      // surveyed with the files whole, loaded with one gone
      const result = coordinator.train({
        train: broken.train, valid: broken.valid, label: 'y', params,
        beforeLoading: () => rmSync(join(broken.train, 'part-2.csv')),
      })
      await assert.rejects(result, /part-2\.csv/)
      assert.equal(coordinator.failures.length, 1)
      assert.deepEqual([coordinator.failures[0]!.partition, coordinator.failures[0]!.error.code],
        [2, 'IO'])
    } finally {
      broken.remove()
    }
  })
})
