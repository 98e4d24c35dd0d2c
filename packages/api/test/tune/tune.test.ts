import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { cv, Dataset, train, tune, type TuneResult } from '../../src/index.js'
import { ConnectedCluster } from '../../src/cluster/connected-cluster.js'
import { planRungs } from '../../src/tune/rungs.js'
import { gridTrials, parseSpace, randomTrials } from '../../src/tune/space.js'
import { FakeClient } from '../cluster/fake-client.js'
import { asColumns, makeFlowers, rejects, temporaryFolder } from '../support.js'

const flowers = makeFlowers(300, 71)
const noisy = flowers.label.map((label, row) => row % 5 === 0 ? 1 - label : label)
const data = (): Dataset => Dataset.from(asColumns(flowers), noisy)
const base = { objective: 'binary', metric: ['binary_logloss', 'auc'], numIterations: 4 } as const
const space = {
  num_leaves: { integer: [3, 15] }, learningRate: { loguniform: [0.02, 0.5] },
  minDataInLeaf: [5, 20],
} as const

function digestOf({ booster, ...rest }: TuneResult): string {
  return createHash('sha256').update(JSON.stringify([rest, String(booster)])).digest('hex')
}

describe('tune', () => {
  const file = temporaryFolder()

  it('scores a grid as cv does, and trains the best on all rows', async () => {
    const grid = { numLeaves: [3, 9], learningRate: [0.05, 0.4] }
    const result = await tune(base, grid, data(), { nFolds: 2 })
    assert.deepEqual(result.trials.map(({ params }) => params), [
      { learningRate: 0.05, numLeaves: 3 }, { learningRate: 0.05, numLeaves: 9 },
      { learningRate: 0.4, numLeaves: 3 }, { learningRate: 0.4, numLeaves: 9 }])
    for (const { params, score, stdv, iteration, status } of result.trials) {
      const { metrics } = await cv({ ...base, ...params }, data(), { nFolds: 2 })
      assert.equal(score, metrics['valid binary_logloss-mean']!.at(-1))
      assert.equal(stdv, metrics['valid binary_logloss-stdv']!.at(-1))
      assert.deepEqual([iteration, status], [4, 'done'])
    }
    assert.equal(result.best.score, Math.min(...result.trials.map(({ score }) => score!)))
    assert.deepEqual(result.params, { ...base, ...result.best.params })
    assert.equal(String(result.booster), String(await train(result.params, data())))
  })

  it('takes the iterations that early stopping found for the model of all rows', async () => {
    const stopping = { ...base, numIterations: 80, earlyStoppingRound: 4 }
    const result = await tune(stopping, { learningRate: [0.3, 0.5] }, data(),
      { validationFraction: 0.3 })
    assert.ok(result.best.iteration! < 70)
    assert.equal(result.booster!.nIterations, result.best.iteration)
    assert.equal(result.params.earlyStoppingRound, undefined)
    const judged = await train({ ...stopping, ...result.best.params }, data(),
      { validationFraction: 0.3 })
    assert.equal(result.best.score,
      judged.evalResult['validation']!['binary_logloss']![result.best.iteration! - 1])
  })

  it('is the same on threads', async () => {
    const options = { search: 'halving', nTrials: 2, nFolds: 2 } as const
    const one = await tune({ ...base, numThreads: 1 }, space, data(), options)
    const three = await tune({ ...base, numThreads: 3 }, space, data(), options)
    assert.deepEqual(three.trials, one.trials)
    assert.equal(String(three.booster), String(one.booster))
  })

  it('is the same on a cluster, and after an end in the middle', async () => {
    const cluster = new ConnectedCluster('ws://127.0.0.1:1', new FakeClient(file('.')))
    for (const search of ['random', 'halving'] as const) {
      const options = { search, nTrials: 4, nFolds: 2, searchSeed: 5 }
      const whole = await tune(base, space, data(), options)
      const digest = digestOf(whole)
      const there = await tune(base, space, data(), { ...options, cluster })
      assert.deepEqual(there.trials, whole.trials)
      assert.equal(String(there.booster), String(whole.booster))
      const journal = file(`${search}.jsonl`)
      const end = new AbortController()
      let nTold = 0
      await rejects(tune(base, space, data(), { ...options, journal,
        signal: end.signal, onTrial: () => void (++nTold === 3 && end.abort()) }), 'ABORTED')
      const text = readFileSync(journal, 'utf8')
      assert.equal(text.split('\n').length, 5, 'a head and three trials')
      // the last line is torn
      truncateSync(journal, text.length - 7)
      const again = await tune(base, space, data(), { ...options, journal })
      assert.equal(digestOf(again), digest)
      assert.equal(readFileSync(journal, 'utf8').split('\n').length, again.trials.length + 2)
      await rejects(tune({ ...base, numIterations: 9 }, space, data(), { ...options, journal }),
        'IO', journal, 'another space')
    }
  })

  it('gives the better trials of a halving more', async () => {
    const iterations = await tune({ ...base, numIterations: 9 }, space, data(),
      { search: 'halving', nTrials: 9, nFolds: 2, refit: false })
    assert.deepEqual(iterations.trials.map(({ rung, iteration }) => [rung, iteration]),
      [...Array<number[]>(9).fill([0, 1]), [1, 3], [1, 3], [1, 3], [2, 9]])
    const second = iterations.trials.filter(({ rung }) => rung === 0)
      .sort((a, b) => a.score! - b.score! || a.trial - b.trial).slice(0, 3)
    assert.deepEqual(iterations.trials.slice(9, 12).map(({ trial }) => trial),
      second.map(({ trial }) => trial).sort((a, b) => a - b))
    assert.equal(iterations.booster, null)
    const last = iterations.trials.at(-1)!
    const { metrics } = await cv({ ...base, numIterations: 9, ...last.params }, data(),
      { nFolds: 2 })
    assert.equal(last.score, metrics['valid binary_logloss-mean']!.at(-1))
    const rows = await tune(base, space, data(), { search: 'halving', nTrials: 4, nFolds: 2,
      halving: { resource: 'rows', factor: 2, min: 50 }, refit: false })
    assert.deepEqual(rows.trials.map(({ rung }) => rung), [0, 0, 0, 0, 1, 1, 2])
    const full = await cv({ ...base, ...rows.best.params }, data(), { nFolds: 2 })
    assert.equal(rows.best.score, full.metrics['valid binary_logloss-mean']!.at(-1))
  })

  it('reports trials that are refused, and goes on', async () => {
    const result = await tune({ ...base, baggingFraction: 0.5 }, { baggingFreq: [0, 1] }, data(),
      { nFolds: 2 })
    assert.deepEqual(result.trials.map(({ status }) => status), ['refused', 'done'])
    assert.match(result.trials[0]!.message!, /bagging_fraction = 0.5 does nothing/)
    assert.equal(result.best.trial, 1)
    await rejects(tune(base, { numLeaves: [0, 1] }, data(), { nFolds: 2 }), 'PARAMETER',
      'no trial of 2', 'num')
  })

  it('refuses what it cannot search', async () => {
    const refuses = (given: object, options: object, ...words: string[]): Promise<void> =>
      rejects(tune(base, given as never, data(), options), 'PARAMETER', ...words)
    await refuses({}, {}, 'search space')
    await refuses({ leaves: [1] }, {}, '"leaves"')
    await refuses({ objective: ['binary'] }, {}, 'cannot be compared')
    await refuses({ numLeaves: [] }, {}, 'numLeaves', 'at least one')
    await refuses({ numLeaves: { integer: [5, 2] } }, {}, 'min <= max')
    await refuses({ learningRate: { loguniform: [0, 1] } }, {}, 'above 0')
    await refuses({ learningRate: { normal: [0, 1] } }, {}, 'loguniform')
    await refuses({ num_leaves: [3], maxLeaves: [4] }, {}, 'two names')
    await refuses({ numLeaves: { integer: [2, 5] } }, { search: 'grid' }, 'lists of values')
    await refuses({ numLeaves: [3] }, { nTrials: 3 }, 'nTrials', 'grid')
    await refuses({ numLeaves: [3] }, { halving: {} }, 'search = halving')
    await refuses({ numLeaves: [3] }, { validationFraction: 0.1, nFolds: 2 }, 'nFolds')
    await refuses({ numLeaves: [3] }, { trials: 3 }, 'nTrials')
    await refuses({ numIterations: [3] }, { search: 'halving' }, 'numIterations')
    const journal = file('other.jsonl')
    writeFileSync(journal, 'something else\n')
    await rejects(tune(base, { numLeaves: [3] }, data(), { journal }), 'IO', journal)
    assert.equal(readFileSync(journal, 'utf8'), 'something else\n')
  })
})

