import type { Checked } from '../protocol/frame.js'

/**
 * A connection to one peer that carries whole messages. Two things stand behind it, a WebSocket
 * (socket-link.ts) and a pair in memory (memory-link.ts); one contract suite holds both.
 *
 * What a link promises: a payload arrives whole, unchanged and once, or the link closes. Ordinary
 * payloads arrive in the order they were sent; urgent ones, in their own order, may overtake them.
 * A link that has closed says so once and stays closed: coming back is another link.
 */

/** A connection to one peer. */
export interface Link {
  /** Unique within the process that made it. */
  readonly id: number
  /** Address and port of the peer, for logs and messages. */
  readonly peer: string
  /** False from the first `close`, or as soon as the connection is known to be lost. */
  readonly isOpen: boolean
  /**
   * Sends a whole message. The bytes must not be changed afterwards. On a link that is no longer
   * open this does nothing: whoever sends cannot know of a loss before it is told.
   *
   * A peer that takes nothing fills the queue; a link is cut when another message comes while more
   * than `LinkLimits.queueBytesMax` wait. Throws CoppiceError 'MEMORY' for a payload longer than
   * MESSAGE_BYTES_MAX.
   *
   * @param checked - what of it is protected by the link's own checksum; default: all
   */
  send(payload: Uint8Array, urgency?: Urgency, checked?: Checked): void
  /** Bytes sent and not yet handed to the network. */
  readonly bufferedBytes: number
  /** More than `LinkLimits.fullBytes` wait: stop sending until `onDrain`. */
  readonly isFull: boolean
  /** Bytes that came from the peer, parts of messages included: it lives while this grows. */
  readonly receivedBytes: number
  /** Closes after what has been sent is on its way. Nothing that arrives later is delivered. */
  close(code: number, reason: string): void
  /** Cuts the connection at once; what waits to be sent is lost. */
  destroy(reason: string): void
  /** Takes nothing from the network until `resume`; the peer's sends then pile up over there. */
  pause(): void
  resume(): void
  /** Starts the delivery of events, none of them before this call returns. To be called once. */
  listen(handlers: LinkHandlers): void
}

/** 'urgent' is for small messages that say the sender is alive. */
export type Urgency = 'ordinary' | 'urgent'

/** What the owner of a link hears of it. A handler must not throw. */
export interface LinkHandlers {
  readonly onPayload: (payload: Uint8Array) => void
  /** The link has ended, for whatever reason, also by `close` and `destroy`. Called once, last. */
  readonly onClose: (close: LinkClose) => void
  /** A full link has room again. */
  readonly onDrain?: () => void
}

/** Why a link ended. */
export interface LinkClose {
  /** See `closeCodes`; others are the peer's. */
  readonly code: number
  readonly reason: string
  readonly by: 'self' | 'peer' | 'network'
}

/**
 * Codes of RFC 6455 section 7.4.1 that this project uses. 1006 stands for an end without a closing
 * handshake and is never sent.
 */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  unsupported: 1003,
  lost: 1006,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  tryLater: 1013,
} as const

/** Who dials: a worker that offers its cores, or a client that brings a job. */
export type LinkRole = 'worker' | 'client'

/** Bounds of one link. */
export interface LinkLimits {
  /** Above so many buffered bytes a sender should stop. */
  readonly fullBytes: number
  /** Who sends while more than so many bytes wait loses the link. */
  readonly queueBytesMax: number
  /**
   * So many bytes at most are handed to the socket ahead of the network. Urgent messages overtake
   * what waits in the queue but not what is in the socket, so this bounds their delay.
   */
  readonly socketBytesMax: number
  /** A peer from which nothing came for so long is given up; 0 for never. */
  readonly silenceMsMax: number
  /** How long `close` waits for what was sent to leave and for the peer to agree. */
  readonly closeMsMax: number
}

export const defaultLinkLimits: LinkLimits = {
  fullBytes: 8 << 20,
  queueBytesMax: 256 << 20,
  socketBytesMax: 1 << 20,
  silenceMsMax: 30_000,
  closeMsMax: 3_000,
}

/** "12.5 MiB", for messages. */
export function mebibytes(bytes: number): string {
  return `${Math.round((bytes / (1 << 20)) * 10) / 10} MiB`
}
