import type { TrainingEvent } from '@coppice/api'
import {
  jobText, type LoadEvent, metricsText, type Reporter, type RunTimes, startText, stopText, tookText,
} from './reporter.js'

/** Between lines about iterations that have no metrics. */
const quietMsMin = 1000

/** Plain lines, for log files and pipes. */
export class LineReporter implements Reporter {
  readonly #write: (text: string) => void
  readonly #seen = new Set<string>()
  #lastLineMs = -Infinity

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  onLoad({ dataset, phase }: LoadEvent): void {
    if (phase !== 'scan' || this.#seen.has(dataset)) return
    this.#seen.add(dataset)
    this.#write(`reading ${dataset === 'training' ? 'the training data' : dataset}\n`)
  }

  onEvent(event: TrainingEvent): void {
    switch (event.kind) {
      case 'started':
        this.#write(`${startText(event)}\n`)
        return
      case 'iteration': {
        const { iteration, nIterations, metrics } = event
        const now = performance.now()
        const isDue = now - this.#lastLineMs >= quietMsMin || iteration + 1 === nIterations
        if (metrics.length === 0 && !isDue) return
        this.#lastLineMs = now
        this.#write(`[${iteration + 1}/${nIterations}] ${metricsText(metrics)}`.trimEnd() + '\n')
        return
      }
      case 'stopped': {
        const text = stopText(event)
        if (text !== null) this.#write(`${text}\n`)
      }
    }
  }

  note(text: string): void {
    this.#write(`${text}\n`)
  }

  job(job: string, url: string): void {
    this.#write(`${jobText(job, url)}\n`)
  }

  notice(text: string): void {
    this.#write(`${text}\n`)
  }

  saved(what: 'model' | 'checkpoint', path: string, nTrees: number): void {
    if (what === 'model') this.#write(`saved the model to ${path} (${nTrees} trees)\n`)
  }

  took(times: RunTimes): void {
    this.#write(`${tookText(times)}\n`)
  }

  close(): void {
    // Lines need no clearing.
  }
}
