import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import {
  type Booster, Dataset, evaluate, LocalCluster, type Model, train, type TrainingParams,
} from 'coppice'

function makeRows(nRows: number, seed: number) {
  const random = new TestRandom(seed)
  return Array.from({ length: nRows }, () => {
    const X = {
      reading: random.uniform() < 0.1 ? null : random.uniform() * 4 - 2,
      count: random.below(12), city: `c${random.below(6)}`,
    }
    const signal = (X.reading ?? 1) + (X.count > 6 ? 0.5 : -0.5) + (X.city === 'c1' ? 1 : 0)
    const noisy = signal + random.normal()
    return { X, number: noisy, isLate: noisy > 1 ? 1 : 0,
      kind: noisy > 1 ? 'late' : noisy > -0.5 ? 'punctual' : 'early' }
  })
}

type Row = ReturnType<typeof makeRows>[number]

const jobs: readonly (readonly [string, TrainingParams, (row: Row) => number | string])[] = [
  ['dart', { boosting: 'dart', skipDrop: 0.2, dropRate: 0.4, learningRateSchedule: [0.5, 0.3] },
    (row) => row.number],
  ['rf of classes', {
    boosting: 'rf', objective: 'multiclass', baggingFraction: 0.6, baggingFreq: 1,
  }, (row) => row.kind],
  ['goss', { objective: 'binary', dataSampleStrategy: 'goss', learningRate: 0.5 },
    (row) => row.isLate],
  ['features elected by votes', {
    treeLearner: 'voting', topK: 1, objective: 'binary', baggingFraction: 0.7, baggingFreq: 1,
  }, (row) => row.isLate],
  ['votes under rules, extra trees', {
    treeLearner: 'voting', topK: 1, extraTrees: true, monotoneConstraints: { count: 1 },
    monotoneConstraintsMethod: 'intermediate', cegbPenaltyFeatureLazy: [1e-3, 0, 1e-3],
    forcedsplitsFilename: { feature: 'reading', threshold: 0.5 },
  }, (row) => row.number],
  ['extra trees on shares of the classes', {
    objective: 'binary', extraTrees: true, posBaggingFraction: 0.5, baggingFreq: 1,
  }, (row) => row.isLate],
  ['advanced monotone constraints, smoothing, costs', {
    monotoneConstraints: { reading: 1, count: 1 }, monotoneConstraintsMethod: 'advanced',
    monotonePenalty: 0.5, pathSmooth: 2, cegbPenaltySplit: 1e-4, featureContri: [1, 0.9, 1],
  }, (row) => row.number],
  ['intermediate monotone constraints, forced splits, dart', {
    boosting: 'dart', monotoneConstraints: { count: -1 },
    monotoneConstraintsMethod: 'intermediate',
    forcedsplitsFilename: { feature: 'reading', threshold: 0.5 },
  }, (row) => row.number],
  ['a schedule of parameters', {
    objective: 'binary', baggingFreq: 1, parameterSchedule: {
      lambdaL2: [0, 50, 5], numLeaves: [2, 3], maxDepth: [1, 2, 2, 4], minDataInLeaf: [400],
      baggingFraction: [1, 0.4, 0.7], featureFraction: [0.3], minGainToSplit: [0, 0, 0, 3],
    },
  }, (row) => row.isLate],
  ['linear leaves of classes, bagging', {
    objective: 'multiclass', linearTree: true, baggingFraction: 0.6, baggingFreq: 2,
  }, (row) => row.kind],
  ['linear leaves, dart, smoothing', {
    boosting: 'dart', linearTree: true, linearLambda: 0.5, dropRate: 0.4, pathSmooth: 1,
  }, (row) => row.number],
  ['costs of first uses, interactions', {
    objective: 'quantile', alpha: 0.3, interactionConstraints: [['reading', 'count'], ['city']],
    cegbPenaltyFeatureCoupled: [0.01, 0.02, 0.01], cegbPenaltyFeatureLazy: [1e-4, 1e-3, 2e-3],
  }, (row) => row.number],
]

describe('boosting modes and rules of trees on a cluster', function () {
  this.timeout(120_000)
  const [rows, judge] = [makeRows(2000, 1), makeRows(400, 2)]
  let cluster: LocalCluster

  before(async () => {
    cluster = await LocalCluster.start({ workers: 3, threadsPerWorker: 1 })
  })
  after(() => cluster.close())

  for (const [name, params, labelOf] of jobs) {
    it(`gives the bytes of a training here: ${name}`, async () => {
      const dataset = (of: readonly Row[]): Dataset =>
        Dataset.from(of.map(({ X }) => X), of.map(labelOf))
      const run = (options: object): Promise<Booster> => train(
        { ...params, numIterations: 7, numLeaves: 7 }, dataset(rows),
        { evalSets: [{ name: 'judge', data: dataset(judge) }], ...options })
      const [here, there] = [await run({}), await run({ cluster })]
      assert.equal(there.toString(), here.toString())
      assert.equal(here.nIterations, 7)
      // what was measured while training is what the model does
      const { metric, values } = here.model.evaluation[0]!
      const value = (await evaluate(here, dataset(judge))).metrics[metric]
      // outputs of linear leaves are rounded to the grid of scores then
      const off = params.linearTree === true ? 1e-9 : 1e-12
      assert.ok(Math.abs(value! - values.at(-1)!) < off, `${value} and ${values.at(-1)}`)
    })
  }

  it('begins with a model as a training here does, in spite of a lost worker', async () => {
    const dataset = (of: readonly Row[]): Dataset =>
      Dataset.from(of.map(({ X }) => X), of.map((row) => row.kind))
    const params = { objective: 'multiclass', numIterations: 5, numLeaves: 7, baggingFreq: 1,
      baggingFraction: 0.7 } as const
    const initModel = await train(params, dataset(judge.filter(({ X }) => X.city !== 'c0')))
    const run = (options: object): Promise<Booster> => train(params, dataset(rows),
      { initModel, evalSets: [{ name: 'judge', data: dataset(judge) }], ...options })
    const here = await run({})
    assert.deepEqual([here.nIterations, here.model.evaluation[0]!.iterations[0]], [10, 5])
    const [victim] = cluster.workerPids
    const checkpoints: Model[] = []
    const there = await run({ cluster, callbacks: [
      ({ iteration }: { iteration: number }, { model }: { model: () => Model }) => {
        checkpoints.push(model())
        if (iteration === 7) process.kill(victim!, 'SIGKILL')
      }] })
    assert.equal(there.toString(), here.toString())
    assert.ok(!cluster.workerPids.includes(victim!))
    const resumed = await run({ cluster, resumeFrom: checkpoints[1] })
    assert.equal(resumed.toString(), here.toString())
  })
})
