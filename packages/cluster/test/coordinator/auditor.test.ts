import assert from 'node:assert/strict'
import { Auditor } from '../../src/coordinator/auditor.js'
import { Members } from '../../src/coordinator/members.js'
import { StoreBoard } from '../../src/coordinator/store-board.js'
import type { Audit } from '../../src/protocol/messages.js'

/** Two workers that hold half of the partitions each, and do what they are told at once. */
class Audited {
  readonly board = new StoreBoard(4, 0)
  readonly members = new Members('b', { leaseMs: 3000, graceMs: 300 })
  readonly asked: Audit[] = []
  readonly auditor: Auditor
  /** Iterations after which an audit began. */
  readonly begun: number[] = []
  readonly notices: string[] = []
  #now = 1e6

  constructor(auditEvery: number) {
    this.auditor = new Auditor({
      job: 'job', nTraining: 4, vigilance: { auditEvery, hangTimeoutMs: 600_000 },
      now: () => this.#now,
      send: (_member, message) => {
        assert.equal(message.type, 'audit')
        this.asked.push(message as Audit)
      },
      notice: (text) => { this.notices.push(text) },
    }, this.board, this.members)
    for (const [link, worker] of ['w0', 'w1'].entries()) {
      this.members.admit(link, {
        type: 'hello', protocol: 1, build: 'b', worker, incarnation: worker, nThreads: 1,
        memoryBytes: 1e9, state: {
          job: 'job', view: 0, hasSetup: true, iteration: 0, nRequests: 0, digest: '',
          mark: '', stores: [], tasks: [], isDraining: false, rssBytes: 0,
        },
      }, 0)
      this.board.give(worker, [2 * link, 2 * link + 1], 'active')
    }
  }

  /** Time passes, and the auditor is told of it. */
  pass(ms: number): void {
    for (const end = this.#now + ms; this.#now < end;) {
      this.#now += Math.min(1000, end - this.#now)
      this.auditor.tick()
    }
  }

  /** A boundary between two iterations; workers open what they are to hold, unless they do not. */
  boundary(nIterations: number, opens = true): void {
    const before = this.board.stores('audit').length
    this.auditor.atBoundary(nIterations, `trees ${nIterations}`)
    if (this.board.stores('audit').length > before) this.begun.push(nIterations)
    if (!opens) return
    for (const member of this.members.all()) {
      member.state = {
        ...member.state,
        stores: this.board.heldBy(member.name).map(({ id, partitions }) => ({
          store: id, partitions, phase: 'open', iteration: nIterations, nRequests: 0,
          hasAnswered: false,
        })),
      }
    }
  }

  /** Both sides answer what they were asked. @returns the error, if any */
  answer(digestOf: (worker: string) => string | null) {
    const errors = this.asked.splice(0).map(({ audit }, i) => {
      const member = this.members.all()[i]!
      return this.auditor.hear(
        member, { type: 'audited', job: 'job', audit, digest: digestOf(member.name) })
    })
    return errors.find((error) => error !== null) ?? null
  }
}

describe('Auditor', () => {
  for (const [auditEvery, expected] of [
    [0, []],
    [1, [1, 3, 5, 7, 9, 11]],
    [5, [1, 6, 11]],
    [50, [1]],
  ] as const) {
    it(`begins an audit after iterations ${expected.join(', ')} of 12 at ${auditEvery}`, () => {
      const audited = new Audited(auditEvery)
      for (let iteration = 1; iteration <= 12; iteration++) {
        audited.boundary(iteration)
        assert.equal(audited.answer(() => 'same'), null)
      }
      assert.deepEqual(audited.begun, expected)
    })
  }

  it('has one partition compared by its holder and another worker, and names both', () => {
    const audited = new Audited(3)
    audited.boundary(1)
    const [store] = audited.board.stores('audit')
    assert.equal(store!.partitions.length, 1)
    audited.boundary(2)
    assert.deepEqual(audited.asked.map(({ iteration, trees, isHolder }) =>
      [iteration, trees, isHolder]), [[2, 'trees 2', true], [2, 'trees 2', false]])
    const error = audited.answer((worker) => worker)
    assert.equal(error!.code, 'INTERNAL')
    assert.match(error!.message, /workers w\d and w\d disagree about the scores of partition \d/)
  })

  for (const seconds of [1, 29, 31, 700]) {
    it(`compares when an iteration takes ${seconds} s`, () => {
      const audited = new Audited(1)
      let nCompared = 0
      for (let iteration = 1; iteration <= 6; iteration++) {
        audited.boundary(iteration)
        audited.pass(100)
        const isAsked = audited.asked.length === 2
        assert.equal(audited.answer(() => 'same'), null)
        if (isAsked && audited.board.stores('audit').length === 0) nCompared++
        audited.pass(1000 * seconds)
      }
      assert.equal(nCompared, 3)
      assert.deepEqual(audited.notices, [])
    })
  }

  it('asks again, by another number, when somebody had gone on', () => {
    const audited = new Audited(1)
    const ids = new Set<number>()
    for (let iteration = 1; iteration <= 4; iteration++) {
      audited.boundary(iteration)
      for (const { audit } of audited.asked) ids.add(audit)
      audited.answer((worker) => (worker === 'w0' ? null : 'same'))
      audited.pass(60_000)
    }
    assert.equal(ids.size, 3)
    assert.deepEqual([audited.begun, audited.notices], [[1], []])
  })

  it('takes no answer to another question', () => {
    const audited = new Audited(1)
    audited.boundary(1)
    audited.boundary(2)
    const [first] = audited.asked
    audited.answer(() => null)
    audited.boundary(3)
    const [w0] = audited.members.all()
    const late = { type: 'audited', job: 'job', audit: first!.audit, digest: 'old' } as const
    assert.equal(audited.auditor.hear(w0!, late), null)
    assert.equal(audited.answer(() => 'same'), null)
    assert.deepEqual(audited.board.stores('audit'), [])
  })

  it('gives up a worker that does not load for the time that a read may hang, and tells', () => {
    const audited = new Audited(1)
    audited.boundary(1, false)
    const { worker } = audited.board.stores('audit')[0]!
    audited.pass(600_000)
    assert.deepEqual(audited.notices, [])
    audited.pass(1000)
    assert.match(audited.notices.join(), new RegExp(
      `^an audit of partition \\d was given up: worker ${worker} did not load it for 600 s`))
    assert.deepEqual(audited.board.stores('audit'), [])
    audited.boundary(2)
    assert.deepEqual(audited.begun, [1, 2])
  })

  it('gives up who does not answer for 30 s, and tells who that is', () => {
    const audited = new Audited(5)
    audited.boundary(1)
    audited.boundary(2)
    const { audit } = audited.asked[0]!
    const [w0] = audited.members.all()
    audited.auditor.hear(w0!, { type: 'audited', job: 'job', audit, digest: 'same' })
    audited.pass(30_000)
    assert.deepEqual(audited.notices, [])
    audited.pass(1000)
    assert.match(audited.notices.join(),
      /^an audit of partition \d was given up: worker w1 did not answer for 30 s/)
    assert.deepEqual(audited.board.stores('audit'), [])
  })

  it('says nothing when who holds what has changed: that is told elsewhere', () => {
    const audited = new Audited(1)
    audited.boundary(1)
    audited.boundary(2)
    for (const store of audited.board.stores('active')) audited.board.retire(store)
    audited.pass(700_000)
    assert.deepEqual([audited.notices, audited.board.stores('audit')], [[], []])
  })
})
