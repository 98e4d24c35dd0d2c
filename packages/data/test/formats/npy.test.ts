import assert from 'node:assert/strict'
import { createNpyReader, npyReader } from '../../src/formats/npy.js'
import {
  bufferSource,
  defaultTextOptions,
  flatten,
  readColumns,
  readerContract,
  type ContractTable,
} from '../reader-contract.js'

const capabilities = {
  types: ['float'],
  missing: true,
  names: false,
  keepsTypes: true,
  detectsTruncation: true,
} as const

for (const isFortran of [false, true]) {
  const makeFile = (table: ContractTable) => Promise.resolve(makeMatrix(table, isFortran))
  const name = `npy in ${isFortran ? 'Fortran' : 'C'} order`
  readerContract(name, makeFile, createNpyReader(1000), capabilities)
}

/** As numpy.save writes them: descriptor, the bytes of two values, and the values. */
const dtypes: readonly (readonly [string, string, readonly (number | null)[], string])[] = [
  ['|b1', '0001', [0, 1], 'bool'],
  ['|i1', '80 7f', [-128, 127], 'int'],
  ['|u1', '80 ff', [128, 255], 'int'],
  ['<i2', '0080 ff7f', [-32768, 32767], 'int'],
  ['>i2', '8000 7fff', [-32768, 32767], 'int'],
  ['<u2', '0080 ffff', [32768, 65535], 'int'],
  ['<i4', '00000080 01000000', [-2147483648, 1], 'int'],
  ['>u4', 'ffffffff 00000001', [4294967295, 1], 'int'],
  ['<i8', 'feffffffffffffff 0000000001000000', [-2, 4294967296], 'int'],
  ['>i8', 'fffffffffffffffe 0000000100000000', [-2, 4294967296], 'int'],
  ['<f2', '003c 0100', [1, 2 ** -24], 'float'],
  ['>f2', 'fbff 7e00', [-65504, null], 'float'],
  ['<f2', '0080 007c', [0, Infinity], 'float'],
  ['<f4', '0000c03f 00000080', [1.5, 0], 'float'],
  ['>f4', '7fc00001 ff800000', [null, -Infinity], 'float'],
  ['<f8', '000000000000f83f 9a9999999999b93f', [1.5, 0.1], 'float'],
  ['>f8', '3ff8000000000000 8000000000000000', [1.5, 0], 'float'],
]

