import { valueOf, type ColumnPlan } from './columns.js'

/** Where column bytes go. */
export interface ColumnTarget {
  readonly memory: Uint8Array
  /** Offset of a column's byte of the first row. */
  readonly offsetOf: (column: number) => number
  /** From one row's byte to the next row's. */
  readonly stride: number
}

/**
 * Writes the column bytes of rows.
 *
 * @param bins - rows x nFeatures, row-major
 */
export function fillColumns(target: ColumnTarget, plan: ColumnPlan, bins: Uint8Array): void {
  const nFeatures = plan.columnOf.length
  const { memory, offsetOf, stride } = target
  plan.columns.forEach(({ members, feature }, c) => {
    let to = offsetOf(c)
    if (members === null) {
      for (let at = feature; at < bins.length; at += nFeatures, to += stride) memory[to] = bins[at]!
    } else for (let at = 0; at < bins.length; at += nFeatures, to += stride) memory[to] = 0
  })
  if (plan.hasBundles) fillBundles(target, plan, bins)
}

/** Most features are at their defaults: one pass over each row looks for those that are not. */
function fillBundles({ memory, offsetOf, stride }: ColumnTarget, plan: ColumnPlan,
  bins: Uint8Array): void {
  const nFeatures = plan.columnOf.length
  const members = plan.memberOf.filter((member) => member !== null)
  const features = Int32Array.from(members, ({ feature }) => feature)
  const defaults = Uint8Array.from(members, ({ defaultBin }) => defaultBin)
  const offsets = Float64Array.from(members, ({ feature }) => offsetOf(plan.columnOf[feature]!))
  for (let at = 0, row = 0; at < bins.length; at += nFeatures, row += stride) {
    for (let m = 0; m < features.length; m++) {
      const bin = bins[at + features[m]!]!
      if (bin !== defaults[m]) memory[offsets[m]! + row] = valueOf(members[m]!, bin)
    }
  }
}
