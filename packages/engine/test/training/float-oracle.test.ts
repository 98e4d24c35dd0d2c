import assert from 'node:assert/strict'
import { createPredictor } from '@coppice/model'
import {
  auditByFloatOracle, makeDataset, makeKnownTree, trainByFloatOracle, type DataRecipe,
} from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { train } from '../../src/training/train.js'

const features: DataRecipe['features'] = [
  { kind: 'numeric', bins: 12 },
  { kind: 'numeric', bins: 6, missing: 'nan', missingShare: 0.2 },
  { kind: 'numeric', bins: 7, missing: 'zero', missingShare: 0.2 },
  { kind: 'numeric', bins: 9, order: 'skewed' },
]
const base = { seed: 51, nRows: 400, features }
const small = { numIterations: 8, numLeaves: 8, minDataInLeaf: 5 }

describe('train against the float oracle', () => {
  const cases: readonly (readonly [string, DataRecipe, Readonly<Record<string, unknown>>])[] = [
    ['regression', { ...base, label: 'regression' }, small],
    ['heavy-tailed regression with weights', { ...base, label: 'heavy-tailed', weights: 'any' },
      { ...small, lambdaL2: 1 }],
    ['binary', { ...base, label: 'binary' }, { ...small, objective: 'binary', lambdaL1: 0.2 }],
    ['multiclass', { ...base, label: { classes: 3 }, weights: 'any' },
      { ...small, objective: 'multiclass', numClass: 3 }],
  ]
  for (const [name, recipe, params] of cases) {
    it(`is within the bound of quantisation at every node: ${name}`, async () => {
      const { data } = makeDataset(recipe)
      const { model } = await train({ params, train: data }, new InlineExecutor())
      const audit = auditByFloatOracle(params, data, model)
      assert.ok(audit.nNodes > 50, `${audit.nNodes} nodes were compared`)
      assert.ok(audit.worstSplit <= 1, `splits: ${audit.worstSplit} of the bound`)
      assert.ok(audit.worstGain <= 1, `gains: ${audit.worstGain} of the bound`)
      assert.ok(audit.worstLeaf <= 1, `leaves: ${audit.worstLeaf} of the bound`)
    })
  }

  it('sees a fault: a leaf value, a gain or a split that is a little off', async () => {
    const { data } = makeDataset({ ...base, label: 'regression' })
    const { model } = await train({ params: small, train: data }, new InlineExecutor())
    const [first, ...rest] = model.trees
    const change = (part: Partial<typeof first>) =>
      auditByFloatOracle(small, data, { ...model, trees: [{ ...first!, ...part }, ...rest] })
    const nudge = (values: readonly number[]) =>
      values.map((v, i) => i === 0 ? v * (1 + 1e-6) : v)
    assert.ok(change({ leafValue: nudge(first!.leafValue) }).worstLeaf > 1)
    assert.ok(change({ splitGain: nudge(first!.splitGain) }).worstGain > 1)
    const threshold = first!.threshold.map((v, i) => i === 0 ? v! + 1 : v)
    assert.ok(change({ threshold }).worstSplit > 1)
  })

  it('ends where a training without fixed point ends, also with heavy tails', async () => {
    for (const label of ['heavy-tailed', 'regression'] as const) {
      const { data, rows } = makeDataset({ ...base, seed: 52, nRows: 250, label })
      const { model } = await train({ params: small, train: data }, new InlineExecutor())
      const raw = createPredictor(model).predictRaw(rows)
      const float = trainByFloatOracle(small, data).map(([score]) => score!)
      const loss = (scores: ArrayLike<number>): number =>
        data.label!.reduce((sum, y, row) => sum + (scores[row]! - y) * (scores[row]! - y), 0)
      const start = loss(data.label!.map(() => model.baseScores[0]!))
      assert.ok(loss(raw) < 0.9 * start, 'something was learnt')
      // ties may be cut otherwise, so losses are compared, not scores
      assert.ok(Math.abs(loss(raw) - loss(float)) < 0.01 * (start - loss(float)))
    }
  })
})

describe('quality of a training', () => {
  it('recovers a known tree exactly', async () => {
    const { data, regions } = makeKnownTree(3000, 7)
    const params = { numIterations: 1, numLeaves: 4, learningRate: 1 }
    const { model } = await train({ params, train: data }, new InlineExecutor())
    const tree = model.trees[0]!
    assert.deepEqual(
      [...tree.leafValue].map((v) => Math.round((v + model.baseScores[0]!) * 2 ** 20) / 2 ** 20)
        .sort((a, b) => a - b),
      regions.map(({ value }) => value).sort((a, b) => a - b))
    assert.deepEqual(
      tree.splitFeature.map((f, i) => `x${f} <= ${tree.threshold[i]! + 3.5}`).sort(),
      ['x0 <= 3', 'x1 <= 5', 'x2 <= 1'])
    // nothing is left to be learnt: the next tree moves no score by more than the grid allows
    const more = await train({ params: { ...params, numIterations: 2 }, train: data },
      new InlineExecutor())
    const rest = more.model.trees[1]?.leafValue ?? []
    assert.ok(rest.every((value) => Math.abs(value) < 2 ** -30))
  })

  it('lowers the training loss in every iteration, for every objective', async () => {
    const jobs = [
      ['regression', {}], ['heavy-tailed', {}], ['binary', { objective: 'binary' }],
      [{ classes: 4 }, { objective: 'multiclass', numClass: 4 }],
    ] as const
    for (const [label, params] of jobs) {
      const { data } = makeDataset({ ...base, label })
      const { model } = await train({
        params: { ...small, ...params, isProvideTrainingMetric: true }, train: data,
      }, new InlineExecutor())
      const { values } = model.evaluation[0]!
      assert.equal(values.length, 8)
      values.slice(1).forEach((value, i) => assert.ok(value < values[i]!, `iteration ${i + 1}`))
    }
  })
})
