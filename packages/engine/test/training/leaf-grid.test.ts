import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { LeafGrid } from '../../src/training/leaf-grid.js'

describe('LeafGrid', () => {
  it('makes every sum exact, in any order', () => {
    for (const scale of [1, 8, 0.3, 1e-200, 1e200, 12345.678]) {
      const random = new TestRandom(5)
      const grid = new LeafGrid(scale)
      const values: number[] = []
      for (let tree = 0; tree < 400; tree++) {
        const value = grid.round(random.normal() * scale * random.pick([1e-9, 1, 30]))
        grid.spend(Math.abs(value))
        values.push(value)
      }
      const forwards = values.reduce((a, b) => a + b, 0)
      const backwards = values.reduceRight((a, b) => a + b, 0)
      const sorted = [...values].sort((a, b) => a - b).reduce((a, b) => a + b, 0)
      let pairs = values
      while (pairs.length > 1) {
        pairs = Array.from({ length: Math.ceil(pairs.length / 2) }, (_, i) =>
          pairs[2 * i]! + (pairs[2 * i + 1] ?? 0))
      }
      assert.deepEqual([backwards, sorted, pairs[0]], [forwards, forwards, forwards])
      // taking a tree away gives back what was before
      values.forEach((value) => assert.equal(forwards + value - value, forwards))
    }
  })

  it('rounds to the nearest multiple of scale 2^-40, ties to even', () => {
    const grid = new LeafGrid(8)
    const quantum = 8 * 2 ** -40
    assert.equal(grid.round(0.1), Math.round(0.1 / quantum) * quantum)
    assert.equal(grid.round(2.5 * quantum), 2 * quantum)
    assert.equal(grid.round(3.5 * quantum), 4 * quantum)
    assert.ok(Object.is(grid.round(-quantum / 4), 0))
    // the scale is the power of two above
    assert.equal(new LeafGrid(5).round(2.6 * quantum), 3 * quantum)
  })

  it('clamps a leaf to 1024 scales', () => {
    const grid = new LeafGrid(1)
    assert.equal(grid.round(1e9), 1024)
    assert.equal(grid.round(-Infinity), -1024)
    assert.equal(grid.round(1023.5), 1023.5)
  })

  it('never runs out: what is spent stays below 2^53 quanta, and no sign is turned', () => {
    const grid = new LeafGrid(1)
    let spent = 0
    for (let tree = 0; tree < 5000; tree++) {
      const value = grid.round(1e6)
      assert.ok(value >= 0 && value <= 1024)
      assert.equal(grid.round(-1e6) + value, 0)
      grid.spend(value)
      spent += value
    }
    assert.ok(spent <= 4096 && spent > 4000, `${spent} scales`)
  })

  it('takes a scale of 0: all labels are 0', () => {
    const value = new LeafGrid(0).round(0)
    assert.ok(Object.is(value, 0))
  })
})
