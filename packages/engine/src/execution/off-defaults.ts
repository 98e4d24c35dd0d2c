import type { Packing } from '../dataset.js'
import { byPacking, packedEntries, type PackedEntries } from './packed-entries.js'
import type { EngineRows } from './protocol.js'
import { RareBins } from './rare-bins.js'
import { type Stripe, visitBlocks } from './row-dealing.js'
import { Unpacker } from './unpacker.js'

/** A feature and the bin that most rows have. */
export interface FeatureDefault {
  readonly feature: number
  readonly defaultBin: number
}

/** Takes a bin that is not its feature's default. */
type Found = (feature: number, bin: number, localRow: number) => void

/** Packed rows with other defaults are unpacked so many at a time. */
const ROWS_AT_ONCE = 128

/**
 * Finds the features that are not at their defaults in some rows. Packed rows tell of them without
 * being unpacked: O(bytes that are stored), unless a block's defaults are others.
 */
export class OffDefaults {
  readonly #rowBytes: number
  readonly #members: readonly FeatureDefault[]
  readonly #rare: RareBins
  /** Entries of the members alone; null where a packing has other defaults. */
  readonly #entriesOf: (packing: Packing) => PackedEntries | null
  readonly #unpackerOf = byPacking((packing) => new Unpacker(packing))

  /**
   * @param rowBytes - of a row that is not packed
   * @param members - features to look at, each of one byte
   */
  constructor(rowBytes: number, members: readonly FeatureDefault[]) {
    this.#rowBytes = rowBytes
    this.#members = members
    this.#rare = new RareBins(rowBytes, members)
    this.#entriesOf = byPacking((packing) => this.#makeEntries(packing))
  }

  #makeEntries(packing: Packing): PackedEntries | null {
    const defaults = new Int16Array(this.#rowBytes).fill(-1)
    for (const { feature, defaultBin } of this.#members) {
      const own = packing.defaultBin[feature]!
      if (own >= 0 && own !== defaultBin) return null
      defaults[feature] = defaultBin
    }
    const { featureOf, binOf } = packedEntries(packing)
    featureOf.forEach((feature, entry) => {
      const isFound = feature >= 0 && defaults[feature]! >= 0 && defaults[feature] !== binOf[entry]
      if (!isFound) featureOf[entry] = -1
    })
    return { featureOf, binOf }
  }

  /**
   * Visits local rows 0, step, 2 step, ... of the stripes; those of a row in any order.
   *
   * @param skips - blocks of packed rows that need no look
   */
  visit(
    data: EngineRows, stripes: readonly Stripe[], step: number, found: Found,
    skips: (packing: Packing) => boolean = () => false,
  ): void {
    const { rowBytes } = data
    visitBlocks(data, stripes, ({ bins, packing }, blockRow, nRows, localRow) => {
      if (packing !== undefined && skips(packing)) return
      const first = (step - localRow % step) % step
      const entries = packing === undefined ? null : this.#entriesOf(packing)
      if (entries !== null) {
        const { nColumns } = packing!
        for (let i = first; i < nRows; i += step) {
          visitPacked(entries, bins, (blockRow + i) * nColumns, nColumns, localRow + i, found)
        }
      } else if (packing !== undefined) {
        this.#visitUnpacked(packing, bins, { blockRow, nRows, localRow, first, step }, found)
      } else {
        for (let i = first; i < nRows; i += step) {
          this.#rare.visit(bins, (blockRow + i) * rowBytes, (feature, bin) =>
            found(feature, bin, localRow + i))
        }
      }
    })
  }

  #visitUnpacked(
    packing: Packing, bins: Uint8Array,
    { blockRow, nRows, localRow, first, step }: Readonly<Record<
      'blockRow' | 'nRows' | 'localRow' | 'first' | 'step', number>>, found: Found,
  ): void {
    const atOnce = step === 1 ? ROWS_AT_ONCE : 1
    const scratch = new Uint8Array(atOnce * this.#rowBytes)
    for (let i = first; i < nRows; i += atOnce * step) {
      const n = Math.min(atOnce, nRows - i)
      this.#unpackerOf(packing).unpack(bins, blockRow + i, n, scratch)
      for (let k = 0; k < n; k++) {
        this.#rare.visit(scratch, k * this.#rowBytes, (feature, bin) =>
          found(feature, bin, localRow + i + k))
      }
    }
  }
}

function visitPacked(
  { featureOf, binOf }: PackedEntries, bins: Uint8Array, from: number, nColumns: number,
  localRow: number, found: Found,
): void {
  for (let c = 0; c < nColumns; c++) {
    const entry = c * 256 + bins[from + c]!
    const feature = featureOf[entry]!
    if (feature >= 0) found(feature, binOf[entry]!, localRow)
  }
}