describe('randomTrials', () => {
  it('draws evenly within the ranges, each parameter by itself', () => {
    const dimensions = parseSpace({
      learningRate: { loguniform: [0.01, 1] }, lambdaL2: { uniform: [-1, 3] },
      numLeaves: { integer: [2, 5] }, maxBin: { loginteger: [1, 8] }, extra_seed: ['a', 'b'],
    })
    const trials = randomTrials(dimensions, 4000, 3)
    const share = (name: string, isIn: (value: number) => boolean): number =>
      trials.filter((trial) => isIn(trial[name] as number)).length / trials.length
    const near = (found: number, meant: number): void =>
      assert.ok(Math.abs(found - meant) < 0.03, `${found} instead of ${meant}`)
    near(share('learningRate', (x) => x < 0.1), 0.5)
    near(share('lambdaL2', (x) => x < 0), 0.25)
    for (const k of [2, 3, 4, 5]) near(share('numLeaves', (x) => x === k), 0.25)
    near(share('maxBin', (x) => x <= 2), 0.5)
    assert.equal(share('maxBin', (x) => Number.isInteger(x) && x >= 1 && x <= 8), 1)
    assert.equal(share('learningRate', (x) => x >= 0.01 && x <= 1), 1)
    const fewer = randomTrials(dimensions.slice(1), 10, 3)
    assert.deepEqual(fewer.map(({ numLeaves }) => numLeaves),
      trials.slice(0, 10).map(({ numLeaves }) => numLeaves))
    assert.notDeepEqual(randomTrials(dimensions, 10, 4), trials.slice(0, 10))
  })
})

