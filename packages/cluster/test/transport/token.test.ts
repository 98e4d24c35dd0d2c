import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { readToken, Token } from '../../src/transport/index.js'

const token = new Token('a-secret-of-enough-characters', 'token.txt')

describe('readToken', () => {
  let folder = ''
  before(() => { folder = mkdtempSync(join(tmpdir(), 'coppice-token-')) })
  after(() => rmSync(folder, { recursive: true }))

  const read = async (text: string | Uint8Array, mode = 0o600): Promise<[Token, string[]]> => {
    const path = join(folder, 'token')
    writeFileSync(path, text)
    chmodSync(path, mode)
    const warnings: string[] = []
    return [await readToken(path, (message) => warnings.push(message)), warnings]
  }

  it('drops line breaks at the end', async () => {
    for (const end of ['', '\n', '\r\n', '\n\n']) {
      const [read1] = await read(`0123456789abcdef${end}`)
      assert.equal(read1.header, 'Bearer 0123456789abcdef')
      assert.ok(read1.equals('0123456789abcdef'))
      assert.ok(!read1.equals('0123456789abcdeF') && !read1.equals(''))
    }
  })

  it('refuses what is too short, too long or no single line, and does not show it', async () => {
    const cases: [string, RegExp][] = [['', /is empty/], ['\n', /is empty/],
      ['0123456789abcde', /has only 15 characters/], ['0123456789 abcdef', /holds spaces/],
      ['0123456789\nabcdefgh', /holds spaces, line breaks/],
      ['0123456789abcdefä', /outside ASCII/],
      ['x'.repeat(1025), /has 1025 characters, more than 1024/]]
    for (const [text, message] of cases) {
      await assert.rejects(read(text), (error: Error & { code: string }) => {
        assert.equal(error.code, 'PARAMETER')
        assert.match(error.message, message)
        assert.match(error.message, /the token in .*token .*openssl rand -hex 32/)
        assert.ok(text.length < 2 || !error.message.includes(text))
        return true
      })
    }
    await assert.rejects(readToken(join(folder, 'nothing'), () => undefined),
      { code: 'PARAMETER', message: /the token file .*nothing: no such file or folder; check/ })
    await assert.rejects(readToken(folder, () => undefined),
      { code: 'PARAMETER', message: /cannot read the token file .*: it is a folder$/ })
  })

  it('warns of a file that everybody can read', async function () {
    if (process.platform === 'win32') this.skip() // There are no such bits.
    assert.deepEqual((await read('0123456789abcdef'))[1], [])
    assert.deepEqual((await read('0123456789abcdef', 0o640))[1], [])
    const [, warnings] = await read('0123456789abcdef', 0o644)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /everybody on this machine can read the token in .*chmod 600/)
  })

  it('never shows itself', () => {
    for (const shown of [String(token), JSON.stringify({ token }), inspect({ token }, false, 9)]) {
      assert.match(shown, /Token\(token.txt\)/)
      assert.ok(!shown.includes('secret'))
    }
  })
})
