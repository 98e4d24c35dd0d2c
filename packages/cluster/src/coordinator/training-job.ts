import { assert } from '@coppice/model'
import type {
  Answer, FromWorker, Loaded, LoadedPartitionInfo, StoreFailed, WireError,
} from '../protocol/messages.js'
import { mayDifferElsewhere } from '../protocol/wire-error.js'
import { Auditor } from './auditor.js'
import { hasDied, type Member } from './members.js'
import { Moves } from './moves.js'
import { Patience } from './patience.js'
import { Placing } from './placing.js'
import { type BoardStore, StoreBoard } from './store-board.js'
import type { TrainingContext } from './training-context.js'
import { TrainingDriver } from './training-driver.js'
import { WorkerSync } from './worker-sync.js'

/** What workers say of a training; tasks are the desk's. */
type JobMessage = Exclude<
  Extract<FromWorker, { job: string }>, { type: 'task-done' | 'task-failed' }
>

/** A training: who holds which rows, and what they are asked. */
export class TrainingJob {
  readonly #context: TrainingContext
  readonly #board: StoreBoard
  readonly #placing: Placing
  readonly #moves: Moves
  readonly #sync: WorkerSync
  readonly #auditor: Auditor
  #driver: TrainingDriver | null = null
  readonly #patience: Patience

