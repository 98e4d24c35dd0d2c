/** The second pass over a unit: bins, labels and weights go to their places. */
import {
  binColumns,
  type BinLookup,
  binLookup,
  type FeatureInfo,
  type ValueColumn,
} from '@coppice/engine'
import type { Scalar } from '@coppice/model'
import type { ColumnChunk } from '../reader.js'
import type { EncodePlan, EncodeTargets, JobColumn, UnitPlace } from './job.js'
import { encodeLabel } from './labels.js'
import { requireNumbers } from './scan.js'

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
 * @param chunks - one per column
 */
export function encodeUnit(
  encoder: Encoder,
  targets: EncodeTargets,
  columns: readonly JobColumn[],
  place: UnitPlace,
  chunks: readonly ColumnChunk[],
): void {
  const { codes, classes } = encoder
  // Labels, weights and scores are numbered from the first row of the target.
  const at = place.firstRow - targets.firstRow
  const values: ValueColumn[] = []
  const nInitScores = columns.filter(({ role }) => role === 'initScore').length
  let initScoreIdx = 0
  for (const [i, column] of columns.entries()) {
    const chunk = chunks[i]!
    switch (column.role) {
      case 'feature':
        values.push(featureColumn(codes[values.length]!, chunk))
        break
      case 'label':
        encodeLabel(column.name, place, chunk, classes, targets.label!, at)
        break
      case 'weight':
        targets.weight!.set(requireNumbers(chunk), at)
        break
      case 'initScore': {
        const scores = requireNumbers(chunk)
        for (let row = 0; row < scores.length; row++) {
          targets.initScore![(at + row) * nInitScores + initScoreIdx] = scores[row]!
        }
        initScoreIdx++
        break
      }
      case 'group':
        break
    }
  }
  binRows(encoder.lookups, targets, place, values)
}

/** The bins of a unit's rows, spread over the blocks that they fall into. */
function binRows(
  lookups: readonly BinLookup[],
  targets: EncodeTargets,
  { firstRow, nRows }: UnitPlace,
  columns: readonly ValueColumn[],
): void {
  for (const block of targets.blocks) {
    const start = Math.max(firstRow, block.firstRow)
    const end = Math.min(firstRow + nRows, block.firstRow + block.nRows)
    if (start >= end) continue
    const part = columns.map((column) => column.subarray(start - firstRow, end - firstRow))
    const offset = (start - block.firstRow) * lookups.length
    binColumns(lookups, part, end - start, block.bins, offset)
  }
}

function featureColumn(
  codes: ReadonlyMap<string | number, number> | null,
  chunk: ColumnChunk,
): ValueColumn {
  if (codes === null) return requireNumbers(chunk)
  if (chunk.type === 'string') {
    const newCodes = Int32Array.from(chunk.dictionary, (text) => codes.get(text) ?? -1)
    return chunk.codes.map((code) => (code < 0 ? -1 : newCodes[code]!))
  }
  return Int32Array.from(chunk.values, (value) => codes.get(value) ?? -1)
}
