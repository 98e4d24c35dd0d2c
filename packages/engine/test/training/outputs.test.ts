import assert from 'node:assert/strict'
import {
  createPredictor, formatLightGBM, parseModel, serializeModel, sigmoid, type Model, type Tree,
} from '@coppice/model'
import {
  makeDataset, recut, TestRandom, withRawValues, type DataRecipe,
} from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { selectRows } from '../../src/execution/select-rows.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

const base: DataRecipe = {
  seed: 8, nRows: 400, features: mixedFeatures, label: 'regression', weights: 'any',
}
const small = { numIterations: 3, numLeaves: 7, minDataPerGroup: 10, learningRate: 0.3 }
type Params = Readonly<Record<string, unknown>>

/** Labels of other columns that follow from the first, and noise. */
function withTargets(
  data: BinnedDataset, targets: readonly ((y: number, noise: number) => number)[],
): BinnedDataset {
  const random = new TestRandom(4)
  const label = Float64Array.from([...data.label!].flatMap((y) => {
    const noise = random.normal()
    return targets.map((target) => target(y, noise))
  }))
  return { ...data, label }
}

/** One of the label columns as the only one. */
function column(data: BinnedDataset, k: number, nLabels: number): BinnedDataset {
  return { ...data, label: data.label!.filter((_, at) => at % nLabels === k) }
}

async function modelOf(params: Params, train: BinnedDataset): Promise<Model> {
  const options = { params: { ...small, ...params }, train }
  return (await trainWatched(options, new InlineExecutor())).model
}

function treesOf({ trees, treesPerIteration }: Model, k: number): readonly Tree[] {
  return trees.filter((_, t) => t % treesPerIteration === k)
}

const targets = [
  (y: number) => y,
  (y: number, noise: number) => 3 * noise - y,
  (_: number, noise: number) => noise,
]
/** Of magnitudes that have no grid in common, and one that is met at once. */
const farApart = [
  ...targets.map((target, k) => (y: number, noise: number) =>
    target(y, noise) * [1, 2 ** 43 / 3, 1e-14][k]!),
  () => 7,
]
/** Times that are exact, or of which the end or the begin is not known. */
const bounds = [
  (y: number, noise: number) => noise > 1 ? 0 : 2 ** y,
  (y: number, noise: number) => noise < -0.5 ? Infinity : 2 ** y,
]
const labels = targets.map((target) => (y: number, noise: number) => Number(target(y, noise) > 0.2))

