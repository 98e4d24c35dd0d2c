/** The second pass over a unit: bins, labels and weights go to their places. */
import { binColumns, type FeatureInfo, type ValueColumn } from '@coppice/engine'
import type { ColumnChunk } from '../reader.js'
import type { EncodePlan, JobColumn, UnitPlace } from './job.js'
import { encodeLabel } from './labels.js'
import { requireNumbers } from './scan.js'

/** Codes by category of each feature, built once per thread. */
export type CategoryMaps = readonly (ReadonlyMap<string | number, number> | null)[]

/** Maps from categories to codes, null for numeric features. */
export function buildCategoryMaps(categories: readonly FeatureInfo['categories'][]): CategoryMaps {
  return categories.map((values) => {
    if (values === null) return null
    const codes = new Map<string | number, number>()
    for (const [code, value] of values.entries()) codes.set(value, code)
    return codes
  })
}

/**
 * Writes the rows of one unit into the targets. Units write disjoint rows, in any order.
 *
 * @param chunks - one per column
 */
export function encodeUnit(
  plan: EncodePlan,
  columns: readonly JobColumn[],
  categoryMaps: CategoryMaps,
  place: UnitPlace,
  chunks: readonly ColumnChunk[],
): void {
  const { targets, classes } = plan
  const values: ValueColumn[] = []
  const nInitScores = columns.filter(({ role }) => role === 'initScore').length
  let initScoreIdx = 0
  for (const [i, column] of columns.entries()) {
    const chunk = chunks[i]!
    switch (column.role) {
      case 'feature':
        values.push(featureColumn(categoryMaps[values.length]!, chunk))
        break
      case 'label':
        encodeLabel(column.name, place, chunk, classes, targets.label!)
        break
      case 'weight':
        targets.weight!.set(requireNumbers(chunk), place.firstRow)
        break
      case 'initScore': {
        const scores = requireNumbers(chunk)
        for (let row = 0; row < scores.length; row++) {
          targets.initScore![(place.firstRow + row) * nInitScores + initScoreIdx] = scores[row]!
        }
        initScoreIdx++
        break
      }
      case 'group':
        break
    }
  }
  binRows(plan, place, values)
}

/** The bins of a unit's rows, spread over the blocks that they fall into. */
function binRows(
  { lookups, targets }: EncodePlan,
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
