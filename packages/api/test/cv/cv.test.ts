import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { datasetFromMemory } from '@coppice/data'
import { InlineExecutor, train as trainEngine, type TrainingEvent } from '@coppice/engine'
import { ThreadExecutor } from '@coppice/engine/threads'
import { CoppiceError, serializeModel } from '@coppice/model'
import { type Cell, cv, type CvResult, Dataset, evaluate, train, type TrainingParams }
  from '../../src/index.js'
import { ConnectedCluster } from '../../src/cluster/connected-cluster.js'
import { FakeClient } from '../cluster/fake-client.js'
import { asColumns, draws, makeFlowers, rejects, temporaryFolder } from '../support.js'

const flowers = makeFlowers(450, 51)
const noisy = flowers.label.map((label, row) => row % 6 === 0 ? 1 - label : label)
const data = (): Dataset => Dataset.from(asColumns(flowers), noisy)
const params = {
  objective: 'binary', metric: ['auc', 'binary_logloss'], numLeaves: 7, numIterations: 10,
  learningRate: 0.3, baggingFraction: 0.8, baggingFreq: 1, featureFraction: 0.7, minDataInLeaf: 5,
} as const

/** All that must be equal of two results. */
function digestOf({ boosters, outOfFold, ...rest }: CvResult): string {
  return createHash('sha256').update(JSON.stringify({
    models: boosters.map(String), outOfFold: outOfFold && [...outOfFold],
    ...rest, validRows: rest.validRows.map((rows) => [...rows]),
  })).digest('hex')
}

function others(rows: Uint32Array, nRows: number): number[] {
  const own = new Set(rows)
  return Array.from({ length: nRows }, (_, row) => row).filter((row) => !own.has(row))
}

function pick<T>(values: ArrayLike<T>, rows: Iterable<number>): T[] {
  return Array.from(rows, (row) => values[row]!)
}

