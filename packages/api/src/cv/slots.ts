/** Turns for trainings that share threads: first come, first served. */
export class Slots {
  #nFree: number
  readonly #waiting: { readonly resolve: () => void, readonly reject: (error: unknown) => void }[]
    = []
  #failure: { readonly error: unknown } | null = null

  constructor(n: number) {
    this.#nFree = n
  }

  /** Waits for a slot. Rejects with what `close` was given. */
  take(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error)
    if (this.#nFree > 0) {
      this.#nFree--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  /** Gives a slot back, to who waits longest. */
  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#nFree++
    else next.resolve()
  }

  /** Nobody gets a slot any more. */
  close(error: unknown): void {
    this.#failure ??= { error }
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error)
  }
}
