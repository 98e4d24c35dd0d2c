import { byPacking, packedEntries } from './packed-entries.js'
import type { EngineRows } from './protocol.js'
import { type Stripe, visitBlocks } from './row-dealing.js'

/**
 * Counts the bytes of the bins of some rows, each byte for itself (`rowBytes`): of local rows 0,
 * step, 2 step, ... of the stripes.
 *
 * @returns bytes of a row x 256; at most 65,535 rows are counted
 */
export function countBins(
  data: EngineRows, stripes: readonly Stripe[], step: number,
): Uint16Array {
  const { rowBytes } = data
  const counts = new Uint16Array(rowBytes * 256)
  /** Of each byte, rows of a piece in which it is off its default. */
  const nOff = new Uint16Array(rowBytes)
  const entriesOf = byPacking(packedEntries)
  visitBlocks(data, stripes, ({ bins, packing }, blockRow, nRows, localRow) => {
    const first = (step - localRow % step) % step
    if (packing === undefined) {
      for (let i = first; i < nRows; i += step) {
        const at = (blockRow + i) * rowBytes
        for (let f = 0; f < rowBytes; f++) counts[f * 256 + bins[at + f]!]!++
      }
      return
    }
    const { nColumns, defaultBin } = packing
    const { featureOf, binOf } = entriesOf(packing)
    nOff.fill(0)
    let n = 0
    for (let i = first; i < nRows; i += step, n++) {
      const from = (blockRow + i) * nColumns
      for (let c = 0; c < nColumns; c++) {
        const entry = c * 256 + bins[from + c]!
        const feature = featureOf[entry]!
        if (feature < 0) continue
        counts[feature * 256 + binOf[entry]!]!++
        nOff[feature]!++
      }
    }
    for (let f = 0; n > 0 && f < rowBytes; f++) {
      if (defaultBin[f]! >= 0) counts[f * 256 + defaultBin[f]!]! += n - nOff[f]!
    }
  })
  return counts
}
