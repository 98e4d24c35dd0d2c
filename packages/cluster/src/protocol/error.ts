/** Why bytes from the other end were refused. */
export type ProtocolErrorKind =
  /** The other end speaks another version of the protocol. */
  | 'version'
  /** Bytes arrived changed, cut off or out of order. */
  | 'damaged'
  /** Well-formed bytes that say something no message says. */
  | 'invalid'
  /** More or larger than is accepted from anybody. */
  | 'limit'

/**
 * Bytes from the other end that are no message of this protocol. What the parsers of this folder
 * and of `wire/` throw, and all they throw, whatever the bytes are. A connection that gave rise
 * to one is closed: nothing after it can be trusted to be where it seems to be.
 */
export class ProtocolError extends Error {
  readonly kind: ProtocolErrorKind

  constructor(kind: ProtocolErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ProtocolError'
    this.kind = kind
  }
}
