import { shareFeatures } from '../execution/feature-shares.js'
import type { FeatureLayout } from '../execution/protocol.js'
import { SUM_BYTES } from '../kernels/api.js'

/**
 * Histograms in flight between threads stay below this, unless two of each thread take more: less
 * would not do for the children of one node.
 */
export const EXCHANGE_BYTES = 268_435_456

/** Expansions outstanding where every round costs a barrier or a message. */
export const DEFAULT_SPECULATION = 8

/** What a plan takes from the executor that carries it out. It changes no byte of the model. */
export interface ExecutorTraits {
  /** Compute threads in all; told in the event 'started'. */
  readonly nThreads: number
  /** Expansions in one round where the parameter `speculation` leaves the choice. */
  readonly speculation: number
  /** Most expansions that one round can hold for these features; Infinity where nothing limits. */
  readonly expansionsMax: (features: readonly FeatureLayout[]) => number
}

/**
 * The traits of one process with this many threads: alone, a thread has no barrier to save, and
 * several hand each other their sums through an exchange of limited size.
 */
export function localTraits(nThreads: number): ExecutorTraits {
  if (nThreads === 1) return { nThreads, speculation: 1, expansionsMax: () => Infinity }
  return {
    nThreads,
    speculation: DEFAULT_SPECULATION,
    expansionsMax: (features) => exchangeExpansions(features, nThreads),
  }
}

/** Expansions whose histograms fit the exchange between the threads of one process. */
export function exchangeExpansions(features: readonly FeatureLayout[], nThreads: number): number {
  const { shares } = shareFeatures(features, nThreads)
  const cells = shares.reduce((sum, share) => sum + share.nCells, 0)
  return Math.floor(EXCHANGE_BYTES / Math.max(1, nThreads * cells * SUM_BYTES))
}

/**
 * Expansions in flight: as asked for, or as many as pay; never more than a tree can use or the
 * executor can hold.
 */
export function maxExpansions(
  params: { readonly speculation: number, readonly numLeaves: number },
  features: readonly FeatureLayout[], executor: ExecutorTraits,
): number {
  const wanted = params.speculation > 0 ? params.speculation : executor.speculation
  const usable = Math.min(wanted, params.numLeaves - 1)
  return Math.max(1, Math.min(usable, executor.expansionsMax(features)))
}
