import assert from 'node:assert/strict'
import { mergeSampledValues, ValueSample } from '@coppice/engine'
import type { LoadTask } from '../src/loading/job.js'
import { withLocalMerges } from '../src/loading/local-merges.js'
import type { TaskRunner } from '../src/loading/options.js'

describe('withLocalMerges', () => {
  const sent: LoadTask[] = []
  const far: TaskRunner = {
    nThreads: 3,
    setContext: () => undefined,
    run: (tasks) => {
      sent.push(...tasks)
      return Promise.resolve(tasks.map(() => 'far' as never))
    },
  }
  const sampleOf = (...values: number[]) => {
    const sample = new ValueSample(values.length)
    sample.add(Float64Array.from(values), null)
    return sample.finish()
  }
  const parts = [sampleOf(1, 2, NaN), sampleOf(2, 0)]
  const merge = { kind: 'merge' as const, parts }

  it('merges here, letting others have their turn, and sends everything else', async () => {
    let nPauses = 0
    const pause = () => {
      nPauses++
      return Promise.resolve()
    }
    const done: number[] = []
    const runner = withLocalMerges(far, pause)
    const merged = await runner.run([merge, merge], (n) => done.push(n))
    assert.deepEqual(merged, [mergeSampledValues(parts), mergeSampledValues(parts)])
    assert.deepEqual([nPauses, done, sent], [2, [1, 2], []])
    const hash = { kind: 'hash' as const, partitionIdx: 1 }
    assert.deepEqual(await runner.run([hash]), ['far'])
    assert.deepEqual(sent, [hash])
    assert.deepEqual(await runner.run([]), [])
    assert.equal(runner.nThreads, 3)
  })

  it('stops when it is aborted', async () => {
    const controller = new AbortController()
    const pause = () => {
      controller.abort()
      return Promise.resolve()
    }
    const work = withLocalMerges(far, pause, controller.signal).run([merge, merge])
    await assert.rejects(work, { code: 'ABORTED' })
  })
})
