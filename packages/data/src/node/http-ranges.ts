import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { CoppiceError } from '@coppice/model'
import { DefiniteError } from './definite-error.js'
import {
  adviceOfCertificate,
  adviceOfStatus,
  codeOf,
  differs,
  type FileState,
  isAbsent,
  isPassing,
  networkReason,
  parseRange,
  retryAfter,
  stateOf,
} from './http-answers.js'
import { sendRequest } from './http-request.js'
import { PassingError, withRetries } from './retry.js'
import { displayUri, isLoopback } from './uri.js'

/** How files are fetched over HTTP. Plain data. */
export interface HttpSettings {
  /** A request fails when nothing comes for so long; default 30 s. */
  readonly timeoutMs?: number | undefined
  /** Times that a request is tried; default 6. */
  readonly nAttempts?: number | undefined
  /** Wait before the second attempt, doubled for each later one; default 200 ms. */
  readonly retryMs?: number | undefined
  /** Certificates (PEM) to trust beside those that Node trusts: a coordinator's own, say. */
  readonly ca?: string | undefined
}

/**
 * Files of servers that do not serve ranges are fetched whole and held in memory, by each thread
 * that reads them: hence only small ones. A temporary file would have to be cleaned up after
 * whatever ends a process, and such servers are rarely where large data are.
 */
const WHOLE_BYTES_MAX = 32 << 20

/** Which bytes of which state of the file a response holds. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Uint8Array
}

/** Makes the requests for one file. */
export class Requester {
  readonly name: string
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #ca: string | null
  readonly #timeoutMs: number
  readonly #nAttempts: number
  readonly #retryMs: number

  constructor(url: URL, headers: Readonly<Record<string, string>>, settings: HttpSettings) {
    this.name = displayUri(url.href)
    this.#url = url
    this.#headers = headers
    this.#ca = settings.ca ?? null
    this.#timeoutMs = settings.timeoutMs ?? 30_000
    this.#nAttempts = settings.nAttempts ?? 6
    this.#retryMs = settings.retryMs ?? 200
  }

