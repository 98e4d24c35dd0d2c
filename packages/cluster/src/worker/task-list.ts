/** The tasks that a worker has and has not answered: of one job, which may not hold rows yet. */
export class TaskList {
  #job: string | null = null
  readonly #tasks = new Set<number>()

  get all(): number[] {
    return [...this.#tasks]
  }

  /** Tasks of another job are given up: that it is over may not have been heard. */
  readFor(job: string): void {
    if (this.#job !== job) this.#tasks.clear()
    this.#job = job
  }

  /** @returns false for one that it has */
  add(job: string, task: number): boolean {
    this.readFor(job)
    if (this.#tasks.has(task)) return false
    this.#tasks.add(task)
    return true
  }

  /** A task is done, or cannot be. @returns whether it was still of use */
  take(job: string, task: number): boolean {
    return job === this.#job && this.#tasks.delete(task)
  }

  finished(job: string): void {
    if (this.#job !== job) return
    this.#tasks.clear()
    this.#job = null
  }
}
