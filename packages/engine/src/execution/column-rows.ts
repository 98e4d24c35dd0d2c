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

function fillBundles(
  { memory, offsetOf, stride }: ColumnTarget, plan: ColumnPlan, bins: Uint8Array,
): void {
  const nFeatures = plan.columnOf.length
  const members = plan.memberOf.filter((member) => member !== null)
  const offsets = new Float64Array(nFeatures)
  for (const { feature } of members) offsets[feature] = offsetOf(plan.columnOf[feature]!)
  const rare = new RareBins(nFeatures, members)
  let row = 0
  const put = (feature: number, bin: number): void => {
    memory[offsets[feature]! + row] = valueOf(plan.memberOf[feature]!, bin)
  }
  for (let at = 0; at < bins.length; at += nFeatures, row += stride) rare.visit(bins, at, put)
}
