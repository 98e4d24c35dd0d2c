import type { Packing } from '../dataset.js'
import { valueOf, type ColumnPlan } from './columns.js'
import { byPacking, packedEntries } from './packed-entries.js'
import { RareBins } from './rare-bins.js'

/** Where column bytes go. */
export interface ColumnTarget {
  readonly memory: Uint8Array
  /** Offset of a column's byte of the first row. */
  readonly offsetOf: (column: number) => number
  /** From one row's byte to the next row's. */
  readonly stride: number
}

/** How packed rows become column bytes, by packed column x 256 + byte. */
interface Translation {
  /** The column that is written, or -1. */
  readonly columnOf: Int32Array
  readonly valueOf: Uint8Array
  /** Of each column, its byte where nothing is written. */
  readonly base: Uint8Array
}

/** Writes the column bytes of rows. */
export class ColumnFiller {
  readonly #plan: ColumnPlan
  readonly #translationOf: (packing: Packing) => Translation | null
  /** Finds what bundles hold; null without bundles. */
  readonly #rare: RareBins | null

  constructor(plan: ColumnPlan) {
    this.#plan = plan
    const members = plan.memberOf.filter((member) => member !== null)
    this.#translationOf = byPacking((packing) => translate(packing, plan))
    this.#rare = plan.hasBundles ? new RareBins(plan.columnOf.length, members) : null
  }

  /** @param bins - rows x nFeatures, row-major */
  fill(target: ColumnTarget, bins: Uint8Array): void {
    const nFeatures = this.#plan.columnOf.length
    const { memory, offsetOf, stride } = target
    this.#plan.columns.forEach(({ members, feature }, c) => {
      let to = offsetOf(c)
      if (members === null) {
        for (let at = feature; at < bins.length; at += nFeatures, to += stride) {
          memory[to] = bins[at]!
        }
      } else for (let at = 0; at < bins.length; at += nFeatures, to += stride) memory[to] = 0
    })
    if (this.#rare !== null) this.#fillBundles(this.#rare, target, bins)
  }

  /** Most features are at their defaults: one pass over each row looks for those that are not. */
  #fillBundles(
    rare: RareBins, { memory, offsetOf, stride }: ColumnTarget, bins: Uint8Array,
  ): void {
    const { columnOf, memberOf } = this.#plan
    const nFeatures = columnOf.length
    let row = 0
    const put = (feature: number, bin: number): void => {
      memory[offsetOf(columnOf[feature]!) + row] = valueOf(memberOf[feature]!, bin)
    }
    for (let at = 0; at < bins.length; at += nFeatures, row += stride) rare.visit(bins, at, put)
  }

  /**
   * As `fill`, of packed rows, O(bytes).
   *
   * @param bins - packed rows, nRows of them from row `first` on
   * @returns false, and nothing is written, where the packing's defaults are not the plan's
   */
  fillPacked(
    { memory, offsetOf, stride }: ColumnTarget, packing: Packing, bins: Uint8Array, first: number,
    nRows: number,
  ): boolean {
    const translation = this.#translationOf(packing)
    if (translation === null) return false
    const { columnOf, valueOf: values, base } = translation
    const offsets = Array.from(base, (_, column) => offsetOf(column))
    offsets.forEach((offset, column) => {
      for (let row = 0, to = offset; row < nRows; row++, to += stride) memory[to] = base[column]!
    })
    let from = first * packing.nColumns
    for (let row = 0, at = 0; row < nRows; row++, at += stride) {
      for (let entry = 0; entry < packing.nColumns * 256; entry += 256) {
        const value = entry + bins[from++]!
        const column = columnOf[value]!
        if (column >= 0) memory[offsets[column]! + at] = values[value]!
      }
    }
    return true
  }
}

/** @returns null where a bundle has other defaults than the packing */
function translate(packing: Packing, plan: ColumnPlan): Translation | null {
  const base = new Uint8Array(plan.columns.length)
  for (const [feature, member] of plan.memberOf.entries()) {
    const defaultBin = packing.defaultBin[feature]!
    if (defaultBin < 0) continue
    if (member === null) base[plan.columnOf[feature]!] = defaultBin
    else if (member.defaultBin !== defaultBin) return null
  }
  const { featureOf, binOf } = packedEntries(packing)
  const columnOf = new Int32Array(featureOf.length).fill(-1)
  const values = new Uint8Array(featureOf.length)
  featureOf.forEach((feature, entry) => {
    if (feature < 0) return
    const member = plan.memberOf[feature]!
    const bin = binOf[entry]!
    // no row has a bin that a bundled feature does not have
    if (member !== null && (bin === member.defaultBin || bin >= member.nBins)) return
    columnOf[entry] = plan.columnOf[feature]!
    values[entry] = member === null ? bin : valueOf(member, bin)
  })
  return { columnOf, valueOf: values, base }
}
