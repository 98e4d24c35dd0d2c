import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Objective } from '@coppice/model'
import { TestRandom } from '@coppice/testkit'
import { finishMetric, metricParts } from '../../src/metrics/parts.js'

const aft: Objective = { name: 'aft', distribution: 'normal', scale: 1 }
const cox: Objective = { name: 'cox' }

interface Rows {
  readonly scores: Float64Array
  readonly lower: Float64Array
  readonly upper: Float64Array
  readonly weights: Float64Array | null
}

const kinds: readonly (readonly [Objective, sign: number])[] = [[cox, -1], [aft, 1]]

/** Few times and scores, so that there are ties of all kinds. */
function makeRows(nRows: number, seed: number, hasIntervals: boolean, hasWeights: boolean): Rows {
  const random = new TestRandom(seed)
  const lower = Float64Array.from({ length: nRows }, () => 1 + random.below(9))
  return {
    scores: Float64Array.from({ length: nRows }, () => random.below(7) - 3),
    lower: lower.map((time) => hasIntervals && random.uniform() < 0.2 ? 0 : time),
    upper: lower.map((time) => random.uniform() < 0.3 ? Infinity
      : time + (hasIntervals ? random.below(3) : 0)),
    weights: hasWeights ? Float64Array.from({ length: nRows }, () => random.below(8) / 4) : null,
  }
}

/** Over parts of the rows, in another order. */
function valueOf(
  metric: string, objective: Objective, rows: Rows, cuts: readonly number[],
): number {
  const { scores, lower, upper, weights } = rows
  const ends = [...cuts, scores.length]
  const parts = ends.flatMap((end, i) => {
    const part = <T extends Float64Array | null>(of: T): T =>
      (of?.slice(ends[i - 1] ?? 0, end) ?? null) as T
    const [low, high] = [part(lower), part(upper)]
    const labels = objective.name === 'cox'
      ? low.map((time, row) => high[row] === time ? time : -time)
      : Float64Array.of(...low, ...high)
    return metricParts(
      { name: metric, topK: 1, parameter: 0 }, objective, [part(scores)], labels, part(weights))
  })
  return finishMetric(metric, parts.reverse(), { nRows: scores.length, sumWeight: 1 })
}

/** Every pair of rows is looked at. @param sign - 1 where larger scores say longer times */
function concordanceOf({ scores, lower, upper, weights }: Rows, sign: number): number {
  let [all, concordant] = [0, 0]
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      const isShorter = upper[i]! < lower[j]! ||
        (upper[i] === lower[j] && upper[j]! > lower[j]!)
      if (i === j || !isShorter) continue
      const weight = weights === null ? 1 : weights[i]! * weights[j]!
      const difference = sign * (scores[j]! - scores[i]!)
      all += weight
      concordant += difference > 0 ? weight : difference === 0 ? weight / 2 : 0
    }
  }
  return concordant / all
}

describe('c_index', () => {
  it('is the share of pairs in the right order, of times and bounds, however rows are cut', () => {
    for (const [seed, hasWeights] of [[1, false], [2, true], [3, true]] as const) {
      for (const [objective, sign] of kinds) {
        const rows = makeRows(150, seed, sign === 1, hasWeights)
        const expected = concordanceOf(rows, sign)
        assert.ok(expected > 0.3 && expected < 0.7)
        const own = valueOf('c_index', objective, rows, [])
        assert.ok(Math.abs(own - expected) < 1e-12, `${own} is not ${expected}`)
        assert.equal(valueOf('c_index', objective, rows, [1, 70, 71]), own)
      }
    }
  })

  it('is 1 for the times themselves, 0 for those turned round, and 0.5 where none compare', () => {
    const { lower } = makeRows(60, 4, false, false)
    const rows = { lower, upper: lower, scores: lower.map((time) => -time), weights: null }
    assert.equal(valueOf('c_index', cox, rows, []), 1)
    assert.equal(valueOf('c_index', aft, rows, []), 0)
    const censored = { ...rows, upper: lower.map(() => Infinity) }
    assert.equal(valueOf('c_index', cox, censored, []), 0.5)
  })
})

describe('cox_nloglik', () => {
  it('is that of XGBoost, ties and all', () => {
    const golden = JSON.parse(readFileSync(
      new URL('../../../test/objectives/cox.json', import.meta.url), 'utf8')) as
      { readonly ties: readonly (readonly [readonly number[], readonly number[], number])[] }
    for (const [labels, scores, loss] of golden.ties) {
      const rows = {
        scores: Float64Array.from(scores), lower: Float64Array.from(labels, Math.abs),
        upper: Float64Array.from(labels, (label) => label > 0 ? label : Infinity), weights: null,
      }
      for (const shift of [0, 800, -1e5]) {
        const own = valueOf(
          'cox_nloglik', cox, { ...rows, scores: rows.scores.map((score) => score + shift) }, [1])
        assert.ok(Math.abs(own - loss) < 1e-6, `${own} is not ${loss}`)
      }
    }
  })

  it('has the same bits for any cut and order, and weights do not count', () => {
    const rows = makeRows(90, 5, false, true)
    const own = valueOf('cox_nloglik', cox, rows, [])
    assert.equal(valueOf('cox_nloglik', cox, { ...rows, weights: null }, [44, 45]), own)
    const turned = Object.fromEntries(Object.entries(rows).map(([name, values]) =>
      [name, (values as Float64Array).slice().reverse()])) as unknown as Rows
    assert.equal(valueOf('cox_nloglik', cox, turned, [3]), own)
    const censored = { ...rows, upper: rows.upper.map(() => Infinity) }
    assert.equal(valueOf('cox_nloglik', cox, censored, []), 0)
  })
})
