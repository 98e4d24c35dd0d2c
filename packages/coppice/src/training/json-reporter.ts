import type { TrainingEvent } from '@coppice/api'
import type { LoadEvent, Reporter, RunTimes } from './reporter.js'

/** One JSON object per line, for programs: {"event": "iteration", ...}. Iterations count from 0. */
export class JsonReporter implements Reporter {
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  #line(event: string, fields: object): void {
    this.#write(`${JSON.stringify({ event, ...fields })}\n`)
  }

  onLoad({ dataset, phase, done, total }: LoadEvent): void {
    // One line per phase: units may be many.
    if (done === total) this.#line('loaded', { dataset, phase, units: total })
  }

  onEvent({ kind, ...fields }: TrainingEvent): void {
    this.#line(kind, fields)
  }

  note(text: string): void {
    this.#line('note', { text })
  }

  job(job: string): void {
    this.#line('job', { job })
  }

  notice(text: string): void {
    this.#line('notice', { text })
  }

  saved(what: 'model' | 'checkpoint', path: string, nTrees: number): void {
    this.#line('saved', { what, path, trees: nTrees })
  }

  took(times: RunTimes): void {
    this.#line('took', Object.fromEntries(
      Object.entries(times).map(([part, ms]) => [part, Math.round(ms)])))
  }

  close(): void {
    // Lines need no clearing.
  }
}
