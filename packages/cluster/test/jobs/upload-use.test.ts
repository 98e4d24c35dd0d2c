import assert from 'node:assert/strict'
import { BROUGHT_MS, RELEASED_MS, uploadsOf, UploadUse } from '../../src/jobs/upload-use.js'
import type { DataSpec } from '../../src/protocol/client-messages.js'

const a = 'a1'.repeat(32)
const b = 'b2'.repeat(32)

function dataOf(...inputs: string[]): DataSpec {
  return {
    inputs, format: null, header: 'auto', missingValues: null, roles: { label: 'y' }, schema: null,
    rows: null,
  }
}
const uriOf = (sha256: string): string => `http://host:7077/v1/data/${sha256}`

describe('uploadsOf', () => {
  it('finds uploads among other inputs, behind any address', () => {
    assert.deepEqual(uploadsOf([
      dataOf(uriOf(a), '/data/x.csv', `https://proxy/base/v1/data/${b}`),
      dataOf('s3://v1/data/none', `${uriOf(a)}0`),
    ]), [a, b])
  })
})

describe('UploadUse', () => {
  const t = 1e12

  it('keeps what a job refers to for as long as it may go on, and a little longer', () => {
    const use = new UploadUse()
    use.brought(a, t)
    use.hold('j', [dataOf(uriOf(a))])
    use.hold('k', [dataOf(uriOf(a), uriOf(b))])
    const late = t + 100 * BROUGHT_MS
    assert.equal(use.isUnused(a, t, late), false)
    use.release('j', late)
    assert.equal(use.isUnused(a, t, late + RELEASED_MS), false, 'the other one has it')
    use.release('k', late)
    for (const sha256 of [a, b]) {
      assert.equal(use.isUnused(sha256, t, late + RELEASED_MS - 1), false)
      assert.equal(use.isUnused(sha256, t, late + RELEASED_MS), true)
    }
  })

  it('keeps what was brought again while its last job ran', () => {
    const use = new UploadUse()
    use.hold('j', [dataOf(uriOf(a))])
    use.brought(a, t)
    use.release('j', t)
    assert.equal(use.isUnused(a, 0, t + BROUGHT_MS - 1), false)
    assert.equal(use.isUnused(a, 0, t + BROUGHT_MS), true)
  })

  it('keeps what another client counts on, whichever job that refers to it ends first', () => {
    const use = new UploadUse()
    use.brought(a, t)
    use.hold('j', [dataOf(uriOf(a))])
    use.release('j', t + 1000)
    assert.equal(use.isUnused(a, t, t + BROUGHT_MS - 1), false)
    assert.equal(use.isUnused(a, t, t + BROUGHT_MS), true)
  })

  it('judges what an earlier coordinator left by its age', () => {
    const use = new UploadUse()
    assert.equal(use.isUnused(a, t, t + BROUGHT_MS - 1), false)
    assert.equal(use.isUnused(a, t, t + BROUGHT_MS), true)
    use.keepAll()
    assert.equal(use.isUnused(a, t, t + BROUGHT_MS), false)
    use.brought(b, t)
    assert.equal(use.isUnused(b, t, t + BROUGHT_MS), true, 'brought to this one')
  })
})
