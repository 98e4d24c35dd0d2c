import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { CoppiceError } from '@coppice/model'
import { WebSocketServer } from 'ws'
import { AddressTally, isWorthLogging } from './address-tally.js'
import { Authenticator } from './authenticator.js'
import type { Verdict } from './authenticator.js'
import { DataRoutes } from './data-routes.js'
import { errorCode, errorText } from './error-text.js'
import { wireFraming } from './framing.js'
import { Gate } from './gate.js'
import { routeOf, serveKnown, serveStranger } from './http-routes.js'
import { answer, answerRaw, greeting, loggedPath } from './http-text.js'
import { closeCodes, defaultLinkLimits } from './link.js'
import type { Link } from './link.js'
import { isLoopback, resolveHost } from './loopback.js'
import { defaultServerLimits } from './server-options.js'
import type { CoordinatorServerOptions, ServerEvent, ServerLimits } from './server-options.js'
import { SocketLink, socketOptions, subprotocol } from './socket-link.js'
import { defaultSpoolLimits, Spool } from './spool.js'
import { describeHandshake } from './tls-failure.js'
import { readServerTls } from './tls-files.js'

/**
 * The one door of a coordinator: WebSockets of workers and clients, uploads, health and status on
 * one port. Whoever has not shown the token gets little: few connections, few seconds, 16 KiB of
 * headers, and no byte of theirs reaches a parser other than the one of HTTP headers.
 */
