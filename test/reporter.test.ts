import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from './support/process.js'
import { root } from './support/repository.js'

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

describe('the reporter of npm test', function () {
  this.timeout(30_000)

  let folder = ''

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-reporter-'))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  async function report(spec: string): Promise<{ counts: Counts, output: string }> {
    const file = path.join(folder, 'spec.mjs')
    const counts = path.join(folder, 'counts.json')
    const skip = pathToFileURL(path.join(root, 'test/dist/support/skip.js')).href
    await writeFile(file, `import { skipBecause } from '${skip}'\n${spec}`)
    const { stdout } = await run(process.execPath, [
      path.join(root, 'node_modules/mocha/bin/mocha.js'),
      '--no-config', '--fail-hook-affected-tests',
      '--reporter', path.join(root, 'scripts/lib/mocha-reporter.cjs'),
      '--reporter-option', `output=${counts}`, file,
    ], folder)
    return { counts: JSON.parse(await readFile(counts, 'utf8')) as Counts, output: stdout }
  }

  it('counts, and shows failures with their titles and what differs', async () => {
    const { counts, output } = await report(`
      import assert from 'node:assert/strict'
      describe('block', () => {
        it('holds', () => {})
        it('breaks', () => assert.deepEqual({ got: 'apple' }, { got: 'pear' }))
      })`)
    assert.deepEqual({ ...counts, slow: [] }, { passed: 1, failed: 1, skipped: 0, slow: [] })
    for (const text of ['block', 'breaks', 'apple', 'pear']) assert.match(output, new RegExp(text))
    assert.doesNotMatch(output, /holds/)
  })

  it('shows the reason of a skip, of a test or from a hook', async () => {
    const { counts, output } = await report(`
      it('one', function () { skipBecause(this, 'no python') })
      it('two, skipped: needs eight cores')
      describe('block', () => {
        before(function () { skipBecause(this, 'no browser') })
        it('three', () => {})
        it('four', () => {})
      })`)
    assert.deepEqual({ ...counts, slow: [] }, { passed: 0, failed: 0, skipped: 4, slow: [] })
    for (const text of ['one (skipped: no python)', 'needs eight cores', '(skipped: no browser)']) {
      assert.ok(output.includes(text), `"${text}" is not in\n${output}`)
    }
  })

  it('takes a skip without a reason for a failure', async () => {
    const { counts, output } = await report(`it('one', function () { this.skip() })`)
    assert.deepEqual({ ...counts, slow: [] }, { passed: 0, failed: 1, skipped: 0, slow: [] })
    assert.match(output, /FAIL: one: skipped/)
  })
})
