import { finish, mixWord } from '@coppice/engine'
import type { Audited, ToWorker, WireError } from '../protocol/messages.js'
import type { Member, Members } from './members.js'
import type { BoardStore, StoreBoard } from './store-board.js'
import type { Vigilance } from './vigilance.js'

/** An audit that got no answers for so long is given up; the next one comes. */
const ANSWER_MS = 30_000

interface Audit {
  readonly partition: number
  readonly holder: BoardStore
  /** Another worker's store of that partition alone. */
  readonly auditor: BoardStore
  readonly begunAt: number
  /** The last pair of questions. */
  question: Question | null
}

interface Question {
  readonly id: number
  readonly iteration: number
  readonly askedAt: number
  readonly digests: Map<string, string | null>
}

/** What an auditor is given. */
export interface AuditorPort {
  readonly job: string
  /** Training partitions, of which one is drawn. */
  readonly nTraining: number
  readonly vigilance: Pick<Vigilance, 'auditEvery' | 'hangTimeoutMs'>
  readonly now: () => number
  readonly send: (member: Member, message: ToWorker) => void
  readonly notice: (text: string) => void
}

/**
 * The audit of contract rule 9: now and then a partition, drawn by hash, is read anew by another
 * worker, its scores are replayed from the trees, and compared with those that its holder trains
 * on. A wrong build, bad memory or a changed file shows as a difference, and is named. It costs
 * the loading and replaying of one partition every `auditEvery` iterations.
 */
export class Auditor {
  readonly #port: AuditorPort
  readonly #board: StoreBoard
  readonly #members: Members
  #audit: Audit | null = null
  #nextAt = 1

  constructor(port: AuditorPort, board: StoreBoard, members: Members) {
    this.#port = port
    this.#board = board
    this.#members = members
  }

  /** To be called now and then: gives up what does not come to an end. */
  tick(): void {
    const audit = this.#audit
    if (audit === null) return
    const { holder, auditor, question } = audit
    if (isVoid(audit)) return this.#end()
    const now = this.#port.now()
    const { hangTimeoutMs } = this.#port.vigilance
    if (question === null) {
      // once it is open, the end of an iteration is waited for, however long that takes
      if (now - audit.begunAt <= hangTimeoutMs || this.#isOpen(auditor)) return
      return this.#giveUp(audit, `${auditor.worker} did not load it for ${hangTimeoutMs / 1000} s`)
    }
    if (question.digests.size === 2 || now - question.askedAt <= ANSWER_MS) return
    const silent = [holder, auditor].map(({ worker }) => worker)
      .filter((worker) => !question.digests.has(worker))
    this.#giveUp(audit, `${silent.join(' and ')} did not answer for ${ANSWER_MS / 1000} s`)
  }

  /**
   * Between two iterations, after so many of them.
   *
   * @param trees - digest of their trees
   */
  atBoundary(nIterations: number, trees: string): void {
    const audit = this.#audit
    if (audit !== null) {
      if (isVoid(audit)) this.#end()
      else this.#ask(audit, nIterations, trees)
      return
    }
    const { auditEvery } = this.#port.vigilance
    if (auditEvery === 0 || nIterations < this.#nextAt) return
    this.#nextAt = nIterations + auditEvery
    this.#begin(nIterations)
  }

  #begin(nIterations: number): void {
    const draw = finish(mixWord(nIterations, 0x61756469))
    const partition = draw % this.#port.nTraining
    const holder = this.#board.stores('active')
      .find(({ partitions }) => partitions.includes(partition))
    const others = this.#members.all().filter(({ name, state }) =>
      name !== holder?.worker && !state.isDraining)
    if (holder === undefined || others.length === 0) return
    const worker = others[(draw >>> 16) % others.length]!.name
    this.#audit = {
      partition, holder, auditor: this.#board.give(worker, [partition], 'audit'),
      begunAt: this.#port.now(), question: null,
    }
  }

  #isOpen({ id, worker }: BoardStore): boolean {
    const stores = this.#members.get(worker)?.state.stores ?? []
    return stores.some(({ store, phase }) => store === id && phase === 'open')
  }

  /** Asks both sides, once the auditor follows the log. */
  #ask(audit: Audit, nIterations: number, trees: string): void {
    const { holder, auditor, partition, question } = audit
    const isAsked = question !== null && question.digests.size < 2
    if (isAsked || !this.#isOpen(auditor)) return
    const id = this.#board.takeId()
    audit.question = {
      id, iteration: nIterations, askedAt: this.#port.now(), digests: new Map(),
    }
    for (const { worker } of [holder, auditor]) {
      const member = this.#members.get(worker)
      if (member === undefined) continue
      this.#port.send(member, {
        type: 'audit', job: this.#port.job, audit: id, partition, iteration: nIterations,
        trees, isHolder: worker === holder.worker,
      })
    }
  }

  /** @returns an error when the two sides disagree */
  hear({ name }: Member, { audit: id, digest }: Audited): WireError | null {
    const audit = this.#audit
    const question = audit?.question ?? null
    if (audit === null || question?.id !== id) return null
    question.digests.set(name, digest)
    const holders = question.digests.get(audit.holder.worker)
    const auditors = question.digests.get(audit.auditor.worker)
    if (holders === undefined || auditors === undefined) return null
    // somebody had gone on already: asked again at the next boundary
    if (holders === null || auditors === null) return null
    if (holders !== auditors) {
      return {
        code: 'INTERNAL',
        message: `workers ${audit.holder.worker} and ${audit.auditor.worker} disagree about the ` +
          `scores of partition ${audit.partition} after iteration ${question.iteration}: bad ` +
          'memory, a file that changed, or a bug; the journal keeps what was committed, but it ' +
          'cannot be trusted: train again without the faulty machine',
      }
    }
    this.#end()
    return null
  }

  #giveUp({ partition }: Audit, why: string): void {
    this.#port.notice(`an audit of partition ${partition} was given up: worker ${why}; ` +
      'the next one comes')
    this.#end()
  }

  #end(): void {
    if (this.#audit?.auditor.role === 'audit') this.#board.retire(this.#audit.auditor)
    this.#audit = null
  }
}

/** Who holds what has changed, of which people are told elsewhere. */
function isVoid({ holder, auditor }: Audit): boolean {
  return holder.role !== 'active' || auditor.role !== 'audit'
}
