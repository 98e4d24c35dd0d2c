import type { Packing } from '../dataset.js'
import type { EngineRows } from './protocol.js'
import { type Stripe, visitBlocks } from './row-dealing.js'
import { Unpacker } from './unpacker.js'

/** Gives an unpacker for each packing, the same one again for a block that is met again. */
function unpackersByPacking(): (packing: Packing) => Unpacker {
  const known = new Map<Packing, Unpacker>()
  return (packing) => {
    const unpacker = known.get(packing) ?? new Unpacker(packing)
    known.set(packing, unpacker)
    return unpacker
  }
}

/** Packed rows are unpacked so many at a time. */
const ROWS_AT_ONCE = 128

/**
 * Calls `visit` with the bins of all rows of the stripes, a byte per feature, packed or not.
 *
 * @param visit - (nRows x nFeatures bins, valid until it returns; nRows; local row of the first)
 */
export function visitRows(
  data: EngineRows, stripes: readonly Stripe[],
  visit: (bins: Uint8Array, nRows: number, localRow: number) => void,
): void {
  const { nFeatures } = data
  const unpackerOf = unpackersByPacking()
  let scratch: Uint8Array | null = null
  visitBlocks(data, stripes, ({ bins, packing }, blockRow, nRows, localRow) => {
    if (packing === undefined) {
      visit(bins.subarray(blockRow * nFeatures, (blockRow + nRows) * nFeatures), nRows, localRow)
      return
    }
    const unpacker = unpackerOf(packing)
    scratch ??= new Uint8Array(ROWS_AT_ONCE * nFeatures)
    for (let done = 0; done < nRows; done += ROWS_AT_ONCE) {
      const n = Math.min(ROWS_AT_ONCE, nRows - done)
      unpacker.unpack(bins, blockRow + done, n, scratch)
      visit(scratch.subarray(0, n * nFeatures), n, localRow + done)
    }
  })
}

/**
 * Calls `visit` with the bins of the rows at local rows 0, step, 2 step, ..., packed or not.
 *
 * @param visit - (bins, where the row's nFeatures bytes begin, valid until it returns; local row)
 */
export function visitSome(
  data: EngineRows, stripes: readonly Stripe[], step: number,
  visit: (bins: Uint8Array, at: number, localRow: number) => void,
): void {
  const { nFeatures } = data
  const unpackerOf = unpackersByPacking()
  const scratch = new Uint8Array(nFeatures)
  visitBlocks(data, stripes, ({ bins, packing }, blockRow, nRows, localRow) => {
    for (let i = (step - localRow % step) % step; i < nRows; i += step) {
      if (packing === undefined) {
        visit(bins, (blockRow + i) * nFeatures, localRow + i)
        continue
      }
      unpackerOf(packing).unpack(bins, blockRow + i, 1, scratch)
      visit(scratch, 0, localRow + i)
    }
  })
}
