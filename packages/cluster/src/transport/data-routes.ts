import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { parseRange } from './byte-range.js'
import { answer } from './http-text.js'
import type { Spool, UploadResult } from './spool.js'

/** Uploads that run at once; more are told to come back. */
const uploadsMax = 16

/**
 * Header of a client that asks for an upload to count on it; workers look at what they read too,
 * and do not prolong its stay.
 */
export const wantedHeader = 'coppice-wanted'

/** Who is told of what clients bring. */
export interface UploadHandlers {
  /** It was not here, and is now. */
  readonly onUpload: (sha256: string, byteLength: number) => void
  /** A client brings it, or counts on it where it is here already. */
  readonly onWanted: (sha256: string) => void
}

/**
 * `/v1/data/<sha256>`: a client uploads partitions that workers cannot reach, workers fetch what
 * they need of them. A content never changes under its name, so the hash is its ETag.
 */
export class DataRoutes {
  readonly #spool: Spool
  readonly #handlers: UploadHandlers
  #nUploads = 0

  constructor(spool: Spool, handlers: UploadHandlers) {
    this.#spool = spool
    this.#handlers = handlers
  }

  /** Answers a request that may. `isWaiting`: the client sends its body only when told to. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
    isWaiting: boolean,
  ): Promise<void> {
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (request.headers[wantedHeader] !== undefined) this.#handlers.onWanted(sha256)
      await this.#get(request, response, sha256)
    } else if (request.method === 'PUT') {
      await this.#put(request, response, sha256, isWaiting)
    } else {
      answer(request, response, { status: 405, text: `${request.method} is not served here`,
        headers: { Allow: 'GET, HEAD, PUT' }, closes: true })
    }
  }

  async #get(request: IncomingMessage, response: ServerResponse, sha256: string): Promise<void> {
    const byteLength = await this.#spool.byteLength(sha256)
    if (byteLength === null) {
      answer(request, response, { status: 404, text: `there is no upload ${sha256}` })
      return
    }
    const etag = `"${sha256}"`
    const headers = { 'ETag': etag, 'Accept-Ranges': 'bytes',
      'Content-Type': 'application/octet-stream', 'Cache-Control': 'private, immutable' }
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end()
      return
    }
    const ifRange = request.headers['if-range']
    const isRanged = ifRange === undefined || ifRange === etag
    const range = parseRange(isRanged ? request.headers.range : undefined, byteLength)
    if (range.kind === 'unsatisfiable') {
      answer(request, response, { status: 416, text: `the upload has ${byteLength} bytes`,
        headers: { 'Content-Range': `bytes */${byteLength}` } })
      return
    }
    const first = range.kind === 'part' ? range.first : 0
    const last = range.kind === 'part' ? range.last : byteLength - 1
    response.writeHead(range.kind === 'part' ? 206 : 200, {
      ...headers,
      'Content-Length': last - first + 1,
      ...(range.kind === 'part' ? { 'Content-Range': `bytes ${first}-${last}/${byteLength}` } : {}),
    })
    if (request.method === 'HEAD' || byteLength === 0) {
      response.end()
      return
    }
    // A reader that goes away in the middle is no concern of the server.
    await pipeline(this.#spool.read(sha256, first, last), response).catch(() => undefined)
  }

  async #put(
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
    isWaiting: boolean,
  ): Promise<void> {
    const declared = Number(request.headers['content-length'] ?? 0)
    this.#handlers.onWanted(sha256)
    if (await this.#spool.byteLength(sha256) !== null) {
      answer(request, response, { status: 200, text: 'it is here already', closes: isWaiting })
      return
    }
    if (declared > this.#spool.fileBytesMax) {
      answer(request, response, this.#refusal({ kind: 'tooBig' }, sha256)!)
      return
    }
    if (this.#nUploads >= uploadsMax) {
      answer(request, response, { status: 503, text: `${uploadsMax} uploads run already; come back`,
        headers: { 'Retry-After': '1' }, closes: true })
      return
    }
    this.#nUploads++
    // The socket is silent while the disk takes the last bytes: that is not idleness.
    request.once('end', () => request.socket.setTimeout(0))
    const body = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
    try {
      if (isWaiting) response.writeContinue()
      const result = await this.#spool.write(sha256, body)
      // Lets go of the request, so that the rest of a refused body can be read and dropped.
      await body.return?.()
      const refusal = this.#refusal(result, sha256)
      if (refusal !== null) {
        answer(request, response, refusal)
      } else if (result.kind === 'stored') {
        this.#handlers.onUpload(sha256, result.byteLength)
        answer(request, response, { status: 201, text: 'stored' })
      }
    } finally {
      this.#nUploads--
    }
  }

  #refusal(
    result: UploadResult,
    sha256: string,
  ): { status: number, text: string, closes: true } | null {
    switch (result.kind) {
      case 'stored': return null
      case 'mismatch': return { status: 422, closes: true, text: 'the content has the SHA-256 '
        + `${result.sha256}, not ${sha256}; it changed while it was sent` }
      case 'tooBig': return { status: 413, closes: true, text: 'an upload has at most '
        + `${this.#spool.fileBytesMax} bytes; cut the file with \`coppice partition\`` }
      case 'full': return { status: 507, closes: true, text: result.reason }
      case 'broken': return { status: 400, closes: true, text: result.reason }
    }
  }
}
