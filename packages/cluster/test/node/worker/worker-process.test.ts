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

/** For processes to start on a machine that has other things to do. */
const patienceMs = 20_000

describe('runWorker', function () {
  this.timeout(60_000)
  const files = makeFiles(5, 3000, 6)
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

  it('trains the bytes of one thread with 1, 2 and 3 workers of 1 or 2 threads', async () => {
    await start(1)
    for (const threads of [2, 1, 2]) {
      children.start({ coordinator: coordinator.url, token: secret, threads })
      const n = children.size
      await eventually('it is in', () => coordinator.workers.length === n, patienceMs)
      const { model } = await coordinator.train(training)
      assert.equal(digestOf(model), expected, `${n} workers`)
    }
    // each of them held some of it
    assert.equal(coordinator.holders.size, 3)
  })

  /** Two workers, of which the first is sent a signal while they train. */
  async function trainWithout(signal: NodeJS.Signals, nIterations: number) {
    await start(1)
    const workers = await startTwo()
    const long = { ...params, numIterations: nIterations }
    const result = coordinator.train({ ...training, params: long, onIteration: (iteration) => {
      if (iteration === 1) process.kill(workers[0]!.pid, signal)
    } })
    const { code, stderr } = await workers[0]!.exit
    const { model } = await result
    assert.equal(digestOf(model), await trainedHere(files, 'y', long))
    return { code, stderr }
  }

  async function startTwo() {
    const workers = ['a', 'b'].map((name) =>
      children.start({ coordinator: coordinator.url, token: secret, name }))
    await eventually('both are in', () => coordinator.workers.length === 2, patienceMs)
    return workers
  }

  it('goes on without a worker that was killed, and gives the same bytes', async () => {
    await trainWithout('SIGKILL', 8)
    assert.match(coordinator.notices.join('\n'), /worker a lost: .* partitions? moved to b/)
  })

  it('hands its partitions over at SIGTERM and ends with 0', async () => {
    const { code, stderr } = await trainWithout('SIGTERM', 30)
    assert.equal(code, 0, stderr)
    assert.ok(coordinator.notices.includes('worker a left'))
    assert.doesNotMatch(coordinator.notices.join('\n'), /lost/)
  })

  it('comes back after its connection broke, with what it held', async () => {
    await start(1, { graceMs: 10_000 })
    await startTwo()
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
    await eventually('it is in', () => coordinator.workers.length === 1, patienceMs)
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
    await eventually('they are in', () => coordinator.workers.length === 2, patienceMs)
    coordinator.isMute = true
    process.kill(first.pid, 'SIGTERM')
    await eventually('it heard', () => first.lines.join('').includes('asked to leave'), patienceMs)
    process.kill(first.pid, 'SIGTERM')
    process.kill(second.pid, 'SIGTERM')
    assert.deepEqual([(await first.exit).code, (await second.exit).code], [3, 3])
    assert.match((await second.exit).stderr, /not let go within 0.1 s/)
  })

  it('does not wait for a coordinator that is gone before it leaves', async () => {
    await start(1)
    const worker = children.start({ coordinator: coordinator.url, token: secret, drainMs: 60_000 })
    await eventually('it is in', () => coordinator.workers.length === 1, patienceMs)
    coordinator.isMute = true
    process.kill(worker.pid, 'SIGTERM')
    await eventually('it heard', () => worker.lines.join('').includes('asked to leave'), patienceMs)
    await coordinator.close()
    assert.equal((await worker.exit).code, 0)
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

  it('says which message it cannot understand, and comes back', async () => {
    await start(1)
    children.start({ coordinator: coordinator.url, token: secret, name: 'a' })
    await eventually('it is in', () => coordinator.workers.length === 1, patienceMs)
    coordinator.tell('a', { type: 'hold', job: 'j', view: -1, stores: [] })
    await eventually('it is back', () => coordinator.received.get('hello') === 2, patienceMs)
    const told = coordinator.notices.filter((text) => text.startsWith('worker a cannot go on'))
    assert.equal(told.length, 1)
    assert.match(told[0]!, /cannot understand what the coordinator sent: message "hold", \.view/)
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
