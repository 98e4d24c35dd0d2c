import assert from 'node:assert/strict'
import fc from 'fast-check'
import { areaUnderRoc, mergeRanked, rankScores } from '../../src/metrics/auc.js'

interface Row { readonly score: number, readonly label: number, readonly weight: number }

/** Pairs in the right order, ties half, weighted: by the definition. */
function byPairs(rows: readonly Row[]): number {
  let right = 0
  let all = 0
  for (const p of rows.filter(({ label }) => label === 1)) {
    for (const n of rows.filter(({ label }) => label === 0)) {
      const w = p.weight * n.weight
      all += w
      right += p.score > n.score ? w : p.score === n.score ? w / 2 : 0
    }
  }
  return all > 0 ? right / all : 1
}

const ranked = (rows: readonly Row[], isWeighted: boolean) => rankScores(
  Float64Array.from(rows, ({ score }) => score), Float64Array.from(rows, ({ label }) => label),
  isWeighted ? Float64Array.from(rows, ({ weight }) => weight) : null)

// few scores: many ties; weights that add up without rounding
const row = fc.record({
  score: fc.oneof(fc.constantFrom(-2.5, -0, 0, 0.1, 0.2, 7, 1e300, -1e-300),
    fc.double({ noNaN: true, min: -5, max: 5 })),
  label: fc.integer({ min: 0, max: 1 }),
  weight: fc.integer({ min: 0, max: 8 }).map((n) => n / 4),
})

describe('areaUnderRoc', () => {
  it('is the share of pairs in the right order, ties half', () => {
    fc.assert(fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      const ones = rows.map((own) => ({ ...own, weight: 1 }))
      assert.equal(areaUnderRoc(ranked(ones, false)), byPairs(ones))
      assert.equal(areaUnderRoc(ranked(ones, true)), byPairs(ones))
    }))
  })

  it('weighs pairs by the product of the weights', () => {
    fc.assert(fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      assert.equal(areaUnderRoc(ranked(rows, true)), byPairs(rows))
    }))
  })

  it('is the same for any grouping of the rows', () => {
    const odd = row.map((own) => ({ ...own, weight: own.weight / 3 + 0.1 }))
    fc.assert(fc.property(
      fc.array(fc.tuple(odd, fc.integer({ min: 0, max: 2 })), { maxLength: 60 }),
      fc.boolean(), (rows, isWeighted) => {
        const whole = areaUnderRoc(ranked(rows.map(([own]) => own), isWeighted))
        const parts = [0, 1, 2].map((group) =>
          ranked(rows.filter(([, g]) => g === group).map(([own]) => own), isWeighted))
        const [a, b, c] = parts
        assert.equal(areaUnderRoc(mergeRanked(mergeRanked(a!, b!), c!)), whole)
        assert.equal(areaUnderRoc(mergeRanked(c!, mergeRanked(b!, a!))), whole)
      }))
  })

  it('is 1 when a class is missing or has no weight, as LightGBM', () => {
    const one = { score: 1, label: 1, weight: 1 }
    assert.equal(areaUnderRoc(ranked([one], false)), 1)
    assert.equal(areaUnderRoc(ranked([one], true)), 1)
    assert.equal(areaUnderRoc(ranked([one, { score: 2, label: 0, weight: 0 }], true)), 1)
  })

  it('sorts large numbers of rows, and of every magnitude and sign', () => {
    const n = 5000
    const rows = Array.from({ length: n }, (_, i) => ({
      score: ((i * 7919) % n - n / 2) * 10 ** ((i % 41) - 20), label: i % 3 === 0 ? 1 : 0,
      weight: 1,
    }))
    const { negatives, positives } = ranked(rows, false)
    for (const [own, label] of [[negatives, 0], [positives, 1]] as const) {
      const expected = rows.filter((r) => r.label === label).map(({ score }) => score)
        .sort((a, b) => a - b)
      assert.deepEqual([...own], expected)
    }
  })
})
