import { binSetOfBits, bitBytes, type BinSet } from '../bin-set.js'

/** The best split of a leaf, as the scan kernel found it. */
export interface SplitCandidate {
  /** Loss reduction against the unsplit leaf; above min_gain_to_split. */
  readonly gain: number
  readonly feature: number
  /** Numeric: bins <= bin go left. Categorical: the number of bins on the left. */
  readonly bin: number
  /** Numeric: rows with a missing value go left. */
  readonly defaultLeft: boolean
  readonly isCategorical: boolean
  /** The children's values are regularised by cat_l2 too. */
  readonly usesCatL2: boolean
  /** Categorical: the bins that go left. Null where numeric. */
  readonly leftBins: BinSet | null
  readonly left: LeafTotals
}

/** Exact sums over the rows of a leaf, in fixed-point units. */
export interface LeafTotals {
  readonly gradient: bigint
  readonly hessian: bigint
  readonly count: number
}

/** Of a candidate, without the bins of its left side. */
const HEAD_BYTES = 48
/** Where categorical features have up to 256 bins. */
export const CANDIDATE_BYTES = HEAD_BYTES + bitBytes(0)
const FLAG_DEFAULT_LEFT = 1
const FLAG_CATEGORICAL = 2
const FLAG_CAT_L2 = 4

/** What the kernels have to know of a feature. */
interface CandidateFeature {
  readonly nBins: number
  readonly isCategorical: boolean
}

/** Bytes of a candidate of a split of one of these features. */
export function candidateBytes(features: readonly CandidateFeature[]): number {
  const most = features.reduce(
    (bins, { nBins, isCategorical }) => isCategorical ? Math.max(bins, nBins) : bins, 0)
  return HEAD_BYTES + bitBytes(most)
}

/**
 * Reads a candidate from memory (layout in assembly/scan-types.ts).
 * @returns null where no split is better than none
 */
export function readCandidate(
  view: DataView, at: number, features: readonly Pick<CandidateFeature, 'nBins'>[],
): SplitCandidate | null {
  const feature = view.getInt32(at + 8, true)
  if (feature < 0) return null
  const flags = view.getInt32(at + 16, true)
  const { nBins } = features[feature]!
  const isCategorical = (flags & FLAG_CATEGORICAL) !== 0
  return {
    gain: view.getFloat64(at, true),
    feature,
    bin: view.getInt32(at + 12, true),
    defaultLeft: (flags & FLAG_DEFAULT_LEFT) !== 0,
    isCategorical,
    usesCatL2: (flags & FLAG_CAT_L2) !== 0,
    leftBins: isCategorical
      ? binSetOfBits(
        new Uint8Array(view.buffer, view.byteOffset + at + HEAD_BYTES, bitBytes(nBins)).slice(),
        nBins)
      : null,
    left: {
      gradient: view.getBigInt64(at + 24, true),
      hessian: view.getBigInt64(at + 32, true),
      count: view.getInt32(at + 20, true),
    },
  }
}

/** The feature whose bins did not add up to the leaf's totals, or -1. */
export function brokenFeature(view: DataView, at: number): number {
  return view.getInt32(at + 40, true)
}

/**
 * Which of two candidates of the same leaf is taken: the higher gain, then the lower feature.
 * Within a feature the kernel has decided already.
 */
export function betterCandidate(
  a: SplitCandidate | null, b: SplitCandidate | null,
): SplitCandidate | null {
  if (a === null) return b
  if (b === null) return a
  if (a.gain !== b.gain) return a.gain > b.gain ? a : b
  return a.feature < b.feature ? a : b
}
