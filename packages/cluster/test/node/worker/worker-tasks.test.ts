import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { ThreadPool } from '@coppice/data/node'
import { WorkerTasks } from '../../../src/node/worker-tasks.js'
import type { TaskBody, TaskResult } from '../../../src/protocol/messages.js'
import { makeFiles } from './made-files.js'
import { plainFiles, surveyedJob } from './surveyed-files.js'

describe('WorkerTasks', function () {
  this.timeout(60_000)
  const made = makeFiles(13, 300, 3)
  const threads = new ThreadPool(1)
  after(async () => {
    await threads.close()
    made.remove()
  })

  it('does nothing about rows where any file is not the one that was planned', async () => {
    const { sources: [sources], recipes: [recipe] } = await surveyedJob(made, threads)
    const { textOptions, partitions } = recipe!
    const run = async (body: TaskBody): Promise<TaskResult> => {
      const tasks = new WorkerTasks(threads, await plainFiles())
      try {
        tasks.setContext({ type: 'context', job: 'job', context: 1, sources: sources!, body: {
          textOptions, columns: [], partitions, scan: null, prediction: null,
        } })
        return await tasks.run({ type: 'task', job: 'job', task: 1, context: 1, body })
      } finally {
        await tasks.close()
      }
    }
    const types: TaskBody = { kind: 'load', task: {
      kind: 'types', partitionIdx: 0, unit: partitions[0]!.plan.units[0]!, columns: [],
    } }
    assert.deepEqual(await run(types), { kind: 'load', result: [] })
    appendFileSync(sources![2]!.uri, '1,2,3,red,1\n')
    await assert.rejects(run(types), { code: 'DATA',
      message: /part-2\.csv has \d+ bytes on worker w1, but had \d+ where the data were planned/ })
    const plan = await run({ kind: 'load', task: { kind: 'plan', partitionIdx: 2 } })
    assert.equal(plan.kind, 'load', 'whoever plans measures')
  })
})
