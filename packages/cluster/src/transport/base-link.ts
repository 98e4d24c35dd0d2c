import { assert } from '@coppice/model'
import type { Checked } from '../protocol/frame.js'
import { closeCodes, mebibytes } from './link.js'
import type { Link, LinkClose, LinkHandlers, LinkLimits, Urgency } from './link.js'

let nLinks = 0

/** An id that no other link of this process has. */
export function nextLinkId(): number {
  nLinks++
  return nLinks
}

/** The receiving half that all links share: order of events, pausing, one close at the end. */
export abstract class BaseLink implements Link {
  readonly id = nextLinkId()
  readonly peer: string
  protected readonly limits: LinkLimits
  #handlers: LinkHandlers | null = null
  /** False in the turn of `listen`, so that its caller can finish what it is at. */
  #isListening = false
  #isPaused = false
  /** Payloads that came before `listen` or while paused: at most what one read had brought. */
  #inbox: Uint8Array[] = []
  /** Set by `close` and `destroy`: what the owner will be told in the end. */
  #ownClose: LinkClose | null = null
  #end: LinkClose | null = null
  #isEnded = false
  #wasFull = false
  #closeTimer: NodeJS.Timeout | null = null

  constructor(peer: string, limits: LinkLimits) {
    this.peer = peer
    this.limits = limits
  }

  get isOpen(): boolean {
    return this.#ownClose === null && this.#end === null
  }

  get isFull(): boolean {
    return this.bufferedBytes > this.limits.fullBytes
  }

  abstract readonly bufferedBytes: number
  abstract readonly receivedBytes: number
  abstract send(payload: Uint8Array, urgency?: Urgency, checked?: Checked): void

  listen(handlers: LinkHandlers): void {
    assert(this.#handlers === null, `link ${this.id} is listened to already`)
    this.#handlers = handlers
    queueMicrotask(() => {
      this.#isListening = true
      this.#settle()
    })
  }

  pause(): void {
    this.#isPaused = true
    if (this.isOpen) this.stopReading()
  }

  resume(): void {
    this.#isPaused = false
    this.#settle()
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return
    this.#ownClose = { code, reason, by: 'self' }
    this.#inbox = []
    this.#closeTimer = setTimeout(() => this.cut(), this.limits.closeMsMax)
    this.startClosing(code, reason)
  }

  destroy(reason: string): void {
    if (this.#end !== null) return
    this.#ownClose ??= { code: closeCodes.lost, reason, by: 'self' }
    this.#inbox = []
    this.cut()
  }

  /** Begins the closing handshake; ends in `ended`. */
  protected abstract startClosing(code: number, reason: string): void
  /** Drops the connection; ends in `ended`. */
  protected abstract cut(): void
  protected abstract stopReading(): void
  protected abstract startReading(): void

  /** Payloads are taken now; otherwise they wait. */
  protected get isTaking(): boolean {
    return this.#isListening && !this.#isPaused
  }

  /** A payload has arrived. */
  protected arrived(payload: Uint8Array): void {
    if (!this.isOpen) return
    if (this.isTaking && this.#inbox.length === 0) this.#handlers!.onPayload(payload)
    else this.#inbox.push(payload)
  }

  /** The connection is gone. */
  protected ended(close: LinkClose): void {
    if (this.#end !== null) return
    this.#end = close
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer)
    this.#settle()
  }

  /** To be called when bytes have left. */
  protected drained(): void {
    if (!this.#wasFull || this.bufferedBytes > this.limits.fullBytes / 2) return
    this.#wasFull = false
    if (this.isOpen) this.#handlers?.onDrain?.()
  }

  /** To be called when so many bytes were queued; cuts a link whose peer takes nothing. */
  protected queued(nBytes: number): void {
    if (this.isFull) this.#wasFull = true
    const nBefore = this.bufferedBytes - nBytes
    if (nBefore <= this.limits.queueBytesMax) return
    this.destroy(`${this.peer} does not keep up: ${mebibytes(nBefore)} wait to be sent, the limit `
      + `is ${mebibytes(this.limits.queueBytesMax)}`)
  }

  /** Delivers what waits: payloads while nobody pauses, the end after the last of them. */
  #settle(): void {
    if (!this.#isListening) return
    // What arrived before the end is delivered even where the owner pauses: nobody resumes a
    // link that has ended, and a last word before closing must not get lost.
    while (this.#inbox.length > 0 && (!this.#isPaused || this.#end !== null)) {
      this.#handlers!.onPayload(this.#inbox.shift()!)
    }
    if (this.#end !== null) {
      if (this.#isEnded) return
      this.#isEnded = true
      this.#handlers!.onClose(this.#ownClose ?? this.#end)
    } else if (!this.#isPaused && this.isOpen) {
      this.startReading()
    }
  }
}
