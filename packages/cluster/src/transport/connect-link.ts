import type { IncomingMessage } from 'node:http'
import { CoppiceError } from '@coppice/model'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { uselessCa } from '../protocol/useless-ca.js'
import { describeAnswer, describeFailure } from './connect-error.js'
import { coordinatorPath, parseCoordinatorUrl } from './coordinator-url.js'
import { wireFraming } from './framing.js'
import { defaultLinkLimits } from './link.js'
import type { Link, LinkLimits, LinkRole } from './link.js'
import { SocketLink, socketOptions, subprotocol } from './socket-link.js'
import { readCa } from './tls-files.js'
import type { Token } from './token.js'

/** How to connect to a coordinator. */
export interface ConnectOptions {
  readonly role: LinkRole
  readonly token: Token | null
  /** PEM file of the authorities to trust instead of the usual ones; for wss only. */
  readonly caFile?: string | null
  /** Gives up. */
  readonly signal?: AbortSignal
  /** Bound for the whole of connecting, TLS and upgrade; 10 s unless given. */
  readonly handshakeMsMax?: number
  readonly linkLimits?: Partial<LinkLimits>
}

/** So much of an answer that is no upgrade is read, to be shown. */
const saidBytesMax = 300

/**
 * Connects to a coordinator, once.
 *
 * Rejects with a ConnectError, with CoppiceError 'ABORTED' when the signal asks for it, and with
 * 'PARAMETER' or 'IO' for a bad address or CA file, and for one with an address without TLS.
 */
export async function connectLink(address: string, options: ConnectOptions): Promise<Link> {
  const base = parseCoordinatorUrl(address)
  const misuse = options.caFile == null ? null : uselessCa(address, 'caFile', '')
  if (misuse !== null) throw new CoppiceError('PARAMETER', misuse)
  const ca = options.caFile == null ? null : await readCa(options.caFile)
  if (options.signal?.aborted === true) throw aborted(address)
  const url = coordinatorPath(base, `/v1/${options.role}`)
  const where = `${url.protocol}//${url.host}`
  const handshakeMsMax = options.handshakeMsMax ?? 10_000
  const ws = new WebSocket(url, [subprotocol], clientOptions(options, ca))
  return await new Promise<Link>((resolve, reject) => {
    let underlying: IncomingMessage['socket'] | null = null
    const onAbort = (): void => fail(aborted(address))
    // A bound for the whole: that of ws is one for silence, which a trickle of bytes escapes.
    const timer = setTimeout(() => {
      fail(describeFailure(where, new Error('handshake has timed out')))
    }, handshakeMsMax)
    const settle = (): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      settle()
      reject(error)
      ws.terminate()
    }
    options.signal?.addEventListener('abort', onAbort, { once: true })
    ws.on('error', (error) => fail(describeFailure(where, error)))
    ws.on('upgrade', (response) => { underlying = response.socket })
    ws.on('unexpected-response', (_request, response: IncomingMessage) => {
      void beginningOf(response).then((said) => {
        const source = options.token?.source ?? null
        fail(describeAnswer(where, response.statusCode ?? 0, said, source, base.pathname))
      })
    })
    ws.on('open', () => {
      settle()
      ws.removeAllListeners('error')
      const limits = { ...defaultLinkLimits, ...options.linkLimits }
      resolve(new SocketLink(ws, underlying!, url.host, wireFraming, limits))
    })
  })
}

function clientOptions(options: ConnectOptions, ca: Buffer | null): ClientOptions {
  return {
    ...socketOptions,
    headers: options.token === null ? {} : { Authorization: options.token.header },
    // Said explicitly, so that no environment variable can switch it off.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca === null ? {} : { ca }),
  }
}

/** The first line of an answer, as far as it is printable. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString()
      if (text.length > saidBytesMax) break
    }
  } catch {
    // What came before the connection broke is all there is to show.
  }
  return text.trim().split('\n')[0]!.replace(/[^\x20-\x7e]/g, '.').slice(0, saidBytesMax)
}

function aborted(address: string): CoppiceError {
  return new CoppiceError('ABORTED', `connecting to ${parseCoordinatorUrl(address).host} was `
    + 'given up because the caller asked for it')
}
