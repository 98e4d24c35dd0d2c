import type { Tree } from '@coppice/model'

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

/** A committed iteration. */
export interface IterationRecord {
  readonly kind: 'iteration'
  readonly iteration: number
  /** Its trees as the model has them, one per output. */
  readonly trees: readonly Tree[]
  /** The trees over bins, metrics, and what else the trainer needs to go on. */
  readonly detail: unknown
  /** Chain hash of the model up to here, 64 hexadecimal digits. */
  readonly chainHash: string
}

/** The job is over, and why. */
export interface EndRecord {
  readonly kind: 'end'
  readonly reason: string
}
