import type { Packing } from '../dataset.js'

/** Numbers of rows, without those that are 0: what a sparse matrix holds of them. */
export interface EntryRows {
  readonly nRows: number
  /** nRows + 1: where the entries of each row begin. */
  readonly starts: ArrayLike<number>
  readonly columns: ArrayLike<number>
  /** NaN is missing. */
  readonly values: ArrayLike<number>
  /** By column: its feature, or -1 where it is none. */
  readonly featureOf: Int32Array
}

/**
 * Packs rows in the way that others were packed, without a look at single features first.
 *
 * O(entries + rows x columns without a bundle) in time. Packed columns are fewer than 2^22.
 *
 * @param binOf - the bin of a value; asked again only where a feature's value is another than the
 *   last one
 * @param allocate - gives zeroed bytes for the packed rows
 * @returns null where that packing does not fit: 0 is not the default of a feature that shares its
 *   byte, or two that share a byte are off their defaults in one row
 */
export function packEntries(
  packing: Packing, rows: EntryRows,
  binOf: (feature: number, value: number) => number,
  allocate: (nBytes: number) => Uint8Array,
): Uint8Array | null {
  const { nColumns, columnOf, defaultBin } = packing
  const { nRows, featureOf } = rows
  const start = zeroRow(packing, binOf)
  if (start === null) return null
  const bins = allocate(nRows * nColumns)
  fillRows(bins, start)
  // By column of the rows: its last value, and where that goes, so that an entry is two look-ups.
  const last = new Float64Array(featureOf.length).fill(NaN)
  const places = Int32Array.from(featureOf, (feature) => feature < 0 ? noFeature
    : columnOf[feature]! << placeShift | (defaultBin[feature]! < 0 ? ownByte : 0))
  const renew = (column: number, value: number): void => {
    const feature = featureOf[column]!
    places[column] = places[column]! & ~255 | byteOf(packing, feature, binOf(feature, value))
    last[column] = value
  }
  return putEntries(rows, nColumns, places, last, renew, bins) ? bins : null
}

/**
 * Puts the byte of each entry where it goes; apart, so that the loop has little in it.
 * @returns false where two go to one byte
 */
function putEntries(
  { nRows, starts, columns, values }: EntryRows, nColumns: number, places: Int32Array,
  last: Float64Array, renew: (column: number, value: number) => void, out: Uint8Array,
): boolean {
  for (let row = 0, at = 0; row < nRows; row++, at += nColumns) {
    const end = starts[row + 1]!
    for (let i = starts[row]!; i < end; i++) {
      const column = columns[i]!
      const value = values[i]!
      if (value !== last[column]) {
        if (places[column] === noFeature) continue
        renew(column, value)
      }
      const place = places[column]!
      const to = at + (place >> placeShift)
      if ((place & ownByte) === 0) {
        if ((place & 255) === 0) continue
        if (out[to] !== 0) return false
      }
      out[to] = place
    }
  }
  return true
}

/** A place is the byte of the last value, whether its feature shares it, and the packed column. */
const ownByte = 256
const placeShift = 9
/** The place of a column that is no feature; its last value stays NaN. */
const noFeature = -1

/** The bytes of a row of zeros, or null. */
function zeroRow(
  packing: Packing, binOf: (feature: number, value: number) => number,
): Uint8Array | null {
  const { nColumns, columnOf, defaultBin } = packing
  const bytes = new Uint8Array(nColumns)
  for (let feature = 0; feature < columnOf.length; feature++) {
    const byte = byteOf(packing, feature, binOf(feature, 0))
    if (defaultBin[feature]! < 0) bytes[columnOf[feature]!] = byte
    else if (byte !== 0) return null
  }
  return bytes
}

function byteOf({ defaultBin, base }: Packing, feature: number, bin: number): number {
  const usual = defaultBin[feature]!
  if (usual < 0) return bin
  return bin === usual ? 0 : base[feature]! + (bin < usual ? bin : bin - 1)
}

/** @param row - the bytes of each row */
function fillRows(out: Uint8Array, row: Uint8Array): void {
  const n = row.length
  row.forEach((byte, c) => {
    if (byte === 0) return
    for (let to = c; to < out.length; to += n) out[to] = byte
  })
}
