import { valueOf, type BundleMember, type Column } from './columns.js'

/**
 * Writes a column's values of some rows, `stride` bytes apart.
 *
 * @param bins - rows x nFeatures, row-major
 */
export function fillColumn(
  target: Uint8Array, offset: number, stride: number, { members, feature }: Column,
  bins: Uint8Array, nFeatures: number,
): void {
  if (members === null) {
    for (let at = feature, to = offset; at < bins.length; at += nFeatures, to += stride) {
      target[to] = bins[at]!
    }
    return
  }
  for (let at = 0, to = offset; at < bins.length; at += nFeatures, to += stride) {
    target[to] = bundleValue(bins, at, members)
  }
}

/** The value of the one feature that is not at its default. */
function bundleValue(bins: Uint8Array, at: number, members: readonly BundleMember[]): number {
  for (const member of members) {
    const bin = bins[at + member.feature]!
    if (bin !== member.defaultBin) return valueOf(member, bin)
  }
  return 0
}
