import assert from 'node:assert/strict'
import { CoppiceError } from '../../src/errors.js'
import {
  errorOf, FAILURE_BYTES, failureOf, readFailure, writeFailure,
} from '../../src/threads/failure.js'

describe('failureOf', () => {
  it('keeps the code of our errors, and tells memory that is refused', () => {
    const known = errorOf(failureOf(new CoppiceError('DATA', 'row 3 is bad')))
    assert.deepEqual([known.code, known.message], ['DATA', 'row 3 is bad'])
    for (const message of [
      'Array buffer allocation failed', 'WebAssembly.Memory(): could not allocate memory',
    ]) assert.equal(failureOf(new RangeError(message)).code, 'MEMORY')
    assert.equal(failureOf(new RangeError('offset is out of bounds')).code, 'INTERNAL')
    assert.equal(failureOf('just text').message, 'just text')
  })
})

describe('writeFailure and readFailure', () => {
  it('carry an error through shared memory, whatever was there before', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(3 * FAILURE_BYTES), FAILURE_BYTES,
      FAILURE_BYTES)
    for (const message of ['short', 'ü€𝄞'.repeat(400), '"\n\u0000'.repeat(300), '']) {
      writeFailure(bytes, failureOf(new CoppiceError('INTERNAL', message)))
      const failure = readFailure(bytes)!
      assert.equal(failure.code, 'INTERNAL')
      assert.ok(message.startsWith(failure.message) && failure.message.length <= 500)
      writeFailure(bytes, null)
      assert.equal(readFailure(bytes), null)
    }
  })
})
