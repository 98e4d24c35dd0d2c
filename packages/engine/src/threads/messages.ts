import type { CodeModule } from '../custom/types.js'
import type { BinnedTree, EngineRows, MetricPart } from '../execution/protocol.js'
import type { TreeBuffers } from '../execution/tree-planes.js'
import type { IterationOutcome } from '../training/iteration.js'
import type { TrainingPlan } from '../training/plan.js'
import type { ThreadFailure } from './failure.js'
import type { FoundColumns } from './binning-tasks.js'
import type { PackedTrees } from './packed-trees.js'

/** The first message of a training to a compute thread. Buffers are shared. */
export interface ThreadStart {
  readonly thread: number
  readonly nThreads: number
  readonly plan: TrainingPlan
  /** Null, and no evaluation sets, once the thread has a copy. */
  train: EngineRows | null
  evalSets: readonly EngineRows[]
  readonly histogramPoolBytes: number | undefined
  readonly control: SharedArrayBuffer
  /** How often a thread looks before it sleeps, see Spins. */
  readonly spins: number
  readonly mailbox: SharedArrayBuffer
  readonly sums: SharedArrayBuffer
  readonly candidates: SharedArrayBuffer
  readonly votes: SharedArrayBuffer
  /** Modules of the user's, loaded before anything else. */
  readonly modules: readonly CodeModule[]
  /** TALLY_COUNTS_MAX doubles per thread, or nothing where rows are not counted. */
  readonly tallies: SharedArrayBuffer
  /** Room for each thread's answer to a select request; empty where there are none. */
  readonly selected: SharedArrayBuffer
  /** Where each tree is grown by one thread; else null. */
  readonly treeBuffers: TreeBuffers | null
  /** As `selected`, of a moments request: whole numbers of 64 bits. */
  readonly moments: SharedArrayBuffer
}

/** To thread 0, the leader; the others follow it. */
export type ToLeader =
  | { readonly kind: 'iterate', readonly iteration: number, readonly evaluates: boolean }
  | { readonly kind: 'center' }
  | { readonly kind: 'replay', readonly iterations: readonly (readonly BinnedTree[])[] }
  /** The training is over: all threads wait for the next one, as new ones do. */
  | { readonly kind: 'leave' }

/** From the compute threads to whoever started them. */
export type FromThread =
  | { readonly kind: 'ready' }
  /** Of a thread that has no training: its share of a binning is done. */
  | { readonly kind: 'binned', readonly found: FoundColumns }
  /** Trees of the iteration, from the thread that grew them. */
  | { readonly kind: 'trees', readonly iteration: number, readonly trees: PackedTrees }
  /**
   * From the leader, with the trees, or where they are grown apart without: all are told of,
   * before or after this. Null: none of them could split.
   */
  | {
    readonly kind: 'iterated', readonly iteration: number,
    readonly outcome: IterationOutcome | null, readonly trees: PackedTrees | null,
  }
  | { readonly kind: 'centered', readonly baseScores: readonly number[] }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'aborted' }
  /** From each thread, after all else that it tells of a training. */
  | { readonly kind: 'left' }
  /** From each thread, once per evaluation. */
  | {
    readonly kind: 'parts', readonly iteration: number, readonly parts: readonly MetricPart[],
  }
  /** In that iteration; null: before the first. */
  | { readonly kind: 'failed', readonly iteration: number | null } & ThreadFailure
