import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import { makeDataset } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { train } from '../../src/training/train.js'

type Label = 'regression' | 'binary' | { readonly classes: number }

function make(label: Label = 'regression'): BinnedDataset {
  return makeDataset({
    seed: 8, nRows: 120, label, features: [
      { kind: 'numeric', bins: 9 }, { kind: 'categorical', categories: 5 },
    ],
  }).data
}

/** All ones but for one row's value. */
const onesBut = (n: number, row: number, value: number): Float64Array =>
  new Float64Array(n).fill(1).fill(value, row, row + 1)

const scaled = (values: Float64Array, factor: number): Float64Array =>
  values.map((value) => value * factor)

async function attempt(
  data: BinnedDataset, params: Readonly<Record<string, unknown>>, valid?: BinnedDataset,
): Promise<string> {
  const { model } = await train({
    params: {
      numIterations: 3, minDataInLeaf: 2, minSumHessianInLeaf: 0, metric: ['none'], ...params,
    },
    train: data,
    evalSets: valid === undefined ? [] : [{ name: 'v', data: valid }],
  }, new InlineExecutor())
  assert.ok(model.trees.length > 0)
  return serializeModel(model)
}

describe('checkRows', () => {
  const refused: readonly [string, (data: BinnedDataset) => BinnedDataset, RegExp][] = [
    ['a weight that is NaN', (d) => ({ ...d, weight: onesBut(d.nRows, 7, NaN) }),
      /weight of row 7(?<set>.*) is NaN/],
    ['a negative weight', (d) => ({ ...d, weight: onesBut(d.nRows, 3, -5) }),
      /weight of row 3(?<set>.*) is -5/],
    ['a weight out of range', (d) => ({ ...d, weight: onesBut(d.nRows, 0, 1e300) }),
      /weight of row 0(?<set>.*) is 1e\+300; weights must be from 0 to 1e\+80/],
    ['too few weights', (d) => ({ ...d, weight: new Float64Array(100).fill(1) }),
      /100 weights(?<set>.*), but the rows need 120/],
    ['too many labels', (d) => ({ ...d, label: new Float64Array(121) }),
      /121 labels(?<set>.*), but the rows need 120/],
    ['a label that is infinite', (d) => ({ ...d, label: onesBut(d.nRows, 9, Infinity) }),
      /label of row 9(?<set>.*) is Infinity/],
    ['a label out of range', (d) => ({ ...d, label: onesBut(d.nRows, 9, -1e300) }),
      /label of row 9(?<set>.*) is -1e\+300; .*scale the labels down/],
    ['an init score that is NaN', (d) => ({ ...d, initScore: onesBut(d.nRows, 11, NaN) }),
      /init score of row 11(?<set>.*) is NaN/],
    ['too few init scores', (d) => ({ ...d, initScore: new Float64Array(60) }),
      /60 init scores(?<set>.*), but the rows need 120/],
  ]
  for (const [what, spoil, message] of refused) {
    it(`refuses ${what}, and says of which data set`, async () => {
      const data = make()
      const spoiled = spoil(data)
      const check = (where: string) => (error: Error & { code?: string }) => {
        assert.equal(error.code, 'DATA')
        const match = message.exec(error.message)
        assert.equal(match?.groups?.['set'], where, error.message)
        return true
      }
      await assert.rejects(attempt(spoiled, {}), check(''))
      await assert.rejects(attempt(data, {}, spoiled), check(' of evaluation set "v"'))
    })
  }

  it('counts an init score for each class', async () => {
    const data = make({ classes: 3 })
    const params = { objective: 'multiclass', numClass: 3 }
    await attempt({ ...data, initScore: new Float64Array(360) }, params)
    await assert.rejects(attempt({ ...data, initScore: new Float64Array(120) }, params),
      /120 init scores, but the rows need 360/)
    await assert.rejects(attempt({ ...data, initScore: onesBut(360, 301, Infinity) }, params),
      /init score of row 100 is Infinity/)
  })

  it('refuses more rows than 32 bits count', async () => {
    await assert.rejects(attempt({ ...make(), nRows: 0x8000_0000 }, {}),
      { code: 'DATA', message: /2147483648 rows are more than .* 2147483647/ })
  })
})

describe('checkMagnitudes', () => {
  const label = (data: BinnedDataset, factor: number): BinnedDataset =>
    ({ ...data, label: scaled(data.label!, factor) })
  const weight = (data: BinnedDataset, factor: number): BinnedDataset =>
    ({ ...data, weight: new Float64Array(data.nRows).fill(factor) })

  it('lets through what can be trained on, to a model that can be saved', async () => {
    for (const factor of [1e-88, 1e-50, 1e-12, 1e12, 1e50, 1e88]) {
      await attempt(label(make(), factor), { lambdaL2: 0 })
    }
    for (const factor of [1e-78, 1e-12, 1e12, 1e78]) {
      await attempt(weight(make(), factor), { lambdaL2: 0 })
      await attempt(weight(make('binary'), factor), { objective: 'binary', lambdaL2: 0 })
      await attempt(weight(make({ classes: 3 }), factor),
        { objective: 'multiclass', numClass: 3, lambdaL2: 0 })
    }
    await attempt(label(weight(make(), 1e-78), 1e78), {})
  })

  it('refuses what would overflow or vanish in the gains', async () => {
    const outOfRange = { code: 'DATA', message: /out of the range in which gains .* scale the/ }
    for (const factor of [1e-300, 1e-100]) {
      await assert.rejects(attempt(label(make(), factor), {}), outOfRange)
      await assert.rejects(attempt(weight(make(), factor), {}), outOfRange)
      await assert.rejects(
        attempt(weight(make('binary'), factor), { objective: 'binary' }), outOfRange)
    }
    await assert.rejects(attempt(label(weight(make(), 1e60), 1e60), {}), outOfRange)
    for (const sigmoid of [1e-300, 1e-60, 1e60, 1e200]) {
      await assert.rejects(attempt(make('binary'), { objective: 'binary', sigmoid }), outOfRange)
    }
  })
})
