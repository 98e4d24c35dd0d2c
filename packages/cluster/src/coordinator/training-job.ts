import type { EngineSetup } from '@coppice/engine'
import { assert } from '@coppice/model'
import type {
  Answer, FromWorker, Loaded, LoadedPartitionInfo, StoreFailed, ToWorker, WireError,
} from '../protocol/messages.js'
import { Auditor } from './auditor.js'
import type { CoordinatorEffect, MakeReducer, TrainOrder } from './events.js'
import type { Aspect, Member, Members } from './members.js'
import { deal, type Holder, rebalance } from './placement.js'
import { type BoardStore, StoreBoard } from './store-board.js'
import { type MakeRound, TrainingDriver } from './training-driver.js'

/** What a training job is given by its coordinator. */
export interface TrainingContext {
  readonly job: string
  readonly order: TrainOrder
  readonly firstStore: number
  readonly resendMs: number
  /** A partition that so many workers in a row died of while loading it is given up. */
  readonly deathsMax: number
  readonly makeReducer: MakeReducer
  readonly makeRound: MakeRound
  readonly members: Members
  readonly isReady: () => boolean
  readonly readerOf: (source: number) => string | null
  readonly now: () => number
  readonly send: (member: Member, message: ToWorker) => void
  readonly effect: (effect: CoordinatorEffect) => void
  readonly finish: () => void
  readonly fail: (error: WireError) => void
}

type JobMessage = Extract<FromWorker, { job: string }>

/** A training: who holds which rows, and what they are asked. */
export class TrainingJob {
  readonly #context: TrainingContext
  readonly #board: StoreBoard
  readonly #auditor: Auditor
  #driver: TrainingDriver | null = null
  /** Workers that failed to load a partition, by partition, and the first error. */
  readonly #failures = new Map<number, { readonly workers: Set<string>, readonly error: WireError }>()
  readonly #deaths = new Map<number, number>()
  #isUneven = false
  #changedAt = 0
  #hasBegun = false

