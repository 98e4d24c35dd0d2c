import type { TrainResult } from '@coppice/engine'
import { CoppiceError, parseModel } from '@coppice/model'
import { deferred } from '../jobs/deferred.js'
import type { Announced, Done, ToClient } from '../protocol/client-messages.js'
import { PROTOCOL_VERSION } from '../protocol/messages.js'
import type { Reconnector } from '../transport/index.js'
import { ClientConversation, queueText } from './client-conversation.js'
import type { TrainHandlers } from './client-job.js'

/** What is told of a training that somebody else brought. The signal ends the listening only. */
export type FollowHandlers =
  Pick<TrainHandlers, 'onLoading' | 'onNotice' | 'onEvent' | 'signal'>

/** Listens to a training that another client brought, until its model is there. */
export class ClientFollow {
  readonly #handlers: FollowHandlers
  readonly #talk: ClientConversation
  readonly #result = deferred<TrainResult>()
  #hasStarted = false
  /** The last iteration that was told. */
  #iteration = -1
  #isOver = false

  constructor(job: string, handlers: FollowHandlers, reconnector: Reconnector) {
    this.#handlers = handlers
    this.#talk = new ClientConversation(job, reconnector, {
      greet: () => [{ type: 'follow', protocol: PROTOCOL_VERSION, job }],
      take: (message) => this.#take(message),
      fail: (error) => this.#fail(error),
      onNotice: handlers.onNotice,
      isOwner: false,
    })
  }

  /**
   * Waits for the end of the job.
   *
   * @throws CoppiceError of the job, 'PARAMETER' for one that is not known or is a prediction,
   *   'IO' when the coordinator cannot be reached for too long, 'ABORTED' by the signal; whatever
   *   a handler throws
   */
  async run(): Promise<TrainResult> {
    const { signal } = this.#handlers
    const onAbort = (): void => {
      this.#fail(new CoppiceError('ABORTED', 'listening to the job was aborted; it goes on',
        { cause: signal?.reason }))
    }
    if (signal?.aborted === true) onAbort()
    else this.#talk.start()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await this.#result.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#talk.close()
    }
  }

  /** Listens no more. */
  leave(): void {
    this.#fail(new CoppiceError('ABORTED', 'the client was closed before the job was done'))
  }

  #take(message: ToClient): void {
    const { onLoading, onNotice, onEvent } = this.#handlers
    switch (message.type) {
      case 'accepted': {
        const text = queueText(message.nBefore)
        if (text !== null) onNotice?.(text)
        return
      }
      case 'loading': {
        const { dataset, phase, done, total } = message
        return onLoading?.({ dataset, phase, done, total })
      }
      case 'told':
        // 'stopped' is told with the model
        if (message.event.kind === 'stopped' || this.#hasStarted) return
        this.#hasStarted = true
        return onEvent?.(message.event)
      case 'announced': return this.#announced(message)
      case 'notice': return onNotice?.(message.text)
      case 'done': return this.#done(message)
      case 'failed': throw new CoppiceError(message.error.code, message.error.message)
      // what it needs to go on, and what is of predictions
      case 'opened':
      case 'planned':
      case 'predicted': return
    }
  }

  #announced({ event }: Announced): void {
    if (event.iteration <= this.#iteration) return
    this.#iteration = event.iteration
    this.#handlers.onEvent?.(event)
  }

  #done({ stoppedBy, model: bytes }: Done): void {
    const model = parseModel(bytes)
    const { trees, treesPerIteration, bestIteration } = model
    const nIterations = trees.length / treesPerIteration
    this.#handlers.onEvent?.({ kind: 'stopped', reason: stoppedBy, nIterations, bestIteration })
    this.#isOver = true
    this.#talk.end()
    this.#result.resolve({ model, stoppedBy })
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#talk.end()
    this.#result.reject(error)
  }
}
