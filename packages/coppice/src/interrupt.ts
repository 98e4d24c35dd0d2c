import { CoppiceError } from '@coppice/api'
import { leaveEarlySignals } from './early-signals.js'

const statusOf = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Ctrl-C and SIGTERM as an AbortSignal. The first asks the work to stop; the second ends the
 * process at once.
 */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #note: (text: string) => void
  readonly #handlers: { readonly [S in keyof typeof statusOf]: () => void }

  /** @param note - tells the user that the signal was heard */
  constructor(note: (text: string) => void) {
    this.#note = note
    this.#handlers = { SIGINT: () => this.#hear('SIGINT'), SIGTERM: () => this.#hear('SIGTERM') }
    process.on('SIGINT', this.#handlers.SIGINT)
    process.on('SIGTERM', this.#handlers.SIGTERM)
    leaveEarlySignals()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  #hear(name: keyof typeof statusOf): void {
    if (this.signal.aborted) {
      // The note also gives the terminal its cursor back.
      this.#note('ended at once')
      process.exit(statusOf[name])
    }
    this.#note('stopping; press Ctrl-C again to end at once')
    this.#controller.abort(new CoppiceError('ABORTED', `interrupted by ${name}`))
  }

  /** Gives the signals their usual meaning again. */
  release(): void {
    process.off('SIGINT', this.#handlers.SIGINT)
    process.off('SIGTERM', this.#handlers.SIGTERM)
  }
}
