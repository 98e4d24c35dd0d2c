import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ExactSum } from '../../src/numeric/exact-sum.js'
import type { LabelStatistics } from '../../src/objectives/objective.js'
import { labelStatisticsOf } from '../../src/objectives/statistics.js'
import type { LabelledRows, TargetShape } from '../../src/training/check-data.js'
import { mergeSummaries, summarizeRows, type RowSummary } from '../../src/training/summary.js'

interface Job {
  readonly rows: LabelledRows
  readonly shape: TargetShape
}

const magnitudes = [1e-70, 1e-9, 0.1, 1 / 3, 1, 7, 1e16, 1e70]
const weightOf = fc.constantFrom(0, ...magnitudes)
const targetOf = fc.constantFrom(0, ...magnitudes, ...magnitudes.map((value) => -value))

/** Rows of a regression (0 classes) or of classes, with or without weights and init scores. */
const jobs: fc.Arbitrary<Job> = fc
  .record({
    nClasses: fc.constantFrom(0, 2, 5), nRows: fc.integer({ min: 1, max: 60 }),
    hasWeight: fc.boolean(), hasInitScore: fc.boolean(),
  })
  .chain(({ nClasses, nRows, hasWeight, hasInitScore }) => {
    const nOutputs = nClasses > 2 ? nClasses : 1
    const column = (n: number, values: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> =>
      fc.array(values, { minLength: n, maxLength: n }).map((own) => Float64Array.from(own))
    return fc.record({
      label: column(nRows, nClasses > 0 ? fc.nat(nClasses - 1) : targetOf),
      weight: hasWeight ? column(nRows, weightOf) : fc.constant(null),
      initScore: hasInitScore ? column(nRows * nOutputs, targetOf) : fc.constant(null),
    }).map((columns) => ({
      rows: { nRows, ...columns }, shape: { objective: 'x', nClasses, nOutputs },
    }))
  })

/** The rows from `first` up to `last`. */
function cutOf({ rows, shape }: Job, first: number, last: number): LabelledRows {
  const part = (values: Float64Array | null, width: number): Float64Array | null =>
    values === null ? null : values.slice(first * width, last * width)
  return {
    nRows: last - first, label: part(rows.label, 1), weight: part(rows.weight, 1),
    initScore: part(rows.initScore, shape.nOutputs), firstRow: first,
  }
}

/** Each row's facts summed with no summary and no merging in between. */
function naiveStatistics({ rows, shape }: Job): LabelStatistics {
  const sumOf = (values: readonly number[]): number => {
    const sum = new ExactSum()
    for (const value of values) sum.add(value)
    return sum.value()
  }
  const label = [...rows.label!]
  const weight = rows.weight === null ? label.map(() => 1) : [...rows.weight]
  const classes = Array.from({ length: shape.nClasses }, (_, k) => k)
  return {
    nRows: label.length,
    sumWeight: sumOf(weight),
    sumWeightedLabel: shape.nClasses > 0 ? 0 : sumOf(label.map((y, i) => y * weight[i]!)),
    classWeights: classes.map((k) => sumOf(weight.filter((_, i) => label[i] === k))),
    classCounts: classes.map((k) => label.filter((y) => y === k).length),
    maxAbsLabel: Math.max(...label.map(Math.abs)),
    maxWeight: Math.max(...weight),
    hasWeight: rows.weight !== null,
  }
}

describe('mergeSummaries', () => {
  it('gives the summary of the whole, bit for bit, for any cut, order and grouping', () => {
    const cuts = fc.array(fc.nat(60), { maxLength: 8 })
    fc.assert(fc.property(jobs, cuts, fc.infiniteStream(fc.nat(1000)), (job, places, draws) => {
      const { nRows } = job.rows
      // equal places make parts without rows
      const bounds = [0, ...places.map((place) => place % (nRows + 1)), nRows].sort((a, b) => a - b)
      let parts = bounds.slice(1).map((last, i) =>
        summarizeRows(cutOf(job, bounds[i]!, last), job.shape, ''))
      const draw = (n: number): number => draws.next().value! % n
      while (parts.length > 1) {
        // any two or three of them become one, which crosses a wire
        const taken = Array.from({ length: Math.min(parts.length, 2 + draw(2)) }, () =>
          parts.splice(draw(parts.length), 1)[0]!)
        const merged = JSON.parse(JSON.stringify(mergeSummaries(taken))) as RowSummary
        parts = [...parts, merged]
      }
      const whole = summarizeRows(job.rows, job.shape, '')
      assert.deepEqual(parts[0], whole)
      assert.deepEqual(mergeSummaries([whole]), whole)
      assert.deepEqual(labelStatisticsOf(parts[0]!), naiveStatistics(job))
    }), { numRuns: 400 })
  })

  it('takes no account of parts without rows, unless there is no other', () => {
    const shape = { objective: 'regression', nClasses: 0, nOutputs: 1 }
    const column = (...values: number[]): Float64Array => Float64Array.from(values)
    const empty = summarizeRows(
      { nRows: 0, label: column(), weight: null, initScore: null }, shape, '')
    const some = summarizeRows(
      { nRows: 2, label: column(3, -4), weight: column(0.25, 0.5), initScore: column(1, -9) },
      shape, '')
    assert.deepEqual(mergeSummaries([empty, some, empty]), some)
    assert.deepEqual(mergeSummaries([empty, empty]), empty)
    assert.deepEqual(
      [some.maxWeight, some.maxAbsLabel, some.maxAbsInitScore, empty.maxWeight], [0.5, 4, 9, 1])
  })

  it('refuses weights or init scores in some parts only', () => {
    const shape = { objective: 'regression', nClasses: 0, nOutputs: 1 }
    const one = Float64Array.of(1)
    const make = (weight: Float64Array | null, initScore: Float64Array | null): RowSummary =>
      summarizeRows({ nRows: 1, label: one, weight, initScore }, shape, '')
    assert.throws(() => mergeSummaries([make(null, null), make(one, null)]),
      { code: 'DATA', message: /some partitions have weights and others have none; give/ })
    assert.throws(() => mergeSummaries([make(one, one), make(one, null)]),
      { code: 'DATA', message: /some partitions have init scores and others have none; give/ })
    assert.throws(() => mergeSummaries([]), { code: 'INTERNAL' })
  })
})

describe('summarizeRows', () => {
  it('names the global row', () => {
    const shape = { objective: 'multiclass', nClasses: 3, nOutputs: 3 }
    const rows: LabelledRows = {
      nRows: 4, firstRow: 1000, label: Float64Array.of(0, 1, 2, 1), weight: null, initScore: null,
    }
    const label = Float64Array.of(0, 1, 3, 1)
    const where = ' of evaluation set "v"'
    assert.throws(() => summarizeRows({ ...rows, label }, shape, where), {
      code: 'DATA', message: /^the label of row 1002 of evaluation set "v" is 3; objective "multi/,
    })
    const weight = Float64Array.of(1, -1, 1, 1)
    assert.throws(() => summarizeRows({ ...rows, weight }, shape, ''),
      { code: 'DATA', message: /^the weight of row 1001 is -1;/ })
    const initScore = new Float64Array(12).fill(NaN, 10)
    assert.throws(() => summarizeRows({ ...rows, initScore }, shape, ''),
      { code: 'DATA', message: /^the init score of row 1003 is NaN;/ })
    assert.throws(() => summarizeRows({ ...rows, label: null }, shape, where),
      { code: 'DATA', message: /^the rows of evaluation set "v" have no label; name/ })
  })
})
