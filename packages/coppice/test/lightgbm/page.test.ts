import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { findParameter } from '@coppice/api'
import { Workspace } from '../support.js'

const here = path.resolve(import.meta.dirname, '../../../test/lightgbm')
const page = readFileSync(path.resolve(here, '../../LIGHTGBM.md'), 'utf8')

/** Boxes of a kind: what follows it on the first line, and the text. */
function boxes(kind: string): { readonly title: string, readonly text: string }[] {
  return [...page.matchAll(new RegExp('```' + kind + ' ?(.*)\n([^`]*)```', 'g'))]
    .map((match) => ({ title: match[1]!, text: match[2]! }))
}

describe('LIGHTGBM.md', function () {
  this.timeout(60_000)
  const work = new Workspace()
  before(() => cpSync(path.join(here, 'golden'), work.folder, { recursive: true }))
  after(() => work.remove())

  it('has configurations and commands that run', async () => {
    const configurations = boxes('conf')
    assert.deepEqual(configurations.map(({ title }) => title), ['train.conf', 'predict.conf'])
    for (const { title, text } of configurations) work.write(title, text)
    const commands = boxes('sh').flatMap(({ text }) => text.trimEnd().split('\n'))
    assert.ok(commands.length >= 5)
    for (const line of commands) await work.okHere(...line.split(' ').slice(1))
    assert.equal(work.read('scores.txt').trimEnd().split('\n').length, 60)
    assert.equal(work.read('small.txt').match(/^Tree=/gm)!.length, 5)
    assert.match(work.read('model.json'), /"format": ?"coppice-model"/)
  })

  it('has a program that does what it says', async () => {
    const promised = /It prints `([^`]*)`/.exec(page)![1]
    // inside the repository, so that the package is found as in any project that depends on it
    const folder = mkdtempSync(path.resolve(here, '../../dist/page-'))
    try {
      cpSync(path.join(here, 'golden'), folder, { recursive: true })
      writeFileSync(path.join(folder, 'page.mjs'), boxes('js').map(({ text }) => text).join('\n'))
      const { stdout } = await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: folder })
      assert.equal(stdout.trim(), promised)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('names parameters and pages that there are', () => {
    const keys = boxes('conf').flatMap(({ text }) =>
      [...text.matchAll(/^(\w+) =/gm)].map((match) => match[1]!))
    assert.deepEqual(keys.filter((key) => findParameter(key) === undefined), [])
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!)
    assert.ok(links.length >= 4)
    assert.deepEqual(links.filter((link) => !existsSync(path.resolve(here, '../..', link))), [])
  })
})
