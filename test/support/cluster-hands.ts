import type { CommandProcess } from './cluster-process.js'
import type { ClusterSite } from './cluster-site.js'

/** What makes faults: the site, and how things are done to it. */
export interface Hands {
  readonly site: ClusterSite
  readonly client: CommandProcess
  /** Names of those that the site began with. */
  readonly workers: readonly string[]
  /** The folder of the rows. */
  readonly data: string
  /** Aborted when the client has ended: nothing more is to be done. */
  readonly signal: AbortSignal
  /** Rejects when it is over. */
  readonly sleep: (ms: number) => Promise<void>
  /** kill -9; `meanwhile`, and so long, until they are started again. */
  kill(names: readonly string[], downMs: number, meanwhile?: () => Promise<void>): Promise<void>
  /** Starts what is dead. */
  readonly revive: (name: string) => Promise<void>
  /** Nobody else kills or starts the coordinator meanwhile. */
  withCoordinator<T>(work: () => Promise<T>): Promise<T>
}

/** A promise of the product that a fault found broken. */
export class BrokenPromise extends Error {}
