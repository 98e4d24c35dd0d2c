import assert from 'node:assert/strict'
import { ReusedArrays } from '../src/row-arrays.js'

describe('ReusedArrays', () => {
  it('gives every unit the memory of the one before, and no two arrays of one the same', () => {
    const arrays = new ReusedArrays()
    const first = [arrays.doubles(100), arrays.ints(50), arrays.doubles(100)]
    assert.deepEqual(first.map(({ length }) => length), [100, 50, 100])
    assert.equal(new Set(first.map(({ buffer }) => buffer)).size, 3)
    arrays.reset()
    const second = [arrays.ints(110), arrays.ints(51), arrays.doubles(99)]
    assert.deepEqual(second.map(({ buffer }) => buffer), first.map(({ buffer }) => buffer))
    assert.deepEqual(second.map(({ length }) => length), [110, 51, 99])
    arrays.reset()
    assert.notEqual(arrays.doubles(1000).buffer, first[0]!.buffer)
  })
})
