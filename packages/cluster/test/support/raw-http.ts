import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

/** What came back over a bare connection, and whether the other end closed it. */
export interface RawReply {
  /** 0 if nothing came. */
  readonly status: number
  readonly text: string
  readonly isClosed: boolean
}

/**
 * Sends bytes over TCP; gives what comes back until the other end closes or upgrades, or for
 * `patienceMs`. `isHalfClosing` says with a FIN that no more will come.
 */
export async function sendRaw(
  port: number,
  bytes: string | Uint8Array,
  options: { readonly isHalfClosing?: boolean, readonly patienceMs?: number } = {},
): Promise<RawReply> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect').catch(() => undefined)
  if (options.isHalfClosing === true) socket.end(bytes)
  else socket.write(bytes)
  return await readReply(socket, options.patienceMs ?? 3000)
}

/** Reads until the other end closes or upgrades, or for so long. Destroys the socket. */
export async function readReply(socket: Socket, patienceMs: number): Promise<RawReply> {
  let text = ''
  let isClosed = false
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs)
    const stop = (): void => {
      isClosed = true
      clearTimeout(timer)
      resolve()
    }
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (!/^HTTP\/1\.1 101 .*\r\n\r\n/s.test(text)) return
      clearTimeout(timer)
      resolve()
    })
    socket.once('end', stop).once('close', stop)
    if (socket.destroyed) stop()
  })
  socket.destroy()
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
  return { status, text, isClosed }
}

/** The head of an upgrade request; a header of null is left out. */
export function upgradeRequest(
  path: string,
  headers: Readonly<Record<string, string | null>> = {},
): string {
  const all: Record<string, string | null> = {
    'Host': '127.0.0.1',
    'Connection': 'Upgrade',
    'Upgrade': 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': 'coppice',
    ...headers,
  }
  const lines = Object.entries(all).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
