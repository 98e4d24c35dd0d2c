import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { type Cell, cellsToChunk } from '../src/cells.js'
import { numberColumns } from '../src/memory-numbers.js'

const otherNaN = new Float64Array(BigUint64Array.of(0xfff8_0000_0000_1234n).buffer)[0]!

/** Cells of a kind of column. */
const kinds: Readonly<Record<string, readonly Cell[]>> = {
  wholes: [1, 2, -0, 0, 2 ** 60],
  fractions: [1, 0.5, -0, Infinity],
  'missing ones': [null, undefined, NaN, otherNaN],
  'wholes and missing ones': [3, NaN, null],
  'fractions and missing ones': [undefined, 2.5, 4, otherNaN],
  flags: [true, false, null],
  texts: ['a', '1', null],
  'numbers and texts': [1, 2, 3, 'b'],
  dates: [new Date(0), new Date(5), null],
  bigints: [1n, 2n, 3],
}

describe('numberColumns', () => {
  for (const nRows of [0, 1, 7, 200]) {
    it(`makes the columns of ${nRows} rows that have numbers, as they are made one by one`, () => {
      const random = new TestRandom(nRows + 1)
      const names = Object.keys(kinds)
      const rows = Array.from({ length: nRows }, () =>
        names.map((name): Cell => kinds[name]![random.below(kinds[name]!.length)]))
      const objects = rows.map((cells) => Object.fromEntries(cells.flatMap((cell, k) =>
        cell === undefined ? [] : [[names[k]!, cell]])))
      const start = Math.min(2, nRows)
      const places = [...names.keys()].reverse()
      for (const found of [
        numberColumns(rows, places, start, nRows),
        numberColumns(objects, places.map((place) => names[place]!), start, nRows),
      ]) {
        for (const [k, place] of places.entries()) {
          const cells = rows.slice(start).map((row) => row[place])
          const isOther = cells.some((cell) => cell !== null && cell !== undefined &&
            typeof cell !== 'number')
          const expected = isOther ? null
            : cellsToChunk((row) => cells[row], cells.length, { column: 'c', firstRow: 0 })
          assert.deepEqual(found[k], expected, names[place])
          if (expected === null || expected.type === 'string') continue
          const { values } = found[k]!
          assert.deepEqual(new Uint8Array(values.buffer), new Uint8Array(expected.values.buffer))
        }
      }
    })
  }
})
