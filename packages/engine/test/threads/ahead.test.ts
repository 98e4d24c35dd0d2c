import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { Executor } from '../../src/training/executor.js'
import { train } from '../../src/training/train.js'
import type { TrainingCallback } from '../../src/training/types.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

describe('threads that begin with an iteration before it is asked for', () => {
  const params = { objective: 'binary', numLeaves: 6, numIterations: 9, metricFreq: 2 }
  const { data } = makeDataset(
    { seed: 4, nRows: 2500, features: mixedFeatures, label: 'binary' })
  const options = { params: { ...params, isProvideTrainingMetric: true }, train: data }
  const turn = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms) })

  it('give the same model, whether it is asked for in the middle or after the end', async () => {
    const expected = (await train(options, new InlineExecutor())).model
    // the next iteration is over, mostly, when every third one is announced
    const waits: TrainingCallback = async ({ iteration }) => {
      if (iteration % 3 === 0) await turn(20)
    }
    const { model, watched } = await trainWatched(
      { ...options, callbacks: [waits] }, new ThreadExecutor(2))
    assert.equal(digest(model), digest(expected))
    assert.deepEqual(model.evaluation, expected.evaluation)
    assert.deepEqual(watched.records.map(({ metricParts }) => metricParts.length),
      [0, 2, 0, 2, 0, 2, 0, 2, 2])
  })

  it('leave the model where a callback ends the training', async () => {
    const stops: TrainingCallback = async ({ iteration }) => {
      await turn(5)
      return iteration === 2 ? 'stop' : undefined
    }
    const stopped = async (executor: Executor): Promise<string> =>
      digest((await train({ ...options, callbacks: [stops] }, executor)).model)
    assert.equal(await stopped(new ThreadExecutor(2)), await stopped(new InlineExecutor()))
  })

  it('tell of a failure of the next iteration only when it is asked for', async () => {
    // residuals grow until their gradients have no scale any more
    const diverging = { objective: 'poisson', learningRate: 1e4, numLeaves: 3, numIterations: 40 }
    const { data: counts } = makeDataset(
      { seed: 4, nRows: 300, features: mixedFeatures, label: 'counts' })
    const endOf = async (executor: Executor): Promise<readonly [number, string]> => {
      let last = -1
      const error: unknown = await train({
        params: diverging, train: counts, callbacks: [async ({ iteration }) => {
          last = iteration
          await turn(5)
        }],
      }, executor).then(() => null, (reason: unknown) => reason)
      assert.ok(error instanceof Error, 'it fails')
      return [last, error.message]
    }
    assert.deepEqual(await endOf(new ThreadExecutor(2)), await endOf(new InlineExecutor()))
  })
})
