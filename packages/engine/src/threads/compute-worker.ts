import type { Worker } from 'node:worker_threads'
import type { BinningTask } from './binning-tasks.js'
import type { FromThread, ThreadStart, ToLeader } from './messages.js'
import { spawnThread } from './spawn.js'

/** Who hears of a thread: one training, or a binning before it. */
export interface ThreadOwner {
  hear(message: FromThread): void
  /** The thread is of no more use: what it threw, or how it ended. */
  lose(cause: Error | number): void
}

/**
 * A compute thread, which one training after the other may use: its code is compiled by then.
 * `leave` and a training's own messages are in order, so a training never hears of another.
 */
export class ComputeWorker {
  readonly #worker: Worker
  #owner: ThreadOwner | null = null
  /** Told whether the thread has let go of its training; null where nobody waits for that. */
  #onLeft: ((hasLeft: boolean) => void) | null = null
  #isAlive = true

  constructor() {
    this.#worker = spawnThread('./compute-thread.js', 'coppice-compute', null)
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'left') this.#left(true)
      else this.#owner?.hear(message)
    })
    this.#worker.on('error', (error) => this.#lose(error))
    this.#worker.on('exit', (code) => this.#lose(code))
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Belongs to a training from now on, and keeps the process alive. */
  take(owner: ThreadOwner): void {
    this.#owner = owner
    this.#worker.ref()
  }

  /** Belongs to none: nobody hears of it, and the process may end. */
  release(): void {
    this.#owner = null
    this.#worker.unref()
  }

  post(message: ThreadStart | ToLeader | BinningTask): void {
    this.#worker.postMessage(message)
  }

  /** Resolves when the thread has let go of its training: true; or ends before: false. */
  left(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#onLeft = resolve
      if (!this.#isAlive) this.#left(false)
    })
  }

  async terminate(): Promise<void> {
    this.#owner = null
    await this.#worker.terminate()
  }

  #left(hasLeft: boolean): void {
    const onLeft = this.#onLeft
    this.#onLeft = null
    onLeft?.(hasLeft)
  }

  #lose(cause: Error | number): void {
    this.#isAlive = false
    this.#left(false)
    this.#owner?.lose(cause)
  }
}
