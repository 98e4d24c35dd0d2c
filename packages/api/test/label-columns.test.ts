import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { TestRandom } from '@coppice/testkit'
import {
  Dataset, evaluate, GBDTClassifier, GBDTRegressor, train, type TrainingParams,
} from '../src/index.js'
import { temporaryFolder } from './support.js'

const random = new TestRandom(12)
const X = Array.from({ length: 300 }, () => ({ a: random.uniform(), b: random.uniform() }))
const numbers = X.map(({ a, b }) => [3 * a + random.normal() / 9, b - a])
const marks = numbers.map((row) => row.map((y) => y > 0.4))
const times = numbers.map(([y], i) => (1 + Math.round(9 * Math.abs(y!))) * (i % 3 > 0 ? 1 : -1))
const small = { numIterations: 8, numLeaves: 7, minDataInLeaf: 5 } as const

describe('several label columns', () => {
  it('may be arrays, a matrix or columns, to the same bytes', async () => {
    const params = { ...small, objective: 'multi_regression' } as const
    const table = X.map((row, i) => ({ u: numbers[i]![0]!, ...row, v: numbers[i]![1]! }))
    const given = [
      Dataset.from(X, numbers),
      Dataset.from(X, numbers.map((row) => Float64Array.from(row))),
      Dataset.from(X, { data: numbers.flat(), shape: [300, 2] }),
      Dataset.from(table, null, { label: ['u', 'v'] }),
      Dataset.from(table, null, { label: 'u,v' }),
      Dataset.from(table, null, { label: [0, 3] }),
    ]
    const [first, ...rest] = await Promise.all(given.map((data) => train(params, data)))
    for (const other of rest) assert.equal(other.toString(), first!.toString())
    const swapped = await train(params, Dataset.from(table, null, { label: 'v,u' }))
    assert.deepEqual(swapped.model.baseScores, first!.model.baseScores.toReversed())
  })

  it('are what models predict, and measure by means', async () => {
    const model = await new GBDTRegressor({ ...small, objective: 'multi_regression' })
      .fit(X, numbers, { evalSet: [[X, numbers]], earlyStoppingRounds: 3 })
    const predictions = await model.predict(X)
    assert.equal(predictions.length, 600)
    const { metrics } = await evaluate(model.booster, Dataset.from(X, numbers))
    const errors = numbers.flat().map((y, i) => (y - predictions[i]!) ** 2)
    const mean = errors.reduce((sum, error) => sum + error, 0) / 600
    assert.ok(Math.abs(metrics['l2']! - mean) < 1e-12)
    assert.equal(model.evalResult['valid_0']!['l2']!.at(-1), metrics['l2'])
    const [r2] = [0, 1].map((k) => {
      const own = numbers.map((row) => row[k]!)
      const average = own.reduce((sum, y) => sum + y, 0) / 300
      return 1 - errors.filter((_, i) => i % 2 === k).reduce((sum, e) => sum + e, 0) /
        own.reduce((sum, y) => sum + (y - average) ** 2, 0)
    }).map((value, k, all) => (value + all[1 - k]!) / 2)
    assert.ok(Math.abs(await model.score(X, numbers) - r2!) < 1e-9)
  })

  it('may be booleans, of which there is a probability for each', async () => {
    const model = await train({ ...small, objective: 'multi_label' }, Dataset.from(X, marks))
    const ps = await model.predict(X)
    assert.ok(ps.length === 600 && ps.every((p) => p > 0 && p < 1))
    const { metrics } = await evaluate(model, Dataset.from(X, marks))
    assert.ok(metrics['auc']! > 0.9 && metrics['binary_error']! < 0.2)
  })

  it('are gone on with after a stop, as quantiles are', async () => {
    for (const [params, y] of [
      [{ objective: 'multi_label' }, marks],
      [{ objective: 'cox', baggingFraction: 0.7, baggingFreq: 2 }, times],
      [{ objective: 'multi_quantile', quantiles: [0.3, 0.6] }, numbers.map(([first]) => first!)],
    ] as const) {
      const all = { ...small, ...params }
      const whole = await train(all, Dataset.from(X, y))
      const half = await train(all, Dataset.from(X, y),
        { callbacks: [({ iteration }) => iteration === 2 ? 'stop' : undefined] })
      const resumed = await train(all, Dataset.from(X, y), { resumeFrom: half })
      assert.equal(resumed.toString(), whole.toString())
    }
  })

  it('are refused where they are too many, too few or uneven', async () => {
    const fails = (params: TrainingParams, y: unknown, message: RegExp): Promise<void> =>
      assert.rejects(train({ ...small, ...params }, Dataset.from(X, y as number[])), { message })
    await fails({}, numbers, /are 2 label columns, but objective regression has 1; name one/)
    await fails({ objective: 'multi_label', numTarget: 3 }, marks, /are 2 label .* has 3; name as/)
    await fails({ objective: 'multi_regression' }, numbers.map(([y]) => y),
      /needs num_target >= 2, got 1; name two label columns/)
    await fails({ objective: 'binary' }, marks, /2 label columns .* classes are of one/)
    await fails({ objective: 'multi_regression' }, [[1, 2], [1]], /label row 1 has 1 values/)
    await fails(
      { objective: 'multi_label' }, numbers, /label 'label\[0\]' of row 0 is .* labels of 0 or 1/)
    const model = await train({ ...small, objective: 'multi_label' }, Dataset.from(X, marks))
    await assert.rejects(evaluate(model, Dataset.from(X, marks.map(([mark]) => mark!))),
      /have 1 label column, .* multi_label has 2; name as many/)
    await assert.rejects(new GBDTClassifier({ objective: 'multi_label' }).fit(X, marks),
      /multi_label is not for a classifier/)
    const quantiles = await new GBDTRegressor(
      { ...small, objective: 'multi_quantile', quantiles: [0.1, 0.9] })
      .fit(X, numbers.map(([y]) => y!))
    await assert.rejects(quantiles.score(X, numbers.map(([y]) => y!)), /score is R2, of one number/)
  })
})

