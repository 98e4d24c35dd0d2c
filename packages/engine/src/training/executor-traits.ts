import { shareFeatures } from '../execution/feature-shares.js'
import type { Voting } from '../execution/elected-leaf.js'
import type { FeatureLayout } from '../execution/protocol.js'
import type { GrowthCosts } from '../grower/running-ahead.js'
import { SUM_BYTES } from '../kernels/api.js'

/**
 * Histograms in flight between threads stay below this, unless two of each thread take more: less
 * would not do for the children of one node.
 */
export const EXCHANGE_BYTES = 268_435_456

/** Expansions outstanding where every round costs a barrier or a message. */
export const DEFAULT_SPECULATION = 8

/**
 * Of an expansion, measured at 28 features: rows are split, of a third of them histograms made;
 * cells are cleared, widened, subtracted and scanned.
 */
const ROW_NS = 2.4
const ROW_NS_PER_COLUMN = 0.13
const EXPANSION_NS = 5_000
const COLUMN_NS = 1_500
const FLAG_COLUMNS = 1 / 16
/** Of a feature whose sums are of groups of bins. */
const GROUP_COLUMNS = 1 / 32

/**
 * What a round saved is worth to threads that meet in it: meeting, deciding, and waiting for the
 * slower one. Trees replayed with rounds of 50 us take as long, to a hundredth, for 100 to 200 us
 * here; more of them run ahead in vain, but then a node that waits often needs a round later.
 */
const THREADS_ROUND_NS = 150_000

/** What a plan takes from the executor that carries it out. It changes no byte of the model. */
export interface ExecutorTraits {
  /** Compute threads in all; told in the event 'started'. */
  readonly nThreads: number
  /** Expansions in one round where the parameter `speculation` leaves the choice. */
  readonly speculation: number
  /** What a round costs beside its work, in nanoseconds. */
  readonly roundNs: number
  /** What a feature's sums cost in an expansion, whoever has to do with them. */
  readonly columnNs: number
  /** Most expansions that one round can hold for these features; Infinity where nothing limits. */
  readonly expansionsMax: (features: readonly FeatureLayout[]) => number
}

/**
 * The traits of one process with this many threads: alone, a thread has no barrier to save, and
 * several hand each other their sums through an exchange of limited size.
 */
export function localTraits(nThreads: number): ExecutorTraits {
  const costs = { roundNs: THREADS_ROUND_NS, columnNs: COLUMN_NS / nThreads }
  if (nThreads === 1) {
    return { ...costs, nThreads, speculation: 1, expansionsMax: () => Infinity }
  }
  return {
    ...costs,
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

/**
 * What expansions cost in a process or cluster of so many threads.
 *
 * @param voting - where features vote, sums of groups of bins are handed over of all of them, and
 *   of the elected ones of all bins
 */
export function growthCosts(
  features: readonly FeatureLayout[], { nThreads, roundNs, columnNs }: ExecutorTraits,
  voting?: Voting,
): GrowthCosts {
  // one-hot columns share a byte with others, as a rule
  const nColumns = features.reduce(
    (sum, { nBins }) => sum + (nBins > 2 ? 1 : nBins > 1 ? FLAG_COLUMNS : 0), 0)
  const nSummed = voting === undefined ? nColumns
    : Math.min(nColumns, nColumns * GROUP_COLUMNS + voting.nElected)
  return {
    roundNs,
    expansionNs: EXPANSION_NS + columnNs * nSummed,
    rowNs: (ROW_NS + ROW_NS_PER_COLUMN * nColumns) / nThreads,
  }
}
