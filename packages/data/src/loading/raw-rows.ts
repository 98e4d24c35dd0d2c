/** The values of numeric features, kept beside their bins where linear leaves are to be fitted. */
import { type BinnedBlock, featureLayout, type FeatureInfo, rawFeatures } from '@coppice/engine'
import { withValues } from '../formats/stored-columns.js'
import type { StoredColumn } from '../reader.js'
import { allocateDoubles } from './allocate.js'
import type { UnitPlace } from './job.js'
import { requireNumbers } from './scan.js'

/** Features whose values are kept, ascending. */
export function keptFeatures(features: readonly FeatureInfo[]): number[] {
  return rawFeatures(features.map(featureLayout))
}

/**
 * Writes the values of a unit's rows to the blocks that have room for them.
 *
 * @param chunks - of all features
 */
export function writeRaw(
  features: readonly FeatureInfo[],
  chunks: readonly StoredColumn[],
  blocks: readonly BinnedBlock[],
  { firstRow, nRows }: UnitPlace,
): void {
  const kept = keptFeatures(features)
  for (const [column, feature] of kept.entries()) {
    const values = requireNumbers(withValues(chunks[feature]!))
    for (const block of blocks) {
      const start = Math.max(firstRow, block.firstRow)
      const end = Math.min(firstRow + nRows, block.firstRow + block.nRows)
      let at = (start - block.firstRow) * kept.length + column
      for (let row = start - firstRow; row < end - firstRow; row++, at += kept.length) {
        block.raw![at] = values[row]!
      }
    }
  }
}

/** The blocks with room for values, which threads share. */
export function withRaw(blocks: readonly BinnedBlock[], nValues: number): BinnedBlock[] {
  return blocks.map((block) => ({ ...block, raw: allocateDoubles(block.nRows * nValues) }))
}
