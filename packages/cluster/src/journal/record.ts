import type { CommittedIteration } from '@coppice/engine'

/**
 * What a coordinator writes down so that another one can go on where it stopped. In order: one
 * `job`, one `plan`, `iteration` 0, 1, 2, ..., and `end` once nothing is left to do.
 *
 * Values of type unknown are plain data of whoever writes and reads them (see `encodeValue`).
 */
export type JournalRecord = JobRecord | PlanRecord | IterationRecord | EndRecord

/** What was asked for. */
export interface JobRecord {
  readonly kind: 'job'
  readonly job: string
  readonly spec: unknown
}

/** What is fixed before the first iteration: recipes, sources, hashes, summaries, header. */
export interface PlanRecord {
  readonly kind: 'plan'
  readonly plan: unknown
}

/** A committed iteration, as the trainer announced it. */
export interface IterationRecord extends CommittedIteration {
  readonly kind: 'iteration'
}

/** The job is over, and why. */
export interface EndRecord {
  readonly kind: 'end'
  readonly reason: string
}
