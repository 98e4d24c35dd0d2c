import assert from 'node:assert/strict'
import { resolveParams } from '../../src/params/index.js'
import { requireClassCount } from '../../src/training/class-count.js'

describe('requireClassCount', () => {
  const params = resolveParams({ objective: 'multiclass', numClass: 3 })
  const messageOf = (label: readonly number[]): string => {
    try {
      requireClassCount([0, 1, 2, 7], params, { label: Float64Array.from(label) })
    } catch (error) {
      return (error as Error).message
    }
    return 'none'
  }

  it('names the first row of a class that is one too many', () => {
    assert.match(messageOf([0, 2, 3, 1, 3]), /the first that is not from 0 to 2 is 7, in row 2$/)
  })

  it('names no row where the rows at hand have none of it', () => {
    assert.match(messageOf([0, 1, 2]), /needs 3; leave num_class out or correct the labels$/)
  })
})