  /**
   * Bytes [start, end) of the file.
   *
   * @param state - of which these bytes must be; null at first sight, when fewer bytes may come
   *   (a shorter file) or all of it (no ranges)
   */
  async request(start: number, end: number, state: FileState | null): Promise<Answer> {
    let nTried = 0
    let received: Uint8Array[] = []
    let nReceived = 0
    const attempt = async (): Promise<Omit<Answer, 'bytes'>> => {
      nTried++
      // What came before a connection broke is not asked for again, if it is known to be of the
      // same state of the file.
      if (state === null) [received, nReceived] = [[], 0]
      return this.#attempt(start + nReceived, end, state, (bytes) => {
        received.push(bytes)
        nReceived += bytes.length
      })
    }
    try {
      const answer = await withRetries(this.#nAttempts, this.#retryMs, attempt)
      return { ...answer, bytes: join(received, nReceived) }
    } catch (error) {
      if (!(error instanceof PassingError)) throw error
      throw this.error(`${error.message} (tried ${nTried} times)`, error)
    }
  }

  /**
   * What the server tells of the file, without any of its bytes; null where it tells nothing, for
   * whatever reason: who asks for bytes then hears why, and is patient.
   */
  async look(): Promise<IncomingHttpHeaders | null> {
    try {
      const response = await sendRequest({
        method: 'HEAD',
        url: this.#url,
        headers: { 'accept-encoding': 'identity' },
        secretHeaders: this.#headers,
        ca: this.#ca,
        signal: AbortSignal.timeout(this.#timeoutMs),
      })
      response.resume()
      return response.statusCode === 200 ? response.headers : null
    } catch {
      return null
    }
  }

  error(what: string, cause?: unknown): CoppiceError {
    return new CoppiceError('IO', this.#told(what), { cause })
  }

  #told(what: string): string {
    return `cannot read ${this.name}: ${what}`
  }

  async #attempt(
    start: number,
    end: number,
    state: FileState | null,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<Omit<Answer, 'bytes'>> {
    const idle = new IdleTimer(this.#timeoutMs)
    try {
      const response = await sendRequest({
        method: 'GET',
        url: this.#url,
        headers: {
          range: `bytes=${start}-${end - 1}`,
          'accept-encoding': 'identity',
          ...(state?.isStrong === true ? { 'if-range': state.etag! } : {}),
        },
        secretHeaders: this.#headers,
        ca: this.#ca,
        signal: idle.signal,
      })
      const { headers } = response
      const status = response.statusCode ?? 0
      try {
        const isEmpty = status === 416 && state === null
        const nBytes = isEmpty ? 0 : this.#check(response, start, end, state)
        if (nBytes !== 0) await this.#readBody(response, nBytes, idle, onBytes)
      } finally {
        // Without this an unread answer would keep its connection.
        if (!response.complete) response.destroy()
      }
      return { status, headers }
    } catch (error) {
      if (error instanceof CoppiceError || error instanceof PassingError) throw error
      const distrust = adviceOfCertificate[codeOf(error)]
      if (distrust !== undefined) throw this.error(distrust, error)
      const reason = idle.isOver ? `nothing came for ${this.#timeoutMs} ms` : networkReason(error)
      throw new PassingError(reason, null, { cause: error })
    } finally {
      idle.stop()
    }
  }

  /** Bytes that the body must have, or null where the server does not say; throws otherwise. */
  #check(
    response: IncomingMessage,
    start: number,
    end: number,
    state: FileState | null,
  ): number | null {
    const { statusCode: status = 0, statusMessage, headers } = response
    const coding = headers['content-encoding'] ?? 'identity'
    if (coding !== 'identity' && (status === 200 || status === 206)) {
      throw this.error(`its server compresses it (${coding}), though asked not to`)
    }
    if (status === 206) {
      const range = parseRange(headers)
      if (range?.start !== start) {
        throw this.error('its server sent other bytes than were asked for')
      }
      if (state === null) return range.end - start
      if (range.end !== end || differs(stateOf(headers, range.total), state)) throw this.#changed()
      return end - start
    }
    if (status === 200) return this.#checkWhole(headers, state)
    if (status === 416) throw this.#changed()
    const what = `its server answers ${status}${statusMessage ? ` ${statusMessage}` : ''}`
    if (isPassing(status)) throw new PassingError(what, retryAfter(headers))
    const advice = adviceOfStatus[status] ?? 'check the address'
    if (isAbsent(status) && !isLoopback(this.#url)) {
      throw new DefiniteError(this.#told(`${what}; ${advice}`))
    }
    throw this.error(`${what}; ${advice}`)
  }

  /** The server sends the whole file instead of a range. */
  #checkWhole(headers: IncomingHttpHeaders, state: FileState | null): number | null {
    const text = headers['content-length']
    const nBytes = text === undefined ? null : Number(text)
    if (state !== null) {
      if (differs(stateOf(headers, nBytes), state)) throw this.#changed()
      throw this.error('its server served ranges before but does not any more')
    }
    if (nBytes !== null && nBytes > WHOLE_BYTES_MAX) throw this.#tooLarge()
    return nBytes
  }

  async #readBody(
    body: IncomingMessage,
    nBytes: number | null,
    idle: IdleTimer,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<void> {
    let nRead = 0
    for await (const bytes of body as AsyncIterable<Uint8Array>) {
      idle.restart()
      nRead += bytes.length
      if (nBytes !== null && nRead > nBytes) throw this.error('its server sent too many bytes')
      if (body.statusCode === 200 && nRead > WHOLE_BYTES_MAX) throw this.#tooLarge()
      onBytes(bytes)
    }
    if (nBytes === null || nRead === nBytes) return
    throw new PassingError(`the connection ended after ${nRead} of ${nBytes} bytes`)
  }

  #changed(): CoppiceError {
    return this.error('it was changed while it was read; leave files alone while they are loaded')
  }

  #tooLarge(): CoppiceError {
    return this.error(
      `its server does not serve ranges of files, and it is larger than the ` +
        `${WHOLE_BYTES_MAX >> 20} MiB that are fetched whole; serve it by one that does (nginx, ` +
        `Apache, S3), or copy it to a local disk`,
    )
  }
}

/** Cancels a request for which nothing comes. */
class IdleTimer {
  isOver = false
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(timeoutMs: number) {
    this.#timer = setTimeout(() => {
      this.isOver = true
      this.#controller.abort()
    }, timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  restart(): void {
    this.#timer.refresh()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

function join(parts: readonly Uint8Array[], nBytes: number): Uint8Array {
  const bytes = new Uint8Array(nBytes)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
