import type { CoppiceError } from '@coppice/model'

/** An error about a field, and where that is: the smaller, the earlier in rows and columns. */
export class FieldError extends Error {
  readonly position: number
  readonly error: CoppiceError

  constructor(position: number, error: CoppiceError) {
    super(error.message)
    this.position = position
    this.error = error
  }
}

/** Of the errors of several columns, finds the one that comes first in the rows. */
export class FirstError {
  #first: FieldError | null = null

  /** Does some work; a field error of it is kept, and gives null. */
  attempt<T>(work: () => T): T | null {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      // Of two at one place the earlier one stays.
      if (this.#first === null || error.position < this.#first.position) this.#first = error
      return null
    }
  }

  get isEmpty(): boolean {
    return this.#first === null
  }

  /** @throws CoppiceError the first, where there is one */
  throwIfAny(): void {
    if (this.#first !== null) throw this.#first.error
  }
}
