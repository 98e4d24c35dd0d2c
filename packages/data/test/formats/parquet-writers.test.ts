import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CoppiceError } from '@coppice/model'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { parquetReader } from '../../src/formats/parquet.js'
import { bufferSource, defaultTextOptions, flatten, readColumns } from '../reader-contract.js'

const file = new URL('../../../test/formats/parquet-golden.json', import.meta.url)
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>

async function read(bytes: Uint8Array): Promise<Record<string, readonly unknown[]>> {
  const source = bufferSource('the-file', bytes)
  const plan = await parquetReader.plan(source, defaultTextOptions)
  const found = await readColumns(parquetReader, source, plan, {})
  return Object.fromEntries(plan.columns.map(({ name }, i) => [name, flatten(found[i]!)]))
}

const bytesOf = (name: string): Uint8Array => Uint8Array.from(Buffer.from(golden[name]!, 'base64'))

describe('parquetReader, of what other programs write', () => {
  it('reads flags of files without rows, whose pages are nowhere', async () => {
    assert.deepEqual(await read(bytesOf('no rows')), { flag: [], label: [] })
  })

  it('reads columns without a value, whose dictionary is compressed from nothing', async () => {
    const none = new Array<null>(6).fill(null)
    assert.deepEqual(await read(bytesOf('all null, LZ4')),
      { nulls: none, label: [0, 1, 0, 1, 0, 1] })
  })

  it('reads unsigned deltas from a first value of 33 bits on', async () => {
    const values = Array.from({ length: 5 }, (_, i) => 3e9 + i * 1000)
    assert.deepEqual(await read(bytesOf('unsigned deltas')), { u: values })
  })

  it('reads durations as milliseconds, which only Arrow knows of', async () => {
    assert.deepEqual(await read(bytesOf('durations')), {
      s: [9e10, -1.5e6, null],
      ms: [9e7, -1500, null],
      us: [90_000, -2, null],
      long: [1e10 + 1, 0, null],
      count: [9e7, -1500, null],
      words: ['a', 'b', null],
    })
    const { columns } = await parquetReader.plan(
      bufferSource('the-file', bytesOf('durations')), defaultTextOptions)
    assert.deepEqual(columns.map(({ type }) => type),
      [...new Array<string>(4).fill('duration'), 'int', 'string'])
    const text = Buffer.from(bytesOf('durations')).toString('latin1')
    const damaged = Buffer.from(
      text.replace(/ARROW:schema(.{3}).{12}/s, 'ARROW:schema$1AAAAAAAAAAAA'), 'latin1')
    await assert.rejects(read(damaged),
      { code: 'DATA', message: /the-file as Parquet: its schema is damaged/ })
  })

  it('names the file, whatever a damaged footer says', async () => {
    await assert.rejects(read(new TextEncoder().encode('PAR1')),
      { code: 'DATA', message: /the-file as Parquet/ })
    await refuseDamaged(new Uint8Array(parquetWriteBuffer({ columnData: [
      { name: 'a', data: [1, 2, 3], type: 'INT32' }, { name: 'b', data: ['x', 'y', 'z'] },
    ] })))
    await refuseDamaged(bytesOf('durations'))
  })
})

/** Changes each byte of a file's footer in turn. */
async function refuseDamaged(bytes: Uint8Array): Promise<void> {
  const nFooter = new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
  let nRefused = 0
  for (let at = bytes.length - 8 - nFooter; at < bytes.length; at++) {
    for (const change of [1, 12, 0x7f, 0x80, 0xff]) {
      const damaged = bytes.slice()
      damaged[at]! ^= change
      try {
        await read(damaged)
      } catch (error) {
        assert.ok(error instanceof CoppiceError && error.code === 'DATA', `${at} ^ ${change}`)
        assert.match(error.message, /the-file/)
        nRefused++
      }
    }
  }
  assert.ok(nRefused > 100, `${nRefused} are refused`)
}
