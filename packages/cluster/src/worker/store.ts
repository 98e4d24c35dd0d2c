import type { LoadedPartitionInfo, StoreState } from '../protocol/messages.js'
import type { AnswerPlace, EngineWork } from './events.js'
import type { StoreProgress, StoreRun } from './store-progress.js'

/** A set of partitions that the worker holds. */
export interface Store {
  readonly id: number
  readonly partitions: readonly number[]
  isActive: boolean
  infos: readonly LoadedPartitionInfo[] | null
  isOpen: boolean
  progress: StoreProgress
  /** First iteration that it must forget. */
  rewindTo: number
}

/** A piece of engine work under way. */
export interface Ticket {
  readonly id: number
  /** Null for a store that was dropped. Not its number: another job may have one of that too. */
  readonly store: Store | null
  readonly work: EngineWork
  readonly run: StoreRun | null
  readonly place: AnswerPlace | null
  readonly audit: number | null
}

/** What a beat says of a store. */
export function storeState({ id, partitions, infos, isOpen, progress }: Store): StoreState {
  return {
    store: id,
    partitions,
    phase: infos === null ? 'loading' : isOpen ? 'open' : 'loaded',
    iteration: progress.applied.length,
    nRequests: progress.nRequests,
    hasAnswered: progress.hasAnswered,
  }
}

/** Active stores first: the others only prepare to take over. */
export function byUrgency(a: Store, b: Store): number {
  return Number(b.isActive) - Number(a.isActive) || a.id - b.id
}

/** An event as the message that tells of it. */
export function without<E extends { readonly kind: string }>(event: E): Omit<E, 'kind'> {
  const { kind: _, ...rest } = event
  return rest
}
