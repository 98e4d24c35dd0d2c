import assert from 'node:assert/strict'
import { makeDataset, TestRandom } from '@coppice/testkit'
import { bundleFeatures } from '../../src/execution/bundle-features.js'
import { ColumnFiller } from '../../src/execution/column-rows.js'
import { planColumns, valueOf, writeLeft } from '../../src/execution/columns.js'
import type { EngineRows, FeatureLayout } from '../../src/execution/protocol.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { dealRuns } from '../../src/execution/row-dealing.js'
import { train } from '../../src/training/train.js'

/** Rows of groups of features of which one at most is off its default. */
interface Recipe {
  readonly nRows: number
  /** Bins of the features of each group. */
  readonly groups: readonly (readonly number[])[]
  /** Bins of features of which all values are frequent. */
  readonly dense: readonly number[]
  /** Rows in which a second feature of the first group is off its default. */
  readonly conflicts: readonly number[]
}

function makeRows(random: TestRandom, { nRows, groups, dense, conflicts }: Recipe): {
  rows: EngineRows, features: FeatureLayout[], defaults: number[]
} {
  const nBins = [...groups.flat(), ...dense]
  const features = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
  const defaults = nBins.map((n) => random.below(n))
  const bins = new Uint8Array(nRows * nBins.length)
  for (let row = 0; row < nRows; row++) {
    const own = bins.subarray(row * nBins.length, (row + 1) * nBins.length)
    own.set(defaults)
    let f = 0
    for (const group of groups) {
      const chosen = f + random.below(group.length)
      if (random.below(10) > 0) own[chosen] = random.below(nBins[chosen]!)
      f += group.length
    }
    for (; f < nBins.length; f++) own[f] = random.below(nBins[f]!)
    if (!conflicts.includes(row)) continue
    own.set(defaults)
    for (const g of [0, 1]) own[g] = (defaults[g]! + 1) % nBins[g]!
  }
  const rows: EngineRows = {
    nRows, rowBytes: nBins.length, label: new Float64Array(nRows), weight: null, initScore: null,
    groupSizes: null, blocks: [{ firstRow: 0, position: 0, nRows, bins }],
  }
  return { rows, features, defaults }
}

const oneHot = Array.from({ length: 30 }, () => 2)
const recipe: Recipe = {
  nRows: 5000, groups: [oneHot, oneHot.map((_, f) => 2 + f % 3)], dense: [9, 255, 2], conflicts: [],
}

describe('bundleFeatures', () => {
  const bundlesOf = (made: ReturnType<typeof makeRows>): number[][] =>
    bundleFeatures(made.rows, dealRuns(made.rows, 0, 1), made.features)
      .map((bundle) => bundle.map(({ feature }) => feature).sort((a, b) => a - b))

  it('finds features that exclude each other, and leaves dense ones alone', () => {
    const bundles = bundlesOf(makeRows(new TestRandom(1), recipe))
    const all = bundles.flat().sort((a, b) => a - b)
    assert.deepEqual(all, Array.from({ length: 60 }, (_, f) => f))
    assert.equal(bundles.length, 2)
  })

  it('takes a feature out that shares one row of many with another', () => {
    const nRows = 40_000
    // not one of the rows that are looked at first
    const made = makeRows(new TestRandom(2), { ...recipe, nRows, conflicts: [20_001] })
    const bundles = bundlesOf(made)
    assert.ok(bundles.every((bundle) => !(bundle.includes(0) && bundle.includes(1))))
    assert.equal(bundles.flat().length, 59)
  })

  it('leaves a feature out that has a bin which it cannot have', async () => {
    const made = makeRows(new TestRandom(6), { ...recipe, groups: [[3, 3, 3, 3, 3, 3]], dense: [] })
    const { bins } = made.rows.blocks[0]!
    assert.deepEqual(bundlesOf(made), [[0, 1, 2, 3, 4, 5]])
    const row = made.rows.nRows - 2
    bins.set(made.defaults, row * 6)
    for (const bad of [3, 4, 255]) {
      bins[row * 6 + 1] = bad
      assert.deepEqual(bundlesOf(made), [[0, 2, 3, 4, 5]])
      // ... so that its sums tell, as those of any other feature do
      const { data } = makeDataset({
        seed: 1, nRows: made.rows.nRows, label: 'regression',
        features: made.defaults.map(() => ({ kind: 'numeric', bins: 3 })),
      })
      data.blocks[0]!.bins.set(bins)
      await assert.rejects(
        train({ params: { numLeaves: 4, numIterations: 1 }, train: data }, new InlineExecutor()),
        { code: 'INTERNAL', message: /feature \d does not add up to its leaf's totals/ })
    }
  })

  it('gives nothing where every feature is dense, and for no rows', () => {
    assert.deepEqual(bundlesOf(makeRows(new TestRandom(3), { ...recipe, groups: [] })), [])
    assert.deepEqual(bundlesOf(makeRows(new TestRandom(3), { ...recipe, nRows: 0 })), [])
  })

  it('never makes a column of more than 256 values', () => {
    const groups = [Array.from({ length: 20 }, () => 100)]
    const made = makeRows(new TestRandom(4), { ...recipe, groups })
    const bundles = bundleFeatures(made.rows, dealRuns(made.rows, 0, 1), made.features)
    assert.ok(bundles.length > 0)
    for (const { nValues } of planColumns(made.features, bundles).columns) {
      assert.ok(nValues <= 256)
    }
  })
})

describe('columns', () => {
  it('keep every bin of every row', () => {
    const made = makeRows(new TestRandom(5), { ...recipe, nRows: 500 })
    const { rows, features } = made
    const plan = planColumns(features, bundleFeatures(rows, dealRuns(rows, 0, 1), features))
    assert.ok(plan.hasBundles && plan.columns.length < 10)
    const stride = plan.columns.length + 3
    const stored = new Uint8Array(rows.nRows * stride)
    const { bins } = rows.blocks[0]!
    new ColumnFiller(plan)
      .fill({ memory: stored, offsetOf: (column) => column, stride }, bins)
    const table = new Uint8Array(256)
    features.forEach(({ nBins }, f) => {
      for (let bin = 0; bin < nBins; bin++) {
        // only this bin goes left
        const leftBins = new Uint8Array(32)
        leftBins[bin >> 3] = 1 << (bin & 7)
        writeLeft(table, plan, f, leftBins)
        for (let row = 0; row < rows.nRows; row++) {
          const value = stored[row * stride + plan.columnOf[f]!]!
          assert.equal(table[value], bins[row * rows.rowBytes + f] === bin ? 1 : 0)
        }
      }
    })
  })

  it('give each bin that is not the default a value of its own', () => {
    const features = [3, 5, 2].map((nBins) => ({ nBins, missingBin: -1, isCategorical: false }))
    const bundle = [
      { feature: 2, defaultBin: 1 }, { feature: 0, defaultBin: 0 }, { feature: 1, defaultBin: 3 },
    ]
    const { columns, memberOf } = planColumns(features, [bundle])
    assert.equal(columns.length, 1)
    assert.equal(columns[0]!.nValues, 1 + 1 + 2 + 4)
    const values = bundle.flatMap(({ feature, defaultBin }) =>
      Array.from({ length: features[feature]!.nBins }, (_, bin) => bin)
        .filter((bin) => bin !== defaultBin)
        .map((bin) => valueOf(memberOf[feature]!, bin)))
    assert.deepEqual(values.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7])
    for (const { feature, defaultBin } of bundle) {
      assert.equal(valueOf(memberOf[feature]!, defaultBin), 0)
    }
  })
})
