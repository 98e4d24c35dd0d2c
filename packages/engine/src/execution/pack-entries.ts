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
 * O(entries + rows x columns without a bundle) in time.
 *
 * @param binOf - the bin of a value; asked again only where a feature's value is another than the
 *   last one
 * @param allocate - gives zeroed bytes for the packed rows
 * @returns null where that packing does not fit: 0 is not the default of a feature that shares its
 *   byte, or two that share a byte are off their defaults in one row
 */
export function packEntries(
  packing: Packing, { nRows, starts, columns, values, featureOf }: EntryRows,
  binOf: (feature: number, value: number) => number,
  allocate: (nBytes: number) => Uint8Array,
): Uint8Array | null {
  const { nColumns, columnOf, defaultBin } = packing
  const start = zeroRow(packing, binOf)
  if (start === null) return null
  const bins = allocate(nRows * nColumns)
  fillRows(bins, start)
  const last = new Float64Array(columnOf.length).fill(NaN)
  const bytes = new Uint8Array(columnOf.length)
  for (let row = 0, at = 0; row < nRows; row++, at += nColumns) {
    const end = starts[row + 1]!
    for (let i = starts[row]!; i < end; i++) {
      const feature = featureOf[columns[i]!]!
      if (feature < 0) continue
      const value = values[i]!
      if (value !== last[feature]) {
        last[feature] = value
        bytes[feature] = byteOf(packing, feature, binOf(feature, value))
      }
      const byte = bytes[feature]!
      const to = at + columnOf[feature]!
      if (defaultBin[feature]! >= 0) {
        if (byte === 0) continue
        if (bins[to] !== 0) return null
      }
      bins[to] = byte
    }
  }
  return bins
}

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
