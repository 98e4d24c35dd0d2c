import type { ToWorker, WireError } from '../protocol/messages.js'
import type { CoordinatorEffect, MakeReducer, TrainOrder } from './events.js'
import type { Member, Members } from './members.js'
import type { MakeRound } from './training-driver.js'
import type { Vigilance } from './vigilance.js'

/** What a training job is given by its coordinator. */
export interface TrainingContext {
  readonly job: string
  readonly order: TrainOrder
  /** Id of the first store. */
  readonly firstStore: number
  /** What was sent so long ago has arrived or is lost. */
  readonly resendMs: number
  /** A partition that so many workers in a row died of is given up. */
  readonly deathsMax: number
  readonly vigilance: Vigilance
  readonly makeReducer: MakeReducer
  readonly makeRound: MakeRound
  readonly members: Members
  /** Whether there are workers enough to begin or go on. */
  readonly isReady: () => boolean
  /** Who read a source last, or null. */
  readonly readerOf: (source: number) => string | null
  readonly now: () => number
  readonly send: (member: Member, message: ToWorker) => void
  readonly effect: (effect: CoordinatorEffect) => void
  /** A worker cannot be trusted any more: its connection ends, what it held goes to others. */
  readonly expel: (member: Member, reason: string) => void
  /** Closes a worker's connection: it comes back, and what is missing is asked for again. */
  readonly hangUp: (member: Member, reason: string) => void
  /** A worker could not go on for a reason that may be the job's. */
  readonly setback: (member: Member, reason: string) => void
  /** The job got further. */
  readonly progress: () => void
  readonly finish: () => void
  readonly fail: (error: WireError) => void
}
