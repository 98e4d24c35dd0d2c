import type { BinnedDataset } from '../dataset.js'
import type { BinnedTree } from '../execution/protocol.js'
import type { IterationRecord } from './iteration.js'
import type { TrainingPlan } from './plan.js'
import type { EvalSet } from './types.js'

/** What an executor holds while it trains. */
export interface TrainingJob {
  readonly plan: TrainingPlan
  readonly train: BinnedDataset
  readonly evalSets: readonly EvalSet[]
  /** Most memory for the histograms of open leaves, in all threads together. */
  readonly histogramPoolBytes?: number
  /**
   * Where an iteration has several trees and there are several threads: each tree is grown by one
   * thread, over all rows. Otherwise, and where it is not possible, all grow one after the other.
   */
  readonly growsApart?: boolean
  /** The rows are taken out of the data sets once this is open. */
  readonly releasesRows?: boolean
}

/**
 * Where a training runs. Executors differ in where rows, reducers and decisions sit, never in
 * what comes out.
 */
export interface Executor {
  readonly nThreads: number
  /** Begins what takes time and needs no rows; at most once, before `open`, which does without. */
  prepare?(): void
  /** Loads the rows; called once. */
  open(job: TrainingJob): Promise<void>
  /**
   * Finds base scores that depend on the order of the labels (see Booster.center); before anything
   * is replayed or trained, where the plan's percentiles are centered.
   * @throws CoppiceError 'ABORTED' when the signal fires
   */
  center(signal?: AbortSignal): Promise<readonly number[]>
  /**
   * Brings the scores to where they were after these trees, one list per iteration.
   * @throws CoppiceError 'ABORTED' when the signal fires; the executor is of no more use
   */
  replay(iterations: readonly (readonly BinnedTree[])[], signal?: AbortSignal): Promise<void>
  /**
   * One boosting iteration.
   *
   * @param next - whether the next iteration evaluates: it may be begun already, while the caller
   *   is busy with this one's record, but is not known until it is asked for; null or nothing: it
   *   must not
   * @throws CoppiceError 'ABORTED' when the signal fires; the iteration is not committed
   */
  iterate(
    iteration: number, evaluates: boolean, signal?: AbortSignal, next?: boolean | null,
  ): Promise<IterationRecord>
  /**
   * Frees threads and memory, some of which a next training of the process may have for a while.
   * Safe to call twice, and after a failure.
   */
  close(): Promise<void>
}
