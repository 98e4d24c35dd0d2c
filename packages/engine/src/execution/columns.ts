import { type BinSet, bitBytes, hasBit, writeBits } from '../bin-set.js'
import { isWide, wideFeatures } from '../row-bytes.js'
import type { FeatureLayout } from './protocol.js'

/** A feature in a bundle. */
export interface BundleMember {
  readonly feature: number
  /** Its most frequent bin, which has no value of its own. */
  readonly defaultBin: number
  /** The column's value for its first other bin; those of the next follow. */
  readonly base: number
  readonly nBins: number
}

/**
 * A byte that is stored per row, or two where a feature has more than 256 bins: a feature's bin, or
 * that of whichever feature of a bundle is not at its default, 0 if all are (exclusive feature
 * bundling: Ke et al., "LightGBM", 2017, section 4). The features of a bundle are exclusive in all
 * rows that are stored, so nothing is lost: sums of a feature's default bin are what the others
 * leave of the node's. How a thread stores its rows is its own affair; no result depends on it.
 */
export interface Column {
  /** Of a bundle at most 256. */
  readonly nValues: number
  /** Of a bundle two or more; else null, and `feature` is the only one. */
  readonly members: readonly BundleMember[] | null
  readonly feature: number
}

/** What is stored per row, and where each feature is in it. */
export interface ColumnPlan {
  readonly columns: readonly Column[]
  /** Of each feature, the index of its column. */
  readonly columnOf: Int32Array
  /** Of each feature, its place in a bundle; null where it has a column to itself. */
  readonly memberOf: readonly (BundleMember | null)[]
  readonly hasBundles: boolean
  /** Features of more than 256 bins, ascending: their columns have two bytes. */
  readonly wide: readonly number[]
}

/** Values that a column has for the features of a bundle. */
export const COLUMN_VALUES_MAX = 256

/**
 * The plan with these bundles; other features have columns of their own, in their order, before
 * them.
 *
 * @param bundles - features and their default bins; disjoint. Those of one feature are none
 */
export function planColumns(
  features: readonly FeatureLayout[],
  bundles: readonly (readonly { feature: number, defaultBin: number }[])[],
): ColumnPlan {
  const memberOf = new Array<BundleMember | null>(features.length).fill(null)
  const bundled = bundles.filter((bundle) => bundle.length > 1).map((bundle): Column => {
    let nValues = 1
    const members = bundle.map(({ feature, defaultBin }) => {
      const { nBins } = features[feature]!
      const member = { feature, defaultBin, base: nValues, nBins }
      memberOf[feature] = member
      nValues += nBins - 1
      return member
    })
    return { nValues, members, feature: members[0]!.feature }
  })
  const single = features.flatMap(({ nBins }, feature): Column[] =>
    memberOf[feature] === null ? [{ nValues: nBins, members: null, feature }] : [])
  const columns = [...single, ...bundled]
  const columnOf = new Int32Array(features.length)
  columns.forEach(({ members, feature }, c) => {
    for (const member of members ?? [{ feature }]) columnOf[member.feature] = c
  })
  const wide = wideFeatures(features.map(({ nBins }) => nBins))
  return { columns, columnOf, memberOf, hasBundles: bundled.length > 0, wide }
}

/** The column's value of a bundled feature's bin. */
export function valueOf({ defaultBin, base }: BundleMember, bin: number): number {
  if (bin === defaultBin) return 0
  return base + (bin < defaultBin ? bin : bin - 1)
}

/** Bytes for a table of any feature of a plan, see `writeLeft`. */
export function leftTableBytes({ columns }: Pick<ColumnPlan, 'columns'>): number {
  const most = columns.reduce((values, { nValues }) => Math.max(values, nValues), 0)
  return Math.max(COLUMN_VALUES_MAX, isWide(most) ? bitBytes(most) : 0)
}

/**
 * Which values of its column go left where these bins of a feature do: a byte for each of 256, 1
 * left, 0 right; of a column of more a bit for each.
 *
 * @param table - `leftTableBytes`, all written
 */
export function writeLeft(
  table: Uint8Array, plan: ColumnPlan, feature: number, leftBins: BinSet,
): void {
  const { nValues } = plan.columns[plan.columnOf[feature]!]!
  if (isWide(nValues)) {
    writeBits(leftBins, nValues, table)
    return
  }
  const member = plan.memberOf[feature]!
  if (member === null) {
    for (let i = 0, bin = 0; bin < COLUMN_VALUES_MAX; i++) {
      const end = bin + 8
      for (let bits = leftBins[i]!; bin < end; bin++, bits >>= 1) table[bin] = bits & 1
    }
    return
  }
  const goesLeft = (bin: number): number => Number(hasBit(leftBins, bin))
  table.fill(goesLeft(member.defaultBin))
  for (let bin = 0; bin < member.nBins; bin++) table[valueOf(member, bin)] = goesLeft(bin)
}