describe('gridTrials', () => {
  it('has all combinations', () => {
    assert.equal(gridTrials(parseSpace({ maxBin: [1, 2, 3], numLeaves: [4, 5] })).length, 6)
    assert.equal(gridTrials(parseSpace({ metricFreq: [1, '1', true] })).length, 3)
    assert.throws(() => parseSpace({ maxBin: [4, 5, 4] }), /maxBin have 4 twice/)
    assert.throws(() => parseSpace({ evalAt: { choice: [[1, 2], [1], [1, 2]] } }), /\[1,2\] twice/)
  })
})

describe('planRungs', () => {
  it('ends with the whole resource, and begins with no less than the least', () => {
    assert.deepEqual(planRungs(27, { factor: 3, min: 1, max: 81 }),
      [[27, 3], [9, 9], [3, 27], [1, 81]].map(([nTrials, amount]) => ({ nTrials, amount })))
    assert.deepEqual(planRungs(27, { factor: 3, min: 20, max: 81 }).map(({ amount }) => amount),
      [27, 81])
    assert.deepEqual(planRungs(1, { factor: 2, min: 1, max: 10 }), [{ nTrials: 1, amount: 10 }])
    assert.deepEqual(planRungs(5, { factor: 2, min: 1, max: 8 }).map(({ nTrials }) => nTrials),
      [5, 3, 2, 1])
  })
})
