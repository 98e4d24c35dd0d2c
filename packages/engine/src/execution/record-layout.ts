/**
 * Where the parts of a training row are. A *side* is what a row has besides its bins: gradient
 * i32, hessian u32, row id u32, 12 bytes.
 *
 * A row of few features is one record, bins first, then the side. Wider rows are cut in tiles of
 * features: the bins of a tile lie in a plane of their own, row after row, the sides in one more.
 * A histogram is summed tile by tile, so that the cells of a tile stay in the second-level cache
 * and its pages in the translation buffer. What else was tried is in the package's README.
 */
export interface RecordLayout {
  readonly nFeatures: number
  readonly nTiles: number
  /** Features of a tile; the last one may have fewer. */
  readonly tileFeatures: number
  /** Bytes from a row's bins to the next row's, within a tile. */
  readonly binStride: number
  /** Bytes from a row's side to the next row's. */
  readonly sideStride: number
  /** Of one row's bins and side, in all planes. */
  readonly rowBytes: number
}

/** With bins of more features a row is cut; a tile of 64 features fills a cache line. */
export const TILE_FEATURES_MAX = 64

const SIDE_BYTES = 12
/** Of a side in a plane of its own. */
const LONE_SIDE_BYTES = 16

/** The layout of rows with this many features. */
export function recordLayout(nFeatures: number): RecordLayout {
  if (nFeatures <= TILE_FEATURES_MAX) {
    const stride = (sideOffset(nFeatures) + SIDE_BYTES + 7) & ~7
    return {
      nFeatures, nTiles: 1, tileFeatures: nFeatures, binStride: stride, sideStride: stride,
      rowBytes: stride,
    }
  }
  const nTiles = Math.ceil(nFeatures / TILE_FEATURES_MAX)
  const tileFeatures = Math.ceil(nFeatures / nTiles)
  const binStride = (tileFeatures + 15) & ~15
  return {
    nFeatures, nTiles: Math.ceil(nFeatures / tileFeatures), tileFeatures, binStride,
    sideStride: LONE_SIDE_BYTES, rowBytes: Math.ceil(nFeatures / tileFeatures) * binStride +
      LONE_SIDE_BYTES,
  }
}

/** Where the side starts in a record of one piece. */
export function sideOffset(nFeatures: number): number {
  return (nFeatures + 3) & ~3
}

/** Offset of the row id in a side. */
export const ROW_ID_OFFSET = 8
