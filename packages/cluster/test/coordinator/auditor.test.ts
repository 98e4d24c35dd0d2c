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

  constructor(auditEvery: number) {
    this.auditor = new Auditor('job', { nTraining: 4, auditEvery }, (_member, message) => {
      assert.equal(message.type, 'audit')
      this.asked.push(message as Audit)
    })
    for (const [link, worker] of ['w0', 'w1'].entries()) {
      this.members.admit(link, {
        type: 'hello', protocol: 1, build: 'b', worker, incarnation: worker, nThreads: 1,
        memoryBytes: 1e9, state: {
          job: 'job', view: 0, hasSetup: true, iteration: 0, nRequests: 0, digest: '', stores: [],
          tasks: [], isDraining: false, rssBytes: 0,
        },
      }, 0)
      this.board.give(worker, [2 * link, 2 * link + 1], 'active')
    }
  }

  /** A boundary between two iterations; workers have opened what they are to hold. */
  boundary(nIterations: number): void {
    const before = this.board.stores('audit').length
    this.auditor.atBoundary(nIterations, this.board, this.members)
    if (this.board.stores('audit').length > before) this.begun.push(nIterations)
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
  answer(digestOf: (worker: string) => string) {
    const errors = this.asked.splice(0).map(({ audit }, i) => {
      const member = this.members.all()[i]!
      return this.auditor.hear(
        member, { type: 'audited', job: 'job', audit, digest: digestOf(member.name) }, this.board)
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
    assert.deepEqual(audited.asked.map(({ iteration, isHolder }) => [iteration, isHolder]),
      [[2, true], [2, false]])
    const error = audited.answer((worker) => worker)
    assert.equal(error!.code, 'INTERNAL')
    assert.match(error!.message, /workers w\d and w\d disagree about the scores of partition \d/)
  })
})