describe('labels that do not fit', () => {
  const inFolder = temporaryFolder()

  /** Two files; the second has another line in the fourth row. */
  const filesOf = (line: string): void => {
    const rows = Array.from({ length: 30 }, (_, i) => `${i + 1},${i + 2},${i % 2},${i % 7}`)
    const other = [...rows.slice(0, 3), line, ...rows.slice(4)]
    for (const [name, lines] of [['a', rows], ['b', other]] as const) {
      writeFileSync(inFolder(`${name}.csv`), `low,high,mark,x\n${lines.join('\n')}\n`)
    }
  }

  it('are named by file, row and column', async () => {
    const fails = async (params: TrainingParams, label: string, message: RegExp): Promise<void> => {
      const data = await Dataset.open(inFolder('*.csv'), { label })
      await assert.rejects(train({ ...small, ...params }, data), { code: 'DATA', message })
      await assert.rejects(train({ ...small, ...params }, data.select([1, 5, 30, 33, 40])),
        { code: 'DATA', message })
    }
    filesOf('9,3,0,0')
    await fails({ objective: 'aft' }, 'low,high',
      /^the bounds of the time of row 4 of \S*b.csv are 9 and 3 \(low, high\); /)
    filesOf('0,3,-3,0')
    await fails({ objective: 'cox' }, 'low', /^the label 'low' of row 4 of \S*b.csv is 0; /)
    await fails({ objective: 'poisson' }, 'mark', /^the label 'mark' of row 4 of \S*b.csv is -3; /)
  })

  it('are named by their place in arrays', async () => {
    const fails = (y: unknown, objective: string, message: RegExp): Promise<void> =>
      assert.rejects(train({ ...small, objective } as TrainingParams,
        Dataset.from(X, y as number[])), { code: 'DATA', message })
    await fails(numbers.map(([y], i) => [y, i === 7 ? NaN : 1]), 'multi_regression',
      /label column 'label\[1\]' is missing \(NaN\) in row 7 of the rows given/)
    await fails(times.map((time, i) => i === 7 ? 0 : time), 'cox', /^the label of row 7 is 0; /)
  })

  it('are looked for by metrics of their objective, evaluated or not', async () => {
    await assert.rejects(train({ ...small, objective: 'aft', metric: 'auc' },
      Dataset.from(X, times.map((time) => [1, 1 + Math.abs(time)]))),
    /metric "auc" is not defined for objective "aft"; use aft_nloglik/)
  })

  it('are no classes of a model of numbers, whose predictions have other types', async () => {
    const model = await train({ ...small, objective: 'cox' }, Dataset.from(X, times))
    await assert.rejects(model.predict(X, { type: 'class' }), {
      code: 'PARAMETER',
      message: 'a regression model has no classes; use type "probability" (the values that it ' +
        'predicts) or "raw"',
    })
    await assert.rejects(model.refit(X, times), /a model of cox, whose leaves follow from all/)
    const regressor = await new GBDTRegressor({ ...small, objective: 'cox' }).fit(X, times)
    await assert.rejects(regressor.score(X, times), /score is R2/)
    const { metrics } = await evaluate(model, Dataset.from(X, times))
    assert.deepEqual(Object.keys(metrics), ['cox_nloglik', 'c_index'])
  })
})
