import type { World } from './world.js'

/** What both kinds of process have in common: they die, start again, and are paused. */
export abstract class Node {
  /** Counts up with every start; 0 while it is down. */
  process = 0
  isAlive = false
  isStarting = false
  /** A monotonic clock may leap ahead when its machine was asleep. */
  clockOffset = 0
  #starts = 0
  #pausedUntil = 0
  #held: (() => void)[] = []

  constructor(readonly world: World) {}

  protected abstract begin(): void

  protected get now(): number {
    return this.world.clock.now + this.clockOffset
  }

  start(): void {
    this.isStarting = false
    this.isAlive = true
    this.process = ++this.#starts
    this.#pausedUntil = 0
    this.#held = []
    this.begin()
    this.#tick(this.process)
  }

  protected stop(restartIn: number | null): void {
    this.isAlive = false
    this.process = 0
    if (restartIn === null) return
    this.isStarting = true
    this.world.clock.after(restartIn, () => this.start())
  }

  /** SIGSTOP, then SIGCONT: what comes in the meantime waits. */
  pause(ms: number): void {
    const { clock } = this.world
    this.#pausedUntil = clock.now + ms
    const { process } = this
    clock.after(ms, () => {
      if (this.process !== process) return
      const held = this.#held
      this.#held = []
      for (const run of held) if (this.process === process) run()
    })
  }

  /** Runs in the process, if it is still the same one. */
  protected inProcess(process: number, run: () => void): void {
    if (this.process !== process) return
    if (this.#pausedUntil > this.world.clock.now) this.#held.push(run)
    else run()
  }

  #tick(process: number): void {
    this.world.clock.after(100, () => {
      if (this.process !== process) return
      this.inProcess(process, () => this.tick())
      this.#tick(process)
    })
  }

  protected abstract tick(): void
}
