import { CoppiceError } from '@coppice/model'
import type { FileSource } from './file-source.js'
import { PAGE_BYTES, type RangeReader, remoteSource } from './remote-source.js'
import { PassingError, withRetries } from './retry.js'
import { displayUri, parseHttp } from './uri.js'

/** How files are fetched over HTTP. Plain data. */
export interface HttpSettings {
  /** A request fails when nothing comes for so long; default 30 s. */
  readonly timeoutMs?: number | undefined
  /** Times that a request is tried; default 6. */
  readonly nAttempts?: number | undefined
  /** Wait before the second attempt, doubled for each later one; default 200 ms. */
  readonly retryMs?: number | undefined
}

/**
 * Files of servers that do not serve ranges are fetched whole and held in memory, by each thread
 * that reads them: hence only small ones. A temporary file would have to be cleaned up after
 * whatever ends a process, and such servers are rarely where large data are.
 */
const WHOLE_BYTES_MAX = 32 << 20

/** Which bytes of which state of the file a response holds. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** What tells one state of the file from another. */
interface FileState {
  readonly byteLength: number
  /** The entity tag without the mark of weakness, or null. */
  readonly etag: string | null
  /** It changes with every byte, so a server can be asked to compare it. */
  readonly isStrong: boolean
  readonly lastModified: string | null
}

/**
 * Opens a file on a web server. Reads are requests for ranges, repeated after connection losses,
 * timeouts and the answers 408, 425, 429 and 5xx. A file that changes between requests is an
 * error.
 *
 * Rejects with CoppiceError 'IO' naming the URL (without the secrets of a signed one).
 *
 * @param headers - sent with every request; not to other hosts that it is redirected to, where
 *   they authorize
 */
export async function openHttpSource(
  uri: string,
  headers: Readonly<Record<string, string>> = {},
  settings: HttpSettings = {},
): Promise<FileSource> {
  const requester = new Requester(parseHttp(uri), headers, settings)
  const { status, headers: got, bytes } = await requester.request(0, PAGE_BYTES, null)
  if (status === 206) {
    const range = parseRange(got)
    if (range === null || range.start !== 0 || range.total === null) {
      throw requester.error('its server answers without saying which bytes of how many it sends')
    }
    const state = { ...stateOf(got, range.total), byteLength: range.total }
    if (bytes.length !== Math.min(PAGE_BYTES, range.total)) {
      throw requester.error(`its server sent ${bytes.length} bytes where ${PAGE_BYTES} were asked`)
    }
    return remoteSource(new HttpReader(requester, state), bytes)
  }
  return wholeSource(requester.name, status === 416 ? new Uint8Array(0) : bytes)
}

/** A file that is in memory. */
function wholeSource(name: string, bytes: Uint8Array): FileSource {
  return {
    name,
    byteLength: bytes.length,
    slice: (start, end) => Promise.resolve(bytes.slice(start, end)),
    close: () => Promise.resolve(),
  }
}

class HttpReader implements RangeReader {
  readonly name: string
  readonly byteLength: number
  readonly #requester: Requester
  readonly #state: FileState

  constructor(requester: Requester, state: FileState) {
    this.name = requester.name
    this.byteLength = state.byteLength
    this.#requester = requester
    this.#state = state
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const { bytes } = await this.#requester.request(start, end, this.#state)
    return bytes
  }
}

/** Makes the requests for one file. */
class Requester {
  readonly name: string
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #timeoutMs: number
  readonly #nAttempts: number
  readonly #retryMs: number

