import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createLibsvmReader, libsvmReader } from '../../src/formats/libsvm.js'
import {
  bufferSource,
  defaultTextOptions,
  flatten,
  readColumns,
  readerContract,
  type ContractTable,
} from '../reader-contract.js'

const missing = false
const common = { types: ['float'], missing, names: false, keepsTypes: false } as const

for (const limits of [
  { unitBytes: 1, unitValues: 1_000_000 },
  { unitBytes: 1_000_000, unitValues: 40 },
  { unitBytes: 500, unitValues: 100 },
]) {
  const name = `libsvm in units of ${limits.unitBytes} bytes, ${limits.unitValues} values`
  const makeFile = (table: ContractTable) => Promise.resolve(encode(toText(table)))
  const reader = createLibsvmReader(limits)
  readerContract(name, makeFile, reader, { ...common, detectsTruncation: false })
}

describe('libsvmReader', () => {
  it('reads labels, groups and zero-based indices; absent entries are 0', async () => {
    const text = '# made by hand\n1 qid:7 0:0.5 3:-2\r\n\n0 qid:8 3:1e3 1:4 # end\n-1 qid:8\n'
    const { names, columns, types } = await read(text)
    assert.deepEqual(names, ['label', 'qid', 'Column_0', 'Column_1', 'Column_2', 'Column_3'])
    assert.deepEqual(columns, [
      [1, 0, -1],
      [7, 8, 8],
      [0.5, 0, 0],
      [0, 4, 0],
      [0, 0, 0],
      [-2, 1000, 0],
    ])
    assert.deepEqual(types, ['int', 'int', 'float', 'int', 'int', 'float'])
  })

  it('reads rows without labels, as they are when predicting', async () => {
    const { names, columns } = await read('0:1 1:2\n1:3')
    assert.deepEqual(names, ['Column_0', 'Column_1'])
    assert.deepEqual(columns, [[1, 0], [2, 3]])
  })

  it('reads missing markers, NaN and infinities', async () => {
    const { columns } = await read('NA 0:nan 1:inf\n1 0:? 1:-Infinity\n')
    assert.deepEqual(columns, [[null, 1], [null, null], [Infinity, -Infinity]])
  })

  it('gives back random sparse rows, for any unit size', async () => {
    const row = fc.dictionary(fc.nat(20).map(String), fc.integer({ min: -9, max: 9 }))
    const rows = fc.array(fc.tuple(fc.integer(), row), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 60 }), async (table, size) => {
        const lines = table.map(([label, entries]) => {
          const tokens = Object.entries(entries).map(([index, value]) => `${index}:${value}`)
          return [label, ...tokens].join(' ')
        })
        const limits = { unitBytes: size, unitValues: 2 * size }
        const { names, columns } = await read(lines.join('\n'), createLibsvmReader(limits))
        const indices = table.flatMap(([, entries]) => Object.keys(entries).map(Number))
        const nFeatures = Math.max(-1, ...indices) + 1
        const features = Array.from({ length: nFeatures }, (_, i) =>
          table.map(([, entries]) => (entries[i] ?? 0) + 0),
        )
        const labels = table.map(([label]) => label)
        assert.equal(names.length, table.length === 0 ? 0 : 1 + nFeatures)
        assert.deepEqual(columns, table.length === 0 ? [] : [labels, ...features])
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('limits the values of a unit by its columns', async () => {
    const lines = Array.from({ length: 40 }, (_, row) => `1 ${row === 39 ? 99_999 : 0}:1`)
    const source = bufferSource('t', encode(lines.join('\n')))
    const plan = await libsvmReader.plan(source, defaultTextOptions)
    assert.deepEqual(plan.units.map(({ nRows }) => nRows), Array.from({ length: 8 }, () => 5))
  })

  it('names file and line in its errors', async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['1 0:1\n\n# x\n2 a:3\n', /^t\.svm, line 4: 'a:3' is not index:value/],
      ['1 0:1\n2 3\n', /^t\.svm, line 2: '3' is not index:value/],
      ['1 0:1\n2 1:\n', /^t\.svm, line 2: '1:' is not index:value/],
      ['1 0:1\n2 -1:5\n', /^t\.svm, line 2: '-1:5' is not index:value/],
      ['1 0:1\n2 1:x\n', /^t\.svm, line 2: the value of index 1, 'x', is not a number/],
      ['1 0:1\nyes 1:2\n', /^t\.svm, line 2: the value of the label, 'yes', is not a number/],
      ['1 0:1\n2 4:1 5:1 4:2\n', /^t\.svm, line 2: index 4 stands twice/],
      ['1 0:1\n0:1\n', /^t\.svm, line 2: this row has no label, but the first row has one/],
      ['1 0:1\n1 qid:1 0:1\n', /^t\.svm, line 2: this row has a qid, but the first row has none/],
      ['1 0:1\n1 99999999999999999999:1\n', /^t\.svm, line 2: the index of .* is beyond 999999/],
    ]
    for (const [text, message] of cases) {
      await assert.rejects(read(text), { name: 'CoppiceError', code: 'DATA', message })
    }
  })
})

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

async function read(text: string, reader = libsvmReader) {
  const source = bufferSource('t.svm', encode(text))
  const plan = await reader.plan(source, defaultTextOptions)
  const all = await readColumns(reader, source, plan, {})
  return {
    names: plan.columns.map(({ name }) => name),
    columns: all.map(flatten),
    types: all.map(({ chunks }) => chunks[0]?.type),
  }
}

/** The first column is the label, the others are features; every other 0 is left out. */
function toText({ columns, nRows }: ContractTable): string {
  const lines: string[] = []
  for (let row = 0; row < nRows; row++) {
    const [label, ...features] = columns.map(({ values }) => values[row]!)
    lines.push([label, ...features.map((value, index) => `${index}:${value}`)].join(' '))
  }
  return lines.join('\n')
}
