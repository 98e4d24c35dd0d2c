import { valueOf, type ColumnPlan } from './columns.js'
import { RareBins } from './rare-bins.js'

/** Where column bytes go. */
export interface ColumnTarget {
  readonly memory: Uint8Array
  /** Offset of a column's byte of the first row. */
  readonly offsetOf: (column: number) => number
  /** From one row's byte to the next row's. */
  readonly stride: number
}

/** Writes the column bytes of rows. */
export class ColumnFiller {
  readonly #plan: ColumnPlan
  /** Finds what bundles hold; null without bundles. */
  readonly #rare: RareBins | null

  constructor(plan: ColumnPlan) {
    this.#plan = plan
    const members = plan.memberOf.filter((member) => member !== null)
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
}
