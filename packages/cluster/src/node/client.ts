import { randomUUID } from 'node:crypto'
import type { TrainResult } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { JobSpec, PredictionSpec } from '../protocol/client-messages.js'
import {
  connectLink, closeCodes, type Link, type LinkLimits, readToken, Reconnector, Token,
} from '../transport/index.js'
import { errorCode } from '../transport/error-text.js'
import { type CoordinatorAddress, fetchStatus, upload } from './client-http.js'
import { ClientFollow, type FollowHandlers } from './client-follow.js'
import { ClientJob, type TrainHandlers } from './client-job.js'
import { ClientPrediction, type PredictHandlers } from './client-prediction.js'
import type { ClusterStatus } from './status.js'

/** How a client connects. */
export interface ClusterClientOptions {
  /** The secret that the coordinator wants to see, or ... */
  readonly token?: Token | string | null | undefined
  /** ... the file it is in. */
  readonly tokenFile?: string | null | undefined
  /** PEM file of the authorities to trust instead of the usual ones; for wss only. */
  readonly caFile?: string | null | undefined
  /** How long a coordinator that does not answer is looked for at first; default 30 s, 0: once. */
  readonly connectTimeoutMs?: number | undefined
  /** How long a lost coordinator is looked for; default 10 minutes. */
  readonly graceMs?: number | undefined
  /** Ends looking for the coordinator at first. */
  readonly signal?: AbortSignal | undefined
  /** Hears that the coordinator is waited for, and of a token file that everybody can read. */
  readonly onNotice?: ((text: string) => void) | undefined
  readonly linkLimits?: Partial<LinkLimits> | undefined
}

/** A training as a client orders it. */
export type TrainingOrder = Omit<JobSpec, 'resumeFrom'> & {
  /** A model to go on from, as JSON. */
  readonly resumeFrom: string | Uint8Array | null
}

/** A client's side of a job. */
interface RunningJob<T> {
  run(): Promise<T>
  leave(): void
}

const graceMsDefault = 600_000
const connectMsDefault = 30_000
/** An attempt may take so long; the last one of those that are bound together, the second. */
const handshakeMsMax = 10_000
const lastMsMin = 500
/** A host that is being started gets its name within so long; a typing error never does. */
const nameMsMax = 5000

/** A coordinator, as those see it who bring it jobs. */
export class ClusterClient {
  readonly #address: CoordinatorAddress
  readonly #options: ClusterClientOptions
  readonly #jobs = new Set<Pick<RunningJob<unknown>, 'leave'>>()

  private constructor(address: CoordinatorAddress, options: ClusterClientOptions) {
    this.#address = address
    this.#options = options
  }

  /**
   * Makes sure that there is a coordinator which lets us in. One that does not answer may be about
   * to start: it is looked for until `connectTimeoutMs` have passed.
   *
   * @param url - ws://host:port or wss://host:port
   * @throws CoppiceError 'PARAMETER' at once for a wrong address, token or certificate, 'IO' when
   *   nobody answers there in time, 'ABORTED' by the signal
   */
  static async connect(url: string, options: ClusterClientOptions = {}): Promise<ClusterClient> {
    const { token = null, tokenFile = null, caFile = null, onNotice = () => undefined } = options
    const secret = typeof token === 'string' ? new Token(token, 'the option "token"')
      : token ?? (tokenFile === null ? null : await readToken(tokenFile, onNotice))
    const client = new ClusterClient({ url, token: secret, caFile }, options)
    const link = await client.#firstConnect()
    link.listen({ onPayload: () => undefined, onClose: () => undefined })
    link.close(closeCodes.normal, 'only a look')
    return client
  }

  /** Where the coordinator is. */
  get url(): string {
    return this.#address.url
  }

