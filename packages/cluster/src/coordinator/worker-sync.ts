import { rowsSetup } from '@coppice/engine'
import type { CommittedTree, Need, ToWorker, WorkerState } from '../protocol/messages.js'
import type { Aspect, Member } from './members.js'
import type { StoreBoard } from './store-board.js'
import type { TrainingContext } from './training-context.js'
import type { TrainingDriver } from './training-driver.js'

/** Leaves of the trees in one message: some MB, which take a small part of a lease to encode. */
const SLICE_LEAVES = 60_000

/** Brings workers where they should be: what they hold, the setup, the log, their answers. */
export class WorkerSync {
  readonly #context: TrainingContext
  readonly #board: StoreBoard
  readonly #driver: () => TrainingDriver | null
  /** Iteration up to which a worker was sent trees, while there are more to come. */
  readonly #sentTo = new Map<string, number>()
  readonly #sentViews = new Map<string, { readonly link: number | null, readonly view: number }>()

  constructor(
    context: TrainingContext, board: StoreBoard, driver: () => TrainingDriver | null,
  ) {
    this.#context = context
    this.#board = board
    this.#driver = driver
  }

  /** All that a worker has to know of the job, but for what it holds. */
  greet(member: Member): void {
    const { job, order: { recipes, sources, shape, initModel } } = this.#context
    this.#send(member, 'job', {
      type: 'job', job, recipes, sources, shape, ...(initModel === undefined ? {} : { initModel }),
    })
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

  sendSetup(member: Member): void {
    const setup = this.#driver()?.setup ?? null
    if (setup === null) return
    this.#send(member, 'setup', {
      type: 'setup', job: this.#context.job, setup: rowsSetup(setup),
    })
  }

  /**
   * Tells a worker what to hold, if it has not been told.
   * @returns whether it had to be
   */
  sendHold(member: Member, isForced = false): boolean {
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

  /** One request to everybody; who misses one before it will ask. */
  broadcast(seq: number): void {
    for (const member of this.#context.members.all()) {
      this.#context.send(member, this.#request(seq))
    }
  }

  #request(seq: number): ToWorker {
    const driver = this.#driver()!
    return {
      type: 'request',
      job: this.#context.job,
      iteration: driver.trees.length,
      seq,
      nBefore: seq === 0 ? driver.nBefore : 0,
      body: driver.requests[seq]!,
    }
  }

  /** Sends what continues the log from where the worker is. */
  sendLog(member: Member): void {
    const driver = this.#driver()
    if (driver === null || driver.setup === null) return
    const { trees, requests, nBefore } = driver
    const { job } = this.#context
    const isOwn = member.state.job === job
    const state = isOwn ? member.state
      : { iteration: 0, nRequests: 0, digest: trees.digestAfter(0)!, mark: trees.digestAfter(0)! }
    let { iteration, nRequests } = state
    member.sentAt.set('log', this.#context.now())
    this.#sentTo.delete(member.name)
    const back = rewindTarget(state, driver)
    if (back !== null) {
      this.#context.send(member, { type: 'rewind', job, iteration: back })
      iteration = back
      nRequests = 0
    }
    // whoever has all requests of the iteration before learns that it is over from the next one
    const isJustBehind = back === null && nRequests > 0 &&
      iteration === trees.length - 1 && nRequests === nBefore
    if (iteration < trees.length) {
      nRequests = 0
      if (!isJustBehind && this.#sendTrees(member, iteration) < trees.length) return
    }
    for (let seq = nRequests; seq < requests.length; seq++) {
      this.#context.send(member, this.#request(seq))
    }
  }

  /**
   * Sends committed trees from an iteration on, as many as make one message; the worker's beat
   * asks for more.
   * @returns the iteration after the last one sent
   */
  #sendTrees(member: Member, from: number): number {
    const { trees } = this.#driver()!
    const iterations: (readonly CommittedTree[])[] = []
    let nLeaves = 0
    for (let i = from; i < trees.length && nLeaves < SLICE_LEAVES; i++) {
      const added = trees.at(i)
      nLeaves += added.reduce((sum, { tree }) => sum + tree.leafValue.length, 0)
      iterations.push(added)
    }
    this.#context.send(member, { type: 'trees', job: this.#context.job, from, iterations })
    this.#sentTo.set(member.name, from + iterations.length)
    return from + iterations.length
  }

  /** The current iteration begins again. */
  sendRewind(member: Member): void {
    const { job } = this.#context
    this.#context.send(member, { type: 'rewind', job, iteration: this.#driver()!.trees.length })
  }

  /** A worker found a hole in its log. */
  need(member: Member, { iteration, nRequests }: Need): void {
    // its digest is taken to be right; a wrong one will show in a beat
    const digest = this.#driver()?.trees.digestAfter(iteration) ?? member.state.digest
    const mark = this.#driver()?.markAt(iteration, nRequests) ?? member.state.mark
    member.state = { ...member.state, iteration, nRequests, digest, mark }
    if (this.#isDue(member, 'log')) this.sendLog(member)
  }

  /**
   * A beat: whatever it shows to be wrong and is not on its way already is sent again.
   * @returns false when the worker does not know of the job
   */
  reconcile(member: Member): boolean {
    const { state } = member
    if (state.job !== this.#context.job) return !this.#isDue(member, 'job')
    const driver = this.#driver()
    const isOldView = state.view !== this.#board.viewOf(member.name)
    const differs = isOldView || this.#isUnheard(state) || this.#isMissing(member)
    if (differs && this.#isDue(member, 'hold')) {
      this.sendHold(member, true)
    }
    if (driver === null || driver.setup === null) return true
    if (!state.hasSetup && this.#isDue(member, 'setup')) this.sendSetup(member)
    const isBehind = state.iteration !== driver.trees.length ||
      state.nRequests !== driver.requests.length || state.digest !== driver.trees.digest ||
      state.mark !== driver.markAt(state.iteration, state.nRequests)
    // it has what was sent, and there is more
    const wantsMore = state.iteration === this.#sentTo.get(member.name) &&
      state.iteration < driver.trees.length
    if (isBehind && (wantsMore || this.#isDue(member, 'log'))) this.sendLog(member)
    this.#askAgain(member, driver)
    return true
  }

  /** It has loaded a store, and that it said so was not heard. */
  #isUnheard({ stores }: WorkerState): boolean {
    return stores.some(({ store, phase }) =>
      phase !== 'loading' && this.#board.get(store)?.isLoaded === false)
  }

  /** It gave a store up, and that it said so was not heard: it may try again. */
  #isMissing({ name, state }: Member): boolean {
    return this.#board.heldBy(name).some(({ id }) =>
      state.stores.every(({ store }) => store !== id))
  }

  /** Answers that were sent, by the beat, and did not arrive. */
  #askAgain(member: Member, { round }: TrainingDriver): void {
    if (round === null || !this.#isDue(member, 'answers')) return
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
}

/** The iteration that a worker's log has to be cut to, or null. */
function rewindTarget(
  { iteration, nRequests, digest, mark }:
    Pick<WorkerState, 'iteration' | 'nRequests' | 'digest' | 'mark'>,
  driver: TrainingDriver,
): number | null {
  const { trees } = driver
  if (iteration > trees.length) return trees.length
  if (trees.digestAfter(iteration) !== digest) return 0
  return driver.markAt(iteration, nRequests) === mark ? null : iteration
}
