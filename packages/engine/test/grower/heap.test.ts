import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Heap } from '../../src/grower/heap.js'

describe('Heap', () => {
  it('gives the items in their order, whatever is pushed and popped between', () => {
    fc.assert(fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 }))), (steps) => {
      const heap = new Heap<readonly [number, number]>(
        (a, b) => a[0] !== b[0] ? a[0] > b[0] : a[1] < b[1])
      const model: (readonly [number, number])[] = []
      steps.forEach((value, time) => {
        if (value === null) assert.deepEqual(heap.pop(), model.shift())
        else {
          heap.push([value, time])
          model.push([value, time])
          model.sort((a, b) => b[0] - a[0] || a[1] - b[1])
        }
        assert.equal(heap.size, model.length)
        assert.deepEqual(heap.peek(), model[0])
      })
      while (model.length > 0) assert.deepEqual(heap.pop(), model.shift())
      assert.equal(heap.pop(), undefined)
    }))
  })
})
