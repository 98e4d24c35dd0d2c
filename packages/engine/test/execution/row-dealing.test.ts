import assert from 'node:assert/strict'
import { makeDataset, recut, TestRandom } from '@coppice/testkit'
import { engineRows, joinRows } from '../../src/execution/engine-rows.js'
import {
  countRows, dealRows, dealRuns, gatherRows, STRIPE_ROWS, visitBlocks,
} from '../../src/execution/row-dealing.js'
import { dealPartitions, partitionRows } from './stores-executor.js'

const sizes = [0, 1, 2, STRIPE_ROWS - 1, STRIPE_ROWS, STRIPE_ROWS + 1, 3 * STRIPE_ROWS,
  7 * STRIPE_ROWS + 5]

describe('dealRows', () => {
  it('deals every row to one thread, in ascending runs at dense local rows', () => {
    for (const nRows of sizes) {
      for (const nThreads of [1, 2, 3, 5, 16]) {
        const owners = new Uint8Array(nRows)
        for (let thread = 0; thread < nThreads; thread++) {
          const runs = dealRows(nRows, thread, nThreads)
          let local = 0
          let last = -1
          for (const run of runs) {
            assert.ok(run.position > last && run.nRows > 0 && run.localRow === local)
            for (let i = 0; i < run.nRows; i++) owners[run.position + i]!++
            local += run.nRows
            last = run.position + run.nRows - 1
          }
          assert.equal(countRows(runs), local)
        }
        assert.ok(owners.every((n) => n === 1))
      }
    }
  })

  it('gives every thread a share of every region', () => {
    const nThreads = 4
    const shares = Array.from({ length: nThreads }, (_, t) =>
      countRows(dealRows(100 * STRIPE_ROWS, t, nThreads)))
    assert.deepEqual(shares, Array.from({ length: nThreads }, () => 25 * STRIPE_ROWS))
  })
})

describe('visitBlocks and gatherRows', () => {
  it('hand out each row once, whatever the blocks', () => {
    const { data } = makeDataset({
      seed: 1, nRows: 5000, features: [{ kind: 'numeric', bins: 200 }], label: 'regression',
    })
    const whole = data.blocks[0]!.bins
    for (const blocks of [[], [1], [2047, 1, 2048], Array.from({ length: 5000 }, () => 1)]) {
      const rows = engineRows(recut(data, blocks))
      for (const nThreads of [1, 3]) {
        for (let thread = 0; thread < nThreads; thread++) {
          const runs = dealRows(data.nRows, thread, nThreads)
          const n = countRows(runs)
          const seen = new Float64Array(n).fill(-1)
          visitBlocks(rows, runs, ({ bins }, blockRow, nRows, localRow) => {
            for (let i = 0; i < nRows; i++) {
              assert.equal(seen[localRow + i], -1)
              seen[localRow + i] = bins[blockRow + i]!
            }
          })
          const label = new Float64Array(n)
          gatherRows(label, rows.label, runs)
          runs.forEach(({ position, nRows, localRow }) => {
            for (let i = 0; i < nRows; i++) {
              assert.equal(seen[localRow + i], whole[position + i])
              assert.equal(label[localRow + i], data.label![position + i])
            }
          })
        }
      }
    }
  })
})

describe('dealRuns', () => {
  const { data } = makeDataset({
    seed: 1, nRows: 9000, features: [{ kind: 'numeric', bins: 200 }], label: 'regression',
  })

  it('is one run a stripe where all rows are there, and one in all for one thread', () => {
    const rows = engineRows(recut(data, [1, 2047, 3000]))
    for (const nThreads of [2, 3]) {
      for (let thread = 0; thread < nThreads; thread++) {
        const expected = dealRows(9000, thread, nThreads)
          .map((stripe) => ({ ...stripe, firstRow: stripe.position }))
        assert.deepEqual(dealRuns(rows, thread, nThreads), expected)
      }
    }
    assert.deepEqual(dealRuns(rows, 0, 1), [{ position: 0, firstRow: 0, nRows: 9000, localRow: 0 }])
  })

  it('tells the row ids of rows from anywhere', () => {
    const whole = data.blocks[0]!.bins
    for (const [s, rows] of dealPartitions(data, 3, new TestRandom(5), 1).entries()) {
      const seen = new Set<number>()
      for (const nThreads of [1, 2, 3]) {
        for (let thread = 0; thread < nThreads; thread++) {
          const runs = dealRuns(rows, thread, nThreads)
          const rowIds: number[] = []
          for (const { firstRow, nRows, localRow, position } of runs) {
            for (let i = 0; i < nRows; i++) {
              rowIds[localRow + i] = firstRow + i
              assert.equal(rows.label[position + i], data.label![firstRow + i])
            }
          }
          assert.equal(rowIds.length, countRows(dealRows(rows.nRows, thread, nThreads)))
          visitBlocks(rows, runs, ({ bins }, blockRow, nRows, localRow) => {
            for (let i = 0; i < nRows; i++) {
              assert.equal(bins[blockRow + i], whole[rowIds[localRow + i]!])
            }
          })
          for (const id of rowIds) seen.add(id)
        }
      }
      assert.equal(seen.size, rows.nRows, `store ${s}`)
    }
  })
})

describe('joinRows', () => {
  const { data } = makeDataset({
    seed: 1, nRows: 100, features: [{ kind: 'numeric', bins: 9 }], label: 'regression',
    weights: 'any', initScore: true,
  })

  it('is no rows for no partitions', () => {
    const { nRows, blocks, label, weight, initScore } = joinRows([], 3)
    assert.deepEqual([nRows, blocks.length, label.length, weight, initScore], [0, 0, 0, null, null])
  })

  it('keeps what is by row in the order of positions', () => {
    const rows = joinRows([partitionRows(data, 60, 40), partitionRows(data, 0, 7)], 1)
    const ids = [...Array.from({ length: 40 }, (_, i) => 60 + i), 0, 1, 2, 3, 4, 5, 6]
    for (const name of ['label', 'weight', 'initScore'] as const) {
      assert.deepEqual([...rows[name]!], ids.map((id) => data[name]![id]))
    }
    assert.deepEqual(rows.blocks.map(({ position, firstRow }) => [position, firstRow]),
      [[0, 60], [20, 80], [40, 0], [43, 3]])
  })

  it('refuses partitions of which only some have weights', () => {
    const unweighted = { ...partitionRows(data, 0, 5), weight: null }
    assert.throws(() => joinRows([partitionRows(data, 5, 5), unweighted], 1), { code: 'INTERNAL' })
  })
})