  constructor(context: TrainingContext) {
    const { order: { partitions, infos }, job, firstStore, vigilance } = context
    this.#context = context
    this.#board = new StoreBoard(partitions.length, firstStore)
    this.#placing = new Placing(context, this.#board)
    this.#moves = new Moves(context, this.#board, this.#placing)
    this.#sync = new WorkerSync(context, this.#board, () => this.#driver)
    const nTraining = partitions.filter(({ dataset }) => dataset === 0).length
    this.#auditor = new Auditor({
      job, nTraining, vigilance, now: context.now, send: context.send,
      notice: (text) => this.#notice(text),
    }, this.#board, context.members)
    this.#patience = new Patience(vigilance)
    for (const info of infos ?? []) this.#board.learn(info)
  }

  /** Whether it needs workers to go on. */
  get isWaiting(): boolean {
    return this.#driver === null || this.#driver.round !== null
  }

  /** For messages. */
  get where(): string {
    return this.#driver === null ? 'before training'
      : `at iteration ${this.#driver.trees.length + 1}`
  }

  get board(): StoreBoard {
    return this.#board
  }

  get driver(): TrainingDriver | null {
    return this.#driver
  }

  /** Starts: what workers that are in hold already is taken up. */
  begin(): void {
    this.#patience.progress(this.#context.now())
    this.#each((member) => this.#greet(member))
    if (this.#context.order.infos !== null) this.#startDriver(this.#context.order.infos)
    this.#place()
  }

  /** A worker came, or came back: it is told where the job stands. */
  welcome(member: Member): void {
    this.#placing.revive(member)
    this.#greet(member)
    this.#place()
  }

  #greet(member: Member): void {
    this.#sync.greet(member)
    this.#takeUp(member)
    this.#sync.sendSetup(member)
    this.#sync.sendHold(member, true)
    this.#sync.sendLog(member)
    this.#moves.membersChanged()
  }

  /** What a worker says it holds is used where nobody else has it. */
  #takeUp({ name, state }: Member): void {
    if (state.job !== this.#context.job) return
    const round = this.#driver?.round ?? null
    const orphans = new Set(this.#board.orphans())
    const bySize = [...state.stores].sort((a, b) => b.partitions.length - a.partitions.length)
    for (const { store, partitions } of bySize) {
      const known = this.#board.get(store)
      if (known?.worker === name && known.role !== 'retired') continue
      const isFree = partitions.length > 0 && partitions.every((p) => orphans.has(p)) &&
        round?.isPartial(partitions) !== true
      if (!isFree || (known !== undefined && known.worker !== name)) continue
      for (const p of partitions) orphans.delete(p)
      if (known !== undefined) this.#board.activate(known)
      else this.#board.give(name, partitions, 'active', store)
    }
    this.#board.touch(name)
  }

  membersChanged(): void {
    this.#moves.membersChanged()
  }

  isHolding(worker: string): boolean {
    return this.#board.heldBy(worker).length > 0
  }

  /** A worker is gone: others take what it held, and nothing else is redone. */
  lost(member: Member, reason: string): void {
    const held = this.#board.heldBy(member.name)
    const active = held.filter(({ role }) => role === 'active')
    for (const store of held) {
      const error = this.#countDeath(store, member, reason)
      if (error !== null) return this.#context.fail(error)
      this.#board.retire(store)
    }
    this.#moves.cancel()
    this.membersChanged()
    const nPartitions = active.flatMap(({ partitions }) => partitions).length
    const takers = this.#place()
    const moved = nPartitions === 0 ? '' : takers.length === 0
      ? `; its ${count(nPartitions)} wait for a worker`
      : `; its ${count(nPartitions)} moved to ${takers.join(', ')}`
    this.#notice(`worker ${member.name} lost: ${reason} ${this.where}${moved}`)
  }

  /** Who died may have died of what it was at. */
  #countDeath(store: BoardStore, member: Member, reason: string): WireError | null {
    if (!hasDied(member)) return null
    if (!isOpen(member, store.id)) return this.#placing.countDeath(store, member, reason, null)
    const isAsked = store.role === 'active' && this.#driver?.round?.waitsFor(store.partitions)
    return isAsked === true
      ? this.#placing.countDeath(store, member, reason, this.where) : null
  }

  /** Gives away what nobody holds. @returns the names of those who got something */
  #place(): string[] {
    if (!this.#context.isReady()) return []
    if (this.#board.orphans().length > 0) this.#placing.giveOrphans(this.#driver?.round ?? null)
    return this.#context.members.all()
      .filter((member) => this.#sync.sendHold(member)).map(({ name }) => name)
  }

  hear(member: Member, message: JobMessage): void {
    switch (message.type) {
      case 'loaded': return this.#loaded(member, message)
      case 'store-failed': return this.#storeFailed(member, message)
      case 'answer': return this.#answer(member, message)
      case 'need': return this.#sync.need(member, message)
      // other machines may do better; of a bug each of them will say the same
      case 'engine-failed':
        return this.#storeFailed(member, {
          ...message, type: 'store-failed', partition: null,
          isFinal: !mayDifferElsewhere(message.error.code),
        })
      case 'audited': {
        const error = this.#auditor.hear(member, message)
        if (error !== null) this.#context.fail(error)
      }
    }
  }

  #loaded(member: Member, { store: id, partitions }: Loaded): void {
    const store = this.#board.get(id)
    if (store?.worker !== member.name) return
    const isItsOwn = partitions.length === store.partitions.length &&
      partitions.every(({ partition }) => store.partitions.includes(partition))
    if (!isItsOwn) {
      return this.#accuse(member, `it loaded other partitions than those of store ${id}`)
    }
    if (partitions.some(({ partition }) => this.#board.info(partition) === null)) {
      this.#context.progress()
    }
    for (const info of partitions) {
      const other = this.#board.learn(info)
      if (other !== null) return this.#differs(member, info, other)
    }
    store.isLoaded = true
    this.#patience.progress(this.#context.now())
    if (this.#driver !== null) return
    const infos = this.#board.allInfos()
    if (infos === null) return
    this.#context.effect({ kind: 'plan', infos })
    this.#startDriver(infos)
  }

  #differs(member: Member, info: LoadedPartitionInfo, other: LoadedPartitionInfo): void {
    this.#context.fail({
      code: 'DATA',
      message: `${this.#placing.nameOf(info.partition)} is not what it was: worker ` +
        `${member.name} read ${info.nRows} rows with SHA-256 ${info.hash}, before there were ` +
        `${other.nRows} rows with ${other.hash}; the file was changed, or differs between machines`,
    })
  }

  #storeFailed(member: Member, failure: StoreFailed): void {
    const { store: id, partition, error } = failure
    const store = this.#board.get(id)
    if (store?.worker !== member.name || store.role === 'retired') return
    const wasActive = store.role === 'active'
    this.#board.retire(store)
    const blamed = partition === null ? store.partitions : [partition]
    const final = this.#placing.blame(blamed, member, failure)
    if (final !== null) return this.#context.fail(final)
    const names = blamed.map((p) => this.#placing.nameOf(p)).join(', ')
    this.#notice(`worker ${member.name} cannot hold ${names}: ${error.message}; others will try`)
    if (wasActive) this.membersChanged()
    else this.#moves.cancel()
    this.#place()
  }

  #startDriver(infos: readonly LoadedPartitionInfo[]): void {
    assert(this.#driver === null, 'the trainer starts once')
    const { order, makeReducer, makeRound, effect, finish } = this.#context
    this.#driver = new TrainingDriver(
      order.makeTrainer(infos), order.partitions, makeReducer, makeRound, {
        setup: () => this.#each((member) => this.#sync.sendSetup(member)),
        opened: (request) => effect({ kind: 'opened', request }),
        told: (event) => effect({ kind: 'tell', event }),
        replayed: () => this.#each((member) => this.#sync.sendLog(member)),
        restarted: (reason) => {
          this.#notice(`${reason}; the iteration begins again, every part of its sums is checked`)
          this.#each((member) => this.#sync.sendRewind(member))
          for (const seq of this.#driver!.requests.keys()) this.#sync.broadcast(seq)
        },
        requested: (seq) => {
          this.#gotFurther()
          if (this.#driver!.round !== null) this.#moves.asked()
          this.#sync.broadcast(seq)
        },
        announced: (request) => {
          this.#gotFurther()
          effect({ kind: 'announce', request })
          this.#atBoundary()
        },
        done: (result) => {
          effect({ kind: 'done', result })
          finish()
        },
      })
    this.#driver.start()
  }

  #gotFurther(): void {
    this.#placing.answered()
    this.#context.progress()
  }

  go(answer: 'go' | 'stop'): void {
    this.#driver?.go(answer)
  }

  abort(): void {
    if (this.#driver !== null) return this.#driver.abort()
    this.#context.fail({ code: 'ABORTED', message: 'training was aborted before it began' })
  }

  tick(now: number): void {
    if (this.#board.orphans().length > 0) this.#place()
    this.#auditor.tick()
    this.#watchProgress(now)
  }

  /** Workers that beat and do nothing are told of, and at last given up for those who do. */
  #watchProgress(now: number): void {
    const awaited = this.#awaited()
    if (awaited.length === 0) return this.#patience.progress(now)
    const verdict = this.#patience.judge(now)
    if (verdict === 'wait') return
    const names = awaited.map(({ name }) => name).join(', ')
    const seconds = Math.round(this.#patience.waited(now) / 1000)
    const isAll = awaited.length >= this.#context.members.size
    if (verdict === 'tell' || isAll) {
      const what = this.#driver === null ? 'to read their partitions' : 'for their sums'
      if (verdict === 'tell') this.#notice(`waiting for ${seconds} s for ${names} ${what}`)
      return
    }
    this.#patience.progress(now)
    for (const member of awaited) {
      this.#context.expel(member, `it did nothing of what it was asked for ${seconds} s`)
    }
  }

  /** Members without whose answer, or rows, the training does not go on. */
  #awaited(): Member[] {
    const round = this.#driver?.round ?? null
    if (this.#driver !== null && round === null) return []
    const names = new Set(this.#board.stores('active').filter(({ partitions, isLoaded }) =>
      round === null ? !isLoaded : round.waitsFor(partitions)).map(({ worker }) => worker))
    return this.#context.members.all().filter(({ name }) => names.has(name))
  }

  #answer(member: Member, message: Answer): void {
    const store = this.#board.get(message.store)
    if (store?.worker !== member.name || this.#driver === null) return
    // late answers of former holders are as good as any, unless they would count a part of what
    // an active store answers for
    const isWhole = store.role === 'active' || this.#board.stores('active').every((active) =>
      active.partitions.every((p) => store.partitions.includes(p)) ||
      active.partitions.every((p) => !store.partitions.includes(p)))
    if (!isWhole) return
    this.#patience.progress(this.#context.now())
    this.#moves.answered(store.worker)
    const fault = this.#driver.answer(message, store.partitions)
    if (fault === null) return
    if (fault.isDamaged) this.#context.hangUp(member, `its sums arrived changed (${fault.text})`)
    else this.#accuse(member, `it sent sums that cannot be right (${fault.text}): bad memory?`)
  }

  /** What it does is wrong; if that is so of all who come, the reason is not theirs. */
  #accuse(member: Member, reason: string): void {
    this.#context.expel(member, reason)
    this.#context.setback(member, reason)
  }

  /** A beat. */
  reconcile(member: Member): void {
    if (!this.#sync.reconcile(member)) this.welcome(member)
    for (const { phase, partitions } of member.state.stores) {
      if (phase === 'open') for (const p of partitions) this.#placing.forgive(p)
    }
  }

  /** Between two iterations rows may change hands: nothing is pending. */
  #atBoundary(): void {
    const nIterations = this.#driver!.trees.length
    this.#moves.atBoundary(nIterations)
    this.#auditor.atBoundary(nIterations, this.#driver!.trees.digest)
    this.#each((member) => this.#sync.sendHold(member))
  }

  #each(visit: (member: Member) => void): void {
    for (const member of this.#context.members.all()) visit(member)
  }

  #notice(text: string): void {
    this.#context.effect({ kind: 'notice', text })
  }
}

function isOpen({ state }: Member, store: number): boolean {
  return state.stores.some((held) => held.store === store && held.phase === 'open')
}

function count(nPartitions: number): string {
  return nPartitions === 1 ? '1 partition' : `${nPartitions} partitions`
}
