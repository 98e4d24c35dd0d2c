import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultSpoolLimits, Spool, type UploadResult } from '../../src/transport/spool.js'

const content = new Uint8Array(70_000).fill(7)
const name = createHash('sha256').update(content).digest('hex')

async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('Spool', () => {
  let folder = ''
  let spool: Spool
  const bring = (into: Spool): Promise<UploadResult> => into.write(name, bodyOf(content))
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-spool-'))
    spool = await Spool.open(folder, { ...defaultSpoolLimits, totalBytesMax: content.length })
    assert.equal((await bring(spool)).kind, 'stored')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Sweeps all files; `meanwhile` begins as soon as it is decided that they go. */
  async function sweepDuring<T>(meanwhile: () => Promise<T>): Promise<T> {
    let result: Promise<T> | null = null
    const removed = await spool.sweep(() => {
      queueMicrotask(() => { result = meanwhile() })
      return true
    })
    assert.deepEqual(removed, [name])
    return result!
  }

  it('says that a file is not there from when it is decided that it goes', async () => {
    assert.equal(await spool.byteLength(name), content.length)
    assert.equal(await sweepDuring(() => spool.byteLength(name)), null)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('keeps what is brought while the same is removed, and knows its room', async () => {
    spool = await Spool.open(folder, { ...defaultSpoolLimits, totalBytesMax: 2 * content.length })
    assert.equal((await sweepDuring(() => bring(spool))).kind, 'stored')
    assert.equal(await spool.byteLength(name), content.length)
    assert.deepEqual(readdirSync(folder), [name])
    await spool.remove(name)
    for (let times = 0; times < 3; times++) {
      assert.equal((await bring(spool)).kind, 'stored')
      await spool.remove(name)
    }
  })

  it('says that a file is not there when somebody else removed it', async () => {
    rmSync(spool.pathOf(name))
    assert.equal(await spool.byteLength(name), null)
    await spool.remove(name)
    await spool.remove(name)
  })
})
