import assert from 'node:assert/strict'
import { metricParts, resolveParams, summarizeRows, targetShape } from '@coppice/engine'
import { engineSetup, metricPart, rowSummary } from '../../src/protocol/engine-schemas.js'
import { checkValue } from '../../src/protocol/schema.js'
import { toWorkerSamples } from './samples.js'

const label = Float64Array.of(3, -2, 3, 1)
const summary = summarizeRows({ nRows: 4, label, weight: null, initScore: null },
  targetShape(resolveParams({ objective: 'cox' })), '')

describe('members that only Cox regression has', () => {
  it('come through as they are', () => {
    assert.deepEqual(summary.events,
      { times: Float64Array.of(1, 3), counts: Float64Array.of(1, 2) })
    assert.deepEqual(checkValue(rowSummary, summary, 'a summary'), summary)
    const [part] = metricParts({ name: 'c_index', topK: 1, parameter: 0 }, { name: 'cox' },
      [Float64Array.of(0, 1, -1, 2)], label, Float64Array.of(1, 2, 3, 4))
    const whole = { dataset: 0, metric: 'c_index', ...part! }
    assert.deepEqual(checkValue(metricPart, whole, 'a part'), whole)
    const short = { ...whole, timed: { ...whole.timed!, upper: Float64Array.of(1) } }
    assert.throws(() => checkValue(metricPart, short, 'a part'), /scores with bounds of a time/)
  })

  it('are refused where times do not ascend, or nothing happened at one', () => {
    const { setup } = Object.values(toWorkerSamples).flat()
      .find((message) => 'setup' in message) as unknown as { setup: { objective: object } }
    const withEvents = (times: readonly number[], counts: readonly number[]) => ({
      ...setup, objective: { ...setup.objective, events: {
        times: Float64Array.from(times), counts: Float64Array.from(counts),
      } },
    })
    const sound = withEvents([1, 2.5], [3, 1])
    assert.deepEqual(checkValue(engineSetup, sound, 'a setup'), sound)
    for (const [times, counts] of [
      [[2, 1], [1, 1]], [[1, 1], [1, 1]], [[0, 1], [1, 1]], [[1, Infinity], [1, 1]],
      [[1, 2], [1]], [[1, 2], [1, 0]], [[1, 2], [1, 0.5]], [[NaN], [1]],
    ] as const) {
      assert.throws(() => checkValue(engineSetup, withEvents(times, counts), 'a setup'),
        /events by ascending time/)
    }
  })
})
