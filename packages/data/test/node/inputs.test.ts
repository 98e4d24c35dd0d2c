import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { formatManifest } from '../../src/manifest.js'
import { hashFile } from '../../src/node/source-partitions.js'
import { resolveInputs } from '../../src/node/inputs.js'
import { loadDataset } from '../../src/node/load-dataset.js'
import { useTempFolder } from './temp-folder.js'

describe('resolveInputs', () => {
  const temp = useTempFolder()
  const files = [
    'a.csv',
    'b10.csv',
    'b9.csv',
    'Z.csv',
    'deep/c.csv',
    'deep/er/d.tsv',
    '\uff01.csv',
    '😀.csv',
  ]
  before(() => {
    for (const name of [...files, '_SUCCESS.csv', '.hidden.csv', 'notes.md', 'deep/_tmp/e.csv']) {
      mkdirSync(dirname(temp(name)), { recursive: true })
      writeFileSync(temp(name), 'x,y\n1,2\n')
    }
    writeFileSync(temp('raw.txt'), '1 0:2 3:4\n')
    mkdirSync(temp('nothing'))
  })
  const names = async (inputs: string | string[]) =>
    (await resolveInputs(inputs)).map(({ path }) => relative(temp(), path))

  it('expands patterns, sorted by UTF-8 bytes', async () => {
    assert.deepEqual(await names(temp('*.csv')), [
      'Z.csv',
      '_SUCCESS.csv',
      'a.csv',
      'b10.csv',
      'b9.csv',
      '\uff01.csv',
      '😀.csv',
    ])
    assert.deepEqual(await names(temp('b?.csv')), ['b9.csv'])
    assert.deepEqual(await names(temp('[ab]*.csv')), ['a.csv', 'b10.csv', 'b9.csv'])
    assert.deepEqual(await names(temp('{a,Z}.csv')), ['Z.csv', 'a.csv'])
    assert.deepEqual(await names(temp('deep/**/*.{csv,tsv}')), [
      'deep/_tmp/e.csv',
      'deep/c.csv',
      'deep/er/d.tsv',
    ])
  })

  it('sorts files in whatever order they are given', async () => {
    assert.deepEqual(await names([temp('b9.csv'), temp('a.csv')]), ['a.csv', 'b9.csv'])
  })

  it('takes all data files of a folder, without hidden ones', async () => {
    assert.deepEqual(await names(temp('deep')), ['deep/c.csv', 'deep/er/d.tsv'])
  })

  it('tells formats from names and content', async () => {
    const [csv] = await resolveInputs(temp('a.csv'))
    assert.equal(csv!.format, 'csv')
    const [libsvm] = await resolveInputs(temp('raw.txt'))
    assert.equal(libsvm!.format, 'libsvm')
    const [forced] = await resolveInputs(temp('raw.txt'), 'tsv')
    assert.equal(forced!.format, 'tsv')
    await assert.rejects(resolveInputs(temp('notes.md')), { code: 'DATA', message: /notes\.md/ })
  })

  it('refuses what is not there, naming pattern and folder', async () => {
    await assert.rejects(resolveInputs(temp('no.csv')), {
      code: 'IO',
      message: /no\.csv: no such file or folder; check/,
    })
    await assert.rejects(resolveInputs(temp('deep', 'x*.csv')), {
      code: 'IO',
      message: /no file matches the pattern .*x\*\.csv; check it/,
    })
    // of what is relative the folder has to be told
    await assert.rejects(resolveInputs('no-such/deep/x*.csv'), {
      code: 'IO',
      message: `no file matches the pattern no-such/deep/x*.csv (looked in ${
        resolve('no-such/deep')}); check it, and quote it where a shell would expand it`,
    })
    await assert.rejects(resolveInputs('no-such.csv'), {
      code: 'IO',
      message: `cannot read no-such.csv: no such file or folder (looked in ${
        process.cwd()}); check the path`,
    })
    await assert.rejects(resolveInputs(temp('nothing')), {
      code: 'IO',
      message: /the folder .*nothing holds no data file/,
    })
    await assert.rejects(resolveInputs('ftp://host/x.parquet'), {
      code: 'IO',
      message: /only local files, http:\/\/, https:\/\/ and s3:\/\/ are read/,
    })
    await assert.rejects(resolveInputs('http://host/folder/'), {
      code: 'IO',
      message: /web servers do not list their files/,
    })
    await assert.rejects(resolveInputs('http://me:secret@host/x.csv'), (error: Error) => {
      assert.ok(!error.message.includes('secret'))
      return error.message.includes('user and password')
    })
  })

  it('refuses a file that is given twice, also through a link', async () => {
    const twice = [temp('a.csv'), temp('a*.csv')]
    await assert.rejects(resolveInputs(twice), { code: 'DATA', message: /a\.csv is given twice/ })
    symlinkSync(temp('a.csv'), temp('link.tsv'))
    await assert.rejects(resolveInputs([temp('a.csv'), temp('link.tsv')]), { code: 'DATA' })
  })

  describe('with a manifest', () => {
    const write = async (listed: string[], change: object = {}) => {
      const partitions = []
      for (const name of listed) {
        const hash = await hashFile(temp(name))
        partitions.push({ uri: name, format: 'csv' as const, rows: 1, hash, ...change })
      }
      writeFileSync(temp('list.json'), formatManifest(partitions))
      return temp('list.json')
    }

    it('keeps its order and resolves names against its folder', async () => {
      const manifest = await write(['b9.csv', 'a.csv', 'deep/c.csv'])
      assert.deepEqual(await names(manifest), ['b9.csv', 'a.csv', 'deep/c.csv'])
      const { partitions } = await loadDataset({ inputs: manifest })
      assert.deepEqual(
        partitions.map(({ firstRow, nRows }) => [firstRow, nRows]),
        [
          [0, 1],
          [1, 1],
          [2, 1],
        ],
      )
      assert.equal(partitions[0]!.hash, await hashFile(temp('b9.csv')))
    })

    it('refuses another hash or another number of rows, naming the file', async () => {
      const hash = await write(['a.csv', 'b9.csv'], { hash: '0'.repeat(64) })
      await assert.rejects(loadDataset({ inputs: hash }), {
        code: 'DATA',
        message: /a\.csv has the SHA-256 .* manifest says 0000/,
      })
      const rows = await write(['a.csv'], { rows: 7 })
      await assert.rejects(loadDataset({ inputs: rows }), {
        code: 'DATA',
        message: /a\.csv has 1 rows but its manifest says 7/,
      })
    })

    it('refuses partitions that are not there, and other inputs beside it', async () => {
      const manifest = await write(['a.csv'], { uri: 'gone.csv' })
      await assert.rejects(resolveInputs(manifest), { code: 'IO', message: /gone\.csv.*1 of 1/ })
      await assert.rejects(resolveInputs([await write(['a.csv']), temp('b9.csv')]), {
        code: 'DATA',
        message: /must be the only input/,
      })
    })
  })
})
