import type { EngineSetup, SumsLayout } from '@coppice/engine'
import type { SumRange } from '../wire/sum-chunks.js'

/**
 * What is wrong with a range of a store's sums, or null. All features' bins are sums over the same
 * rows: they add up alike, no hessian or count is below 0, and cells of no bin are 0. Features that
 * the range holds in part are left out. O(cells), and slow: for when something is known to be
 * wrong.
 *
 * @param planes - of the range's cells: i64 gradients, i64 hessians, i32 counts
 */
export function inspectSums(
  features: EngineSetup['features'], layout: Pick<SumsLayout, 'cellOffsets' | 'nCells'>,
  { firstCell, nCells }: SumRange, planes: Uint8Array,
): string | null {
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength)
  let first: { readonly feature: number, readonly text: string } | null = null
  for (const [feature, { nBins }] of features.entries()) {
    const from = layout.cellOffsets[feature]! - firstCell
    const end = (layout.cellOffsets[feature + 1] ?? layout.nCells) - firstCell
    if (from < 0 || end > nCells) continue
    for (let cell = from + nBins; cell < end; cell++) {
      if (!isZero(view, nCells, cell)) return `cell ${cell + firstCell} is of no bin and not 0`
    }
    let gradient = 0n
    let hessian = 0n
    let count = 0
    for (let cell = from; cell < from + nBins; cell++) {
      const h = view.getBigInt64((nCells + cell) * 8, true)
      const n = view.getInt32(nCells * 16 + cell * 4, true)
      if (h < 0n || n < 0) {
        return `bin ${cell - from} of feature ${feature} has ${n} rows and hessian sum ${h}`
      }
      gradient += view.getBigInt64(cell * 8, true)
      hessian += h
      count += n
    }
    const text = `${count} rows with sums ${gradient} and ${hessian}`
    first ??= { feature, text }
    if (text !== first.text) {
      return `feature ${feature} has ${text}, but feature ${first.feature} has ${first.text}`
    }
  }
  return null
}

function isZero(view: DataView, nCells: number, cell: number): boolean {
  return view.getBigInt64(cell * 8, true) === 0n &&
    view.getBigInt64((nCells + cell) * 8, true) === 0n &&
    view.getInt32(nCells * 16 + cell * 4, true) === 0
}
