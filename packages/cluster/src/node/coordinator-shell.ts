import type { CoordinatorEffect, CoordinatorEvent } from '../coordinator/events.js'
import type { CoordinatorMachine } from '../coordinator/machine.js'
import { decodeMessage, encodeMessage } from '../protocol/codec.js'
import { ProtocolError } from '../protocol/error.js'
import type { FromWorker, ToWorker } from '../protocol/messages.js'
import { closeCodes, type Link } from '../transport/index.js'
import { CoordinatorTraffic } from './coordinator-traffic.js'
import { HeapAllowance } from './heap-allowance.js'

export interface ShellOptions {
  readonly machine: CoordinatorMachine
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
  /** Effects that are not about links. */
  readonly onEffect: (effect: CoordinatorEffect) => void
  /** An effect, or a message to a worker, failed in a way that ends the job. */
  readonly onBroken: (error: unknown) => void
  readonly onNotice: (text: string) => void
}

/** The machine's hands and ears: brings it what workers say, and does what it wants. */
export class CoordinatorShell {
  readonly traffic = new CoordinatorTraffic()
  readonly #options: ShellOptions
  readonly #heap = new HeapAllowance()
  readonly #links = new Map<number, Link>()
  #events: CoordinatorEvent[] = []
  #isStepping = false
  #isStopped = false

  constructor(options: ShellOptions) {
    this.#options = options
  }

  /** A worker has connected. */
  accept(link: Link): void {
    this.#links.set(link.id, link)
    link.listen({
      onPayload: (payload) => this.#guard(link.id, () => this.#hear(link, payload)),
      onClose: ({ reason }) => {
        this.#links.delete(link.id)
        this.traffic.closed(link.id)
        this.step({ kind: 'closed', link: link.id, reason })
      },
    })
  }

  /** Gives the machine an event and carries out what it wants; in order, also when nested. */
  step(event: CoordinatorEvent): void {
    this.#events.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#take(next)
      }
    } finally {
      this.#isStepping = false
    }
  }

  /** Nothing is taken or done any more. */
  stop(): void {
    this.#isStopped = true
  }

  #take(event: CoordinatorEvent): void {
    if (this.#isStopped) return
    const { machine, now } = this.#options
    if (event.kind === 'job') this.traffic.startJob()
    // an invariant of its job that is broken ends the job: the machine sees to that itself
    const link = event.kind === 'message' ? event.link : null
    this.#guard(link, () => {
      for (const effect of machine.step(event, now())) this.#carryOut(effect)
    })
    this.traffic.watch(machine.training?.driver?.round ?? null)
  }

  /** What nobody expected of one link ends that link, and nothing else. */
  #guard(link: number | null, run: () => void): void {
    try {
      run()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      const peer = link === null ? undefined : this.#links.get(link)?.peer
      const whose = peer === undefined ? '' : ` in what ${peer} sent; its connection is closed`
      this.#options.onNotice(`internal error${whose}: ${text}`)
      if (link !== null) this.#refuse(link, closeCodes.internal, 'internal error')
    }
  }

  /** One effect that fails does not keep the others from being carried out. */
  #carryOut(effect: CoordinatorEffect): void {
    try {
      this.#perform(effect)
    } catch (error) {
      this.#options.onBroken(error)
    }
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'send': return this.#send(effect.link, effect.message)
      case 'close':
        this.#links.get(effect.link)?.close(closeCodes.policy, effect.reason)
        this.#links.delete(effect.link)
        return
      default: this.#options.onEffect(effect)
    }
  }

  #send(id: number, message: ToWorker): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    try {
      const payload = encodeMessage(message)
      this.traffic.sent(id, message, payload.length)
      link.send(payload, message.type === 'beat-ack' ? 'urgent' : 'ordinary')
    } catch (error) {
      // it would be as long for every other worker
      this.#options.onBroken(error)
    }
  }

  #hear(link: Link, payload: Uint8Array): void {
    this.#heap.keep()
    let message: FromWorker
    try {
      message = decodeMessage(payload, 'from-worker')
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#options.onNotice(`${link.peer} sent what is no message: ${error.message}`)
      return this.#refuse(link.id, closeCodes.protocol, error.message)
    }
    this.traffic.heard(link.id, message, payload.length)
    this.step({ kind: 'message', link: link.id, message })
  }

  #refuse(id: number, code: number, reason: string): void {
    this.#links.get(id)?.close(code, reason)
  }
}
