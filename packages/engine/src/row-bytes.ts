/** Bins that one byte tells apart. A feature of more is *wide*: its bins take two bytes. */
export const BYTE_BINS = 256
/** Most bins of a feature: those that two bytes tell apart. */
export const BINS_MAX = 65_536

/** Whether bins of so many take two bytes. */
export function isWide(nBins: number): boolean {
  return nBins > BYTE_BINS
}

/** Which of the features are wide, ascending. `nBins` are those of each feature. */
export function wideFeatures(nBins: readonly number[]): number[] {
  return nBins.flatMap((n, feature) => isWide(n) ? [feature] : [])
}

/**
 * Bytes of a row's bins that are not packed. Byte f is feature f's bin; of a wide feature its lower
 * byte. Behind those of all features are the higher bytes of the wide ones, in their order. So
 * byte nFeatures + k is of `wideFeatures(nBins)[k]`, and rows without wide features have a byte per
 * feature.
 *
 * @param nBins - of each feature
 */
export function rowBytes(nBins: readonly number[]): number {
  return nBins.reduce((sum, n) => sum + (isWide(n) ? 2 : 1), 0)
}

/** As `rowBytes`, of the features of a data set. */
export function rowBytesOf(features: readonly { mapper: { nBins: number } }[]): number {
  return rowBytes(features.map(({ mapper }) => mapper.nBins))
}

/** Values that each of those bytes may have. */
export function byteValues(nBins: readonly number[]): number[] {
  return [
    ...nBins.map((n) => Math.min(n, BYTE_BINS)),
    ...wideFeatures(nBins).map((feature) => Math.ceil(nBins[feature]! / BYTE_BINS)),
  ]
}
