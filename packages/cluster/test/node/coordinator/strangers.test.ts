import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CoordinatorHandle, runCoordinator } from '../../../src/node/index.js'
import { harass } from '../../support/strangers.js'

const token = 'a-secret-of-enough-characters'

describe('strangers at a coordinator', () => {
  let folder = ''
  let coordinator: CoordinatorHandle | null = null
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coppice-strangers-'))
    writeFileSync(join(folder, 'token'), `${token}\n`, { mode: 0o600 })
  })
  afterEach(() => coordinator?.close())
  after(() => rmSync(folder, { recursive: true }))

  const come = async (options: Parameters<typeof runCoordinator>[0]) => {
    coordinator = await runCoordinator({ listen: '127.0.0.1:0', ...options })
    return harass({
      port: Number(new URL(coordinator.url).port), token, seed: 1, lastsMs: 300,
      signal: new AbortController().signal,
    })
  }

  it('are refused, each with the reason, and soon', async () => {
    const { problems, nRefused } = await come({ tokenFile: join(folder, 'token') })
    assert.deepEqual(problems, [])
    assert.equal(Object.keys(nRefused).length, 7)
    for (const [name, n] of Object.entries(nRefused)) assert.ok(n > 0, `${name}: ${n}`)
  })

  it('are told of when they get in', async () => {
    const { problems } = await come({})
    assert.ok(problems.some((text) => text.startsWith('no token: it was answered HTTP/1.1 101')))
    assert.ok(problems.some((text) => text.startsWith('wrong token: it was answered')))
  })
})
