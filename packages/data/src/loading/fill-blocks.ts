/** The bins of a unit's rows, in blocks. */
import {
  type BinnedBlock,
  binColumns,
  binValues,
  type ColumnBins,
  packColumns,
  packRows,
  type SparseBins,
  type ValueColumn,
  writeRows,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import { allocateBytes, rowsPerBlock } from './allocate.js'
import type { FeatureRows } from './feature-rows.js'
import type { EncodePlan, UnitPlace } from './job.js'

/** Rows in blocks of their own, each packed if that makes it smaller. */
export function packedBlocks(
  plan: EncodePlan,
  features: readonly FeatureRows[],
  place: UnitPlace,
): BinnedBlock[] {
  const nBins = plan.features.map(({ mapper }) => mapper.nBins)
  return features.some(({ kind }) => kind === 'sparse')
    ? packedSparse(features, nBins, place)
    : packedDense(features, nBins, place)
}

/** The whole unit is one block if it is packed: what is stored of it is in memory already. */
function packedSparse(
  features: readonly FeatureRows[],
  nBins: readonly number[],
  { firstRow, nRows }: UnitPlace,
): BinnedBlock[] {
  const columns = features.map((feature): ColumnBins =>
    feature.kind === 'sparse' ? sparseBins(feature) : denseBins(feature, nRows))
  const packed = packColumns(columns, nRows, nBins, newBytes)
  if (packed !== null) return [{ firstRow, nRows, ...packed }]
  return cutRows(features.length, nRows).map(({ start, n }) => {
    const bins = newBytes(n * features.length)
    writeRows(columns, start, n, bins)
    return { firstRow: firstRow + start, nRows: n, bins }
  })
}

function packedDense(
  features: readonly FeatureRows[],
  nBins: readonly number[],
  { firstRow, nRows }: UnitPlace,
): BinnedBlock[] {
  const cuts = cutRows(features.length, nRows)
  const dense = new Uint8Array((cuts[0]?.n ?? 0) * features.length)
  return cuts.map(({ start, n }) => {
    const bins = dense.subarray(0, n * features.length)
    binRange(features, start, n, bins, 0)
    const packed = packRows(bins, n, nBins, newBytes)
    const place = { firstRow: firstRow + start, nRows: n }
    if (packed !== null) return { ...place, ...packed }
    const whole = newBytes(bins.length)
    whole.set(bins)
    return { ...place, bins: whole }
  })
}

function cutRows(nFeatures: number, nRows: number): { start: number; n: number }[] {
  const blockRows = rowsPerBlock(nFeatures)
  return Array.from({ length: Math.ceil(nRows / blockRows) }, (_, i) =>
    ({ start: i * blockRows, n: Math.min(blockRows, nRows - i * blockRows) }))
}

/** Spreads rows over the blocks that they fall into. */
export function binRows(
  features: readonly FeatureRows[],
  blocks: readonly BinnedBlock[],
  { firstRow, nRows }: UnitPlace,
): void {
  for (const block of blocks) {
    const start = Math.max(firstRow, block.firstRow)
    const end = Math.min(firstRow + nRows, block.firstRow + block.nRows)
    if (start >= end) continue
    const offset = (start - block.firstRow) * features.length
    binRange(features, start - firstRow, end - start, block.bins, offset)
  }
}

/** Writes the bins of n rows of the unit, a byte per feature, to `out` from `offset` on. */
function binRange(
  features: readonly FeatureRows[],
  start: number,
  n: number,
  out: Uint8Array,
  offset: number,
): void {
  if (features.every(({ kind }) => kind === 'dense')) {
    const columns = features.map((feature) => rowsOf(feature).subarray(start, start + n))
    binColumns(features.map(({ lookup }) => lookup), columns, n, out, offset)
    return
  }
  const columns = features.map((feature): ColumnBins =>
    feature.kind === 'sparse' ? sparseBins(feature) : denseBins(feature, start + n))
  writeRows(columns, start, n, out, offset)
}

function rowsOf(feature: FeatureRows): ValueColumn {
  assert(feature.kind === 'dense', 'sparse features have no value in each row')
  return feature.rows
}

function denseBins(
  { lookup, rows }: Extract<FeatureRows, { kind: 'dense' }>,
  nRows: number,
): Uint8Array {
  const bins = new Uint8Array(nRows)
  binColumns([lookup], [rows], nRows, bins)
  return bins
}

function sparseBins({ lookup, numbers }: Extract<FeatureRows, { kind: 'sparse' }>): SparseBins {
  const { rows, stored } = numbers
  const bins = new Uint8Array(rows.length)
  binValues(lookup, stored, 0, rows.length, bins, 0, 1)
  const zero = new Uint8Array(1)
  binValues(lookup, Float64Array.of(0), 0, 1, zero, 0, 1)
  return { defaultBin: zero[0]!, rows, bins }
}

/** Bytes that threads share. Throws CoppiceError 'MEMORY' where there are not so many. */
export function newBytes(nBytes: number): Uint8Array {
  try {
    return new Uint8Array(allocateBytes(nBytes))
  } catch (error) {
    throw new CoppiceError(
      'MEMORY',
      `there is no memory for ${nBytes} bytes of binned rows; use fewer rows or features, more ` +
        'workers, or machines with more memory',
      { cause: error },
    )
  }
}
