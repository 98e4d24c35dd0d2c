import type { EngineSetup, FeatureLayout } from './protocol.js'

/** The features whose sums one reducer holds, and where their cells are. */
export interface FeatureShare {
  readonly first: number
  /** Exclusive. */
  readonly last: number
  /** Cells of the share: even per feature, a multiple of 4 in total. */
  readonly nCells: number
}

/** Where each feature's cells are within its share, and the shares. */
export interface ShareTable {
  readonly features: readonly FeatureLayout[]
  readonly shares: readonly FeatureShare[]
  /** nFeatures offsets, each relative to the feature's own share. */
  readonly cellOffsets: Int32Array
}

/** Of a feature beside its bins. */
const FEATURE_WORK = 16
/** Of a feature of two bins that scans pass over, nearly always. */
const FLAG_WORK = 2

/**
 * Cuts the features into contiguous shares of about equal work, one per reducer. The cut has no
 * influence on results: candidates of shares are compared by gain, then by feature.
 *
 * @param setup - of the scans, without which they are plain; the same in all who share
 */
export function shareFeatures(
  features: readonly FeatureLayout[], nShares: number,
  setup?: Pick<EngineSetup, 'scan' | 'rules'>,
): ShareTable {
  const passesFlags = setup === undefined || scansPassFlags(setup)
  const work = features.map((feature) => scanWork(feature, passesFlags))
  const total = work.reduce((sum, w) => sum + w, 0)
  const cellOffsets = new Int32Array(features.length)
  const shares: FeatureShare[] = []
  let f = 0
  let done = 0
  for (let s = 0; s < nShares; s++) {
    const first = f
    let nCells = 0
    const target = (total * (s + 1)) / nShares
    // the first share is never empty: its reducer's totals are those of the root
    const takesNext = (): boolean =>
      s === nShares - 1 || f === 0 || done + work[f]! / 2 <= target
    while (f < features.length && takesNext()) {
      cellOffsets[f] = nCells
      nCells += (features[f]!.nBins + 1) & ~1
      done += work[f]!
      f++
    }
    shares.push({ first, last: f, nCells: (nCells + 3) & ~3 })
  }
  return { features, shares, cellOffsets }
}

/** Cost of reducing and scanning a feature, in bins of a numeric one; measured. */
function scanWork(
  { nBins, missingBin, isCategorical }: FeatureLayout, passesFlags: boolean,
): number {
  if (nBins < 2) return FLAG_WORK
  if (passesFlags && nBins === 2 && missingBin < 0 && !isCategorical) return FLAG_WORK
  const sorting = isCategorical ? 3 : 1
  return nBins * sorting + FEATURE_WORK
}

/** Whether scans pass over features of two bins: see assembly/scan-flags.ts. */
function scansPassFlags({ scan, rules }: Pick<EngineSetup, 'scan' | 'rules'>): boolean {
  return rules === undefined && scan.lambdaL1 === 0 && scan.maxDeltaStep <= 0 && !scan.extraTrees
}
