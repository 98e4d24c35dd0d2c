import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createTableWriter } from '../src/index.js'
import { digits17 } from '../src/writers/result.js'

describe('digits17', () => {
  it("is C's %.17g", () => {
    const cases: [number, string][] = [
      [0, '0'], [-0, '-0'], [1, '1'], [-3, '-3'], [0.1, '0.10000000000000001'], [0.5, '0.5'],
      [1 / 3, '0.33333333333333331'], [2.6200000000000001, '2.6200000000000001'],
      [1e-4, '0.0001'], [12345e-9, '1.2345e-05'], [1e15, '1000000000000000'],
      [123456789012345680, '1.2345678901234568e+17'], [1e16, '10000000000000000'],
      [1e17, '1e+17'], [5e-324, '4.9406564584124654e-324'], [1e300, '1.0000000000000001e+300'],
      [Infinity, 'inf'], [-Infinity, '-inf'], [NaN, 'nan'],
    ]
    for (const [value, text] of cases) assert.equal(digits17(value), text)
  })

  it('reads back the same', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
      Object.is(Number(digits17(value)), value)))
  })
})

describe("a table as LightGBM's results", () => {
  it('has a line of numbers per row, and refuses text', async () => {
    let text = ''
    const sink = { write: (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes)
      return Promise.resolve()
    } }
    const columns = [{ name: 'a', type: 'float' }, { name: 'b', type: 'int' }] as const
    const writer = await createTableWriter('lightgbm-result', sink, columns, 2)
    await writer.write([{ type: 'float', values: Float64Array.of(0.25, -1) },
      { type: 'int', values: Float64Array.of(3, 4) }])
    await writer.finish()
    assert.equal(text, '0.25\t3\n-1\t4\n')
    await assert.rejects(createTableWriter('lightgbm-result', sink,
      [{ name: 'kind', type: 'string' }], 2), /'kind' is text/)
  })
})
