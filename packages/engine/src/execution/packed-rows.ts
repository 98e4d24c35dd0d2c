import type { Packing } from '../dataset.js'
import { bundleFeatures } from './bundle-features.js'
import { ColumnFiller } from './column-rows.js'
import { planColumns, type ColumnPlan } from './columns.js'

/** With more than this share of the bytes a packing is not worth it. */
export const PACKED_SHARE_MAX = 0.75

/**
 * Packs rows whose features are mostly at one bin each (see Packing).
 *
 * @param bins - nRows x bytes of a row (`rowBytes`), row-major
 * @param nBins - values of each of those bytes (`byteValues`), 1 .. 256
 * @param allocate - gives zeroed bytes for the packed rows
 * @returns null where it would not save a quarter
 */
export function packRows(
  bins: Uint8Array, nRows: number, nBins: readonly number[],
  allocate: (nBytes: number) => Uint8Array,
): { readonly bins: Uint8Array, readonly packing: Packing } | null {
  const nBytes = nBins.length
  const features = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
  const rows = {
    nRows, rowBytes: nBytes, label: new Float64Array(0), weight: null, initScore: null,
    groupSizes: null,
    blocks: [{ firstRow: 0, position: 0, nRows, bins }],
  }
  const runs = [{ firstRow: 0, position: 0, localRow: 0, nRows }]
  const plan = planColumns(features, bundleFeatures(rows, runs, features))
  const nColumns = plan.columns.length
  if (nColumns > nBytes * PACKED_SHARE_MAX) return null
  const memory = allocate(nRows * nColumns)
  new ColumnFiller(plan)
    .fill({ memory, offsetOf: (column) => column, stride: nColumns }, bins)
  return { bins: memory, packing: packingOf(plan, nBins) }
}

/** What tells the features of rows that are stored by a plan. */
export function packingOf(plan: ColumnPlan, nBins: readonly number[]): Packing {
  return {
    nColumns: plan.columns.length,
    columnOf: plan.columnOf,
    defaultBin: Int16Array.from(plan.memberOf, (member) => member?.defaultBin ?? -1),
    base: Uint8Array.from(plan.memberOf, (member) => member?.base ?? 0),
    nBins: Uint16Array.from(nBins),
  }
}
