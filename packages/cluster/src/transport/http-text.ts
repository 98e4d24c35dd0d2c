import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** By this a coordinator is known. */
export const greetingStart = 'this is a Coppice coordinator;'

/** What a stranger who knocks is told. */
export const greeting = `${greetingStart} workers connect by WebSocket to /v1/worker, clients to `
  + '/v1/client'

/** How long, and for how many bytes, a refused body is still read. */
const lingerMs = 1000
const lingerBytesMax = 4 << 20

export interface Answer {
  readonly status: number
  readonly text: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Close the connection after it. */
  readonly closes?: boolean
}

/** Answers a request with a text and a line end. */
export function answer(request: IncomingMessage, response: ServerResponse, what: Answer): void {
  if (response.headersSent || response.destroyed) return
  const body = Buffer.from(`${what.text}\n`)
  response.writeHead(what.status, {
    'Content-Type': `${what.type ?? 'text/plain'}; charset=utf-8`,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(what.closes === true ? { Connection: 'close' } : {}),
    ...what.headers,
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  response.write(body)
  linger(request, () => response.end())
}

/**
 * Calls back when the rest of the request's body has come, or after a second. Closing a connection
 * with unread bytes makes TCP reset it, and the peer then loses the answer it has not read yet.
 */
function linger(request: IncomingMessage, done: () => void): void {
  const hasBody = request.headers['transfer-encoding'] !== undefined
    || Number(request.headers['content-length'] ?? 0) > 0
  if (!hasBody || request.complete || request.destroyed
    || request.headers.expect !== undefined) {
    done()
    return
  }
  let nBytes = 0
  const timer = setTimeout(stop, lingerMs)
  request.on('data', onData).once('end', stop).once('close', stop).once('error', stop)
  request.resume()
  function onData(bytes: Buffer): void {
    nBytes += bytes.length
    if (nBytes > lingerBytesMax) stop()
  }
  function stop(): void {
    clearTimeout(timer)
    request.off('data', onData)
    done()
  }
}

/** Answers on a bare connection, for what never became a request or will not be upgraded. */
export function answerRaw(
  socket: Duplex,
  status: number,
  text: string,
  headers: readonly string[] = [],
): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = `${text}\n`
  socket.end([
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
    '',
    body,
  ].join('\r\n'))
  // What still comes is dropped for a moment, so that the answer is not lost to a reset.
  socket.on('error', () => socket.destroy())
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(timer))
}

/** A path as it may stand in a log: no query, no control characters, not endless. */
export function loggedPath(url: string | undefined): string {
  return (url ?? '').replace(/\?.*$/s, '?...').replace(/[^\x21-\x7e]/g, '.').slice(0, 120)
}
