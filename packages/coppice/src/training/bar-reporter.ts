import { Presets, SingleBar } from 'cli-progress'
import type { TrainingEvent } from '@coppice/api'
import {
  jobText, type LoadEvent, metricsText, type Reporter, type RunTimes, startText, stopText, tookText,
} from './reporter.js'

const phases = { plan: 'planning', verify: 'verifying', scan: 'reading', bin: 'binning' } as const

/** What a bar shows. */
interface Shown {
  readonly title: string
  readonly total: number
  readonly format: string
  value: number
  rate: string
  metrics: string
}

/** A progress bar with rate, time left and the latest metrics, for terminals. */
export class BarReporter implements Reporter {
  readonly #stream: NodeJS.WriteStream
  #bar: SingleBar | null = null
  #shown: Shown | null = null
  #startMs = 0
  #first = 0
  #metrics = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  onLoad({ dataset, phase, done, total }: LoadEvent): void {
    const title = `${phases[phase]} ${dataset}`
    if (title !== this.#shown?.title) this.#open(title, total, 0, '{title} {bar} {percentage}%')
    this.#update({ value: done })
    if (done === total) this.close()
  }

  onEvent(event: TrainingEvent): void {
    switch (event.kind) {
      case 'started':
        this.note(startText(event))
        this.#first = event.firstIteration
        this.#startMs = performance.now()
        this.#open('training', event.nIterations, event.firstIteration,
          '{bar} {value}/{total} | {rate} | {eta_formatted} left | {metrics}')
        return
      case 'iteration': {
        const { iteration, metrics } = event
        if (metrics.length > 0) this.#metrics = metricsText(metrics)
        const seconds = (performance.now() - this.#startMs) / 1000
        const rate = `${((iteration + 1 - this.#first) / seconds).toFixed(1)} iterations/s`
        this.#update({ value: iteration + 1, rate, metrics: this.#metrics })
        return
      }
      case 'stopped': {
        this.close()
        const text = stopText(event)
        if (this.#metrics !== '') this.note(`last: ${this.#metrics}`)
        if (text !== null) this.note(text)
      }
    }
  }

  #open(title: string, total: number, value: number, format: string): void {
    this.close()
    this.#draw({ title, total, value, format, rate: '', metrics: '' })
  }

  #draw(shown: Shown): void {
    const { title, total, value, format, rate, metrics } = shown
    this.#shown = shown
    this.#bar = new SingleBar({
      format, stream: this.#stream, hideCursor: true, clearOnComplete: true, fps: 8,
      // The command itself hears signals.
      gracefulExit: false,
    }, Presets.shades_classic)
    this.#bar.start(total, value, { title, rate, metrics })
  }

  #update(change: Partial<Shown>): void {
    if (this.#bar === null || this.#shown === null) return
    const { value, rate, metrics } = Object.assign(this.#shown, change)
    this.#bar.update(value, { rate, metrics })
  }

  note(text: string): void {
    // A line cannot be written below a bar that is drawn again.
    this.close()
    this.#stream.write(`${text}\n`)
  }

  job(job: string, url: string): void {
    this.notice(jobText(job, url))
  }

  notice(text: string): void {
    const shown = this.#shown
    this.note(text)
    if (shown !== null) this.#draw(shown)
  }

  saved(what: 'model' | 'checkpoint', path: string, nTrees: number): void {
    if (what === 'model') this.note(`saved the model to ${path} (${nTrees} trees)`)
  }

  took(times: RunTimes): void {
    this.note(tookText(times))
  }

  close(): void {
    this.#bar?.stop()
    this.#bar = null
    this.#shown = null
  }
}
