/**
 * Where the parts of a training row are. A row has a byte per column (a feature's bin or a bundle's
 * value: columns.ts) and a *side*: gradient i32, hessian u32, row id u32, 12 bytes.
 *
 * A row of few columns is one record, bytes first, then the side. Wider rows are cut in tiles of
 * columns: those of a tile lie in a plane of their own, row after row, the sides in one more.
 * A histogram is summed tile by tile, so that the cells of a tile stay in the second-level cache
 * and its pages in the translation buffer. What else was tried is in the package's README.
 */
export interface RecordLayout {
  readonly nColumns: number
  readonly nTiles: number
  /** Columns of a tile; the last one may have fewer. */
  readonly tileColumns: number
  /** Bytes from a row's bins to the next row's, within a tile. */
  readonly binStride: number
  /** Bytes from a row's side to the next row's. */
  readonly sideStride: number
  /** Of one row's bins and side, in all planes. */
  readonly rowBytes: number
}

/** Wider rows are cut; a tile of 64 columns fills a cache line. */
export const TILE_COLUMNS_MAX = 64

const SIDE_BYTES = 12
/** Of a side in a plane of its own. */
const LONE_SIDE_BYTES = 16

/** The layout of rows with this many columns. */
export function recordLayout(nColumns: number): RecordLayout {
  if (nColumns <= TILE_COLUMNS_MAX) {
    const stride = (sideOffset(nColumns) + SIDE_BYTES + 7) & ~7
    return {
      nColumns, nTiles: 1, tileColumns: nColumns, binStride: stride, sideStride: stride,
      rowBytes: stride,
    }
  }
  const tileColumns = Math.ceil(nColumns / Math.ceil(nColumns / TILE_COLUMNS_MAX))
  const nTiles = Math.ceil(nColumns / tileColumns)
  const binStride = (tileColumns + 15) & ~15
  return {
    nColumns, nTiles, tileColumns, binStride, sideStride: LONE_SIDE_BYTES,
    rowBytes: nTiles * binStride + LONE_SIDE_BYTES,
  }
}

/** Where the side starts in a record of one piece. */
export function sideOffset(nColumns: number): number {
  return (nColumns + 3) & ~3
}

/** Offset of the row id in a side. */
export const ROW_ID_OFFSET = 8
