import type { Socket } from 'node:net'
import { addressGroup } from './address-tally.js'

/** Bounds for those who have not shown a token yet. */
export interface GateLimits {
  /** Connections of all strangers together. */
  readonly strangersMax: number
  /** Connections of the strangers of one address. */
  readonly strangersPerAddressMax: number
  /** From the connection to the end of the headers that hold the token. */
  readonly deadlineMs: number
}

interface Stranger {
  readonly socket: Socket
  readonly group: string
  readonly timer: NodeJS.Timeout
  /** When it came. */
  readonly since: number
}

/** Time that a stranger has at least to show a token when others want in (ms). */
const STRANGER_MS = 250

/**
 * The connections of a server that have not authenticated: few, and not for long. However slowly
 * somebody writes headers, the deadline counts from the connection.
 */
export class Gate {
  readonly #limits: GateLimits
  readonly #now: () => number
  readonly #strangers = new Map<string, Stranger>()
  readonly #nByGroup = new Map<string, number>()

  /** @param now - milliseconds of a monotonic clock */
  constructor(limits: GateLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  get nStrangers(): number {
    return this.#strangers.size
  }

  /** A connection has come; null if it may stay, else why it was turned away. */
  enter(socket: Socket): string | null {
    const { strangersMax, strangersPerAddressMax, deadlineMs } = this.#limits
    const group = addressGroup(socket.remoteAddress ?? '')
    if ((this.#nByGroup.get(group) ?? 0) >= strangersPerAddressMax && !this.#displace(group)) {
      return `${this.#nByGroup.get(group)!} connections of ${group} have not authenticated yet`
    }
    if (this.#strangers.size >= strangersMax && !this.#displace(null)) {
      return `${this.#strangers.size} connections have not authenticated yet`
    }
    const key = keyOf(socket)
    const timer = setTimeout(() => socket.destroy(), deadlineMs)
    this.#strangers.set(key, { socket, group, timer, since: this.#now() })
    this.#nByGroup.set(group, (this.#nByGroup.get(group) ?? 0) + 1)
    socket.once('close', () => this.#remove(key, socket))
    return null
  }

  /**
   * Makes room by cutting the oldest stranger (of a group), if it had time enough to show a token:
   * idle connections, however many, do not shut the door.
   */
  #displace(group: string | null): boolean {
    for (const [key, stranger] of this.#strangers) {
      if (group !== null && stranger.group !== group) continue
      if (this.#now() - stranger.since < STRANGER_MS) return false
      this.#remove(key, null)
      stranger.socket.destroy()
      return true
    }
    return false
  }

  /** A connection has shown the token: from now on it has all the time it wants. */
  admit(socket: Socket): void {
    this.#remove(keyOf(socket), null)
  }

  /** Cuts all connections that have not authenticated. */
  closeAll(): void {
    for (const { socket } of this.#strangers.values()) socket.destroy()
  }

  #remove(key: string, socket: Socket | null): void {
    const stranger = this.#strangers.get(key)
    if (stranger === undefined || (socket !== null && stranger.socket !== socket)) return
    clearTimeout(stranger.timer)
    this.#strangers.delete(key)
    const n = this.#nByGroup.get(stranger.group)! - 1
    if (n > 0) this.#nByGroup.set(stranger.group, n)
    else this.#nByGroup.delete(stranger.group)
  }
}

/** Equal for a TCP connection and for the TLS connection inside it, which are different objects. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}`
}
