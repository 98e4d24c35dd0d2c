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
}

/**
 * The connections of a server that have not authenticated: few, and not for long. However slowly
 * somebody writes headers, the deadline counts from the connection.
 */
export class Gate {
  readonly #limits: GateLimits
  readonly #strangers = new Map<string, Stranger>()
  readonly #nByGroup = new Map<string, number>()

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  get nStrangers(): number {
    return this.#strangers.size
  }

  /** A connection has come; null if it may stay, else why it was turned away. */
  enter(socket: Socket): string | null {
    const { strangersMax, strangersPerAddressMax, deadlineMs } = this.#limits
    const group = addressGroup(socket.remoteAddress ?? '')
    const nOfGroup = this.#nByGroup.get(group) ?? 0
    if (nOfGroup >= strangersPerAddressMax) {
      return `${nOfGroup} connections of ${group} have not authenticated yet`
    }
    if (this.#strangers.size >= strangersMax) {
      return `${this.#strangers.size} connections have not authenticated yet`
    }
    const key = keyOf(socket)
    const timer = setTimeout(() => socket.destroy(), deadlineMs)
    this.#strangers.set(key, { socket, group, timer })
    this.#nByGroup.set(group, nOfGroup + 1)
    socket.once('close', () => this.#remove(key, socket))
    return null
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
