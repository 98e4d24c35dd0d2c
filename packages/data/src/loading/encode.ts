/** The second pass over a unit: bins, labels and weights go to their places. */
import {
  type BinnedBlock,
  binCodes,
  binColumns,
  type BinLookup,
  binLookup,
  type CategoricalLookup,
  codedLookup,
  type FeatureInfo,
  packRows,
  type ValueColumn,
} from '@coppice/engine'
import { assert, type Scalar } from '@coppice/model'
import { withValues } from '../formats/coded-numbers.js'
import type { CodedNumbers, ColumnChunk } from '../reader.js'
import type { EncodePlan, EncodeTargets, JobColumn, UnitPlace } from './job.js'
import { allocateBytes, rowsPerBlock } from './allocate.js'
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
 * @returns the bins, where the targets have no blocks for them
 */
export function encodeUnit(
  encoder: Encoder,
  targets: EncodeTargets,
  columns: readonly JobColumn[],
  place: UnitPlace,
  chunks: readonly (ColumnChunk | CodedNumbers)[],
): BinnedBlock[] {
  const { codes, classes } = encoder
  // Labels, weights and scores are numbered from the first row of the target.
  const at = place.firstRow - targets.firstRow
  const features: FeatureRows[] = []
  const nInitScores = columns.filter(({ role }) => role === 'initScore').length
  let initScoreIdx = 0
  for (const [i, column] of columns.entries()) {
    const chunk = chunks[i]!
    switch (column.role) {
      case 'feature':
        features.push(
          featureRows(encoder.lookups[features.length]!, codes[features.length]!, chunk),
        )
        break
      case 'label':
        encodeLabel(column.name, place, chunk, classes, targets.label!, at)
        break
      case 'weight':
        targets.weight!.set(requireNumbers(withValues(chunk)), at)
        break
      case 'initScore': {
        const scores = requireNumbers(withValues(chunk))
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
  if (targets.blocks === null) return packedBlocks(encoder, features, place)
  binRows(features, targets.blocks, place)
  return []
}

/** The rows of a feature in one unit, and how to find their bins. */
interface FeatureRows {
  readonly lookup: BinLookup
  readonly rows: ValueColumn
}

/** The bins of a unit's rows in blocks of their own, each packed if that makes it smaller. */
function packedBlocks(
  { plan }: Encoder,
  features: readonly FeatureRows[],
  { firstRow, nRows }: UnitPlace,
): BinnedBlock[] {
  const nBins = plan.features.map(({ mapper }) => mapper.nBins)
  const lookups = features.map(({ lookup }) => lookup)
  const blockRows = rowsPerBlock(features.length)
  const dense = new Uint8Array(Math.min(nRows, blockRows) * features.length)
  const blocks: BinnedBlock[] = []
  for (let start = 0; start < nRows; start += blockRows) {
    const n = Math.min(blockRows, nRows - start)
    binColumns(lookups, features.map(({ rows }) => rows.subarray(start, start + n)), n, dense)
    const bins = dense.subarray(0, n * features.length)
    const packed = packRows(bins, n, nBins, (size) => new Uint8Array(allocateBytes(size)))
    const place = { firstRow: firstRow + start, nRows: n }
    if (packed !== null) {
      blocks.push({ ...place, ...packed })
      continue
    }
    const whole = new Uint8Array(allocateBytes(bins.length))
    whole.set(bins)
    blocks.push({ ...place, bins: whole })
  }
  return blocks
}

/** The bins of a unit's rows, spread over the blocks that they fall into. */
function binRows(
  features: readonly FeatureRows[],
  blocks: readonly BinnedBlock[],
  { firstRow, nRows }: UnitPlace,
): void {
  const lookups = features.map(({ lookup }) => lookup)
  for (const block of blocks) {
    const start = Math.max(firstRow, block.firstRow)
    const end = Math.min(firstRow + nRows, block.firstRow + block.nRows)
    if (start >= end) continue
    const part = features.map(({ rows }) => rows.subarray(start - firstRow, end - firstRow))
    const offset = (start - block.firstRow) * lookups.length
    binColumns(lookups, part, end - start, block.bins, offset)
  }
}

/** Values that a unit codes keep its codes: a bin is looked up for each distinct one alone. */
function featureRows(
  lookup: BinLookup,
  codes: ReadonlyMap<string | number, number> | null,
  chunk: ColumnChunk | CodedNumbers,
): FeatureRows {
  if (lookup.kind === 'numeric' || codes === null) {
    assert(lookup.kind === 'numeric' && codes === null, 'numeric features have no categories')
    return 'numbers' in chunk
      ? { lookup: codedLookup(lookup, chunk.numbers), rows: chunk.codes }
      : { lookup, rows: requireNumbers(chunk) }
  }
  const codeOf = (value: string | number) => codes.get(value) ?? -1
  if (chunk.type !== 'string' && !('numbers' in chunk)) {
    return { lookup, rows: Int32Array.from(chunk.values, codeOf) }
  }
  const own = chunk.type === 'string'
    ? Int32Array.from(chunk.dictionary, codeOf)
    : Int32Array.from(chunk.numbers, codeOf)
  return { lookup: recodedLookup(lookup, own), rows: chunk.codes }
}

/** A lookup by other codes: `codes` has, by the other code, the one that the lookup knows. */
function recodedLookup(lookup: CategoricalLookup, codes: Int32Array): CategoricalLookup {
  const bins = new Uint8Array(codes.length)
  binCodes(lookup, codes, 0, codes.length, bins, 0, 1)
  return { ...lookup, bins }
}