describe('npyReader', () => {
  for (const [descr, hex, expected, type] of dtypes) {
    it(`reads ${descr} ${hex}`, async () => {
      const [column] = await read(npyFile(`'${descr}'`, '(2,)', bytesOf(hex)))
      assert.deepEqual(flatten(column!), expected)
      assert.equal(column!.chunks[0]!.type, type)
    })
  }

  it('refuses integers that a double cannot hold, unless they are forced to float', async () => {
    const cases = [
      ['<u8', 'ffffffffffffffff 0100000000000000', [18446744073709551616, 1],
        '18446744073709551615', 1],
      ['<i8', '0100000000002000 0100000000000080', [9007199254740992, -9223372036854775808],
        '9007199254740993', 1],
      ['>i8', '0000000000000001 8000000000000001', [1, -9223372036854775808],
        '-9223372036854775807', 2],
    ] as const
    for (const [descr, hex, rounded, exact, row] of cases) {
      const file = npyFile(`'${descr}'`, '(2,)', bytesOf(hex))
      const where = `'Column_0' of t\\.npy holds the integer ${exact} in row ${row}, `
      const message = new RegExp(`${where}.*'float'`)
      await assert.rejects(read(file), { code: 'DATA', message })
      const source = bufferSource('t.npy', file)
      const plan = await npyReader.plan(source, defaultTextOptions)
      const [column] = await readColumns(npyReader, source, plan, { types: ['float'] })
      assert.deepEqual(flatten(column!), rounded)
    }
  })

  it('reads versions 1, 2 and 3, rows by columns, in both orders', async () => {
    const data = bytesOf('01 02 03 04 05 06')
    for (const version of [1, 2, 3]) {
      const byRow = await read(npyFile(`'|u1'`, '(2, 3)', data, { version }))
      assert.deepEqual(byRow.map(flatten), [[1, 4], [2, 5], [3, 6]])
      const byColumn = await read(npyFile(`'|u1'`, '(2, 3)', data, { version, order: 'True' }))
      assert.deepEqual(byColumn.map(flatten), [[1, 2], [3, 4], [5, 6]])
    }
  })

  it('reads bytes at odd offsets of a larger buffer', async () => {
    const file = npyFile(`'<f8'`, '(1, 1)', bytesOf('000000000000f83f'))
    const larger = new Uint8Array(file.length + 3)
    larger.set(file, 3)
    const slice = (start: number, end: number) =>
      Promise.resolve(larger.subarray(3 + start, 3 + end))
    const source = { name: 't', byteLength: file.length, slice }
    const plan = await npyReader.plan(source, defaultTextOptions)
    assert.deepEqual((await readColumns(npyReader, source, plan, {})).map(flatten), [[1.5]])
  })

  it('plans units of a few MB of doubles', async () => {
    const nRows = 100_000
    const file = npyFile(`'|u1'`, `(${nRows}, 10)`, new Uint8Array(nRows * 10))
    const plan = await npyReader.plan(bufferSource('t', file), defaultTextOptions)
    assert.deepEqual(plan.units.map((unit) => unit.nRows), [52428, 47572])
  })

  it('says what is wrong with a file it refuses', async () => {
    const four = new Uint8Array(4)
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [bytesOf('50 4b 03 04 00 00 00 00 00 00 00 00'), /t\.npy is not an \.npy file: .*npz/],
      [bytesOf('93 4e'), /t\.npy is not an \.npy file: it has 2 bytes/],
      [npyFile(`'<f8'`, '(2, 2)', four), /t\.npy is truncated: 2 x 2 .* take 32 bytes .* are 4/],
      [npyFile(`'|u1'`, '(3,)', four), /t\.npy is longer than it says: 3 x 1 .* 3 bytes .* 4/],
      [npyFile(`'<c16'`, '(1,)', four), /array of <c16, .* float64/],
      [npyFile(`'|O'`, '(1,)', four), /array of \|O/],
      [npyFile(`'<U1'`, '(1,)', four), /array of <U1/],
      [npyFile(`'|f4'`, '(1,)', four), /array of \|f4/],
      [npyFile(`[('a', '<f4')]`, '(1,)', four), /array of records/],
      [npyFile(`'|u1'`, '()', four), /shape \(\); .* one dimension/],
      [npyFile(`'|u1'`, '(1, 2, 2)', four), /shape \(1, 2, 2\)/],
      [npyFile(`'|u1'`, '(0, 10000000)', new Uint8Array(0)), /10000000 columns/],
      [npyFile(`'|u1'`, '(4, 0)', new Uint8Array(0)), /0 columns/],
      [npyFile(`'|u1'`, '(4,)', four, { version: 4 }), /version 4\.0/],
      [npyFile(`'|u1'`, '(4,)', four, { order: 'Maybe' }), /header of t\.npy is damaged/],
    ]
    for (const [file, message] of cases) {
      await assert.rejects(read(file), { name: 'CoppiceError', code: 'DATA', message })
    }
  })
})

function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(' ', '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

/** A file as numpy writes it: the header padded so that the data begin at a multiple of 64. */
function npyFile(
  descr: string,
  shape: string,
  data: Uint8Array,
  { version = 1, order = 'False' } = {},
): Uint8Array {
  const start = version === 1 ? 10 : 12
  const dict = `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`
  const length = Math.ceil((start + dict.length + 1) / 64) * 64 - start
  const file = new Uint8Array(start + length + data.length)
  file.set([0x93, ...new TextEncoder().encode('NUMPY'), version, 0])
  const view = new DataView(file.buffer)
  if (version === 1) view.setUint16(8, length, true)
  else view.setUint32(8, length, true)
  file.set(new TextEncoder().encode(`${dict.padEnd(length - 1)}\n`), start)
  file.set(data, start + length)
  return file
}

async function read(file: Uint8Array) {
  const source = bufferSource('t.npy', file)
  const plan = await npyReader.plan(source, defaultTextOptions)
  return readColumns(npyReader, source, plan, {})
}

function makeMatrix({ columns, nRows }: ContractTable, isFortran: boolean): Uint8Array {
  const nColumns = columns.length
  const values = new Float64Array(nRows * nColumns)
  columns.forEach((column, c) =>
    column.values.forEach((value, row) => {
      values[isFortran ? c * nRows + row : row * nColumns + c] = (value as number | null) ?? NaN
    }),
  )
  const shape = `(${nRows}, ${nColumns})`
  const order = isFortran ? 'True' : 'False'
  return npyFile(`'<f8'`, shape, new Uint8Array(values.buffer), { order })
}
