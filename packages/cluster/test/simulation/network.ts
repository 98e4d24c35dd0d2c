import type { TestRandom } from '@coppice/testkit'
import type { VirtualClock } from './clock.js'
import type { Environment } from './environment.js'

/** One end of a connection. */
export interface Endpoint {
  receive(message: unknown): void
  closed(reason: string): void
}

/**
 * A connection between a worker and a coordinator, over a network that delays, loses, doubles
 * and reorders messages, cuts one way or both, and breaks connections.
 */
export class Connection {
  isOpen = true
  /** Nothing comes through from the worker, or to it, until then. */
  cutUp = 0
  cutDown = 0
  #lastUp = 0
  #lastDown = 0

  constructor(
    readonly id: number, readonly worker: string, private readonly clock: VirtualClock,
    private readonly random: TestRandom, private readonly env: Environment,
    private readonly up: Endpoint, private readonly down: Endpoint,
  ) {}

  /** From the worker to the coordinator. */
  sendUp(message: unknown): void {
    this.#lastUp = this.#send(message, this.up, this.#lastUp, () => this.cutUp)
  }

  sendDown(message: unknown): void {
    this.#lastDown = this.#send(message, this.down, this.#lastDown, () => this.cutDown)
  }

  #send(message: unknown, to: Endpoint, last: number, cut: () => number): number {
    if (!this.isOpen) return last
    const { clock, random, env } = this
    const copies = random.uniform() < env.loss ? 0
      : random.uniform() < env.duplication ? 2 : 1
    let at = last
    for (let i = 0; i < copies; i++) {
      const delay = env.latency + random.uniform() * env.jitter
      // TCP holds back what is cut and keeps the order; without order it is lost
      const arrival = env.isOrdered
        ? Math.max(last, clock.now + delay, cut() + env.latency) : clock.now + delay
      at = Math.max(at, arrival)
      const isLost = !env.isOrdered && cut() > clock.now
      if (isLost) continue
      this.#deliver(message, to, arrival, cut)
    }
    return at
  }

  #deliver(message: unknown, to: Endpoint, at: number, cut: () => number): void {
    this.clock.after(at - this.clock.now, () => {
      if (!this.isOpen) return
      if (this.env.isOrdered && cut() > this.clock.now) {
        return this.#deliver(message, to, cut() + this.env.latency, cut)
      }
      to.receive(message)
    })
  }

  /**
   * Breaks it. Whoever the network still reaches hears of it soon; a cut end hears nothing.
   */
  break(reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    const { clock, env } = this
    if (this.cutUp <= clock.now) clock.after(env.latency, () => this.up.closed(reason))
    if (this.cutDown <= clock.now) clock.after(env.latency, () => this.down.closed(reason))
  }
}
