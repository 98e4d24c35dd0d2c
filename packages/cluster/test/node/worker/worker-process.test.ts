import assert from 'node:assert/strict'
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
})
