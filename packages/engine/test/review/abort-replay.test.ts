import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { Executor } from '../../src/training/executor.js'
import { train } from '../../src/training/train.js'
import { digest } from '../support/trainings.js'

describe('an abort while a resumed training replays its model', () => {
  const { data } = makeDataset({
    seed: 3, nRows: 3000, label: 'regression',
    features: [{ kind: 'numeric', bins: 30 }, { kind: 'numeric', bins: 9 }],
  })
  const params = { numIterations: 40, numLeaves: 8 }

  /** Aborts when the replay begins. */
  function abortingAt(inner: Executor, controller: AbortController): Executor {
    return {
      nThreads: inner.nThreads,
      open: (job) => inner.open(job),
      center: (signal) => inner.center(signal),
      replay: (iterations, signal) => {
        const replayed = inner.replay(iterations, signal)
        controller.abort()
        return replayed
      },
      iterate: () => assert.fail('no iteration follows an abort'),
      close: () => inner.close(),
    }
  }

  for (const make of [() => new InlineExecutor(), () => new ThreadExecutor(2)]) {
    it(`ends it with the model as it was: ${make().constructor.name}`, async () => {
      const { model: resumeFrom } = await train({
        params, train: data, callbacks: [({ iteration }) => iteration === 20 ? 'stop' : undefined],
      }, new InlineExecutor())
      const controller = new AbortController()
      const { model, stoppedBy } = await train(
        { params, train: data, resumeFrom, signal: controller.signal },
        abortingAt(make(), controller))
      assert.equal(stoppedBy, 'aborted')
      assert.equal(digest(model), digest(resumeFrom))
    })
  }
})