export class CoordinatorServer {
  readonly #options: CoordinatorServerOptions
  readonly #limits: ServerLimits
  readonly #server: Server
  readonly #gate: Gate
  readonly #authenticator: Authenticator
  readonly #spool: Spool | null
  readonly #data: DataRoutes | null
  readonly #refusals = new AddressTally()
  readonly #sockets = new WebSocketServer({ ...socketOptions, noServer: true, clientTracking: false,
    handleProtocols: (offered) => offered.has(subprotocol) ? subprotocol : false })
  readonly #links = new Set<Link>()
  #isClosing = false
  #onLinksGone: (() => void) | null = null

  /**
   * Starts listening.
   *
   * Throws CoppiceError 'PARAMETER' for an address that others can reach without a token, for a
   * bad certificate or an address that cannot be used, 'IO' for files that cannot be read.
   */
  static async listen(options: CoordinatorServerOptions): Promise<CoordinatorServer> {
    const host = await resolveHost(options.host ?? '127.0.0.1')
    const warn = (message: string): void => options.onEvent?.({ kind: 'warning', message })
    if (!isLoopback(host)) checkOpenToOthers(host, options, warn)
    const tls = options.tls == null ? null
      : await readServerTls(options.tls, Date.now(), warn)
    const spool = options.spoolFolder == null ? null
      : await Spool.open(options.spoolFolder, { ...defaultSpoolLimits, ...options.spoolLimits })
    const server = new CoordinatorServer(options, tls, spool)
    await server.#listen(host, options.port)
    return server
  }

  private constructor(
    options: CoordinatorServerOptions,
    tls: { cert: Buffer, key: Buffer } | null,
    spool: Spool | null,
  ) {
    this.#options = options
    this.#limits = { ...defaultServerLimits, ...options.limits }
    this.#gate = new Gate(this.#limits)
    this.#authenticator = new Authenticator(options.token, this.#limits.failuresPerMinute)
    this.#spool = spool
    this.#data = spool === null ? null : new DataRoutes(spool, {
      onUpload: (sha256, byteLength) => this.#tell({ kind: 'uploaded', sha256, byteLength }),
      onWanted: (sha256) => this.#tell({ kind: 'wanted', sha256 }),
    })
    const http: ServerOptions = {
      maxHeaderSize: this.#limits.headerBytesMax,
      headersTimeout: this.#limits.deadlineMs,
      connectionsCheckingInterval: 1000,
      // An upload may take hours; what must not happen is that nothing comes, see `timeout`.
      requestTimeout: 0,
      keepAliveTimeout: 5000,
      // The authenticator says so in words.
      requireHostHeader: false,
    }
    this.#server = tls === null ? createServer(http)
      : createTlsServer({ ...http, ...tls, minVersion: 'TLSv1.2',
        handshakeTimeout: this.#limits.deadlineMs })
    this.#server.timeout = this.#limits.idleMs
    this.#server.maxHeadersCount = 100
    this.#wire()
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What workers and clients are given, such as ws://127.0.0.1:7077. */
  get url(): string {
    const { address, family } = this.#server.address() as AddressInfo
    const host = family === 'IPv6' ? `[${address}]` : address
    return `${this.#options.tls == null ? 'ws' : 'wss'}://${host}:${this.port}`
  }

  /** Open links and connections that have not authenticated. */
  get counts(): { readonly links: number, readonly strangers: number } {
    return { links: this.#links.size, strangers: this.#gate.nStrangers }
  }

  /** Removes uploads, see `Spool.sweep`. */
  async sweepUploads(
    isUnused: (sha256: string, changedAt: number) => boolean,
  ): Promise<readonly string[]> {
    return await this.#spool?.sweep(isUnused) ?? []
  }

  /** Says goodbye on all links, stops listening, and is done when everything is closed. */
  async close(reason = 'the coordinator stops'): Promise<void> {
    this.#isClosing = true
    const closed = new Promise<void>((resolve) => { this.#server.close(() => resolve()) })
    const gone = new Promise<void>((resolve) => {
      if (this.#links.size === 0) resolve()
      else this.#onLinksGone = resolve
    })
    for (const link of this.#links) link.close(closeCodes.goingAway, reason)
    // Links flush and shake hands in their own time; strangers have no business to finish.
    this.#gate.closeAll()
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#server.closeAllConnections(), 2000)
    await Promise.all([closed, gone])
    clearTimeout(timer)
  }

  #listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => reject(listenError(host, port, error))
      this.#server.once('error', onError)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', onError)
        // Later errors are those of accepting one connection (no file handles left): not the end.
        this.#server.on('error', (error) => {
          this.#tell({ kind: 'warning', message: `cannot accept: ${errorText(error)}` })
        })
        resolve()
      })
    })
  }

  #wire(): void {
    const server = this.#server
    server.on('connection', (socket: Socket) => this.#onConnection(socket))
    server.on('request', (request, response) => this.#onRequest(request, response, false))
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#onRequest(request, response, true)
    })
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#onUpgrade(request, socket, head)
    })
    server.on('clientError', (error, socket) => this.#onClientError(error, socket as Socket))
    server.on('tlsClientError', (error, socket) => {
      this.#refused(socket as Socket, 0, describeHandshake(error))
    })
  }

  #onConnection(socket: Socket): void {
    const reason = this.#isClosing ? 'the coordinator stops' : this.#gate.enter(socket)
    if (reason === null) return
    this.#refused(socket, 503, reason)
    socket.destroy()
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, isWaiting: boolean): void {
    const route = routeOf(request.url)
    response.on('error', () => undefined)
    if (route.kind === 'health' || route.kind === 'unknown') {
      serveStranger(request, response, route.kind)
      return
    }
    const verdict = this.#authenticator.check(request, Date.now())
    if (verdict.kind === 'refused') {
      this.#refuse(request, verdict, () => {
        answer(request, response, { status: verdict.status, text: verdict.text, closes: true,
          headers: headersOf(verdict) })
      })
      return
    }
    this.#gate.admit(request.socket)
    const parts = { status: this.#options.status, data: this.#data, isWaiting }
    serveKnown(request, response, route, parts).catch((error: unknown) => {
      const text = errorText(error)
      this.#tell({ kind: 'warning', message: `cannot serve ${loggedPath(request.url)}: ${text}` })
      answer(request, response, { status: 500, text, closes: true })
    })
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const route = routeOf(request.url)
    if (route.kind !== 'link') {
      this.#refused(socket, 404, `an upgrade of ${loggedPath(request.url)}`)
      answerRaw(socket, 404, greeting)
      return
    }
    const verdict = this.#authenticator.check(request, Date.now())
    if (verdict.kind === 'refused') {
      this.#refuse(request, verdict, () => answerRaw(socket, verdict.status, verdict.text,
        Object.entries(headersOf(verdict)).map(([name, value]) => `${name}: ${value}`)))
      return
    }
    if (!offersSubprotocol(request)) {
      this.#refused(socket, 400, 'another subprotocol')
      answerRaw(socket, 400, `${greeting}; the WebSocket must ask for the subprotocol `
        + `"${subprotocol}"`)
      return
    }
    if (this.#links.size >= this.#limits.linksMax || this.#isClosing) {
      const why = this.#isClosing ? 'the coordinator stops'
        : `${this.#links.size} workers and clients are connected, more are not taken`
      this.#refused(socket, 503, why)
      answerRaw(socket, 503, why)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      this.#gate.admit(socket)
      const peer = `${socket.remoteAddress}:${socket.remotePort}`
      const limits = { ...defaultLinkLimits, ...this.#options.linkLimits }
      const link = new SocketLink(ws, socket, peer, wireFraming, limits)
      this.#links.add(link)
      ws.once('close', () => {
        this.#links.delete(link)
        if (this.#links.size === 0) this.#onLinksGone?.()
      })
      this.#options.onLink(link, route.role)
    })
  }

  /** Refuses late where a token was wrong, at once otherwise. */
  #refuse(request: IncomingMessage, verdict: Refusal, say: () => void): void {
    this.#refused(request.socket, verdict.status, `${loggedPath(request.url)}: ${verdict.text}`)
    if (verdict.isFailure) setTimeout(say, this.#limits.failureDelayMs)
    else say()
  }

  /** What reached us was no HTTP, too long, or too slow. */
  #onClientError(error: Error, socket: Socket): void {
    const code = errorCode(error) ?? ''
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const status = code === 'HPE_HEADER_OVERFLOW' ? 431
      : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    this.#refused(socket, status, `no HTTP request: ${code}`)
    const what = status === 431 ? `headers longer than ${this.#limits.headerBytesMax} bytes`
      : status === 408 ? 'headers that take too long' : 'what came is no HTTP request'
    answerRaw(socket, status, `${what}; ${greeting}`)
  }

  #refused(socket: Socket, status: number, reason: string): void {
    const address = socket.remoteAddress ?? 'a closed connection'
    const n = this.#refusals.add(address, Date.now())
    if (!isWorthLogging(n)) return
    this.#tell({ kind: 'refused', address, status, reason, nThisMinute: n })
  }

  #tell(event: ServerEvent): void {
    this.#options.onEvent?.(event)
  }
}

