import assert from 'node:assert/strict'
import { EarlyStopping, type EarlyStoppingParams } from '../../src/training/early-stopping.js'
import { History } from '../../src/training/history.js'
import type { MetricValue } from '../../src/training/types.js'

const metric = (
  value: number, name = 'l2', dataset = 'valid', higherIsBetter = false,
): MetricValue => ({ dataset, metric: name, value, higherIsBetter })

/** Feeds iterations until it stops. Returns [iteration of the stop or -1, best iteration]. */
function run(
  params: Partial<EarlyStoppingParams>, iterations: readonly (readonly MetricValue[])[],
  ignored: string | null = null,
): [number, number | null] {
  const stopping = new EarlyStopping(
    { rounds: 2, minDelta: 0, firstMetricOnly: false, ...params }, ignored)
  const stop = iterations.findIndex((metrics, i) => stopping.update(i, metrics))
  return [stop, stopping.bestIteration()]
}
const series = (...values: number[]): MetricValue[][] => values.map((value) => [metric(value)])

describe('EarlyStopping', () => {
  it('stops when nothing was better for `rounds` iterations, at the best one', () => {
    assert.deepEqual(run({}, series(5, 4, 3, 4, 5, 1)), [4, 3])
    assert.deepEqual(run({ rounds: 1 }, series(5, 4, 4, 3)), [2, 2])
    assert.deepEqual(run({ rounds: 3 }, series(5, 4, 6, 6, 3, 2)), [-1, 6])
  })

  it('wants strictly more than min_delta', () => {
    assert.deepEqual(run({}, series(4, 4, 4)), [2, 1])
    assert.deepEqual(run({ minDelta: 0.5 }, series(4, 3.6, 3.5)), [2, 1])
    assert.deepEqual(run({ minDelta: 0.5 }, series(4, 3.6, 3.4, 3.3)), [-1, 3])
  })

  it('knows metrics where more is better', () => {
    const auc = (...values: number[]) => values.map((v) => [metric(v, 'auc', 'valid', true)])
    assert.deepEqual(run({}, auc(0.5, 0.7, 0.6, 0.7)), [3, 2])
  })

  it('stops for any pair of data set and metric', () => {
    const pairs = [[1, 9], [2, 8], [3, 7]].map(([a, b]) => [metric(b!), metric(a!, 'l1')])
    assert.deepEqual(run({}, pairs), [2, 1])
    const sets = [[9, 1], [8, 2], [7, 3]].map(([a, b]) =>
      [metric(a!, 'l2', 'one'), metric(b!, 'l2', 'two')])
    assert.deepEqual(run({}, sets), [2, 1])
  })

  it('looks at the first metric only if told to, of all data sets', () => {
    const pairs = [[1, 9], [2, 8], [3, 7]].map(([a, b]) => [metric(b!), metric(a!, 'l1')])
    assert.deepEqual(run({ firstMetricOnly: true }, pairs), [-1, 3])
    const second = pairs.map((own, i) => [...own, metric(i, 'l2', 'other')])
    assert.deepEqual(run({ firstMetricOnly: true }, second), [2, 1])
  })

  it('ignores the training set', () => {
    const pairs = [[1, 9], [2, 8], [3, 7]].map(([a, b]) =>
      [metric(a!, 'l2', 'training'), metric(b!)])
    assert.deepEqual(run({}, pairs, 'training'), [-1, 3])
  })

  it('counts iterations, not evaluations', () => {
    // evaluated in every third iteration only
    const sparse = [[], [], [metric(5)], [], [], [metric(6)]]
    assert.deepEqual(run({ rounds: 3 }, sparse), [5, 3])
    assert.deepEqual(run({ rounds: 4 }, sparse), [-1, 3])
  })

  it('stops a metric that is not a number', () => {
    assert.deepEqual(run({}, series(3, NaN, NaN)), [2, 1])
  })

  it('is off at 0 rounds', () => {
    assert.deepEqual(run({ rounds: 0 }, series(1, 2, 3, 4)), [-1, null])
  })
})

describe('History', () => {
  it('keeps a series for each data set and metric, and gives back what it was given', () => {
    const history = new History()
    const given = [
      [2, [metric(1), metric(0.5, 'auc', 'valid', true), metric(3, 'l2', 'training')]],
      [5, [metric(0.9), metric(0.6, 'auc', 'valid', true), metric(2, 'l2', 'training')]],
    ] as const
    for (const [iteration, metrics] of given) history.add(iteration, metrics)
    history.add(6, [])
    assert.deepEqual(history.series(), [
      { dataset: 'valid', metric: 'l2', iterations: [2, 5], values: [1, 0.9] },
      { dataset: 'valid', metric: 'auc', iterations: [2, 5], values: [0.5, 0.6] },
      { dataset: 'training', metric: 'l2', iterations: [2, 5], values: [3, 2] },
    ])
    assert.deepEqual([...new History(history.series()).byIteration()], given)
  })

  it('gives copies: a checkpoint does not grow', () => {
    const history = new History()
    history.add(0, [metric(1)])
    const checkpoint = history.series()
    const resumed = new History(checkpoint)
    history.add(1, [metric(2)])
    resumed.add(1, [metric(3)])
    assert.deepEqual(checkpoint[0]!.values, [1])
    assert.deepEqual(resumed.series()[0]!.values, [1, 3])
  })
})