  constructor(context: TrainingContext) {
    this.#context = context
    this.#board = new StoreBoard(context.order.partitions.length, context.firstStore)
    const nTraining = context.order.partitions.filter(({ dataset }) => dataset === 0).length
    this.#auditor = new Auditor(
      context.job, nTraining, (member, message) => context.send(member, message))
    for (const info of context.order.infos ?? []) this.#board.learn(info)
  }

  /** Whether rows were given to workers already. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Whether it needs workers to go on. */
  get isWaiting(): boolean {
    return this.#driver === null || this.#driver.round !== null
  }

  get board(): StoreBoard {
    return this.#board
  }

  get driver(): TrainingDriver | null {
    return this.#driver
  }

  /** Starts: what workers that are in hold already is taken up. */
  begin(): void {
    this.#each((member) => this.#greet(member))
    if (this.#context.order.infos !== null) this.#startDriver(this.#context.order.infos)
    this.#place()
  }

  /** A worker came, or came back: it is told where the job stands. */
  welcome(member: Member): void {
    this.#greet(member)
    this.#place()
  }

  #greet(member: Member): void {
    const { job, order: { recipes, sources, shape } } = this.#context
    this.#send(member, 'job', { type: 'job', job, recipes, sources, shape })
    this.#takeUp(member)
    this.#sendSetup(member)
    this.#sendHold(member, true)
    this.#sendLog(member)
    this.membersChanged()
  }

  /** What a worker says it holds is used where nobody else has it. */
  #takeUp({ name, state }: Member): void {
    if (state.job !== this.#context.job) return
    const orphans = new Set(this.#board.orphans())
    const bySize = [...state.stores].sort((a, b) => b.partitions.length - a.partitions.length)
    const round = this.#driver?.round ?? null
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
    this.#isUneven = true
    this.#changedAt = this.#context.now()
  }

  isHolding(worker: string): boolean {
    return this.#board.heldBy(worker).length > 0
  }

  /** A worker is gone: others take what it held, and nothing else is redone. */
  lost(member: Member, reason: string): void {
    const held = this.#board.heldBy(member.name)
    const active = held.filter(({ role }) => role === 'active')
    for (const store of held) {
      this.#board.retire(store)
      // who fell silent may well live on; who broke off probably died
      const isDead = member.link === null && !store.isLoaded
      if (isDead && !this.#countDeath(store, member, reason)) return
    }
    this.#cancelStandby()
    this.membersChanged()
    const nPartitions = active.flatMap(({ partitions }) => partitions).length
    const takers = this.#place()
    const iteration = this.#driver === null ? 'before training' :
      `at iteration ${this.#driver.trees.length + 1}`
    const moved = nPartitions === 0 ? '' : takers.length === 0
      ? `; its ${count(nPartitions)} wait for a worker`
      : `; its ${count(nPartitions)} moved to ${takers.join(', ')}`
    this.#notice(`worker ${member.name} lost: ${reason} ${iteration}${moved}`)
  }

  /** @returns false when the job failed of it */
  #countDeath(store: BoardStore, member: Member, reason: string): boolean {
    for (const partition of store.partitions) {
      const deaths = (this.#deaths.get(partition) ?? 0) + 1
      this.#deaths.set(partition, deaths)
      if (deaths < this.#context.deathsMax) continue
      this.#context.fail({
        code: 'MEMORY',
        message: `${deaths} workers were lost while they loaded ${this.#nameOf(partition)}, the ` +
          `last ${member.name} (${reason}); give workers more memory, or cut the data in more ` +
          'partitions',
      })
      return false
    }
    return true
  }

  #cancelStandby(): void {
    for (const store of this.#board.stores('standby')) this.#board.retire(store)
    for (const store of this.#board.stores('audit')) this.#board.retire(store)
  }

  /** Gives away what nobody holds. @returns the names of those who got something */
  #place(): string[] {
    if (!this.#context.isReady()) return []
    const orphans = this.#board.orphans()
    if (orphans.length > 0) {
      this.#hasBegun = true
      for (const group of this.#byCoverage(orphans)) this.#giveAway(group)
    }
    const takers: string[] = []
    for (const member of this.#context.members.all()) {
      if (this.#sendHold(member)) takers.push(member.name)
    }
    return takers
  }

  /** Partitions of which the same chunks of the pending answer are counted already. */
  #byCoverage(orphans: readonly number[]): number[][] {
    const round = this.#driver?.round ?? null
    const groups = new Map<string, number[]>()
    for (const p of orphans) {
      const key = round === null ? '' : round.signature(p)
      groups.set(key, [...(groups.get(key) ?? []), p])
    }
    return [...groups.values()]
  }

  #giveAway(group: readonly number[]): void {
    const { partitions } = this.#context.order
    const holders = this.#holders()
    const given = deal(
      group.map((partition) => ({ partition, weight: partitions[partition]!.weight })),
      holders, this.#loads(),
      (p) => {
        const { source } = partitions[p]!
        return source === null ? null : this.#context.readerOf(source)
      },
      (worker, p) => this.#failures.get(p)?.workers.has(worker) !== true)
    for (const [worker, taken] of given) this.#board.give(worker, taken, 'active')
  }

  #holders(): Holder[] {
    return this.#context.members.all()
      .filter(({ state }) => !state.isDraining)
      .map(({ name, nThreads }) => ({ name, capacity: nThreads }))
  }

  #loads(): Map<string, number> {
    const loads = new Map<string, number>()
    for (const { worker, partitions } of this.#board.stores('active')) {
      const weight = partitions.reduce((sum, p) => sum + this.#weightOf(p), 0)
      loads.set(worker, (loads.get(worker) ?? 0) + weight)
    }
    return loads
  }

  #weightOf(partition: number): number {
    return this.#context.order.partitions[partition]!.weight
  }

  #nameOf(partition: number): string {
    return this.#context.order.partitions[partition]!.name
  }

  hear(member: Member, message: JobMessage): void {
    switch (message.type) {
      case 'loaded': return this.#loaded(member, message)
      case 'store-failed': return this.#storeFailed(member, message)
      case 'answer': return this.#answer(message)
      case 'need': {
        // the digest is known for that iteration; a wrong one will show in a beat
        const digest = this.#driver?.trees.digestAfter(message.iteration) ?? member.state.digest
        const { iteration, nRequests } = message
        member.state = { ...member.state, iteration, nRequests, digest }
        if (this.#isDue(member, 'log')) this.#sendLog(member)
        return
      }
      case 'engine-failed':
        return this.#context.fail({
          code: message.error.code,
          message: `worker ${member.name}: ${message.error.message}`,
        })
      case 'audited': {
        const error = this.#auditor.hear(member, message, this.#board)
        if (error !== null) this.#context.fail(error)
      }
    }
  }

  #loaded(member: Member, { store: id, partitions }: Loaded): void {
    const store = this.#board.get(id)
    if (store?.worker !== member.name) return
    for (const info of partitions) {
      const other = this.#board.learn(info)
      if (other === null) continue
      this.#context.fail({
        code: 'DATA',
        message: `${this.#nameOf(info.partition)} is not what it was: worker ${member.name} read ` +
          `${info.nRows} rows with SHA-256 ${info.hash}, before there were ${other.nRows} rows ` +
          `with ${other.hash}; the file was changed, or differs between machines`,
      })
      return
    }
    store.isLoaded = true
    for (const { partition } of partitions) this.#deaths.delete(partition)
    if (this.#driver !== null) return
    const infos = this.#board.allInfos()
    if (infos === null) return
    this.#context.effect({ kind: 'plan', infos })
    this.#startDriver(infos)
  }

  #storeFailed(member: Member, { store: id, partition, error }: StoreFailed): void {
    const store = this.#board.get(id)
    if (store?.worker !== member.name || store.role === 'retired') return
    const wasActive = store.role === 'active'
    this.#board.retire(store)
    const blamed = partition === null ? store.partitions : [partition]
    for (const p of blamed) {
      const failure = this.#failures.get(p) ?? { workers: new Set<string>(), error }
      failure.workers.add(member.name)
      this.#failures.set(p, failure)
      const others = this.#holders().filter(({ name }) => !failure.workers.has(name))
      if (isElsewhere(error) && others.length > 0) continue
      this.#context.fail({
        code: failure.error.code,
        message: `${failure.error.message} (tried by ${[...failure.workers].sort().join(', ')})`,
      })
      return
    }
    this.#notice(`worker ${member.name} cannot hold ` +
      `${blamed.map((p) => this.#nameOf(p)).join(', ')}: ${error.message}; others will try`)
    if (wasActive) this.membersChanged()
    else this.#cancelStandby()
    this.#place()
  }

  #startDriver(infos: readonly LoadedPartitionInfo[]): void {
    assert(this.#driver === null, 'the trainer starts once')
    const { order, makeReducer, makeRound, effect } = this.#context
    this.#driver = new TrainingDriver(
      order.makeTrainer(infos), order.partitions, makeReducer, makeRound, {
        setup: () => this.#each((member) => this.#sendSetup(member)),
        opened: (request) => effect({ kind: 'opened', request }),
        told: (event) => effect({ kind: 'tell', event }),
        replayed: () => this.#each((member) => this.#sendLog(member)),
        requested: (seq) => this.#broadcast(seq),
        announced: (request) => {
          effect({ kind: 'announce', request })
          this.#atBoundary()
        },
        done: (result) => {
          effect({ kind: 'done', result })
          this.#context.finish()
        },
      })
    this.#driver.start()
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
    this.#auditor.tick(now, this.#board)
  }

  /** Sends one request to everybody; who misses one before it will ask. */
  #broadcast(seq: number): void {
    this.#each((member) => this.#context.send(member, this.#requestMessage(seq)))
  }

  #requestMessage(seq: number): ToWorker {
    const driver = this.#driver!
    return {
      type: 'request',
      job: this.#context.job,
      iteration: driver.trees.length,
      seq,
      nBefore: seq === 0 ? driver.nBefore : 0,
      body: driver.requests[seq]!,
    }
  }

  #answer(message: Answer): void {
    const store = this.#board.get(message.store)
    if (store === undefined || this.#driver === null) return
    // late answers of former holders are as good as any, unless they would count a part of what
    // an active store answers for
    const isWhole = store.role === 'active' || this.#board.stores('active').every((active) =>
      active.partitions.every((p) => store.partitions.includes(p)) ||
      active.partitions.every((p) => !store.partitions.includes(p)))
    if (isWhole) this.#driver.answer(message, store.partitions)
  }

  // ---- bringing workers where they should be

  #each(visit: (member: Member) => void): void {
    for (const member of this.#context.members.all()) visit(member)
  }

  #send(member: Member, aspect: Aspect, message: ToWorker): void {
    member.sentAt.set(aspect, this.#context.now())
    this.#context.send(member, message)
  }

  /** Whether what was sent of an aspect must have arrived by now, if it ever does. */
  #isDue(member: Member, aspect: Aspect): boolean {
    const sent = member.sentAt.get(aspect)
    return sent === undefined || this.#context.now() - sent > this.#context.resendMs
  }

  #sendSetup(member: Member): void {
    const setup: EngineSetup | null = this.#driver?.setup ?? null
    if (setup === null) return
    this.#send(member, 'setup', { type: 'setup', job: this.#context.job, setup })
  }

  readonly #sentViews = new Map<string, { link: number | null, view: number }>()

  /** @returns whether the worker had to be told */
  #sendHold(member: Member, isForced = false): boolean {
    const view = this.#board.viewOf(member.name)
    const sent = this.#sentViews.get(member.name)
    const isKnown = sent?.view === view && sent.link === member.link
    if ((isKnown && !isForced) || member.link === null) return false
    this.#sentViews.set(member.name, { link: member.link, view })
    this.#send(member, 'hold', {
      type: 'hold', job: this.#context.job, view, stores: this.#board.listOf(member.name),
    })
    return true
  }

  /** Sends what continues the log from where the worker is. */
  #sendLog(member: Member): void {
    const driver = this.#driver
    if (driver === null || driver.setup === null) return
    const { trees, requests, nBefore } = driver
    const { job } = this.#context
    const state = member.state.job === job
      ? member.state : { iteration: 0, nRequests: 0, digest: trees.digestAfter(0)! }
    let { iteration, nRequests } = state
    member.sentAt.set('log', this.#context.now())
    const back = rewindTarget(state, trees, requests.length)
    if (back !== null) {
      this.#context.send(member, { type: 'rewind', job, iteration: back })
      iteration = back
      nRequests = 0
    }
    // whoever has all requests of the iteration before learns that it is over from the next one
    const isJustBehind = iteration === trees.length - 1 && nRequests === nBefore && nRequests > 0
    if (iteration < trees.length && !(isJustBehind && back === null)) {
      this.#context.send(member, {
        type: 'trees', job, from: iteration, iterations: trees.from(iteration),
      })
      iteration = trees.length
      nRequests = 0
    }
    const first = isJustBehind && iteration < trees.length ? 0 : nRequests
    for (let seq = first; seq < requests.length; seq++) {
      this.#context.send(member, this.#requestMessage(seq))
    }
  }

  /** A beat: whatever it shows to be wrong and is not on its way already is sent again. */
  reconcile(member: Member): void {
    const { state } = member
    const { job } = this.#context
    if (state.job !== job) {
      if (this.#isDue(member, 'job')) this.welcome(member)
      return
    }
    const driver = this.#driver
    if (driver?.setup != null && !state.hasSetup && this.#isDue(member, 'setup')) {
      this.#sendSetup(member)
    }
    const isUnheard = state.stores.some(({ store, phase }) =>
      phase !== 'loading' && this.#board.get(store)?.isLoaded === false)
    const isOldView = state.view !== this.#board.viewOf(member.name)
    if ((isOldView || isUnheard) && this.#isDue(member, 'hold')) this.#sendHold(member, true)
    if (driver === null || driver.setup === null) return
    const isBehind = state.iteration !== driver.trees.length ||
      state.nRequests !== driver.requests.length ||
      state.digest !== driver.trees.digest
    if (isBehind && this.#isDue(member, 'log')) this.#sendLog(member)
    this.#askAgain(member)
  }

  /** Answers that were sent, by the beat, and did not arrive. */
  #askAgain(member: Member): void {
    const round = this.#driver?.round
    if (round === null || round === undefined || !this.#isDue(member, 'answers')) return
    for (const state of member.state.stores) {
      const store = this.#board.get(state.store)
      const isLate = store?.role === 'active' && state.hasAnswered &&
        state.iteration === round.iteration && state.nRequests === round.seq + 1 &&
        round.waitsFor(store.partitions)
      if (!isLate) continue
      this.#send(member, 'answers', {
        type: 'again', job: this.#context.job, store: state.store, iteration: round.iteration,
        seq: round.seq,
      })
    }
  }

  // ---- between two iterations

  /** Rows may change hands: nothing is pending. */
  #atBoundary(): void {
    this.#switchOver()
    this.#prepareMoves()
    this.#auditor.atBoundary(this.#driver!.trees.length, this.#board, this.#context.members)
    this.#each((member) => this.#sendHold(member))
  }

  /** Standby stores that have caught up become the active ones. */
  #switchOver(): void {
    const standby = this.#board.stores('standby')
    if (standby.length === 0 || !standby.every((store) => this.#hasCaughtUp(store))) return
    const moved = new Set(standby.flatMap(({ partitions }) => partitions))
    for (const store of this.#board.stores('active')) {
      if (store.partitions.some((p) => moved.has(p))) this.#board.retire(store)
    }
    for (const store of standby) this.#board.activate(store)
    this.#each((member) => this.#sendHold(member))
  }

  #hasCaughtUp({ id, worker }: BoardStore): boolean {
    const member = this.#context.members.get(worker)
    const state = member?.state.stores.find(({ store }) => store === id)
    return state?.phase === 'open' && state.iteration >= this.#driver!.trees.length - 2
  }

  /** Has stores built that will even out who holds what, one for each worker. */
  #prepareMoves(): void {
    const { members, now, resendMs, order } = this.#context
    const isBusy = this.#board.stores('standby').length > 0 || this.#board.orphans().length > 0
    const hasSettled = now() - this.#changedAt >= 2 * resendMs ||
      members.all().some(({ state }) => state.isDraining)
    const holders = this.#holders()
    if (!this.#isUneven || isBusy || !hasSettled || holders.length === 0) return
    this.#isUneven = false
    const current = new Map<number, string>()
    for (const { worker, partitions } of this.#board.stores('active')) {
      for (const p of partitions) current.set(p, worker)
    }
    const placed = order.partitions.map(({ weight }, partition) => ({ partition, weight }))
    const target = rebalance(placed, holders, current)
    for (const { name } of holders) {
      const partitions = [...target.keys()].filter((p) => target.get(p) === name)
        .sort((a, b) => a - b)
      const active = this.#board.heldBy(name)
      const isSame = active.length === 1 && equal(active[0]!.partitions, partitions)
      if (partitions.length > 0 && !isSame) this.#board.give(name, partitions, 'standby')
    }
  }

  #notice(text: string): void {
    this.#context.effect({ kind: 'notice', text })
  }
}

/** The iteration that a worker's log has to be cut to, or null. */
function rewindTarget(
  state: { iteration: number, nRequests: number, digest: string },
  trees: { length: number, digestAfter(n: number): string | null }, nRequests: number,
): number | null {
  if (state.iteration > trees.length) return trees.length
  if (trees.digestAfter(state.iteration) !== state.digest) return 0
  return state.iteration === trees.length && state.nRequests > nRequests ? trees.length : null
}

/** What cannot be read or held on one machine may be on another. */
function isElsewhere({ code }: WireError): boolean {
  return code === 'IO' || code === 'MEMORY'
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

function count(nPartitions: number): string {
  return nPartitions === 1 ? '1 partition' : `${nPartitions} partitions`
}

