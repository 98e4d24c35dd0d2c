import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { absoluteInputs, resolveInputs } from '../../src/node/index.js'

describe('absoluteInputs', () => {
  const before = process.cwd()
  let root = ''

  beforeEach(() => {
    root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'coppice-absolute-')))
    // A folder whose name would be a pattern.
    const folder = path.join(root, 'a[1] {b}')
    mkdirSync(path.join(folder, 'parts'), { recursive: true })
    for (const name of ['x.csv', 'y.csv', 'z[0].csv']) {
      writeFileSync(path.join(folder, 'parts', name), 'a,b\n1,2\n')
    }
    process.chdir(folder)
  })

  afterEach(() => {
    process.chdir(before)
    rmSync(root, { recursive: true, force: true })
  })

  for (const inputs of ['parts', 'parts/x.csv', './parts/../parts/*.csv', 'parts/z[0].csv',
    'parts/{x,y}.csv', ['parts/x.csv', 'parts/y.csv']]) {
    it(`names what ${JSON.stringify(inputs)} names, from any folder`, async () => {
      const here = await resolveInputs(inputs)
      const wanted = here.map((each) => path.resolve(each.path))
      const moved = await absoluteInputs(inputs)
      process.chdir(os.tmpdir())
      const found = (await resolveInputs(moved)).map((each) => path.resolve(each.path))
      assert.deepEqual(found, wanted)
      assert.ok(wanted.length > 0)
    })
  }

  it('leaves uris and absolute paths alone', async () => {
    const inputs = ['https://host/a.csv?x=1', 's3://bucket/a/*.parquet', 'file:///a/b.csv',
      '/data/*.csv']
    assert.deepEqual(await absoluteInputs(inputs), inputs)
  })
})
