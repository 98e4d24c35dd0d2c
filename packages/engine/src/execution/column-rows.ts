import type { Packing } from '../dataset.js'
import { valueOf, type ColumnPlan } from './columns.js'
import { byPacking, packedEntries } from './packed-entries.js'
import { RareBins } from './rare-bins.js'

/** Where column bytes go. */
export interface ColumnTarget {
  readonly memory: Uint8Array
  /** Offset of a column's byte of the first row; of two the lower one, before the higher. */
  readonly offsetOf: (column: number) => number
  /** From one row's byte to the next row's. */
  readonly stride: number
}

/**
 * How packed rows become bytes of columns, by packed column x 256 + byte. A *lane* is a column, or
 * behind them the higher byte of a wide feature's column, in the order of those.
 */
export interface Translation {
  /** The lane that is written, or -1. */
  readonly laneOf: Int32Array
  readonly valueOf: Uint8Array
  /** Of each lane, its byte where nothing is written. */
  readonly base: Uint8Array
}

/** Writes the column bytes of rows. */
export class ColumnFiller {
  readonly #plan: ColumnPlan
  /** Of a row that is not packed, see `rowBytes`. */
  readonly #rowBytes: number
  readonly #translationOf: (packing: Packing) => Translation | null
  /** Finds what bundles hold; null without bundles. */
  readonly #rare: RareBins | null

  constructor(plan: ColumnPlan) {
    this.#plan = plan
    this.#rowBytes = plan.columnOf.length + plan.wide.length
    const members = plan.memberOf.filter((member) => member !== null)
    this.#translationOf = byPacking((packing) => translate(packing, plan))
    this.#rare = plan.hasBundles ? new RareBins(this.#rowBytes, members) : null
  }

  /** @param bins - rows x `rowBytes`, row-major */
  fill(target: ColumnTarget, bins: Uint8Array): void {
    const { columns, columnOf, wide } = this.#plan
    columns.forEach(({ members, feature }, c) => {
      this.#copy(target, target.offsetOf(c), bins, members === null ? feature : -1)
    })
    wide.forEach((feature, k) => {
      this.#copy(target, target.offsetOf(columnOf[feature]!) + 1, bins, columnOf.length + k)
    })
    if (this.#rare !== null) this.#fillBundles(this.#rare, target, bins)
  }

  /** Byte `place` of all rows to offset `to`; -1: zeros. */
  #copy(
    { memory, stride }: ColumnTarget, to: number, bins: Uint8Array, place: number,
  ): void {
    const rowBytes = this.#rowBytes
    if (place < 0) for (let at = 0; at < bins.length; at += rowBytes, to += stride) memory[to] = 0
    else {
      for (let at = place; at < bins.length; at += rowBytes, to += stride) memory[to] = bins[at]!
    }
  }

  /** Most features are at their defaults: one pass over each row looks for those that are not. */
  #fillBundles(
    rare: RareBins, { memory, offsetOf, stride }: ColumnTarget, bins: Uint8Array,
  ): void {
    const { columnOf, memberOf } = this.#plan
    const rowBytes = this.#rowBytes
    let row = 0
    const put = (feature: number, bin: number): void => {
      memory[offsetOf(columnOf[feature]!) + row] = valueOf(memberOf[feature]!, bin)
    }
    for (let at = 0; at < bins.length; at += rowBytes, row += stride) rare.visit(bins, at, put)
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
    const { laneOf, valueOf: values, base } = translation
    const { columns, columnOf, wide } = this.#plan
    const offsets = [
      ...columns.map((_, column) => offsetOf(column)),
      ...wide.map((feature) => offsetOf(columnOf[feature]!) + 1),
    ]
    offsets.forEach((offset, lane) => {
      for (let row = 0, to = offset; row < nRows; row++, to += stride) memory[to] = base[lane]!
    })
    let from = first * packing.nColumns
    for (let row = 0, at = 0; row < nRows; row++, at += stride) {
      for (let entry = 0; entry < packing.nColumns * 256; entry += 256) {
        const value = entry + bins[from++]!
        const lane = laneOf[value]!
        if (lane >= 0) memory[offsets[lane]! + at] = values[value]!
      }
    }
    return true
  }
}

/** @returns null where a bundle has other defaults than the packing */
export function translate(packing: Packing, plan: ColumnPlan): Translation | null {
  const { columns, columnOf, memberOf, wide } = plan
  const nFeatures = columnOf.length
  const laneAt = (place: number): number =>
    place < nFeatures ? columnOf[place]! : columns.length + place - nFeatures
  const base = new Uint8Array(columns.length + wide.length)
  for (const [place, defaultBin] of packing.defaultBin.entries()) {
    if (defaultBin < 0) continue
    const member = memberOf[place] ?? null
    if (member === null) base[laneAt(place)] = defaultBin
    else if (member.defaultBin !== defaultBin) return null
  }
  const { featureOf, binOf } = packedEntries(packing)
  const laneOf = new Int32Array(featureOf.length).fill(-1)
  const values = new Uint8Array(featureOf.length)
  featureOf.forEach((place, entry) => {
    if (place < 0) return
    const member = memberOf[place] ?? null
    const bin = binOf[entry]!
    // no row has a bin that a bundled feature does not have
    if (member !== null && (bin === member.defaultBin || bin >= member.nBins)) return
    laneOf[entry] = laneAt(place)
    values[entry] = member === null ? bin : valueOf(member, bin)
  })
  return { laneOf, valueOf: values, base }
}
