import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { openAtomicFile, writeFileAtomically } from '../../src/node/atomic-file.js'
import { ioError, openFileSource } from '../../src/node/file-source.js'
import { openTableFile } from '../../src/node/write-table.js'
import { readRaw } from '../../src/node/read-raw.js'
import { flatten } from '../reader-contract.js'
import { chunkOf } from '../table-files.js'
import { useTempFolder } from './temp-folder.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('openAtomicFile', () => {
  const temp = useTempFolder()

  it('never replaces a folder or a device', async () => {
    mkdirSync(temp('folder'))
    await assert.rejects(openAtomicFile(temp('folder')), { code: 'IO', message: /it is a folder/ })
    await assert.rejects(openAtomicFile('/dev/null'), { code: 'IO', message: /no regular file/ })
    assert.deepEqual(readdirSync(temp('folder')), [])
    rmdirSync(temp('folder'))
  })

  it('shows the file only once it is whole, and replaces an older one', async () => {
    writeFileSync(temp('a.csv'), 'old')
    const file = await openAtomicFile(temp('a.csv'))
    await file.write(bytesOf('new '))
    await file.write(bytesOf('text'))
    assert.equal(readFileSync(temp('a.csv'), 'utf8'), 'old')
    await file.commit()
    assert.equal(readFileSync(temp('a.csv'), 'utf8'), 'new text')
    assert.equal(file.byteLength, 8)
    await file.discard()
    assert.deepEqual(readdirSync(temp()), ['a.csv'])
  })

  it('leaves nothing of a file that is given up', async () => {
    const file = await openAtomicFile(temp('deep', 'b.csv'))
    await file.write(new Uint8Array(3 << 20))
    await file.discard()
    assert.deepEqual(readdirSync(temp('deep')), [])
    await assert.rejects(file.commit(), { code: 'IO', message: /b\.csv/ })
  })

  it('names the path when it cannot be written', async () => {
    writeFileSync(temp('plain'), '')
    await assert.rejects(openAtomicFile(temp('plain', 'x.csv')), {
      code: 'IO',
      message: /cannot write .*plain.x\.csv/,
    })
    mkdirSync(temp('folder.csv'))
    await assert.rejects(writeFileAtomically(temp('folder.csv'), 'text'), {
      code: 'IO',
      message: /cannot write .*folder\.csv/,
    })
    assert.ok(!existsSync(temp('.folder.csv.partial')))
  })

  it('says what to do when the disk is full', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    const error = ioError('cannot write /data/out.csv', full)
    assert.equal(error.code, 'IO')
    assert.match(error.message, /cannot write \/data\/out\.csv: the disk is full; free some space/)
    assert.equal(error.cause, full)
  })
})

describe('openFileSource', () => {
  const temp = useTempFolder()

  it('reads any range, and names a file that became shorter', async () => {
    writeFileSync(temp('x'), 'hello world')
    const source = await openFileSource(temp('x'))
    assert.equal(source.byteLength, 11)
    assert.deepEqual(await source.slice(6, 11), bytesOf('world'))
    assert.deepEqual(await source.slice(3, 3), new Uint8Array(0))
    writeFileSync(temp('x'), 'hel')
    await assert.rejects(source.slice(0, 11), { code: 'IO', message: /x ended at byte 3 of 11/ })
    await source.close()
    await assert.rejects(openFileSource(temp()), { code: 'IO', message: /it is a folder/ })
  })
})

describe('openTableFile', () => {
  const temp = useTempFolder()

  it('writes what its name says', async () => {
    for (const name of ['a.csv', 'a.parquet', 'a.arrow', 'a.tsv', 'a.npy']) {
      const file = await openTableFile(temp(name), [{ name: 'p', type: 'float' }], 3)
      await file.write([chunkOf('float', [0.25, null])])
      await file.write([chunkOf('float', [1])])
      assert.ok(!existsSync(temp(name)))
      await file.commit()
      const values = []
      for await (const unit of readRaw(temp(name), null)) {
        values.push(...flatten({ chunks: unit.columns }))
      }
      assert.deepEqual(values, [0.25, null, 1], name)
    }
  })
  it('refuses names that say no format to write, and leaves nothing of a failed one', async () => {
    const columns = [{ name: 'p', type: 'string' } as const]
    for (const name of ['a.txt', 'a.libsvm', 'a']) {
      await assert.rejects(openTableFile(temp('no', name), columns, 1), {
        code: 'DATA',
        message: /its name should end in \.csv/,
      })
    }
    await assert.rejects(openTableFile(temp('no', 'a.npy'), columns, 1), { code: 'DATA' })
    assert.deepEqual(readdirSync(temp('no')), [])
  })
})
