/** A small web server over a folder, with the faults that servers and networks have. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** What goes wrong; may look at the request and answer it, or leave it to the server. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  file: Uint8Array,
) => 'answered' | 'next'

export class FileServer {
  /** Requests so far, as 'GET /a.csv bytes=0-99'. */
  readonly requests: string[] = []
  fault: Fault | null = null
  /** Overrides the tag of all files. */
  etag: string | null = null
  #root = ''
  #server: Server | null = null

  async open(root: string): Promise<void> {
    this.#root = root
    const server = createServer((request, response) => this.#answer(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  reset(): void {
    this.requests.length = 0
    this.fault = null
    this.etag = null
  }

  url(name: string): string {
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}/${name}`
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { range } = request.headers
    this.requests.push(`${request.method} ${request.url} ${range ?? ''}`.trim())
    const { pathname } = new URL(request.url!, 'http://x')
    const path = join(this.#root, decodeURIComponent(pathname))
    if (!existsSync(path)) return sendStatus(response, 404)
    const file = readFileSync(path)
    if (this.fault?.(request, response, file) === 'answered') return
    const etag = this.etag ?? `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`
    const ifRange = request.headers['if-range']
    const isStale = ifRange !== undefined && ifRange !== etag
    sendRange(response, file, isStale ? undefined : range, { etag })
  }
}

export function sendStatus(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, headers)
  response.end(`status ${status}`)
}

/** Answers as a server does that knows ranges. */
export function sendRange(
  response: ServerResponse,
  file: Uint8Array,
  range: string | undefined,
  headers: Record<string, string>,
): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? '')
  if (match === null) {
    response.writeHead(200, {
      'accept-ranges': 'bytes', ...headers, 'content-length': file.length,
    })
    response.end(file)
    return
  }
  const start = Number(match[1])
  const end = Math.min(file.length, Number(match[2]) + 1)
  if (start >= end) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${file.length}` })
    response.end()
    return
  }
  response.writeHead(206, {
    ...headers,
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${file.length}`,
  })
  response.end(file.subarray(start, end))
}
