import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Model, TrainingEvent } from '@coppice/api'
import { ioError } from '@coppice/api/command'

interface MetricLine {
  /** 0-based. */
  readonly iteration: number
  readonly dataset: string
  readonly metric: string
  readonly value: number
}

/**
 * The evaluation history as JSON lines, written while the training goes on. A resumed training
 * begins with the lines of the iterations before, so the file is that of an uninterrupted one.
 */
export class MetricsFile {
  readonly #path: string
  readonly #file: number

  /** @throws CoppiceError 'IO' */
  constructor(path: string, resumed: Model | null) {
    this.#path = path
    this.#file = this.#attempt(() => {
      mkdirSync(dirname(path), { recursive: true })
      return openSync(path, 'w')
    })
    if (resumed !== null) this.#write(historyOf(resumed))
  }

  onEvent(event: TrainingEvent): void {
    if (event.kind !== 'iteration') return
    const { iteration, metrics } = event
    this.#write(metrics.map(({ dataset, metric, value }) =>
      ({ iteration, dataset, metric, value })))
  }

  #write(lines: readonly MetricLine[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    if (text !== '') this.#attempt(() => writeSync(this.#file, text))
  }

  #attempt<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw ioError(`cannot write ${this.#path}`, error)
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

function historyOf({ evaluation }: Model): MetricLine[] {
  const lines = evaluation.flatMap(({ dataset, metric, iterations, values }) =>
    iterations.map((iteration, i) => ({ iteration, dataset, metric, value: values[i]! })))
  // By iteration; within one, in the order in which they were computed.
  return lines.sort((a, b) => a.iteration - b.iteration)
}
