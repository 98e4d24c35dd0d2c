import { createServer, connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TestRandom } from '@coppice/testkit'

/** 'up' is from the dialler to the target, 'down' the way back. */
export type Direction = 'up' | 'down'
export type Directions = Direction | 'both'

/**
 * A TCP proxy that does what networks do, by command: delays, throttles, black-holes, resets, cuts
 * and corrupts. What it draws comes from its seed. Commands apply to all connections, those to
 * come included, unless `index` names one (in the order in which they were accepted, from 0).
 *
 * A black hole keeps bytes and ends until it is healed, as TCP does across a network that comes
 * back; combine it with `reset` for one that does not.
 */
export class FaultyProxy {
  readonly #server: Server
  readonly #random: TestRandom
  #targetPort: number
  readonly #connections: Connection[] = []
  readonly #settings: Record<Direction, Settings> = { up: calm(), down: calm() }
  #isRefusing = false

  static async start(targetPort: number, seed = 1): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(targetPort, seed)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  private constructor(targetPort: number, seed: number) {
    this.#targetPort = targetPort
    this.#random = new TestRandom(seed)
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections to come go to that port; those that are there stay as they are. */
  redirect(targetPort: number): void {
    this.#targetPort = targetPort
  }

  /** Connections accepted so far. */
  get nAccepted(): number {
    return this.#connections.length
  }

  /** Connections of which neither end is closed. */
  get nOpen(): number {
    return this.#connections.filter((connection) => connection.isOpen).length
  }

  /** Bytes forwarded so far. */
  forwarded(direction: Direction): number {
    return this.#connections.reduce((sum, { pipes }) => sum + pipes[direction].nForwarded, 0)
  }

  /** Every chunk waits `ms`, and a random part of `jitterMs` more; order is kept. */
  delay(ms: number, jitterMs = 0, directions: Directions = 'both'): void {
    this.#set(directions, { delayMs: ms, jitterMs })
  }

  /** So many bytes a second and connection at most; 0 for no bound. */
  throttle(bytesPerSecond: number, directions: Directions = 'both'): void {
    this.#set(directions, { bytesPerSecond })
  }

  /** Nothing passes any more, and nobody is told. */
  blackHole(directions: Directions = 'both'): void {
    this.#set(directions, { isBlack: true })
  }

  /** Ends delays, throttling and black holes; what was held back passes. */
  heal(): void {
    this.#set('both', calm())
    this.#isRefusing = false
  }

  /** The next chunk of `directions` has one bit flipped, at a drawn place past `skipBytes`. */
  corruptNext(directions: Directions, skipBytes = 0, index?: number): void {
    for (const connection of this.#chosen(index)) {
      for (const direction of list(directions)) {
        connection.pipes[direction].corrupt(skipBytes + this.#random.below(256),
          1 << this.#random.below(8))
      }
    }
  }

  /** Ends connections in an orderly way (FIN), bytes on their way included. */
  cut(index?: number): void {
    for (const connection of this.#chosen(index)) connection.end()
  }

  /** Ends connections at once (RST); bytes on their way are lost. */
  reset(index?: number): void {
    for (const connection of this.#chosen(index)) connection.reset()
  }

  /** New connections are reset as long as this is on. */
  refuse(isRefusing = true): void {
    this.#isRefusing = isRefusing
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => { this.#server.close(resolve) })
    this.reset()
    await closed
  }

  #chosen(index: number | undefined): readonly Connection[] {
    return index === undefined ? this.#connections : [this.#connections[index]!]
  }

  #set(directions: Directions, settings: Partial<Settings>): void {
    for (const direction of list(directions)) {
      Object.assign(this.#settings[direction], settings)
      for (const { pipes } of this.#connections) pipes[direction].wake()
    }
  }

  #accept(near: Socket): void {
    if (this.#isRefusing) {
      near.on('error', () => undefined)
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true })
    this.#connections.push(new Connection(near, far, this.#settings, this.#random))
  }
}

interface Settings {
  delayMs: number
  jitterMs: number
  bytesPerSecond: number
  isBlack: boolean
}

function calm(): Settings {
  return { delayMs: 0, jitterMs: 0, bytesPerSecond: 0, isBlack: false }
}

function list(directions: Directions): readonly Direction[] {
  return directions === 'both' ? ['up', 'down'] : [directions]
}

class Connection {
  readonly pipes: Readonly<Record<Direction, Pipe>>
  readonly #near: Socket
  readonly #far: Socket

  constructor(
    near: Socket,
    far: Socket,
    settings: Readonly<Record<Direction, Settings>>,
    random: TestRandom,
  ) {
    this.#near = near
    this.#far = far
    this.pipes = { up: new Pipe(near, far, settings.up, random),
      down: new Pipe(far, near, settings.down, random) }
    near.setNoDelay()
    far.setNoDelay()
    near.on('error', () => this.reset())
    far.on('error', () => this.reset())
  }

  get isOpen(): boolean {
    return !this.#near.destroyed && !this.#far.destroyed
  }

  end(): void {
    this.pipes.up.finish()
    this.pipes.down.finish()
  }

  reset(): void {
    for (const socket of [this.#near, this.#far]) if (!socket.destroyed) socket.resetAndDestroy()
    this.pipes.up.stop()
    this.pipes.down.stop()
  }
}

/** So many bytes are held before the sender is made to wait. */
const heldBytesMax = 1 << 20

interface Chunk {
  readonly bytes: Buffer
  readonly dueMs: number
}

/** One direction of a connection. */
class Pipe {
  nForwarded = 0
  readonly #from: Socket
  readonly #to: Socket
  readonly #settings: Settings
  readonly #random: TestRandom
  #held: Chunk[] = []
  #nHeld = 0
  #hasEnded = false
  #lastDueMs = 0
  /** When the throttle lets the next bytes through. */
  #freeMs = 0
  #timer: NodeJS.Timeout | null = null
  #flip: { skipBytes: number, readonly mask: number } | null = null

  constructor(from: Socket, to: Socket, settings: Settings, random: TestRandom) {
    this.#from = from
    this.#to = to
    this.#settings = settings
    this.#random = random
    from.on('data', (bytes) => this.#take(bytes))
    from.on('end', () => this.finish())
    to.on('drain', () => this.wake())
  }

  corrupt(skipBytes: number, mask: number): void {
    this.#flip = { skipBytes, mask }
  }

  finish(): void {
    this.#hasEnded = true
    this.wake()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#held = []
  }

  wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#pump()
  }

  #take(bytes: Buffer): void {
    const { delayMs, jitterMs } = this.#settings
    const dueMs = performance.now() + delayMs + jitterMs * this.#random.uniform()
    this.#lastDueMs = Math.max(this.#lastDueMs, delayMs + jitterMs === 0 ? 0 : dueMs)
    this.#held.push({ bytes: this.#corrupted(bytes), dueMs: this.#lastDueMs })
    this.#nHeld += bytes.length
    if (this.#nHeld > heldBytesMax) this.#from.pause()
    this.#pump()
  }

  #corrupted(bytes: Buffer): Buffer {
    const flip = this.#flip
    if (flip === null) return bytes
    if (flip.skipBytes >= bytes.length) {
      flip.skipBytes -= bytes.length
      return bytes
    }
    this.#flip = null
    const changed = Buffer.from(bytes)
    changed[flip.skipBytes]! ^= flip.mask
    return changed
  }

  /** Forwards what is due; comes back when more is. */
  #pump(): void {
    if (this.#timer !== null || this.#settings.isBlack || this.#to.destroyed) return
    const { bytesPerSecond } = this.#settings
    while (this.#held.length > 0 && !this.#to.writableNeedDrain) {
      const { bytes, dueMs } = this.#held[0]!
      const now = performance.now()
      const waitMs = Math.max(dueMs, bytesPerSecond > 0 ? this.#freeMs : 0) - now
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.wake(), waitMs)
        return
      }
      // A slow line delivers little by little, not one large chunk after a long wait.
      const nBytes = bytesPerSecond === 0 ? bytes.length
        : Math.min(bytes.length, Math.max(1, Math.floor(bytesPerSecond / 50)))
      if (bytesPerSecond > 0) {
        this.#freeMs = Math.max(this.#freeMs, now - 20) + nBytes * 1000 / bytesPerSecond
      }
      if (nBytes === bytes.length) this.#held.shift()
      else this.#held[0] = { bytes: bytes.subarray(nBytes), dueMs }
      this.#nHeld -= nBytes
      this.nForwarded += nBytes
      this.#to.write(bytes.subarray(0, nBytes))
      if (this.#nHeld <= heldBytesMax && this.#from.isPaused()) this.#from.resume()
    }
    if (this.#hasEnded && this.#held.length === 0) this.#to.end()
  }
}
