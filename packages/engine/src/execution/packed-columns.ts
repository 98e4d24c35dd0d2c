import type { Packing } from '../dataset.js'
import { COLUMN_VALUES_MAX, planColumns, valueOf, type ColumnPlan } from './columns.js'
import { packingOf, PACKED_SHARE_MAX } from './packed-rows.js'

/** Bins of a feature in the rows of a block, of which most are in one bin. */
export interface SparseBins {
  /** The bin of all rows that are not in `rows`. */
  readonly defaultBin: number
  /** Ascending, each below the number of rows. */
  readonly rows: Int32Array
  /** Of each of `rows`; the default bin may be among them. */
  readonly bins: Uint8Array
}

/** A byte of a feature's bins: one per row, or those that are not like the others. */
export type ColumnBins = Uint8Array | SparseBins

/** Features with a bin that holds this share of the rows may share a byte, as in LightGBM. */
const SPARSE_SHARE = 0.8
/** Bundles that a feature is tried in, as in LightGBM: those made last. */
const TRIED_BUNDLES = 100

/** A feature that may share a byte. `rows` has none that is at the default. */
interface Candidate extends SparseBins {
  readonly feature: number
}

/** A bundle under way. */
interface OpenBundle {
  readonly members: Candidate[]
  /** A bit per row, 1 where one of the members is off its default. */
  readonly taken: Uint32Array
  nValues: number
}

/**
 * As `packRows`, of columns: what is not stored costs no time. Which features share a byte may
 * differ.
 *
 * O(bins that are stored x bundles tried) in time.
 *
 * @param columns - of each byte of a row (`rowBytes`); bins below its number
 * @param nBins - values of each of those bytes (`byteValues`), 1 .. 256
 * @param allocate - gives zeroed bytes for the packed rows
 * @returns null where it would not save a quarter; see `writeRows`
 */
export function packColumns(
  columns: readonly ColumnBins[], nRows: number, nBins: readonly number[],
  allocate: (nBytes: number) => Uint8Array,
): { readonly bins: Uint8Array, readonly packing: Packing } | null {
  const features = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
  const candidates = columns.flatMap((column, feature) => candidateOf(column, feature, nRows))
  const bundles = chooseBundles(candidates, nBins, nRows)
  const plan = planColumns(features, bundles.map(({ members }) => members))
  const nColumns = plan.columns.length
  if (nColumns > nBins.length * PACKED_SHARE_MAX) return null
  const bins = allocate(nRows * nColumns)
  fillColumns(plan, columns, candidates, nRows, bins)
  return { bins, packing: packingOf(plan, nBins) }
}

/**
 * Writes the bins of columns row by row.
 *
 * @param first - of the nRows rows that are wanted
 * @param out - all written from `offset` on: nRows x columns, row-major
 */
export function writeRows(
  columns: readonly ColumnBins[], first: number, nRows: number, out: Uint8Array, offset = 0,
): void {
  const stride = columns.length
  columns.forEach((column, feature) => {
    writeColumn(column, first, nRows, out, offset + feature, stride)
  })
}

function writeColumn(
  column: ColumnBins, first: number, nRows: number, out: Uint8Array, offset: number,
  stride: number,
): void {
  if (column instanceof Uint8Array) {
    for (let row = 0, to = offset; row < nRows; row++, to += stride) out[to] = column[first + row]!
    return
  }
  const { defaultBin, rows, bins } = column
  for (let row = 0, to = offset; row < nRows; row++, to += stride) out[to] = defaultBin
  for (let i = firstAt(rows, first); i < rows.length && rows[i]! < first + nRows; i++) {
    out[offset + (rows[i]! - first) * stride] = bins[i]!
  }
}

/** Index of the first of ascending rows that is not before `row`. */
function firstAt(rows: Int32Array, row: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}

