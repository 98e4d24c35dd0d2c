import { serializeModel, sha256, toHex, type Model } from '@coppice/model'
import type { DataRecipe } from '@coppice/testkit'
import type { BinnedTree } from '../../src/execution/protocol.js'
import type { Executor, TrainingJob } from '../../src/training/executor.js'
import type { IterationRecord } from '../../src/training/iteration.js'
import { train } from '../../src/training/train.js'
import type { TrainOptions, TrainResult } from '../../src/training/types.js'

/** SHA-256 of the model file. */
export function digest(model: Model): string {
  return toHex(sha256(new TextEncoder().encode(serializeModel(model))))
}

/** An executor that keeps what went through it, for tests that look inside. */
export class WatchedExecutor implements Executor {
  readonly nThreads: number
  readonly records: IterationRecord[] = []
  job: TrainingJob | null = null
  nReplayed = 0
  isClosed = false
  readonly #inner: Executor

  constructor(inner: Executor) {
    this.#inner = inner
    this.nThreads = inner.nThreads
  }

  open(job: TrainingJob): Promise<void> {
    this.job = job
    return this.#inner.open(job)
  }

  center(signal?: AbortSignal): Promise<readonly number[]> {
    return this.#inner.center(signal)
  }

  replay(iterations: readonly (readonly BinnedTree[])[]): Promise<void> {
    this.nReplayed += iterations.length
    return this.#inner.replay(iterations)
  }

  async iterate(
    iteration: number, evaluates: boolean, signal?: AbortSignal, next?: boolean | null,
  ): Promise<IterationRecord> {
    const record = await this.#inner.iterate(iteration, evaluates, signal, next)
    this.records.push(record)
    return record
  }

  close(): Promise<void> {
    this.isClosed = true
    return this.#inner.close()
  }

  /** Sums of the growth statistics over all trees. */
  get statistics(): { rounds: number, expansions: number, dropped: number } {
    const sums = { rounds: 0, expansions: 0, dropped: 0 }
    for (const { statistics } of this.records.flatMap((record) => record.trees)) {
      sums.rounds += statistics.rounds
      sums.expansions += statistics.expansions
      sums.dropped += statistics.dropped
    }
    return sums
  }
}

/** Trains and tells what happened on the way. */
export async function trainWatched(
  options: TrainOptions, executor: Executor,
): Promise<TrainResult & { watched: WatchedExecutor }> {
  const watched = new WatchedExecutor(executor)
  const result = await train(options, watched)
  return { ...result, watched }
}

/** Features of all kinds, with exact ties between two of them. */
export const mixedFeatures: DataRecipe['features'] = [
  { kind: 'numeric', bins: 12, missing: 'nan' },
  { kind: 'categorical', categories: 9 },
  { kind: 'numeric', bins: 7, missing: 'zero' },
  { kind: 'numeric', bins: 2 },
  { kind: 'categorical', categories: 3 },
  { kind: 'numeric', bins: 20, order: 'sorted' },
  { kind: 'numeric', bins: 12, missing: 'nan', copyOf: 0 },
]
