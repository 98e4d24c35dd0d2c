import type { JobOutcome, JournaledEnd } from '../jobs/outcome.js'
import type { PredictionOutcome } from '../jobs/prediction-story.js'

/** What is told of a job that is over. Plain data. */
export interface EndedJob {
  readonly job: string
  readonly kind: 'training' | 'prediction'
  /** 'left': it did not come to its end; the same coordinator, started again, goes on with it. */
  readonly state: 'done' | 'failed' | 'left'
  /** Why a training stopped, how many rows were predicted, or the error. */
  readonly text: string
  /** ISO 8601. */
  readonly endedAt: string
}

/** How a job of either kind ended. */
export type JobEnd = JobOutcome | PredictionOutcome

/** So many are told of. */
const endedMax = 32

/** The jobs that ended last. */
export class EndedJobs {
  #jobs: EndedJob[] = []

  /** Oldest first. */
  get all(): readonly EndedJob[] {
    return this.#jobs
  }

  /** @param at - milliseconds since 1970 */
  add(job: string, kind: EndedJob['kind'], end: JobEnd | JournaledEnd, at: number): void {
    this.remove(job)
    const ended = { job, kind, ...stateOf(end), endedAt: new Date(at).toISOString() }
    this.#jobs = [...this.#jobs, ended]
      .sort((a, b) => (a.endedAt < b.endedAt ? -1 : a.endedAt > b.endedAt ? 1 : 0))
      .slice(-endedMax)
  }

  /** The job goes on, after all. */
  remove(job: string): void {
    this.#jobs = this.#jobs.filter((other) => other.job !== job)
  }

  get(job: string): EndedJob | null {
    return this.#jobs.find((other) => other.job === job) ?? null
  }
}

/** A line for people. */
export function endText(job: string, end: JobEnd): string {
  const { state, text } = stateOf(end)
  return `job ${job} ${state === 'done' ? 'ended' : 'failed'}: ${text}`
}

function stateOf(end: JobEnd | JournaledEnd): Pick<EndedJob, 'state' | 'text'> {
  if (end.kind === 'failed') {
    const mayResume = 'mayResume' in end && end.mayResume
    return { state: mayResume ? 'left' : 'failed', text: end.error.message }
  }
  return { state: 'done', text: 'nRows' in end ? `${end.nRows} rows predicted` : end.stoppedBy }
}
