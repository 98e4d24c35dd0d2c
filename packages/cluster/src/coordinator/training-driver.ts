import {
  Booster, type BinnedTree, type Dialogue, encodeRequest, type EngineAnswer, type EngineRequest,
  type EngineSetup, type IterationRecord, lanesOf, requestBytesMax, rowsRequest, type TrainerAnswer,
  type TrainingDialogue, type TrainingPlan, type TrainResult,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import { needsAnswer, treesOf } from '../log/request-log.js'
import { LogMarks } from '../log/log-marks.js'
import { TreeLog } from '../log/tree-log.js'
import { ProtocolError } from '../protocol/error.js'
import type { Answer, CommittedTree } from '../protocol/messages.js'
import type { JobPartition, MakeReducer, RequestReducer } from './events.js'
import type { Round } from './round.js'
import type { TrainerRecord } from './trainer.js'

/** What a dialogue with the engines comes to. */
type EngineOutcome = IterationRecord | readonly number[]

/** What a driver needs done. */
export interface DriverPort {
  setup(setup: EngineSetup): void
  opened(request: TrainerRecord['open']): void
  told(event: TrainerRecord['tell']['event']): void
  /** The log got trees without their requests. */
  replayed(): void
  /**
   * The log lost the requests of the iteration, but for those that are still in `requests`,
   * because sums did not add up.
   */
  restarted(reason: string): void
  /** The log got a request. */
  requested(seq: number): void
  announced(request: TrainerRecord['announce']): void
  done(result: TrainResult): void
}

/** What is wrong with a part of an answer. */
export interface AnswerFault {
  readonly text: string
  /** It was changed on its way; else it was made so. */
  readonly isDamaged: boolean
}

export type MakeRound = (
  ...args: ConstructorParameters<typeof Round>
) => Pick<Round, keyof Round>

/**
 * Runs the trainer and the boosting dialogue of each iteration, turns their requests into the
 * log of the job, and their answers into the next requests. It knows nothing of workers.
 */
export class TrainingDriver {
  readonly trees = new TreeLog()
  readonly #trainer: TrainingDialogue
  readonly #partitions: readonly JobPartition[]
  readonly #makeReducer: MakeReducer
  readonly #makeRound: MakeRound
  readonly #port: DriverPort
  #setup: EngineSetup | null = null
  #scratch = new Uint8Array(0)
  #reducer: RequestReducer | null = null
  #booster: Booster | null = null
  #dialogue: Dialogue<EngineOutcome> | null = null
  /** Begins it, or begins it again. */
  #begin: (() => Dialogue<EngineOutcome>) | null = null
  /** Trees that the iteration's requests commit, see `treesOf`. */
  #committed: CommittedTree[] = []
  #requests: Uint8Array[] = []
  #marks = new LogMarks(this.trees.digest)
  #marksBefore = this.#marks
  /** Requests of what came before the first iteration: they stay when that begins again. */
  #nKept = 0
  #nBefore = 0
  #round: Pick<Round, keyof Round> | null = null
  #awaitsGo = false
  #isAborted = false
  #isDone = false
  /** The iteration was begun again: every part is looked at before it is added. */
  #isInspecting = false

  constructor(
    trainer: TrainingDialogue, partitions: readonly JobPartition[], makeReducer: MakeReducer,
    makeRound: MakeRound, port: DriverPort,
  ) {
    this.#trainer = trainer
    this.#partitions = partitions
    this.#makeReducer = makeReducer
    this.#makeRound = makeRound
    this.#port = port
  }

  get setup(): EngineSetup | null {
    return this.#setup
  }

  /** Requests of the current iteration, encoded. */
  get requests(): readonly Uint8Array[] {
    return this.#requests
  }

  /** Of the log up to a place in this iteration or the one before, or null: it is not known. */
  markAt(iteration: number, nRequests: number): string | null {
    if (iteration === this.trees.length) return this.#marks.after(nRequests)
    if (nRequests === 0) return this.trees.digestAfter(iteration)
    return iteration === this.trees.length - 1 ? this.#marksBefore.after(nRequests) : null
  }

  /** Requests of the iteration before. */
  get nBefore(): number {
    return this.#nBefore
  }

  /** The pending request, or null when none waits for answers. */
  get round(): Pick<Round, keyof Round> | null {
    return this.#round
  }

  start(): void {
    this.#advance(null)
  }

  /**
   * Takes a part of an answer, if it counts.
   * @returns what is wrong with it: it is not counted then; null when nothing was found
   */
  answer(message: Answer, partitions: readonly number[]): AnswerFault | null {
    const round = this.#round
    const reducer = this.#reducer
    if (round === null || reducer === null) return null
    const isThis = message.iteration === round.iteration && message.seq === round.seq
    // another log's: its beat will show it
    if (isThis && message.mark !== this.#marks.last) return null
    const fault = this.#isInspecting && isThis ? inspect(reducer, message) : null
    if (fault !== null) {
      // what it sent before was added, and nobody can say that it was right
      if (!fault.isDamaged && round.hasSome(partitions)) {
        this.#restart(fault.text)
        this.#continue(null)
      }
      return fault
    }
    if (!round.admit(message, partitions)) return null
    try {
      reducer.add(message.chunk, message.payload)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      round.retract(message, partitions)
      return faultOf(error)
    }
    if (round.isWhole(message.chunk)) reducer.complete(message.chunk)
    if (!round.isComplete) return null
    this.#round = null
    this.#continue(this.#finish(reducer))
    return null
  }

  /**
   * The answer; or, where sums do not add up, null, which begins the iteration again: it may be
   * bad memory somewhere, and the next time whoever sends them is found.
   */
  #finish(reducer: RequestReducer): EngineAnswer {
    try {
      return reducer.finish()
    } catch (error) {
      const isBroken = error instanceof CoppiceError && error.code === 'INTERNAL'
      if (!isBroken || this.#isInspecting) throw error
      this.#restart(error.message)
      return null
    }
  }

  #restart(reason: string): void {
    this.#isInspecting = true
    this.#round = null
    // a place in the log is always that of the same request, for workers and answers that are late
    this.#requests = this.#requests.slice(0, this.#nKept)
    this.#marks.truncate(this.#nKept)
    this.#committed = []
    this.#port.restarted(reason)
    this.#dialogue = this.#begin!()
  }

  /** The announced iteration may be followed by the next. */
  go(answer: 'go' | 'stop'): void {
    if (!this.#awaitsGo) return
    this.#awaitsGo = false
    this.#advance(this.#isAborted ? 'aborted' : answer)
  }

  /** Ends the training with what is committed. */
  abort(): void {
    if (this.#isAborted || this.#isDone) return
    this.#isAborted = true
    if (this.#awaitsGo) return
    this.#round = null
    this.#dialogue = null
    this.#advance('aborted')
  }

  /** Gives the trainer an answer and serves its next requests until one has to wait. */
  #advance(answer: TrainerAnswer): void {
    let next: TrainerAnswer = answer
    for (;;) {
      const step = this.#trainer.next(next)
      if (step.done === true) {
        this.#isDone = true
        return this.#port.done(step.value)
      }
      const request = step.value
      if (this.#isAborted && request.kind !== 'announce' && request.kind !== 'tell') {
        next = 'aborted'
        continue
      }
      switch (request.kind) {
        case 'center': {
          this.#open(request.plan)
          const base = this.#start(() => this.#booster!.center())
          if (base === null) return
          next = base
          break
        }
        case 'open':
          if (this.#setup === null) this.#open(request.plan)
          this.#port.opened(request)
          next = null
          break
        case 'replay':
          this.#replay(request.iterations)
          next = null
          break
        case 'tell':
          this.#port.told(request.event)
          next = null
          break
        case 'iterate': {
          const { iteration, evaluates } = request
          const record = this.#start(() => this.#booster!.iterate(iteration, evaluates))
          if (record === null) return
          next = record
          break
        }
        case 'announce':
          this.#awaitsGo = true
          return this.#port.announced(request)
      }
    }
  }

  #open(plan: TrainingPlan): void {
    const nRows = this.#partitions.reduce((sum, partition) =>
      sum + (partition.dataset === 0 ? partition.nRows : 0), 0)
    // trees that grow at the same time share rounds
    const lanes = lanesOf(plan, nRows)
    const engine = lanes === 1 ? plan.engine : { ...plan.engine, lanes }
    const { features, maxLeaves, maxExpansions, linear } = engine
    this.#setup = engine
    this.#scratch = new Uint8Array(requestBytesMax(
      features, maxLeaves, maxExpansions, undefined, linear,
      {
        nPositions: plan.positions?.nPositions, lanes,
        nEvents: plan.engine.objective.events?.times.length,
      }))
    this.#booster = new Booster({ ...plan, engine })
    this.#reducer = this.#makeReducer(engine)
    this.#port.setup(engine)
  }

  #replay(iterations: readonly (readonly BinnedTree[])[]): void {
    for (const trees of iterations) {
      const dialogue = this.#booster!.replay(trees)
      const requests: EngineRequest[] = []
      for (let step = dialogue.next(null); step.done !== true; step = dialogue.next(null)) {
        requests.push(step.value)
      }
      // the log has the trees
      this.trees.append(committedTrees(requests))
    }
    // what was asked before is of no more use: the trees begin with what it came to
    this.#requests = []
    this.#marks = this.#marksBefore = new LogMarks(this.trees.digest)
    this.#port.replayed()
  }

  #continue(answer: EngineAnswer): void {
    const record = this.#iterate(answer)
    if (record !== null) this.#advance(record)
  }

  #start(begin: () => Dialogue<EngineOutcome>): EngineOutcome | null {
    this.#begin = begin
    this.#nKept = this.#requests.length
    this.#dialogue = begin()
    return this.#iterate(null)
  }

  /** Carries the iteration, or what comes before the first, on to its end or to a round. */
  #iterate(answer: EngineAnswer): EngineOutcome | null {
    const dialogue = this.#dialogue
    assert(dialogue !== null, 'an iteration is under way')
    let next = answer
    for (;;) {
      const step = dialogue.next(next)
      if (step.done === true) {
        this.#dialogue = null
        this.#isInspecting = false
        const outcome = step.value
        // what was asked before the first iteration is part of its log
        if ('trees' in outcome && outcome.trees.length > 0) this.#close()
        return outcome
      }
      this.#request(step.value)
      if (this.#round !== null) return null
      // rounds whose children will not be split need no histogram, so no answer
      next = needsAnswer(step.value) ? this.#reducer!.finish() : null
    }
  }

  #close(): void {
    this.trees.append(this.#committed)
    this.#committed = []
    this.#nBefore = this.#requests.length
    this.#requests = []
    this.#marksBefore = this.#marks
    this.#marks = new LogMarks(this.trees.digest)
  }

  /** Puts a request into the log; `round` is set where it waits for answers. */
  #request(request: EngineRequest): void {
    const seq = this.#requests.length
    this.#committed.push(...committedTrees([request]))
    const nBytes = encodeRequest(rowsRequest(request), this.#scratch)
    const body = this.#scratch.slice(0, nBytes)
    this.#requests.push(body)
    this.#marks.add(body)
    const nChunks = this.#reducer!.begin(request)
    if (needsAnswer(request)) {
      const evaluatesTraining = this.#setup!.evaluatesTraining
      const isNeeded = request.kind === 'evaluate'
        ? (p: number) => this.#partitions[p]!.dataset > 0 || evaluatesTraining
        : (p: number) => this.#partitions[p]!.dataset === 0
      const round = this.#makeRound(
        { iteration: this.trees.length, seq }, nChunks, this.#partitions.length, isNeeded)
      this.#round = round.isComplete ? null : round
    }
    this.#port.requested(seq)
  }
}

function inspect(
  reducer: RequestReducer, { store, chunk, payload }: Answer,
): AnswerFault | null {
  try {
    const text = reducer.inspect(store, chunk, payload)
    return text === null ? null : { text, isDamaged: false }
  } catch (error) {
    if (error instanceof ProtocolError) return faultOf(error)
    throw error
  }
}

function faultOf({ kind, message }: ProtocolError): AnswerFault {
  return { text: message, isDamaged: kind === 'damaged' }
}

/** What a worker has to add to its scores: a tree that could not split adds nothing. */
function committedTrees(requests: readonly EngineRequest[]): CommittedTree[] {
  return treesOf(requests).filter(({ tree }) =>
    tree.feature.length > 0 || tree.leafValue[0] !== 0)
}
