import assert from 'node:assert/strict'
import { makeDataset, recut } from '@coppice/testkit'
import { engineRows } from '../../src/execution/engine-rows.js'
import {
  countRows, dealRows, gatherRows, STRIPE_ROWS, visitBlocks,
} from '../../src/execution/row-dealing.js'

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