describe('cv', () => {
  const file = temporaryFolder()

  it('names rows as they were before folds were cut', async () => {
    const labels = Array.from(noisy)
    labels[307] = -1
    for (const options of [{ nFolds: 3 }, { nFolds: 5, seed: 4 }]) {
      await rejects(() => cv({ ...params, objective: 'poisson', metric: 'poisson' },
        Dataset.from(asColumns(flowers), labels), options), 'DATA', 'row 307 is -1')
    }
  })

  it('goes on fold by fold where there is no memory for all', async () => {
    const given = { ...params, numThreads: 2 }
    const expected = digestOf(await cv(given, data(), { nFolds: 3, outOfFold: true }))
    const { prototype } = ThreadExecutor
    const open = Object.getOwnPropertyDescriptor(prototype, 'open')!
    for (const failing of [1, 2, 3]) {
      for (const watched of [{}, { onIteration: () => undefined }]) {
        let nOpened = 0
        const heard: string[] = []
        prototype.open = async function (job) {
          if (++nOpened === failing) throw new CoppiceError('MEMORY', 'there is none')
          await (open.value as ThreadExecutor['open']).call(this, job)
        }
        try {
          const onFold = (fold: number, event: TrainingEvent): void => {
            if (event.kind === 'iteration') heard.push(`${fold} ${event.iteration}`)
          }
          const found = await cv(given, data(), { nFolds: 3, outOfFold: true, onFold, ...watched })
          assert.equal(digestOf(found), expected)
        } finally {
          Object.defineProperty(prototype, 'open', open)
        }
        assert.ok(nOpened > 3)
        assert.equal(new Set(heard).size, heard.length, 'each iteration is told once')
      }
    }
  })

  it('has the models and metrics of trainings of their own', async () => {
    const result = await cv(params, data(), { nFolds: 3, outOfFold: true })
    const X = asColumns(flowers)
    const whole = await datasetFromMemory(X, noisy, { labelKind: 'binary' })
    const binned = (rows: Iterable<number>) => datasetFromMemory({
      length: pick(X.length, rows), width: pick(X.width, rows), colour: pick(X.colour, rows),
    }, pick(noisy, rows), { labelKind: 'binary', reference: whole })
    assert.equal(result.boosters.length, 3)
    for (const [fold, rows] of result.validRows.entries()) {
      const { model } = await trainEngine({
        params, train: await binned(others(rows, 450)),
        evalSets: [{ name: 'valid', data: await binned(rows) }],
      }, new InlineExecutor())
      assert.equal(result.boosters[fold]!.toString(), serializeModel(model))
      for (const { metric, values } of model.evaluation) {
        assert.deepEqual(result.foldMetrics[`valid ${metric}`]![fold], values)
      }
      const proba = await result.boosters[fold]!.predict(data().select(rows))
      rows.forEach((row, i) => assert.equal(result.outOfFold![row * 2 + 1], proba[i * 2 + 1]))
    }
    const values = result.foldMetrics['valid auc']!.map((fold) => fold[9]!)
    const mean = values.reduce((a, b) => a + b) / 3
    assert.ok(Math.abs(result.metrics['valid auc-mean']![9]! - mean) < 1e-15)
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 3
    assert.ok(Math.abs(result.metrics['valid auc-stdv']![9]! - Math.sqrt(variance)) < 1e-15)
    assert.deepEqual(result.iterations, Array.from({ length: 10 }, (_, i) => i + 1))
    assert.equal(result.bestIteration, null)
    assert.deepEqual(result.validRows.flatMap((rows) => [...rows]).sort((a, b) => a - b),
      others(new Uint32Array(0), 450))
  })

  it('has the bytes of plain trainings where bins do not depend on the rows', async () => {
    const draw = draws(4)
    const X = { a: Float64Array.from({ length: 400 }, () => Math.floor(draw() * 6)),
      b: Float64Array.from({ length: 400 }, () => Math.floor(draw() * 4)) }
    const y = Float64Array.from(X.a, (a, row) => a * 2 - X.b[row]! + draw())
    const result = await cv({ numLeaves: 5, numIterations: 6 }, Dataset.from(X, y), { nFolds: 3 })
    for (const [fold, rows] of result.validRows.entries()) {
      const of = (own: Iterable<number>) => Dataset.from(
        { a: pick(X.a, own), b: pick(X.b, own) }, pick(y, own))
      const alone = await train({ numLeaves: 5, numIterations: 6 }, of(others(rows, 400)),
        { evalSets: [{ name: 'valid', data: of(rows) }] })
      assert.equal(result.boosters[fold]!.toString(), alone.toString())
    }
  })

  it('is the same for any number of threads, with early stopping too', async () => {
    const stopping = { ...params, numIterations: 30, earlyStoppingRound: 5, firstMetricOnly: true }
    const digests = []
    for (const numThreads of [1, 3]) {
      digests.push(digestOf(await cv({ ...stopping, numThreads }, data(), { nFolds: 2, seed: 4 })))
    }
    assert.equal(new Set(digests).size, 1)
  })

  it('stops where the mean is best for long enough', async () => {
    const result = await cv({ ...params, numIterations: 60, earlyStoppingRound: 6,
      metric: 'binary_logloss', isProvideTrainingMetric: true }, data(), { nFolds: 3 })
    const whole = await cv({ ...params, numIterations: 60, metric: 'binary_logloss',
      isProvideTrainingMetric: true }, data(), { nFolds: 3 })
    const means = whole.metrics['valid binary_logloss-mean']!
    let best = 0
    for (let i = 0; i < 60 && i - best < 6; i++) if (means[i]! < means[best]!) best = i
    assert.equal(result.bestIteration, best + 1)
    assert.ok(best + 6 < 59, 'it stopped before the end')
    assert.deepEqual(result.metrics['valid binary_logloss-mean'], means.slice(0, best + 1))
    assert.deepEqual(result.metrics['train binary_logloss-stdv'],
      whole.metrics['train binary_logloss-stdv']!.slice(0, best + 1))
    for (const [fold, booster] of result.boosters.entries()) {
      assert.equal(booster.nIterations, best + 7)
      assert.equal(booster.bestIteration, best + 1)
      assert.deepEqual(booster.model.trees, whole.boosters[fold]!.model.trees.slice(0, best + 7))
    }
  })

  it('goes on from a state after an end in the middle, to the same result', async () => {
    const stopping = { ...params, numIterations: 40, earlyStoppingRound: 8 }
    const options = { nFolds: 3, outOfFold: true }
    const whole = digestOf(await cv(stopping, data(), options))
    const state = file('cv.json')
    for (const at of [2, 7]) {
      const end = new AbortController()
      await rejects(cv(stopping, data(), { ...options, state, signal: end.signal,
        onIteration: ({ iteration }) => {
          if (iteration === at) end.abort()
        } }), 'ABORTED')
      assert.ok(existsSync(state))
    }
    const told: number[] = []
    assert.equal(digestOf(await cv(stopping, data(), { ...options, state,
      onIteration: ({ iteration }) => void told.push(iteration) })), whole)
    assert.ok(told[0]! > 7, 'it did not begin anew')
    assert.equal(digestOf(await cv(stopping, data(), { ...options, state,
      onIteration: () => assert.fail('nothing is left to be trained') })), whole)
    await rejects(cv({ ...stopping, numLeaves: 8 }, data(), { ...options, state }), 'IO',
      'other parameters')
    await rejects(cv(stopping, data(), { ...options, state, seed: 9 }), 'IO', 'folds')
    writeFileSync(state, '{"format":')
    await rejects(cv(stopping, data(), { ...options, state }), 'IO', state, 'no state')
  })

  it('is the same on a cluster, fold by fold', async () => {
    const cluster = new ConnectedCluster('ws://127.0.0.1:1', new FakeClient(file('.')))
    for (const each of [params, { ...params, numIterations: 104, earlyStoppingRound: 51,
      learningRate: 0.02, numLeaves: 3 }]) {
      const here = digestOf(await cv(each, data(), { nFolds: 2, outOfFold: true }))
      assert.equal(digestOf(await cv(each, data(), { nFolds: 2, outOfFold: true, cluster })), here)
    }
  })

  it('cuts by group, time and given folds', async () => {
    const groups = flowers.label.map((_, row) => `g${row % 13}`)
    const grouped = await cv(params, data(), { nFolds: 3, groups })
    for (const rows of grouped.validRows) {
      const own = new Set(pick(groups, rows))
      assert.ok(others(rows, 450).every((row) => !own.has(groups[row]!)))
    }
    const table = { ...asColumns(flowers), group: groups as Cell[], y: noisy }
    const named = await cv(params, Dataset.from(table, null, { label: 'y', ignore: 'group' }),
      { nFolds: 3, groups: 'group' })
    assert.equal(digestOf(named), digestOf(grouped))
    const timed = await cv(params, data(), { nFolds: 3, time: true, gap: 5, outOfFold: true })
    assert.deepEqual(timed.validRows.map((rows) => [rows[0], rows.length]),
      [[114, 112], [226, 112], [338, 112]])
    assert.ok(Number.isNaN(timed.outOfFold![0]) && !Number.isNaN(timed.outOfFold![700]))
    const folds = timed.validRows.map((valid) => ({
      valid, train: Array.from({ length: valid[0]! - 5 }, (_, row) => row) }))
    assert.equal(digestOf(await cv(params, data(), { folds, outOfFold: true })), digestOf(timed))
    const days = flowers.label.map((_, row) => new Date(row * 1e8))
    const byDay = await cv(params, data(), { nFolds: 3, time: days, gap: 5, outOfFold: true })
    assert.equal(digestOf(byDay), digestOf(timed))
  })

  it('goes on with a fold that nothing splits', async () => {
    const X = { a: Float64Array.from({ length: 60 }, (_, row) => row) }
    const y = Float64Array.from({ length: 60 }, (_, row) => row % 7 + (row > 30 ? 20 : 0))
    const plain = { minDataInLeaf: 20, numIterations: 3, metric: 'l2' } as const
    const folds = [
      { train: Array.from({ length: 50 }, (_, row) => row), valid: [50, 51, 52] },
      { train: Array.from({ length: 30 }, (_, row) => row), valid: [55, 56] },
    ]
    const result = await cv(plain, Dataset.from(X, y), { folds })
    assert.deepEqual(result.boosters.map(({ nIterations }) => nIterations), [3, 0])
    const { metrics } = await evaluate(result.boosters[1]!, Dataset.from(X, y).select([55, 56]),
      { metrics: 'l2' })
    assert.deepEqual(result.foldMetrics['valid l2']![1], Array<number>(3).fill(metrics['l2']!))
  })

  it('refuses what contradicts itself, and what it does not know', async () => {
    const refuses = (options: object, ...words: string[]): Promise<void> =>
      rejects(cv(params, data(), options), 'PARAMETER', ...words)
    await refuses({ nFolds: 1 }, 'nFolds', 'from 2')
    await refuses({ nfold: 3 }, 'nfold', 'did you mean "nFolds"')
    await refuses({ groups: noisy, stratified: true }, 'stratified', 'groups')
    await refuses({ time: true, shuffle: true }, 'shuffle', 'time')
    await refuses({ gap: 3 }, 'gap', 'time')
    await refuses({ seed: 3, shuffle: false }, 'seed')
    await refuses({ folds: [{ train: [1], valid: [2] }], nFolds: 2 }, 'nFolds', 'folds')
    const blind = { ...params, metric: 'None' } as TrainingParams
    await rejects(cv(blind, data()), 'PARAMETER', 'metric')
    await rejects(cv(params, data(), { folds: [{ train: [1, 2], valid: [2] }] }), 'DATA',
      'folds[0]')
    await rejects(cv(params, data(), { groups: [1, 2] }), 'DATA', '2 values for 450 rows')
    await rejects(cv(params, data(), { folds: [{ train: [1, 3], valid: [2] },
      { train: [1, 3], valid: [2] }], outOfFold: true }), 'PARAMETER', 'different')
    await rejects(cv({ objective: 'regression' }, data(), { stratified: true }), 'PARAMETER',
      'stratified')
  })
})
