import type { LoadProgress } from '@coppice/data'
import type { TrainingEvent } from '@coppice/engine'

/** How long the parts of a training took, in milliseconds of the clock on the wall. */
export interface TrainingTimes {
  /** Reading the data, for types, categories and the values that bins are made of. */
  readonly readMs: number
  /** Finding the bins, and binning the rows. 0, as reading, for data that were binned before. */
  readonly binMs: number
  /** From then on to the model. */
  readonly trainMs: number
}

type Phase = 'read' | 'bin' | 'train'

/** Divides the time of a training among its parts, by what it tells of its progress. */
export class PhaseTimes {
  readonly #now: () => number
  readonly #ms: Record<Phase, number> = { read: 0, bin: 0, train: 0 }
  #phase: Phase = 'read'
  #sinceMs: number

  /** @param now - milliseconds, from anywhere on */
  constructor(now: () => number) {
    this.#now = now
    this.#sinceMs = now()
  }

  /** What follows is reading again, of the next data set. */
  onDataset(): void {
    this.#enter('read')
  }

  /** All data sets are binned. */
  onLoaded(): void {
    this.#enter('train')
  }

  onLoad({ phase, done, total }: LoadProgress): void {
    const isRead = phase === 'scan' && done === total
    this.#enter(phase === 'bin' || isRead ? 'bin' : 'read')
  }

  onEvent({ kind }: TrainingEvent): void {
    if (kind === 'started') this.#enter('train')
  }

  /** Until now. */
  times(): TrainingTimes {
    this.#enter(this.#phase)
    const { read, bin, train } = this.#ms
    return { readMs: read, binMs: bin, trainMs: train }
  }

  #enter(phase: Phase): void {
    const now = this.#now()
    this.#ms[this.#phase] += now - this.#sinceMs
    this.#sinceMs = now
    this.#phase = phase
  }
}
