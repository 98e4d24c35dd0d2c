import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')

describe('README.md', () => {
  it('has a first model of fewer than ten lines that does what the text says', async () => {
    const text = await readFile(path.join(root, 'README.md'), 'utf8')
    const example = /```js\n([^`]*)```/.exec(text)?.[1] ?? ''
    const lines = example.split('\n').filter((line) => line.trim() !== '')
    assert.ok(lines.length > 0 && lines.length < 10, `${lines.length} lines`)
    const promised = /It prints `([^`]*)`/.exec(text)?.[1]
    // inside the repository, so that the package is found as in any project that depends on it
    const folder = await mkdtemp(path.join(root, 'test/dist/readme-'))
    try {
      await writeFile(path.join(folder, 'example.mjs'), example)
      const { stdout } = await run(process.execPath, ['example.mjs'], { cwd: folder })
      assert.equal(stdout.trim(), promised)
      const model = JSON.parse(await readFile(path.join(folder, 'ripeness.json'), 'utf8')) as {
        classes: unknown
      }
      assert.deepEqual(model.classes, ['raw', 'ripe'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }).timeout(30_000)

  it('has a ranking that prints what the text says', async () => {
    const text = await readFile(path.join(root, 'README.md'), 'utf8')
    const section = text.slice(text.indexOf('## Ranking'))
    const example = /```js\n([^`]*)```/.exec(section)?.[1] ?? ''
    const promised = /It prints `([^`]*)`/.exec(section)?.[1]
    const folder = await mkdtemp(path.join(root, 'test/dist/readme-'))
    try {
      await writeFile(path.join(folder, 'example.mjs'), example)
      const { stdout } = await run(process.execPath, ['example.mjs'], { cwd: folder })
      assert.equal(stdout.trim(), promised)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }).timeout(30_000)
})
