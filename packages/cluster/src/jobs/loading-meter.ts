import type { LoadProgress } from '@coppice/data'

/** Progress is told no more often than this, but for the ends of phases. */
const LOADING_MS = 200

/** Thins out the progress of reading: a client needs a few lines a second, not one per task. */
export class LoadingMeter {
  readonly #now: () => number
  readonly #tell: (dataset: string, progress: LoadProgress) => void
  #toldAt = -Infinity
  #told = ''

  constructor(now: () => number, tell: (dataset: string, progress: LoadProgress) => void) {
    this.#now = now
    this.#tell = tell
  }

  report(dataset: string, progress: LoadProgress): void {
    const { phase, done, total } = progress
    const isEnd = done >= total
    if (!isEnd && this.#now() - this.#toldAt < LOADING_MS) return
    const text = `${dataset} ${phase} ${done} ${total}`
    if (text === this.#told) return
    this.#told = text
    this.#toldAt = this.#now()
    this.#tell(dataset, progress)
  }
}