  /**
   * Trains a model: to the bytes that a training in this process would give. A lost connection is
   * made again, and the job gone on with where it is by then.
   *
   * @param job - unique for ever; that of a job which was brought before goes on with it, or gives
   *   what came of it
   * @throws CoppiceError with the coordinator's code and message; 'IO' when it is gone for too
   *   long; whatever a handler throws
   */
  async train(
    order: TrainingOrder, handlers: TrainHandlers = {}, job: string = randomUUID(),
  ): Promise<TrainResult> {
    const { resumeFrom } = order
    const spec: JobSpec = {
      ...order,
      resumeFrom: typeof resumeFrom === 'string' ? new TextEncoder().encode(resumeFrom)
        : resumeFrom,
    }
    return this.#run(handlers.onNotice, (reconnector) =>
      new ClientJob(job, spec, handlers, reconnector))
  }

  /**
   * The model of a training that another client brought, or this one before: waits for it where
   * the job is under way. The client whose job it is is not disturbed.
   *
   * @throws CoppiceError with the code and message that the job ended with; 'PARAMETER' for a job
   *   that the coordinator does not know, or a prediction; 'IO' when the coordinator is gone for
   *   too long; 'ABORTED' by the signal, which leaves the job alone; whatever a handler throws
   */
  fetch(job: string, handlers: FollowHandlers = {}): Promise<TrainResult> {
    return this.#run(handlers.onNotice, (reconnector) =>
      new ClientFollow(job, handlers, reconnector))
  }

  /**
   * Has rows predicted, batch by batch in their order: what a prediction in this process gives. A
   * lost connection is made again; a coordinator that knows nothing of it any more goes on with
   * the first batch that the handlers have not taken.
   *
   * @throws CoppiceError with the coordinator's code and message; 'IO' when it is gone for too
   *   long; 'ABORTED' by the signal; whatever a handler throws
   */
  predict(
    spec: PredictionSpec, handlers: PredictHandlers, job: string = randomUUID(),
  ): Promise<void> {
    return this.#run(handlers.onNotice, (reconnector) =>
      new ClientPrediction(job, spec, handlers, reconnector))
  }

  async #run<T>(
    onNotice: ((text: string) => void) | undefined,
    make: (reconnector: Reconnector) => RunningJob<T>,
  ): Promise<T> {
    const end = new AbortController()
    const client = make(new Reconnector({
      connect: (signal) => this.#connect(signal),
      random: Math.random,
      graceMs: this.#options.graceMs ?? graceMsDefault,
      signal: end.signal,
      onFailure: (error) => onNotice?.(`${error.message}; trying again`),
    }))
    this.#jobs.add(client)
    try {
      return await client.run()
    } finally {
      end.abort()
      this.#jobs.delete(client)
    }
  }

  /**
   * Gives the coordinator a file that workers cannot reach otherwise.
   *
   * @returns the uri under which they can read it
   * @throws CoppiceError 'IO' or 'PARAMETER'
   */
  upload(bytes: Uint8Array): Promise<string> {
    return upload(this.#address, bytes)
  }

  /** What the cluster is doing. @throws CoppiceError 'IO' or 'PARAMETER' */
  async status(): Promise<ClusterStatus> {
    return await fetchStatus(this.#address) as ClusterStatus
  }

  /** Leaves: jobs under way go on without this client, unless they want its answers. */
  async close(): Promise<void> {
    for (const job of this.#jobs) job.leave()
  }

  #firstConnect(): Promise<Link> {
    const { connectTimeoutMs = connectMsDefault, signal, onNotice } = this.#options
    if (connectTimeoutMs === 0) return this.#connect(signal)
    const start = performance.now()
    let isTold = false
    return new Reconnector({
      connect: async (given) => {
        try {
          // one that never answers takes no longer than is left
          const leftMs = connectTimeoutMs - (performance.now() - start)
          return await this.#connect(given, Math.min(handshakeMsMax, Math.max(lastMsMin, leftMs)))
        } catch (error) {
          const isNameless = error instanceof CoppiceError && errorCode(error.cause) === 'ENOTFOUND'
          if (!isNameless || performance.now() - start < nameMsMax) throw error
          throw new CoppiceError('IO', error.message, { cause: error })
        }
      },
      random: Math.random,
      graceMs: connectTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
      onFailure: (error) => {
        if (!isTold) onNotice?.(`waiting for the coordinator at ${this.url}: ${error.message}`)
        isTold = true
      },
    }).next()
  }

  #connect(signal?: AbortSignal, bound = handshakeMsMax): Promise<Link> {
    const { url, token, caFile } = this.#address
    const { linkLimits = {} } = this.#options
    return connectLink(url, {
      role: 'client', token, caFile, linkLimits, handshakeMsMax: bound,
      ...(signal === undefined ? {} : { signal }),
    })
  }
}