describe('objectives with a score for each quantile or label column', () => {
  it('have for each quantile the trees of a training of that quantile', async () => {
    const { data } = makeDataset(base)
    // of one bound, so that gradients have one scale
    const quantiles = [0.25, 0.75]
    const model = await modelOf({ objective: 'multi_quantile', quantiles }, data)
    assert.deepEqual(model.objective, { name: 'multi_quantile', quantiles })
    for (const [k, alpha] of quantiles.entries()) {
      const alone = await modelOf({ objective: 'quantile', alpha }, data)
      assert.deepEqual(treesOf(model, k), alone.trees)
      assert.equal(model.baseScores[k], alone.baseScores[0])
    }
  })

  it('have for each label of 0 or 1 the trees of a binary training', async () => {
    const data = withTargets(makeDataset(base).data, labels)
    const model = await modelOf({ objective: 'multi_label', numTarget: 3 }, data)
    for (let k = 0; k < 3; k++) {
      const alone = await modelOf({ objective: 'binary' }, column(data, k, 3))
      assert.deepEqual(treesOf(model, k), alone.trees)
      assert.equal(model.baseScores[k], alone.baseScores[0])
    }
  })

  const modes: readonly Params[] = [
    {}, { linearTree: true }, { boosting: 'dart', skipDrop: 0, dropRate: 0.6 },
    { boosting: 'rf', learningRate: 0.1, baggingFraction: 0.6, baggingFreq: 1 },
    { lambdaL1: 0.2, maxDeltaStep: 0.4, extraTrees: false, growPolicy: 'depthwise' },
  ]
  for (const mode of modes) {
    it(`have for each number the trees of a regression, ${JSON.stringify(mode)}`, async () => {
      const rows = makeDataset(base)
      const data = withTargets(
        mode['linearTree'] === true ? withRawValues(rows).data : rows.data, farApart)
      const model = await modelOf({ ...mode, objective: 'multi_regression', numTarget: 4 }, data)
      for (const k of [0, 1, 2, 3]) {
        const alone = await modelOf({ ...mode, objective: 'regression' }, column(data, k, 4))
        assert.equal(model.baseScores[k]!, alone.baseScores[0]!)
        // labels that are met are learnt no more
        const trees = treesOf(model, k).filter(({ splitFeature }) => splitFeature.length > 0)
        assert.deepEqual(trees, k === 3 ? [] : alone.trees)
      }
    })
  }

  it('have for each number the trees of a regression with its init scores', async () => {
    const plain = withTargets(makeDataset(base).data, farApart.slice(0, 3))
    const initScore = plain.label!.map((y, at) => y * ((at % 7) / 6))
    const data = { ...plain, initScore }
    const model = await modelOf({ objective: 'multi_regression', numTarget: 3 }, data)
    for (const k of [0, 1, 2]) {
      const alone = await modelOf({ objective: 'regression' }, {
        ...column(data, k, 3), initScore: initScore.filter((_, at) => at % 3 === k),
      })
      assert.deepEqual(treesOf(model, k), alone.trees)
    }
  })

  it('are in the model file, whose predictions have a column for each', async () => {
    const { data, rows } = makeDataset(base)
    const numbers = withTargets(data, targets)
    const model = await modelOf({ objective: 'multi_regression', numTarget: 3 }, numbers)
    assert.deepEqual(parseModel(serializeModel(model)), model)
    const own = createPredictor(model).predictProbabilities([...rows])
    assert.equal(own.length, 3 * rows.length)
    assert.deepEqual(own, createPredictor(model).predictRaw([...rows]))
    const asLabels = { ...model, objective: { name: 'multi_label', numTarget: 3 } } as Model
    assert.deepEqual(createPredictor(asLabels).predictProbabilities([...rows]),
      own.map(sigmoid))
    assert.throws(() => formatLightGBM(model), /LightGBM has no objective "multi_regression"/)
  })

  it('have metrics that are means over the scores', async () => {
    const data = withTargets(makeDataset(base).data, targets)
    const params = { isProvideTrainingMetric: true, metric: ['l2', 'rmse', 'r2', 'l1'] }
    const model = await modelOf({ ...params, objective: 'multi_regression', numTarget: 3 }, data)
    const alone = await Promise.all([0, 1, 2].map((k) =>
      modelOf({ ...params, objective: 'regression' }, column(data, k, 3))))
    for (const [m, { metric, values }] of model.evaluation.entries()) {
      const mean = alone.reduce((sum, own) => sum + own.evaluation[m]!.values.at(-1)!, 0) / 3
      assert.ok(Math.abs(values.at(-1)! - mean) < 1e-6 * mean, metric)
    }
    const quantiles = [0.25, 0.75]
    const pinball = await modelOf(
      { isProvideTrainingMetric: true, objective: 'multi_quantile', quantiles }, data2())
    const single = await Promise.all(quantiles.map((alpha) => modelOf(
      { isProvideTrainingMetric: true, objective: 'quantile', alpha }, data2())))
    const [a, b] = single.map((own) => own.evaluation[0]!.values.at(-1)!)
    assert.equal(pinball.evaluation[0]!.values.at(-1), (a! + b!) / 2)
  })

  it('sorts quantiles where that is asked for, in predictions and metrics alone', async () => {
    const { data, rows } = makeDataset({ ...base, label: 'counts' })
    const quantiles = [0.4, 0.45, 0.5]
    const params = {
      objective: 'multi_quantile', quantiles, isProvideTrainingMetric: true, numIterations: 4,
      baggingFraction: 0.3, baggingFreq: 1,
    }
    const plain = await modelOf(params, data)
    const sorted = await modelOf({ ...params, quantileSorted: true }, data)
    assert.deepEqual(sorted.trees, plain.trees)
    assert.equal(sorted.parameters['quantile_sorted'], true)
    assert.equal(plain.parameters['quantile_sorted'], undefined)
    const own = createPredictor(sorted).predictProbabilities([...rows])
    const raw = createPredictor(sorted).predictRaw([...rows])
    const expected = raw.map((_, at) => [...raw.subarray(at - at % 3, at - at % 3 + 3)]
      .sort((a, b) => a - b)[at % 3]!)
    assert.notDeepEqual(raw, expected)
    assert.deepEqual(own, expected)
    const loss = [0, 1, 2].map((k) => {
      const weight = data.weight!
      const alpha = quantiles[k]!
      const sum = rows.reduce((total, _, i) => {
        const error = data.label![i]! - own[3 * i + k]!
        return total + weight[i]! * (error >= 0 ? alpha * error : (alpha - 1) * error)
      }, 0)
      return sum / weight.reduce((total, w) => total + w, 0)
    }).reduce((sum, value) => sum + value / 3, 0)
    const told = sorted.evaluation[0]!.values.at(-1)!
    assert.ok(Math.abs(told - loss) < 1e-12)
    assert.ok(told < plain.evaluation[0]!.values.at(-1)!)
  })

  it('leaves label columns without a class out of the mean of auc', async () => {
    const data = withTargets(makeDataset(base).data, [labels[0]!, () => 1])
    const params = { isProvideTrainingMetric: true, metric: ['auc'] }
    const model = await modelOf({ ...params, objective: 'multi_label', numTarget: 2 }, data)
    const alone = await modelOf({ ...params, objective: 'binary' }, column(data, 0, 2))
    assert.deepEqual(model.evaluation[0]!.values, alone.evaluation[0]!.values)
  })

  it('keep the labels of selected rows together', () => {
    const data = withTargets(makeDataset({ ...base, nRows: 20 }).data, targets)
    const picked = selectRows(data, Uint8Array.of(0b10010, 0, 0b1000))
    assert.deepEqual([...picked.label!],
      [1, 4, 19].flatMap((row) => [...data.label!.subarray(row * 3, row * 3 + 3)]))
  })

  const cases: readonly [string, Params, BinnedDataset][] = [
    ['multi_quantile', { quantiles: [0.1, 0.5, 0.9], baggingFraction: 0.7, baggingFreq: 1 },
      makeDataset({ ...base, nRows: 2600 }).data],
    ['multi_regression', { numTarget: 3, metric: ['l2', 'r2'], dataSampleStrategy: 'goss' },
      withTargets(makeDataset({ ...base, nRows: 2600 }).data, farApart.slice(0, 3))],
    ['aft', { aftLossDistribution: 'extreme', metric: 'aft_nloglik', posBaggingFraction: 1 },
      withTargets(makeDataset({ ...base, nRows: 2600 }).data, bounds)],
    ['multi_label', { numTarget: 3, metric: ['auc', 'binary_logloss'], featureFraction: 0.6 },
      withTargets(makeDataset({ ...base, nRows: 2600 }).data, labels)],
  ]
  for (const [objective, params, data] of cases) {
    it(`give the same SHA-256 on 1, 2 and 3 threads, however cut: ${objective}`, async () => {
      const digestOf = async (threads: number, blocks: readonly number[]): Promise<string> => {
        const { model } = await trainWatched({
          params: { ...small, ...params, objective, isProvideTrainingMetric: true },
          train: recut(data, blocks),
          evalSets: [{ name: 'valid', data: selectRows(data, new Uint8Array(325).fill(0x55)) }],
        }, threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
        assert.ok(model.trees.every((tree) => tree.leafValue.length > 1))
        return digest(model)
      }
      const expected = await digestOf(0, [])
      assert.equal(await digestOf(2, [2047, 2, 2049, 1]), expected)
      assert.equal(await digestOf(3, Array.from({ length: 24 }, () => 100)), expected)
    })
  }

  it('refuse what does not fit', async () => {
    const { data } = makeDataset({ ...base, nRows: 60 })
    const two = withTargets(data, targets.slice(0, 2))
    const refusals: readonly [Params, BinnedDataset, RegExp][] = [
      [{ objective: 'multi_quantile' }, data, /needs two or more in ascending order/],
      [{ objective: 'multi_quantile', quantiles: [0.5, 0.5] }, data, /in ascending order/],
      [{ objective: 'multi_quantile', quantiles: [0.5, 1] }, data, /quantiles must be/],
      [{ objective: 'quantile', quantiles: [0.1, 0.5] }, data,
        /acts on objective = multi_quantile/],
      [{ objective: 'multi_quantile', quantiles: [0.1, 0.5], alpha: 0.3 }, data,
        /alpha = 0.3 contradicts/],
      [{ objective: 'multi_quantile', quantiles: [0.1, 0.5], linearTree: true }, data,
        /contradicts linear_tree = true/],
      [{ quantileSorted: true }, data, /quantile_sorted = true contradicts objective = regression/],
      [{ objective: 'multi_regression' }, data, /needs num_target >= 2/],
      [{ objective: 'regression', numTarget: 2 }, data, /which has one label/],
      [{ objective: 'multi_regression', numTarget: 3 }, two, /120 labels.* need 180/],
      [{ objective: 'multi_label', numTarget: 2 }, two, /label 0 of row 0 is .*labels of 0 or 1/],
      [{ objective: 'aft' }, withTargets(data, [(y) => y, (y) => y + 1]),
        /bounds of the time of row \d+ are .*needs 0 <= lower <= upper/],
      [{ objective: 'aft' }, withTargets(data, [() => 0, () => Infinity]), /one of them known/],
      [{ objective: 'aft' }, withTargets(data, [() => 0, () => 0]), /are 0 and 0/],
      [{ objective: 'aft', metric: 'l2', isProvideTrainingMetric: true },
        withTargets(data, bounds), /metric "l2" is not defined for objective "aft"/],
      [{ aftLossDistributionScale: 2 }, data, /acts on objective = aft only/],
      [{ objective: 'squared_log_error' }, withTargets(data, [() => -1]), /labels above -1/],
      [{ objective: 'multi_label', numTarget: 2, metric: 'l2', isProvideTrainingMetric: true },
        withTargets(data, labels.slice(1)),
        /metric "l2" is not defined for objective "multi_label"/],
    ]
    for (const [params, train, message] of refusals) {
      await assert.rejects(modelOf(params, train), message, String(message))
    }
  })
})

function data2(): BinnedDataset {
  return makeDataset(base).data
}
