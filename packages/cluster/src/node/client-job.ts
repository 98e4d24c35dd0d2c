import type { LoadProgress } from '@coppice/data'
import {
  committedIterations, type CommittedIteration, metricDirections, resumeModel, type TrainingEvent,
  type TrainResult,
} from '@coppice/engine'
import { assert, CoppiceError, type Model, type ModelHeader, parseModel } from '@coppice/model'
import { deferred } from '../jobs/deferred.js'
import type { Announced, Done, Failed, FromClient, JobSpec, ToClient }
  from '../protocol/client-messages.js'
import { PROTOCOL_VERSION } from '../protocol/messages.js'
import type { Reconnector } from '../transport/index.js'
import { ClientConversation, queueText } from './client-conversation.js'

/** What a training tells while it runs, and what it asks. */
export interface TrainHandlers {
  readonly onLoading?: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  /** Something a person should know: who was lost and why, that a connection is tried again. */
  readonly onNotice?: ((text: string) => void) | undefined
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined
  /** Hears, once, the name of the job when the coordinator has it. */
  readonly onJob?: ((job: string) => void) | undefined
  /**
   * An iteration is committed; `model()` builds the model of all so far: a checkpoint. The answer
   * counts where the job has `wantsGo`, and then the next iteration waits for it.
   */
  readonly onCommitted?: ((
    record: CommittedIteration, model: () => Model,
  ) => 'go' | 'stop' | Promise<'go' | 'stop'>) | undefined
  /** Ends the training: with the model of what is committed, where it has begun. */
  readonly signal?: AbortSignal | undefined
}

/** An abort that the coordinator does not answer for so long is over all the same. */
const abortMs = 10_000

/**
 * A client's side of a job: brings it, comes back to it when the connection is lost, and keeps
 * what is committed.
 */
export class ClientJob {
  readonly #job: string
  readonly #spec: JobSpec
  readonly #handlers: TrainHandlers
  readonly #talk: ClientConversation
  readonly #result = deferred<TrainResult>()
  readonly #records: CommittedIteration[]
  /** Iterations of the model that the job resumes from. */
  readonly #nResumed: number
  /** What the training begins with. */
  readonly #initModel: Model | null
  #header: ModelHeader | null = null
  /** To the last iteration. */
  #answer: Promise<'go' | 'stop'> = Promise.resolve('go')
  #isAccepted = false
  #hasStarted = false
  #isOver = false
  #isAborted = false