/** @returns the feature, or nothing where no bin holds most rows */
function candidateOf(column: ColumnBins, feature: number, nRows: number): Candidate[] {
  const isSparse = !(column instanceof Uint8Array)
  const bins = isSparse ? column.bins : column
  if (isSparse && bins.length <= nRows * (1 - SPARSE_SHARE)) {
    return [{ feature, ...withoutDefault(column) }]
  }
  const counts = new Uint32Array(256)
  if (isSparse) counts[column.defaultBin] = nRows - bins.length
  for (let i = 0; i < bins.length; i++) counts[bins[i]!]!++
  let defaultBin = 0
  counts.forEach((count, bin) => {
    if (count > counts[defaultBin]!) defaultBin = bin
  })
  if (counts[defaultBin]! < nRows * SPARSE_SHARE) return []
  if (isSparse && defaultBin === column.defaultBin) {
    return [{ feature, ...withoutDefault(column) }]
  }
  const dense = isSparse ? new Uint8Array(nRows) : column
  if (isSparse) writeColumn(column, 0, nRows, dense, 0, 1)
  const rows = new Int32Array(nRows - counts[defaultBin]!)
  let n = 0
  for (let row = 0; row < nRows; row++) if (dense[row] !== defaultBin) rows[n++] = row
  return [{ feature, defaultBin, rows, bins: Uint8Array.from(rows, (row) => dense[row]!) }]
}

/** The same bins, without stored ones that are the default. */
function withoutDefault(column: SparseBins): SparseBins {
  const { defaultBin, rows, bins } = column
  if (!bins.includes(defaultBin)) return column
  const kept = rows.filter((_, i) => bins[i] !== defaultBin)
  return { defaultBin, rows: kept, bins: bins.filter((bin) => bin !== defaultBin) }
}

/** Those with most rows off their default find their places first. */
function chooseBundles(
  candidates: readonly Candidate[], nBins: readonly number[], nRows: number,
): OpenBundle[] {
  const bundles: OpenBundle[] = []
  const order = [...candidates].sort((a, b) =>
    b.rows.length - a.rows.length || a.feature - b.feature)
  for (const candidate of order) {
    const nValues = nBins[candidate.feature]! - 1
    let bundle = findBundle(bundles, candidate.rows, nValues)
    if (bundle === null) {
      bundle = { members: [], taken: new Uint32Array(Math.ceil(nRows / 32)), nValues: 1 }
      bundles.push(bundle)
    }
    bundle.members.push(candidate)
    bundle.nValues += nValues
    for (const row of candidate.rows) bundle.taken[row >>> 5]! |= 1 << (row & 31)
  }
  return bundles
}

function findBundle(
  bundles: readonly OpenBundle[], rows: Int32Array, nValues: number,
): OpenBundle | null {
  for (let b = Math.max(0, bundles.length - TRIED_BUNDLES); b < bundles.length; b++) {
    const bundle = bundles[b]!
    if (bundle.nValues + nValues <= COLUMN_VALUES_MAX && isFree(bundle.taken, rows)) return bundle
  }
  return null
}

function isFree(taken: Uint32Array, rows: Int32Array): boolean {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (((taken[row >>> 5]! >>> (row & 31)) & 1) !== 0) return false
  }
  return true
}

/** @param bins - zeroed, nRows x the plan's columns */
function fillColumns(
  { columns: planned, columnOf, memberOf }: ColumnPlan, columns: readonly ColumnBins[],
  candidates: readonly Candidate[], nRows: number, bins: Uint8Array,
): void {
  const stride = planned.length
  planned.forEach(({ members, feature }, c) => {
    if (members === null) writeColumn(columns[feature]!, 0, nRows, bins, c, stride)
  })
  for (const { feature, rows, bins: own } of candidates) {
    const member = memberOf[feature]!
    if (member === null) continue
    const c = columnOf[feature]!
    for (let i = 0; i < rows.length; i++) bins[c + rows[i]! * stride] = valueOf(member, own[i]!)
  }
}
