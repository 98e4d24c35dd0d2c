import { isWide } from '../row-bytes.js'

/**
 * Where the parts of a training row are. A row has a byte per column (a feature's bin or a bundle's
 * value: columns.ts), two where it has more than 256 values, and a *side*: gradient i32, hessian
 * u32, row id u32, 12 bytes.
 *
 * A row of few columns is one record, bytes first, then the side. Of the narrowest the sides are
 * in a plane of their own where that takes less memory: splits then read bytes alone, and the
 * sides of rows that move. Wider rows are cut in tiles of columns: those of a tile lie in a plane
 * of their own, row after row, the sides in one more. A histogram is summed tile by tile, so that
 * the cells of a tile stay in the second-level cache and its pages in the translation buffer.
 * What else was tried is in the package's README.
 */
export interface RecordLayout {
  readonly nTiles: number
  /** The first column of each tile, and behind them the number of columns. */
  readonly tileStarts: readonly number[]
  /** Of each column its tile, and where its bytes are within those of the tile. */
  readonly tileOf: Int32Array
  readonly byteOf: Int32Array
  /** Some columns have two bytes. */
  readonly hasWide: boolean
  /** Bytes from a row's bins to the next row's, within a tile. */
  readonly binStride: number
  /** Bytes from a row's side to the next row's. */
  readonly sideStride: number
  /** From a row's bins to its side, in a record of one piece; 0 where sides are elsewhere. */
  readonly sideOffset: number
  /** Of one row's bins and side, in all planes. */
  readonly rowBytes: number
}

/** Wider rows are cut; a tile of 64 bytes fills a cache line. */
export const TILE_BYTES_MAX = 64

/** Bytes of bins up to which sides may be elsewhere: beyond it moving rows takes longer so. */
const NARROW_BYTES_MAX = 16

const SIDE_BYTES = 12
/** Of a side beside tiles: a vector. */
const LONE_SIDE_BYTES = 16

/** The layout of rows of columns with so many values each. */
export function recordLayout(nValues: readonly number[]): RecordLayout {
  const widths = nValues.map((n) => isWide(n) ? 2 : 1)
  const nBytes = widths.reduce((sum, width) => sum + width, 0)
  const isOnePiece = nBytes <= TILE_BYTES_MAX
  const tileBytes = isOnePiece ? nBytes : Math.ceil(nBytes / Math.ceil(nBytes / TILE_BYTES_MAX))
  const places = placeColumns(widths, tileBytes)
  const nTiles = places.tileStarts.length - 1
  const columns = { nTiles, ...places, hasWide: nBytes > nValues.length }
  if (isOnePiece) {
    const sideOffset = (nBytes + 3) & ~3
    const stride = (sideOffset + SIDE_BYTES + 7) & ~7
    const binStride = (nBytes + 7) & ~7
    const isNarrow = nBytes <= NARROW_BYTES_MAX && binStride + SIDE_BYTES < stride
    if (isNarrow && !columns.hasWide) {
      return {
        ...columns, binStride, sideStride: SIDE_BYTES, sideOffset: 0,
        rowBytes: binStride + SIDE_BYTES,
      }
    }
    return {
      ...columns, binStride: stride, sideStride: stride, sideOffset, rowBytes: stride,
    }
  }
  const binStride = (tileBytes + 15) & ~15
  return {
    ...columns, binStride, sideStride: LONE_SIDE_BYTES, sideOffset: 0,
    rowBytes: nTiles * binStride + LONE_SIDE_BYTES,
  }
}

/** As `recordLayout`, where no column has more than 256 values. */
export function byteLayout(nColumns: number): RecordLayout {
  return recordLayout(new Array<number>(nColumns).fill(1))
}

/** Fills tile after tile with columns, in their order. */
function placeColumns(
  widths: readonly number[], tileBytes: number,
): Pick<RecordLayout, 'tileStarts' | 'tileOf' | 'byteOf'> {
  const tileStarts = [0]
  const tileOf = new Int32Array(widths.length)
  const byteOf = new Int32Array(widths.length)
  let at = 0
  widths.forEach((width, column) => {
    if (at + width > tileBytes) {
      tileStarts.push(column)
      at = 0
    }
    tileOf[column] = tileStarts.length - 1
    byteOf[column] = at
    at += width
  })
  return { tileStarts: [...tileStarts, widths.length], tileOf, byteOf }
}

/** Offset of the row id in a side. */
export const ROW_ID_OFFSET = 8