type Refusal = Extract<Verdict, { kind: 'refused' }>

function headersOf(verdict: Refusal): Record<string, string> {
  if (verdict.status === 401) return { 'WWW-Authenticate': 'Bearer' }
  return verdict.status === 429 ? { 'Retry-After': '60' } : {}
}

function offersSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === subprotocol)
}

function checkOpenToOthers(
  host: string,
  options: CoordinatorServerOptions,
  warn: (message: string) => void,
): void {
  if (options.token === null) {
    throw new CoppiceError('PARAMETER', `other machines can reach ${host}, so whoever connects `
      + 'must show a token: give --token-file FILE here and to every worker and client, or listen '
      + 'on 127.0.0.1')
  }
  if (options.tls != null) return
  warn(`the token and the data cross the network in clear to and from ${host}: give --tls-cert and `
    + '--tls-key, unless the network is private or encrypted by other means')
}

function listenError(host: string, port: number, error: Error): CoppiceError {
  const where = `${host}:${port}`
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program listens there; stop it or name another port (0 for any)',
    EACCES: 'this user may not use that port; name one of 1024 or more',
    EADDRNOTAVAIL: 'this machine has no such address; name one of its own, 127.0.0.1 or 0.0.0.0',
  }
  const reason = reasons[errorCode(error) ?? ''] ?? errorText(error)
  return new CoppiceError('PARAMETER', `cannot listen on ${where}: ${reason}`, { cause: error })
}
