/** The second pass over a unit: bins, labels and weights go to their places. */
import {
  type BinnedBlock, type BinLookup, binLookup, binOfCode, binOfValue, type EntryRows,
  type FeatureInfo, type FloatLookup, floatLookup, packEntries, type Packing,
} from '@coppice/engine'
import type { Scalar } from '@coppice/model'
import { withValues } from '../formats/stored-columns.js'
import type { StoredColumn } from '../reader.js'
import { type FeatureRows, featureRows } from './feature-rows.js'
import { binRows, newBytes, packedBlocks } from './fill-blocks.js'
import type { EncodePlan, EncodeTargets, JobColumn, UnitPlace } from './job.js'
import { encodeLabel } from './labels.js'
import { keptFeatures, withRaw, writeRaw } from './raw-rows.js'
import { requireAll, requireNumbers } from './scan.js'

/** An encode plan made ready for the search, once per thread. */
export interface Encoder {
  readonly plan: EncodePlan
  readonly lookups: readonly BinLookup[]
  /** Codes by category of each feature, null for numeric ones. */
  readonly codes: readonly (ReadonlyMap<string | number, number> | null)[]
  readonly classes: readonly Scalar[] | null
}

export function makeEncoder(plan: EncodePlan): Encoder {
  return {
    plan,
    lookups: plan.features.map(({ mapper }) => binLookup(mapper)),
    codes: plan.features.map(({ categories }) => categoryCodes(categories)),
    classes: plan.classes,
  }
}

/** How bins of floats are found; null where some categories cannot be found among floats. */
export function floatLookupsOf(features: readonly FeatureInfo[]): FloatLookup[] | null {
  const found: FloatLookup[] = []
  for (const { mapper, categories } of features) {
    const lookup = floatLookup(binLookup(mapper), categories)
    if (lookup === null) return null
    found.push(lookup)
  }
  return found
}

function categoryCodes(
  categories: FeatureInfo['categories'],
): ReadonlyMap<string | number, number> | null {
  if (categories === null) return null
  const codes = new Map<string | number, number>()
  for (const [code, value] of categories.entries()) codes.set(value, code)
  return codes
}

/**
 * Writes the rows of one unit into the targets. Units write disjoint rows, in any order.
 *
 * @param chunks - one per column; those of features are not looked at where `blocks` are given
 * @param blocks - the bins, where they are known already
 * @returns the bins, where the targets have no blocks for them
 */
export function encodeUnit(
  encoder: Encoder,
  targets: EncodeTargets,
  columns: readonly JobColumn[],
  place: UnitPlace,
  chunks: readonly (StoredColumn | null)[],
  blocks: BinnedBlock[] | null = null,
): BinnedBlock[] {
  const { codes, classes } = encoder
  // Labels, weights and scores are numbered from the first row of the target.
  const at = place.firstRow - targets.firstRow
  const features: FeatureRows[] = []
  const ofFeatures: StoredColumn[] = []
  const nInitScores = columns.filter(({ role }) => role === 'initScore').length
  let initScoreIdx = 0
  const nLabels = columns.filter(({ role }) => role === 'label').length
  let labelIdx = 0
  for (const [i, column] of columns.entries()) {
    if (column.role === 'feature' && blocks !== null) continue
    const chunk = chunks[i]!
    switch (column.role) {
      case 'feature':
        ofFeatures.push(chunk)
        features.push(
          featureRows(encoder.lookups[features.length]!, codes[features.length]!, chunk),
        )
        break
      case 'label':
        if (nLabels === 1) {
          encodeLabel(column.name, place, requireAll(chunk), classes, targets.label!, at)
        } else {
          const own = new Float64Array(place.nRows)
          encodeLabel(column.name, place, requireAll(chunk), classes, own, 0)
          putColumn(targets.label!, own, { at, nColumns: nLabels, column: labelIdx++ })
        }
        break
      case 'weight':
        targets.weight!.set(requireNumbers(withValues(chunk)), at)
        break
      case 'position':
        targets.shownAt!.set(requireNumbers(withValues(chunk)), at)
        break
      case 'initScore': {
        const scores = requireNumbers(withValues(chunk))
        putColumn(
          targets.initScore!, scores, { at, nColumns: nInitScores, column: initScoreIdx++ })
        break
      }
      case 'group':
        break
    }
  }
  if (blocks !== null) return blocks
  const { plan } = encoder
  if (targets.blocks !== null) {
    binRows(features, targets.blocks, place)
    if (plan.keepsRaw) writeRaw(plan.features, ofFeatures, targets.blocks, place)
    return []
  }
  const packed = packedBlocks(plan, features, place)
  if (!plan.keepsRaw) return packed
  const kept = withRaw(packed, keptFeatures(plan.features).length)
  writeRaw(plan.features, ofFeatures, kept, place)
  return kept
}

/**
 * The bins of a unit's rows, packed as others were; null where that does not fit, and where bins
 * take two bytes.
 */
export function packedLike(
  packing: Packing, encoder: Encoder, rows: EntryRows, { firstRow, nRows }: UnitPlace,
): BinnedBlock[] | null {
  const binOf = (feature: number, value: number): number => {
    const lookup = encoder.lookups[feature]!
    return lookup.kind === 'numeric' ? binOfValue(lookup, value)
      : binOfCode(lookup, encoder.codes[feature]!.get(value) ?? -1)
  }
  if (packing.columnOf.length > encoder.lookups.length) return null
  const bins = packEntries(packing, rows, binOf, newBytes)
  return bins === null ? null : [{ firstRow, nRows, bins, packing }]
}

/** Writes one of several columns, which are row-major from row `at` on. */
function putColumn(
  target: Float64Array,
  values: Float64Array,
  { at, nColumns, column }: { at: number; nColumns: number; column: number },
): void {
  for (let row = 0; row < values.length; row++) {
    target[(at + row) * nColumns + column] = values[row]!
  }
}
