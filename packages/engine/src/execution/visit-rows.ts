import type { Packing } from '../dataset.js'
import { byPacking } from './packed-entries.js'
import type { EngineRows } from './protocol.js'
import { type Stripe, visitBlocks } from './row-dealing.js'
import { Unpacker } from './unpacker.js'

/** Packed rows are unpacked so many at a time. */
const ROWS_AT_ONCE = 128

/**
 * Calls `visit` with the bins of all rows of the stripes as they are where rows are not packed.
 *
 * @param visit - (nRows x `rowBytes` bins, valid until it returns; nRows; local row of the first)
 * @param takePacked - is asked before rows are unpacked, and returns whether it has taken them as
 *   they are: nRows packed rows of `bins` from row `first` on
 */
export function visitRows(
  data: EngineRows, stripes: readonly Stripe[],
  visit: (bins: Uint8Array, nRows: number, localRow: number) => void,
  takePacked?: (
    packing: Packing, bins: Uint8Array, first: number, nRows: number, localRow: number,
  ) => boolean,
): void {
  const { rowBytes } = data
  const unpackerOf = byPacking((packing) => new Unpacker(packing))
  let scratch: Uint8Array | null = null
  visitBlocks(data, stripes, ({ bins, packing }, blockRow, nRows, localRow) => {
    if (packing === undefined) {
      visit(bins.subarray(blockRow * rowBytes, (blockRow + nRows) * rowBytes), nRows, localRow)
      return
    }
    if (takePacked?.(packing, bins, blockRow, nRows, localRow) === true) return
    const unpacker = unpackerOf(packing)
    scratch ??= new Uint8Array(ROWS_AT_ONCE * rowBytes)
    for (let done = 0; done < nRows; done += ROWS_AT_ONCE) {
      const n = Math.min(ROWS_AT_ONCE, nRows - done)
      unpacker.unpack(bins, blockRow + done, n, scratch)
      visit(scratch.subarray(0, n * rowBytes), n, localRow + done)
    }
  })
}
