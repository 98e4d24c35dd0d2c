import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolder, openAtomicFile } from '../../src/node/index.js'

describe('makeFolder', () => {
  let base = ''
  before(() => {
    base = mkdtempSync(join(tmpdir(), 'coppice-folder-'))
    writeFileSync(join(base, 'file'), '')
    symlinkSync(join(base, 'nowhere'), join(base, 'dangling'))
  })
  after(() => rmSync(base, { recursive: true }))

  it('makes all that is missing, once, however many want it', async () => {
    const path = join(base, 'a', 'b', 'c')
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(path, 0o700)))
    assert.ok(statSync(path).isDirectory())
    assert.equal(statSync(path).mode & 0o777, 0o700)
    await makeFolder(path)
  })

  it('names what is in the way', async () => {
    await assert.rejects(makeFolder(join(base, 'file')), { message: /file is no folder/ })
    await assert.rejects(makeFolder(join(base, 'file', 'x', 'y')),
      { message: /file is no folder; name another/ })
    await assert.rejects(makeFolder(join(base, 'dangling', 'x')), { message: /dangling/ })
  })

  it('ends with a reason where no folder can be made', async function () {
    this.timeout(5000)
    // only Linux has these
    if (!existsSync('/proc/self')) return this.skip()
    for (const path of ['/proc/coppice', '/proc/coppice/j']) {
      await assert.rejects(makeFolder(path), { message: 'the folder /proc/coppice cannot be ' +
        'made: its file system takes no new folders; write elsewhere' })
    }
    await assert.rejects(makeFolder('/sys/coppice/j'),
      { message: /^the folder \/sys\/coppice cannot be made: .*(read-only|permi)/ })
    await assert.rejects(openAtomicFile('/proc/coppice/model.json'), { code: 'IO',
      message: /^cannot write \/proc\/coppice\/model\.json: the folder \/proc\/coppice cannot be/ })
  })
})
