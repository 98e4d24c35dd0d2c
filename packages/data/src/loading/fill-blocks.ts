/** The bins of a unit's rows, in blocks. */
import {
  type BinnedBlock,
  binCodes,
  binColumns,
  binFloats,
  binValues,
  byteValues,
  type ColumnBins,
  type FloatLookup,
  isWide,
  packColumns,
  packRows,
  rowBytes,
  type ValueColumn,
  writeRows,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import { allocateBytes, rowsPerBlock } from './allocate.js'
import type { FloatRows } from '../reader.js'
import type { FeatureRows } from './feature-rows.js'
import type { EncodePlan, UnitPlace } from './job.js'

/** Rows in blocks of their own, each packed if that makes it smaller. */
export function packedBlocks(
  plan: EncodePlan,
  features: readonly FeatureRows[],
  place: UnitPlace,
): BinnedBlock[] {
  const values = byteValues(plan.features.map(({ mapper }) => mapper.nBins))
  return features.some(({ kind }) => kind === 'sparse')
    ? packedSparse(features, values, place)
    : packedDense(values, place, (start, n, bins) => binRange(features, start, n, bins, 0))
}

/** The whole unit is one block if it is packed: what is stored of it is in memory already. */
function packedSparse(
  features: readonly FeatureRows[],
  values: readonly number[],
  { firstRow, nRows }: UnitPlace,
): BinnedBlock[] {
  const columns = byteColumns(features, nRows)
  const packed = packColumns(columns, nRows, values, newBytes)
  if (packed !== null) return [{ firstRow, nRows, ...packed }]
  return cutRows(columns.length, nRows).map(({ start, n }) => {
    const bins = newBytes(n * columns.length)
    writeRows(columns, start, n, bins)
    return { firstRow: firstRow + start, nRows: n, bins }
  })
}

/** @param fill - writes the bins of n rows of the unit, row-major */
function packedDense(
  values: readonly number[],
  { firstRow, nRows }: UnitPlace,
  fill: (start: number, n: number, bins: Uint8Array) => void,
): BinnedBlock[] {
  const cuts = cutRows(values.length, nRows)
  const dense = new Uint8Array((cuts[0]?.n ?? 0) * values.length)
  return cuts.map(({ start, n }) => {
    const bins = dense.subarray(0, n * values.length)
    fill(start, n, bins)
    const packed = packRows(bins, n, values, newBytes)
    const place = { firstRow: firstRow + start, nRows: n }
    if (packed !== null) return { ...place, ...packed }
    const whole = newBytes(bins.length)
    whole.set(bins)
    return { ...place, bins: whole }
  })
}

function cutRows(nBytes: number, nRows: number): { start: number; n: number }[] {
  const blockRows = rowsPerBlock(nBytes)
  return Array.from({ length: Math.ceil(nRows / blockRows) }, (_, i) =>
    ({ start: i * blockRows, n: Math.min(blockRows, nRows - i * blockRows) }))
}

/** Spreads rows over the blocks that they fall into. */
export function binRows(
  features: readonly FeatureRows[],
  blocks: readonly BinnedBlock[],
  { firstRow, nRows }: UnitPlace,
): void {
  const lookups = features.map(({ lookup }) => lookup)
  for (const { start, n, bins, offset } of rangesOf(lookups, blocks, { firstRow, nRows })) {
    binRange(features, start, n, bins, offset)
  }
}

/** Rows of a unit that go to one block: where in the unit they begin, and where they go. */
interface RowRange {
  readonly start: number
  readonly n: number
  readonly bins: Uint8Array
  readonly offset: number
}

function rangesOf(
  lookups: readonly { readonly nBins: number }[],
  blocks: readonly BinnedBlock[],
  { firstRow, nRows }: Pick<UnitPlace, 'firstRow' | 'nRows'>,
): RowRange[] {
  const nBytes = rowBytes(lookups.map(({ nBins }) => nBins))
  return blocks.flatMap((block) => {
    const start = Math.max(firstRow, block.firstRow)
    const n = Math.min(firstRow + nRows, block.firstRow + block.nRows) - start
    const offset = (start - block.firstRow) * nBytes
    return n <= 0 ? [] : [{ start: start - firstRow, n, bins: block.bins, offset }]
  })
}

/**
 * As `binRows`, of rows of floats; or, without blocks, as `packedBlocks`.
 *
 * @returns the blocks that were made
 */
export function binFloatRows(
  lookups: readonly FloatLookup[],
  { columns, firstRow }: FloatRows,
  blocks: readonly BinnedBlock[] | null,
  place: UnitPlace,
): BinnedBlock[] {
  const bin = (start: number, n: number, bins: Uint8Array, offset = 0): void =>
    binFloats(lookups, columns, firstRow + start, n, bins, offset)
  if (blocks === null) {
    return packedDense(byteValues(lookups.map(({ nBins }) => nBins)), place, bin)
  }
  for (const { start, n, bins, offset } of rangesOf(lookups, blocks, place)) {
    bin(start, n, bins, offset)
  }
  return []
}

/** Writes the bins of n rows of the unit, as `rowBytes` says, to `out` from `offset` on. */
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
  writeRows(byteColumns(features, start + n), start, n, out, offset)
}

function rowsOf(feature: FeatureRows): ValueColumn {
  assert(feature.kind === 'dense', 'sparse features have no value in each row')
  return feature.rows
}

/** The bytes of all features' bins, each for itself: higher ones of wide features at the end. */
function byteColumns(features: readonly FeatureRows[], nRows: number): ColumnBins[] {
  const found = features.map((feature) =>
    feature.kind === 'sparse' ? sparseBins(feature) : denseBins(feature, nRows))
  return [...found.map(([low]) => low!), ...found.flatMap(([, high]) => high ?? [])]
}

/** The lower byte of each bin; where bins have two, also the higher one. */
function denseBins(
  { lookup, rows }: Extract<FeatureRows, { kind: 'dense' }>,
  nRows: number,
): Uint8Array[] {
  const bytes = new Uint8Array(isWide(lookup.nBins) ? 2 * nRows : nRows)
  if (lookup.kind === 'numeric' && rows instanceof Float64Array) {
    binValues(lookup, rows, 0, nRows, bytes, 0, 1, nRows)
  } else {
    assert(lookup.kind === 'categorical' && rows instanceof Int32Array, 'codes have categories')
    binCodes(lookup, rows, 0, nRows, bytes, 0, 1, nRows)
  }
  return halves(bytes, nRows)
}

/** As `denseBins`, of the numbers that are stored. */
function sparseBins(
  { lookup, numbers: { rows, stored } }: Extract<FeatureRows, { kind: 'sparse' }>,
): ColumnBins[] {
  const nBytes = isWide(lookup.nBins) ? 2 : 1
  const bytes = new Uint8Array(nBytes * rows.length)
  binValues(lookup, stored, 0, rows.length, bytes, 0, 1, rows.length)
  const zero = new Uint8Array(nBytes)
  binValues(lookup, Float64Array.of(0), 0, 1, zero, 0, 1, 1)
  return halves(bytes, rows.length).map((bins, i) => ({ defaultBin: zero[i]!, rows, bins }))
}

/** Lower bytes, and higher ones if there are any. */
function halves(bytes: Uint8Array, n: number): Uint8Array[] {
  return bytes.length > n ? [bytes.subarray(0, n), bytes.subarray(n)] : [bytes]
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
