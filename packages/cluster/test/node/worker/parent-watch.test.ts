import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../support/eventually.js'
import { isAlive } from './process-life.js'

describe('watchParent', function () {
  this.timeout(60_000)

  it('kills a process that hangs once its parent is gone', async () => {
    const main = fileURLToPath(new URL('./hanging-main.js', import.meta.url))
    const parent: ChildProcess = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 2] })
    const [pid] = await once(parent.stdout!.setEncoding('utf8'), 'data') as [string]
    assert.ok(Number(pid) > 1)
    await eventually('the child is gone', () => !isAlive(Number(pid)), 20_000)
  })
})
