import { finish, mixWord } from '@coppice/engine'
import type { Audited, ToWorker, WireError } from '../protocol/messages.js'
import type { Member, Members } from './members.js'
import type { BoardStore, StoreBoard } from './store-board.js'

/** An audit that got no answers for so long is given up; the next one comes. */
const AUDIT_MS = 30_000

interface Audit {
  readonly id: number
  readonly partition: number
  readonly holder: BoardStore
  /** Another worker's store of that partition alone. */
  readonly auditor: BoardStore
  startedAt: number
  /** Of the last pair of questions. */
  iteration: number
  readonly digests: Map<string, string | null>
}

/**
 * The audit of contract rule 9: now and then a partition, drawn by hash, is read anew by another
 * worker, its scores are replayed from the trees, and compared with those that its holder trains
 * on. A wrong build, bad memory or a changed file shows as a difference, and is named. It costs
 * the loading and replaying of one partition every `auditEvery` iterations.
 */
export class Auditor {
  readonly #job: string
  readonly #nTraining: number
  readonly #auditEvery: number
  readonly #send: (member: Member, message: ToWorker) => void
  #audit: Audit | null = null
  #nAudits = 0
  #nextAt = 1
  #now = 0

  /**
   * @param order - `nTraining`: training partitions, of which one is drawn; `auditEvery`: see
   *   Vigilance
   */
  constructor(
    job: string, order: { readonly nTraining: number, readonly auditEvery: number },
    send: (member: Member, message: ToWorker) => void,
  ) {
    this.#job = job
    this.#nTraining = order.nTraining
    this.#auditEvery = order.auditEvery
    this.#send = send
  }

  tick(now: number, board: StoreBoard): void {
    this.#now = now
    if (this.#audit !== null && now - this.#audit.startedAt > AUDIT_MS) this.#end(board)
  }

  /** Between two iterations, after so many of them. */
  atBoundary(nIterations: number, board: StoreBoard, members: Members): void {
    const audit = this.#audit
    if (audit !== null) {
      if (audit.holder.role !== 'active' || audit.auditor.role !== 'audit') this.#end(board)
      else this.#ask(audit, nIterations, members)
      return
    }
    if (this.#auditEvery === 0 || nIterations < this.#nextAt) return
    this.#nextAt = nIterations + this.#auditEvery
    this.#begin(nIterations, board, members)
  }

  #begin(nIterations: number, board: StoreBoard, members: Members): void {
    const draw = finish(mixWord(nIterations, 0x61756469))
    const partition = draw % this.#nTraining
    const holder = board.stores('active').find(({ partitions }) => partitions.includes(partition))
    const others = members.all().filter(({ name, state }) =>
      name !== holder?.worker && !state.isDraining)
    if (holder === undefined || others.length === 0) return
    const worker = others[(draw >>> 16) % others.length]!.name
    this.#audit = {
      id: ++this.#nAudits, partition, holder, startedAt: this.#now, iteration: -1,
      auditor: board.give(worker, [partition], 'audit'), digests: new Map(),
    }
  }

  /** Asks both sides, once the auditor follows the log. */
  #ask(audit: Audit, nIterations: number, members: Members): void {
    const { holder, auditor, partition, id } = audit
    const isOpen = members.get(auditor.worker)?.state.stores.some(({ store, phase }) =>
      store === auditor.id && phase === 'open')
    const isAsked = audit.iteration >= 0 && audit.digests.size < 2
    if (isOpen !== true || isAsked) return
    audit.iteration = nIterations
    audit.digests.clear()
    for (const { worker } of [holder, auditor]) {
      const member = members.get(worker)
      if (member === undefined) continue
      this.#send(member, {
        type: 'audit', job: this.#job, audit: id, partition, iteration: nIterations,
        isHolder: worker === holder.worker,
      })
    }
  }

  /** @returns an error when the two sides disagree */
  hear({ name }: Member, { audit: id, digest }: Audited, board: StoreBoard): WireError | null {
    const audit = this.#audit
    if (audit === null || audit.id !== id) return null
    audit.digests.set(name, digest)
    const holders = audit.digests.get(audit.holder.worker)
    const auditors = audit.digests.get(audit.auditor.worker)
    if (holders === undefined || auditors === undefined) return null
    // somebody had gone on already: asked again at the next boundary
    if (holders === null || auditors === null) return null
    if (holders !== auditors) {
      return {
        code: 'INTERNAL',
        message: `workers ${audit.holder.worker} and ${audit.auditor.worker} disagree about the ` +
          `scores of partition ${audit.partition} after iteration ${audit.iteration}: bad ` +
          'memory, a file that changed, or a bug; the journal keeps what was committed, but it ' +
          'cannot be trusted: train again without the faulty machine',
      }
    }
    this.#end(board)
    return null
  }

  #end(board: StoreBoard): void {
    if (this.#audit?.auditor.role === 'audit') board.retire(this.#audit.auditor)
    this.#audit = null
  }
}
