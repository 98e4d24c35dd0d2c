import type { GateLimits } from './gate.js'
import type { Link, LinkLimits, LinkRole } from './link.js'
import type { SpoolLimits } from './spool.js'
import type { TlsFiles } from './tls-files.js'
import type { Token } from './token.js'

/** What a coordinator's server is started with. */
export interface CoordinatorServerOptions {
  /** Address or name to listen on; loopback (127.0.0.1) unless given. */
  readonly host?: string
  /** 0 for any that is free. */
  readonly port: number
  /** Null only on loopback. */
  readonly token: Token | null
  readonly tls?: TlsFiles | null
  /** Where uploads are kept; null for none. The folder belongs to this coordinator. */
  readonly spoolFolder?: string | null
  readonly spoolLimits?: Partial<SpoolLimits>
  /** What `GET /status` answers, to be written as JSON. */
  readonly status: () => unknown
  /** A worker or client has connected and authenticated; call `listen` of the link at once. */
  readonly onLink: (link: Link, role: LinkRole) => void
  /** For the log. No event holds a token. */
  readonly onEvent?: (event: ServerEvent) => void
  readonly limits?: Partial<ServerLimits>
  readonly linkLimits?: Partial<LinkLimits>
}

/** What a server tells its log. */
export type ServerEvent =
  /** Somebody was turned away; `status` is what was answered, 0 for nothing. */
  | { readonly kind: 'refused', readonly address: string, readonly status: number,
    readonly reason: string,
    /** Of this address within the minute. Of many only some are told. */
    readonly nThisMinute: number }
  /** A client brings an upload, or asks whether it is here. */
  | { readonly kind: 'wanted', readonly sha256: string }
  | { readonly kind: 'uploaded', readonly sha256: string, readonly byteLength: number }
  | { readonly kind: 'warning', readonly message: string }

/** Bounds of a server. */
export interface ServerLimits extends GateLimits {
  readonly headerBytesMax: number
  /** An HTTP connection on which nothing moves for so long is closed. */
  readonly idleMs: number
  /** Workers and clients together. */
  readonly linksMax: number
  /** Of one address, before it is told to wait. */
  readonly failuresPerMinute: number
  /** A wrong token is answered so late. */
  readonly failureDelayMs: number
}

export const defaultServerLimits: ServerLimits = {
  strangersMax: 64,
  strangersPerAddressMax: 32,
  deadlineMs: 5_000,
  headerBytesMax: 16 << 10,
  idleMs: 30_000,
  linksMax: 4096,
  failuresPerMinute: 30,
  failureDelayMs: 500,
}
