/**
 * The file form of sparse rows, in which rows in memory travel to a cluster: little-endian,
 *
 *     magic (8 bytes)   length of the header (u32)   header (JSON)   units, one after the other
 *
 *     unit:  nColumns (u32)   nEntries (u32)   bytes of a row (u32)
 *            nColumns x u32   columns that have entries, ascending
 *            nColumns x u32   how many each has
 *            nColumns x u8    kind of the values of each
 *            nEntries x u16 or u32   rows within the unit, ascending in each column
 *            values by column: of all entries, or one that all have
 *            plain columns: rows x f64; or, of texts, length of the dictionary in bytes (u32),
 *            the dictionary (JSON), rows x i32
 *
 * What has no entry is 0. Widths are the smallest that hold all of a column exactly.
 */
import type { ColumnType, NumberChunk } from '../reader.js'

/** 'CPSPARSE'. */
export const CSR_MAGIC: readonly number[] = [0x43, 0x50, 0x53, 0x50, 0x41, 0x52, 0x53, 0x45]
/** Of magic and length of the header. */
export const PREFIX_BYTES = 12
/** Of the numbers that begin a unit. */
export const UNIT_HEAD_BYTES = 12
export const VERSION = 1

/** A column with a value in every row. */
export interface PlainColumn {
  /** Among all columns. */
  readonly index: number
  readonly type: ColumnType
}

/** The header. */
export interface CsrHeader {
  readonly version: number
  readonly nColumns: number
  /** Of all columns; null for Column_0, Column_1, ... */
  readonly names: readonly string[] | null
  /** Of the columns that are not plain. */
  readonly type: NumberChunk['type']
  /** By ascending index. */
  readonly plain: readonly PlainColumn[]
  readonly units: readonly { readonly nRows: number, readonly nBytes: number }[]
}

type ValueArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Int32Array | Float32Array |
  Float64Array

/** How values are stored; the index is the kind. The narrowest come first. */
export const valueKinds: readonly {
  readonly make: (length: number) => ValueArray
  readonly view: (buffer: ArrayBuffer) => ValueArray
  readonly nBytes: number
  /** Integers from `min` to `max`; null for floats. */
  readonly range: readonly [min: number, max: number] | null
}[] = [
  kindOf(Uint8Array, [0, 0xff]),
  kindOf(Int8Array, [-0x80, 0x7f]),
  kindOf(Uint16Array, [0, 0xffff]),
  kindOf(Int16Array, [-0x8000, 0x7fff]),
  kindOf(Int32Array, [-0x8000_0000, 0x7fff_ffff]),
  kindOf(Float32Array, null),
  kindOf(Float64Array, null),
]

function kindOf(
  Values: {
    new (length: number): ValueArray
    new (buffer: ArrayBuffer): ValueArray
    readonly BYTES_PER_ELEMENT: number
  },
  range: readonly [number, number] | null,
) {
  return {
    make: (length: number) => new Values(length),
    view: (buffer: ArrayBuffer) => new Values(buffer),
    nBytes: Values.BYTES_PER_ELEMENT,
    range,
  }
}

/** Added to the kind where one value stands for all entries. */
export const SAME_VALUE = 0x80