  constructor(
    job: string, spec: JobSpec, handlers: TrainHandlers, reconnector: Reconnector,
  ) {
    this.#job = job
    this.#spec = spec
    this.#handlers = handlers
    this.#talk = new ClientConversation(job, reconnector, {
      greet: () => this.#greet(),
      take: (message) => this.#take(message),
      fail: (error) => this.#fail(error),
      onNotice: handlers.onNotice,
      isOwner: true,
    })
    this.#records = spec.resumeFrom === null ? []
      : committedIterations(parseModel(spec.resumeFrom),
        metricDirections({ customMetrics: String(spec.params['customMetrics'] ?? '') }))
    this.#nResumed = this.#records.length
    this.#initModel = spec.initModel === undefined ? null : parseModel(spec.initModel)
  }

  /**
   * Runs the job to its end.
   *
   * @throws CoppiceError of the coordinator, or 'IO' when it cannot be reached for too long;
   *   whatever a handler throws
   */
  async run(): Promise<TrainResult> {
    const { signal } = this.#handlers
    if (signal?.aborted === true) {
      throw new CoppiceError('ABORTED', 'training was aborted before it began',
        { cause: signal.reason })
    }
    let timer: NodeJS.Timeout | null = null
    const onAbort = (): void => {
      this.#isAborted = true
      this.#send({ type: 'abort', job: this.#job })
      timer = setTimeout(() => {
        this.#fail(new CoppiceError('ABORTED',
          'training was aborted, but the coordinator could not be told so',
          { cause: signal?.reason }))
      }, abortMs)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#talk.start()
    try {
      return await this.#result.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      if (timer !== null) clearTimeout(timer)
      this.#talk.close()
    }
  }

  /** Leaves the job to the coordinator. */
  leave(): void {
    this.#fail(new CoppiceError('ABORTED', 'the client was closed before its job was done'))
  }

  #greet(): FromClient[] {
    const submit: FromClient = {
      type: 'submit', protocol: PROTOCOL_VERSION, job: this.#job, spec: this.#spec,
      fromIteration: this.#records.length,
    }
    return this.#isAborted ? [submit, { type: 'abort', job: this.#job }] : [submit]
  }

  #send(message: FromClient): void {
    this.#talk.send(message)
  }

  #take(message: ToClient): Promise<void> | void {
    const { onLoading, onNotice } = this.#handlers
    switch (message.type) {
      case 'accepted': {
        const text = queueText(message.nBefore)
        if (!this.#isAccepted) this.#handlers.onJob?.(this.#job)
        this.#isAccepted = true
        if (text !== null) onNotice?.(text)
        return
      }
      case 'loading': {
        const { dataset, phase, done, total } = message
        return onLoading?.({ dataset, phase, done, total })
      }
      case 'opened':
        this.#header = message.header
        return
      case 'told':
        // 'stopped' is told with the model
        if (message.event.kind === 'stopped' || this.#hasStarted) return
        this.#hasStarted = true
        return this.#handlers.onEvent?.(message.event)
      case 'announced': return this.#announced(message)
      case 'notice': return onNotice?.(message.text)
      case 'done': return this.#done(message)
      case 'failed': return this.#failed(message)
      // of predictions
      case 'planned':
      case 'predicted': return
    }
  }

  #announced({ event, record }: Announced): void {
    const { iteration } = record
    const known = this.#records[iteration]
    if (known !== undefined && known.chainHash !== record.chainHash) {
      throw new CoppiceError('INTERNAL', `iteration ${iteration} was trained twice with ` +
        'different results: a machine computes wrongly, runs another build, or read other data')
    }
    if (known === undefined) this.#commit(record, event)
    const isLast = iteration === this.#records.length - 1 && iteration >= this.#nResumed
    if (!this.#spec.wantsGo) return
    // What came before the last one was answered with 'go', else there were no later one.
    if (isLast) this.#tell(iteration, this.#answer)
    else this.#tell(iteration, Promise.resolve('go'))
  }

  #commit(record: CommittedIteration, event: TrainingEvent): void {
    assert(record.iteration === this.#records.length,
      `iteration ${record.iteration} follows ${this.#records.length - 1}`)
    this.#records.push(record)
    this.#handlers.onEvent?.(event)
    const n = this.#records.length
    const answer = this.#handlers.onCommitted?.(record, () => this.#model(n)) ?? 'go'
    this.#answer = Promise.resolve(answer)
    // A callback that takes long must not hold up notices; but its end must be known in order.
    this.#answer.catch((error: unknown) => {
      this.#send({ type: 'abort', job: this.#job })
      this.#fail(error)
    })
  }

  #tell(iteration: number, answer: Promise<'go' | 'stop'>): void {
    answer.then((value) => {
      if (!this.#isOver) this.#send({ type: 'go', job: this.#job, iteration, answer: value })
    }, () => undefined)
  }

  /** The model of the first n iterations. */
  #model(n: number): Model {
    assert(this.#header !== null, 'the header is known before the first iteration')
    return resumeModel(this.#header, this.#records.slice(0, n), this.#initModel)
  }

  async #done({ stoppedBy, model: bytes }: Done): Promise<void> {
    // a callback without a say may still be at work; its error counts
    await this.#answer
    if (this.#isOver) return
    const model = parseModel(bytes)
    const { trees, treesPerIteration, bestIteration } = model
    this.#handlers.onEvent?.({
      kind: 'stopped', reason: stoppedBy, nIterations: trees.length / treesPerIteration,
      bestIteration,
    })
    this.#isOver = true
    this.#talk.end()
    this.#result.resolve({ model, stoppedBy })
  }

  #failed({ error: { code, message } }: Failed): void {
    throw new CoppiceError(code, message)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#talk.end()
    this.#result.reject(error)
  }
}
