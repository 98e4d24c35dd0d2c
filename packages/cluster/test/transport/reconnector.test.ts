import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { CoppiceError } from '@coppice/model'
import {
  backoffMs, ConnectError, connectLink, memoryLinks, Reconnector,
} from '../../src/transport/index.js'
import type { ConnectProblem, Link, ReconnectorOptions } from '../../src/transport/index.js'
import { FaultyProxy } from '../support/faulty-proxy.js'
import { LinkRecorder } from '../support/link-recorder.js'
import { startServer } from '../support/test-server.js'

/** A clock that jumps over every wait. */
class JumpingClock {
  nowMs = 0
  readonly waits: number[] = []
  onSleep: (() => void) | null = null

  now(): number {
    return this.nowMs
  }

  sleep(ms: number): Promise<void> {
    this.waits.push(ms)
    this.nowMs += ms
    this.onSleep?.()
    return Promise.resolve()
  }
}

const link = (): Link => memoryLinks()[0]

describe('Reconnector', () => {
  /** `script` says how each attempt ends; 'ok' connects. */
  const make = (
    script: (ConnectProblem | 'ok' | Error)[],
    options: Partial<ReconnectorOptions> = {},
  ): { reconnector: Reconnector, clock: JumpingClock, nTried: () => number } => {
    const clock = new JumpingClock()
    let nTried = 0
    const reconnector = new Reconnector({
      graceMs: 60_000,
      random: () => 0,
      clock,
      connect: () => {
        const end = script[Math.min(nTried, script.length - 1)]!
        nTried++
        if (end === 'ok') return Promise.resolve(link())
        return Promise.reject(end instanceof Error ? end
          : new ConnectError(end, `attempt ${nTried}: ${end}`))
      },
      ...options,
    })
    return { reconnector, clock, nTried: () => nTried }
  }

  it('tries at once, then after 0.2 s doubled up to 5 s', async () => {
    const { reconnector, clock } = make([...Array<ConnectProblem>(8).fill('unreachable'), 'ok'])
    await reconnector.next()
    assert.deepEqual(clock.waits, [200, 400, 800, 1600, 3200, 5000, 5000, 5000])
  })

  it('cuts off up to half of each wait, as its random source says', async () => {
    const random = new TestRandom(3)
    const expected = new TestRandom(3)
    const { reconnector, clock } = make(['busy', 'busy', 'busy', 'ok'],
      { random: () => random.uniform() })
    await reconnector.next()
    assert.deepEqual(clock.waits, [200, 400, 800].map((ms) =>
      Math.round(ms * (1 - expected.uniform() / 2))))
    for (let attempt = 1; attempt < 100; attempt++) {
      const ms = backoffMs(attempt, () => random.uniform())
      assert.ok(ms >= 100 && ms <= 5000)
    }
  })

  it('gives up after the grace with the first and the last cause', async () => {
    const { reconnector, clock } = make(['busy', 'unreachable'], { graceMs: 10_000 })
    await assert.rejects(reconnector.next(), { code: 'IO', message: 'no connection for 10 s, so '
      + 'this is given up: attempt 7: unreachable; at first: attempt 1: busy' })
    assert.deepEqual(clock.waits, [200, 400, 800, 1600, 3200, 3800])
    const short = make(['busy'], { graceMs: 500 })
    await assert.rejects(short.reconnector.next(), /no connection for 0\.5 s, so/)
  })

  it('does not repeat what a repetition cannot mend', async () => {
    for (const problem of ['unauthorized', 'tls', 'not-coordinator'] as const) {
      const { reconnector, nTried } = make(['unreachable', problem])
      await assert.rejects(reconnector.next(), { problem, code: 'PARAMETER' })
      assert.equal(nTried(), 2)
    }
    const bug = make([new TypeError('a bug')])
    await assert.rejects(bug.reconnector.next(), TypeError)
    assert.equal(bug.nTried(), 1)
  })

  it('bears another server in between once it was connected', async () => {
    const { reconnector, nTried } = make(['ok', 'not-coordinator', 'not-coordinator', 'ok',
      'unauthorized'])
    await reconnector.next()
    await reconnector.next()
    assert.equal(nTried(), 4)
    await assert.rejects(reconnector.next(), { problem: 'unauthorized' })
  })

  it('does not call in a tight loop on one that accepts and closes', async () => {
    const { reconnector, clock } = make(['ok'])
    for (let i = 0; i < 5; i++) await reconnector.next()
    assert.deepEqual(clock.waits, [200, 400, 800, 1600])
    clock.nowMs += 10_000
    await reconnector.next()
    assert.equal(clock.waits.length, 4, 'after a good connection there is no wait')
  })

  it('tells each failure and the wait after it', async () => {
    const told: string[] = []
    const { reconnector } = make(['unreachable', 'busy', 'ok'],
      { onFailure: (error, waitMs) => told.push(`${error.message} ${waitMs}`) })
    await reconnector.next()
    assert.deepEqual(told, ['attempt 1: unreachable 200', 'attempt 2: busy 400'])
  })

  it('stops when its signal says so', async () => {
    const controller = new AbortController()
    const { reconnector, clock, nTried } = make(['unreachable'], { signal: controller.signal })
    clock.onSleep = () => { if (clock.waits.length === 3) controller.abort() }
    await assert.rejects(reconnector.next(), (error: unknown) => {
      assert.ok(error instanceof CoppiceError && error.code === 'ABORTED')
      assert.match((error.cause as Error).message, /attempt 1/)
      return true
    })
    assert.equal(nTried(), 3)
  })

  it('sleeps no longer than its signal allows, by the real clock', async () => {
    const controller = new AbortController()
    const reconnector = new Reconnector({ graceMs: 60_000, random: () => 0,
      signal: controller.signal, onFailure: () => setTimeout(() => controller.abort(), 20),
      connect: () => Promise.reject(new ConnectError('busy', 'busy')) })
    const start = performance.now()
    await assert.rejects(reconnector.next(), { code: 'ABORTED' })
    assert.ok(performance.now() - start < 150)
  })

  it('comes back to a coordinator through a network that fails and heals', async () => {
    const test = await startServer()
    const proxy = await FaultyProxy.start(test.server.port)
    const failures: Error[] = []
    const reconnector = new Reconnector({ graceMs: 10_000, random: () => 1,
      onFailure: (error) => {
        failures.push(error)
        if (failures.length === 2) proxy.heal()
      },
      connect: (signal) => connectLink(`ws://127.0.0.1:${proxy.port}`,
        { role: 'worker', token: null, ...(signal === undefined ? {} : { signal }) }) })
    const first = new LinkRecorder(await reconnector.next())
    proxy.refuse()
    proxy.reset()
    assert.equal((await first.closed()).by, 'network')
    const second = await reconnector.next()
    assert.equal(failures.length, 2)
    assert.match(failures[0]!.message, /closed before an answer came/)
    await test.nextLink()
    const atCoordinator = new LinkRecorder(await test.nextLink())
    second.send(Buffer.from('back'))
    await atCoordinator.received(1)
    second.destroy('done')
    await proxy.stop()
    await test.stop()
  })
})
