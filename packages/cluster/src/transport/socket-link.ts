import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { ClientOptions, RawData } from 'ws'
import type { Checked } from '../protocol/frame.js'
import { FRAGMENT_BYTES } from '../protocol/limits.js'
import { errorText } from './error-text.js'
import { FrameQueue } from './frame-queue.js'
import type { Framing } from './framing.js'
import { BaseLink } from './base-link.js'
import { closeCodes, defaultLinkLimits } from './link.js'
import type { LinkClose, LinkLimits, Urgency } from './link.js'

/** A frame carries a fragment of a payload; its header is far shorter than this allowance. */
const frameBytesMax = FRAGMENT_BYTES + 4096

/**
 * How both ends talk WebSocket.
 *
 * No compression: packed histograms do not deflate, at 8 ms per 64 KiB.
 *
 * Clients must mask what they send (RFC 6455 section 5.3), with a key that is unpredictable so
 * that a script in a browser cannot make chosen bytes appear on the wire and fool a proxy. Here no
 * foreign script chooses bytes: both ends are this program. The key zero is a valid one, every
 * server accepts it, and it leaves the bytes as they are, so nothing is copied or scrambled.
 */
export const socketOptions = {
  // The library's types do not know this one yet.
  ...{ closeTimeout: defaultLinkLimits.closeMsMax },
  perMessageDeflate: false,
  maxPayload: frameBytesMax,
  generateMask: (mask: Buffer) => void mask.fill(0),
  skipUTF8Validation: false,
} satisfies ClientOptions

/** The subprotocol that both ends name in the upgrade: what is spoken inside are our frames. */
export const subprotocol = 'coppice'

/** An open WebSocket as a link. */
export class SocketLink extends BaseLink {
  readonly #ws: WebSocket
  readonly #socket: Socket
  readonly #framing: Framing
  readonly #assembler: ReturnType<Framing['assembler']>
  readonly #queue = new FrameQueue()
  #nSent = 0
  #inSocketBytes = 0
  #closing: { readonly code: number, readonly reason: string } | null = null
  #cause: string | null = null
  #silence: NodeJS.Timeout | null = null

  /** `socket` is the connection under the WebSocket: it knows the error that ended it. */
  constructor(ws: WebSocket, socket: Socket, peer: string, framing: Framing, limits: LinkLimits) {
    super(peer, limits)
    this.#ws = ws
    this.#socket = socket
    this.#framing = framing
    this.#assembler = framing.assembler()
    // Nothing is read before somebody listens.
    ws.pause()
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    // No frames came, or too long ones; a lost connection is no error to ws.
    ws.on('error', (error) => this.#refuse(closeCodes.protocol, errorText(error)))
    ws.on('close', (code, reason) => this.#onClose(code, reason.toString()))
    socket.on('error', (error) => { this.#cause ??= errorText(error) })
    if (limits.silenceMsMax > 0) this.#watchSilence(limits.silenceMsMax)
  }

  get bufferedBytes(): number {
    return this.#queue.bytes + this.#inSocketBytes
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead
  }

  send(payload: Uint8Array, urgency: Urgency = 'ordinary', checked: Checked = 'all'): void {
    if (!this.isOpen) return
    this.#nSent++
    const frames = this.#framing.encode(payload, this.#nSent >>> 0, checked)
    this.#queue.push(frames, urgency === 'urgent')
    this.#pump()
    this.queued(payload.length)
  }

  /** Hands frames to the socket while few of its bytes wait for the network. */
  #pump(): void {
    while (this.#inSocketBytes < this.limits.socketBytesMax) {
      const frame = this.#queue.next()
      if (frame === null) break
      this.#inSocketBytes += frame.length
      this.#ws.send(frame, { binary: true }, () => {
        this.#inSocketBytes -= frame.length
        this.#pump()
        this.drained()
      })
    }
    if (this.#closing === null || this.bufferedBytes > 0) return
    this.#ws.close(this.#closing.code, this.#closing.reason)
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (!this.isOpen) return
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.#refuse(closeCodes.unsupported, 'a text message came; only binary ones are spoken here')
      return
    }
    let payload: Uint8Array | null
    try {
      payload = this.#assembler.push(data)
    } catch (error) {
      this.#refuse(closeCodes.protocol, errorText(error))
      return
    }
    if (payload !== null) this.arrived(payload)
  }

  /** What came cannot be understood, so nothing after it can: there is no use in flushing. */
  #refuse(code: number, reason: string): void {
    this.#queue.clear()
    this.close(code, reason)
  }

  #onClose(code: number, reason: string): void {
    if (this.#silence !== null) clearInterval(this.#silence)
    this.#queue.clear()
    this.ended(describeClose(code, reason, this.#cause))
  }

  protected startClosing(code: number, reason: string): void {
    this.#closing = { code, reason: shorten(reason) }
    // The peer's half of the handshake has to be read, also by an owner who paused.
    this.#ws.resume()
    this.#pump()
  }

  protected cut(): void {
    this.#queue.clear()
    this.#ws.terminate()
  }

  protected stopReading(): void {
    this.#ws.pause()
  }

  protected startReading(): void {
    this.#ws.resume()
  }

  /**
   * Pings, and gives the peer up when nothing at all comes from it: a machine that lost its power
   * or a firewall that forgot the connection sends no end. Both ends ping, so one that is busy
   * sending still hears something.
   */
  #watchSilence(silenceMsMax: number): void {
    let received = this.#socket.bytesRead
    let nSilent = 0
    this.#silence = setInterval(() => {
      const isDeaf = this.#ws.isPaused
      nSilent = isDeaf || this.#socket.bytesRead !== received ? 0 : nSilent + 1
      received = this.#socket.bytesRead
      if (nSilent >= 3) {
        this.destroy(`nothing came from ${this.peer} for ${silenceMsMax / 1000} s`)
      } else if (this.#ws.readyState === WebSocket.OPEN) {
        this.#ws.ping()
      }
    }, silenceMsMax / 3)
    this.#silence.unref()
  }
}

function describeClose(code: number, reason: string, cause: string | null): LinkClose {
  if (code !== closeCodes.lost) return { code, reason: reason || `closed (${code})`, by: 'peer' }
  const why = cause === null ? '' : `: ${cause}`
  return { code, reason: `the connection was lost${why}`, by: 'network' }
}

/** A close frame has room for 123 bytes of UTF-8 (RFC 6455 section 5.5). */
function shorten(reason: string): string {
  const bytes = Buffer.from(reason)
  if (bytes.length <= 123) return reason
  return `${bytes.subarray(0, 119).toString().replace(/\uFFFD$/, '')}...`
}