  constructor(url: URL, headers: Readonly<Record<string, string>>, settings: HttpSettings) {
    this.name = displayUri(url.href)
    this.#url = url
    this.#headers = headers
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

  error(what: string, cause?: unknown): CoppiceError {
    return new CoppiceError('IO', `cannot read ${this.name}: ${what}`, { cause })
  }

  async #attempt(
    start: number,
    end: number,
    state: FileState | null,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<Omit<Answer, 'bytes'>> {
    const idle = new IdleTimer(this.#timeoutMs)
    try {
      const response = await fetch(this.#url, {
        headers: {
          ...this.#headers,
          range: `bytes=${start}-${end - 1}`,
          'accept-encoding': 'identity',
          ...(state?.isStrong === true ? { 'if-range': state.etag! } : {}),
        },
        signal: idle.signal,
      })
      const { status, headers } = response
      try {
        const isEmpty = status === 416 && state === null
        const nBytes = isEmpty ? 0 : this.#check(response, start, end, state)
        if (nBytes !== 0) await this.#readBody(response, nBytes, idle, onBytes)
      } finally {
        // Without this an unread answer would keep its connection.
        await response.body?.cancel().catch(() => undefined)
      }
      return { status, headers }
    } catch (error) {
      if (error instanceof CoppiceError || error instanceof PassingError) throw error
      const reason = idle.isOver ? `nothing came for ${this.#timeoutMs} ms` : networkReason(error)
      throw new PassingError(reason, null, { cause: error })
    } finally {
      idle.stop()
    }
  }

  /** Bytes that the body must have, or null where the server does not say; throws otherwise. */
  #check(response: Response, start: number, end: number, state: FileState | null): number | null {
    const { status, headers } = response
    if (status === 206) {
      const coding = headers.get('content-encoding') ?? 'identity'
      if (coding !== 'identity') throw this.error(`its server compresses ranges (${coding})`)
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
    const what = `its server answers ${status}${response.statusText && ` ${response.statusText}`}`
    if (isPassing(status)) throw new PassingError(what, retryAfter(headers))
    const advice = adviceOfStatus[status] ?? 'check the address'
    throw this.error(`${what}; ${advice}`)
  }

  /** The server sends the whole file instead of a range. */
  #checkWhole(headers: Headers, state: FileState | null): number | null {
    const text = headers.get('content-length')
    const nBytes = text === null || headers.has('content-encoding') ? null : Number(text)
    if (state !== null) {
      if (differs(stateOf(headers, nBytes), state)) throw this.#changed()
      throw this.error('its server served ranges before but does not any more')
    }
    if (nBytes !== null && nBytes > WHOLE_BYTES_MAX) throw this.#tooLarge()
    return nBytes
  }

  async #readBody(
    { body, status }: Response,
    nBytes: number | null,
    idle: IdleTimer,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<void> {
    let nRead = 0
    const reader = body?.getReader()
    try {
      for (;;) {
        const next = await reader?.read()
        if (next === undefined || next.done) break
        idle.restart()
        nRead += next.value.length
        if (nBytes !== null && nRead > nBytes) throw this.error('its server sent too many bytes')
        if (status === 200 && nRead > WHOLE_BYTES_MAX) throw this.#tooLarge()
        onBytes(next.value)
      }
    } finally {
      reader?.releaseLock()
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

const adviceOfStatus: Readonly<Record<number, string>> = {
  401: 'it wants to know who asks: check the token',
  403: 'access is denied: check the token, or whether a signed URL has expired',
  404: 'there is no such file: check the address',
  410: 'the file is gone: check the address',
}

function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function retryAfter(headers: Headers): number | null {
  const seconds = Number(headers.get('retry-after') ?? NaN)
  return seconds >= 0 ? 1000 * seconds : null
}

/** `bytes 0-99/1234`; a total of '*' is null. The end is exclusive. */
function parseRange(headers: Headers) {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '')
  if (match === null) return null
  const [, first, last, total] = match
  return {
    start: Number(first),
    end: Number(last) + 1,
    total: total === '*' ? null : Number(total),
  }
}

function stateOf(headers: Headers, byteLength: number | null) {
  const tag = headers.get('etag')
  return {
    byteLength,
    // A tag that is weak because the file is fresh may become strong later.
    etag: tag?.replace(/^W\//, '') ?? null,
    isStrong: tag !== null && !tag.startsWith('W/'),
    lastModified: headers.get('last-modified'),
  }
}

/** Whether an answer is of another state of the file; what is not said does not differ. */
function differs(answer: ReturnType<typeof stateOf>, state: FileState): boolean {
  const keys = ['byteLength', 'etag', 'lastModified'] as const
  return keys.some((key) =>
    answer[key] !== null && state[key] !== null && answer[key] !== state[key])
}

/** fetch says no more than that it failed; why is in the cause. */
function networkReason(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } }
  const code = cause?.code
  const advice = typeof code === 'string' ? adviceOfCode[code] : undefined
  return advice ?? `the connection failed: ${String(cause?.message ?? (error as Error).message)}`
}

const adviceOfCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused; check host and port, and whether the server runs',
  ENOTFOUND: 'there is no such host; check the address',
  EAI_AGAIN: 'the host cannot be looked up now; check the network',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by nobody known; name the issuer in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is signed by nobody known; name the issuer in NODE_EXTRA_CA_CERTS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
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
