/** The shapes of tables in memory. */
import type { EntryRows, NumberColumn } from '@coppice/engine'
import type { CsrMatrix } from '@coppice/model'
import type { Table } from 'apache-arrow'
import type { Cell } from './cells.js'
import type {
  ColumnChunk, ColumnType, NumberChunk, RowArrays, SampledNumbers, SparseNumbers,
} from './reader.js'

/** What messages call rows in memory; their row numbers count from 0. */
export const memoryName = 'the rows given'

/** Rows of numbers, row-major: a typed array with its shape [rows, columns]. */
export interface Matrix {
  readonly data: ArrayLike<number>
  readonly shape: readonly [number, number]
}

/**
 * What rows may look like: arrays of cells, objects by column name, a typed matrix, a sparse
 * matrix, columns by name, or an Arrow table.
 */
export type MemoryRows =
  | readonly ArrayLike<Cell>[]
  | readonly Readonly<Record<string, Cell>>[]
  | Matrix
  | CsrMatrix
  | Readonly<Record<string, ArrayLike<Cell>>>
  | Table

/** The cell of a row. */
export type CellAt = (row: number) => Cell

/** A table whose columns can be read a range of rows at a time. */
export interface MemoryTable {
  /** Column names; 'Column_0', ... where the rows have none. */
  readonly names: readonly string[]
  readonly hasNames: boolean
  readonly nRows: number
  /** Whether a column holds texts and nothing else: then it is text by the caller's will. */
  isText(index: number): boolean
  /** The cells of a column as they are; null, or absent, where their types are one by nature. */
  cells?(index: number): CellAt | null
  /**
   * Rows [start, end) of a column; with `type` 'float', integers beyond 2^53 are rounded.
   * @param arrays - for the rows; absent: arrays of their own
   */
  column(
    index: number, start: number, end: number, type: ColumnType | null, arrays?: RowArrays,
  ): ColumnChunk
  /**
   * Rows [start, end) of several columns, for a fraction of the time of one after the other; null
   * for those that `column` has to read. Absent where rows are not apart.
   */
  numbers?(wanted: readonly number[], start: number, end: number): (NumberChunk | null)[]
  /** Where zeros are not stored. */
  readonly sparse?: SparseTable
  /** A column of floats as it is, NaN and -0 of any kind included; null where it is not one. */
  floats?(index: number): NumberColumn | null
}

/** A table of numbers whose zeros are not stored. */
export interface SparseTable {
  /** Of all columns. */
  readonly type: 'int' | 'float'
  /** Values that are stored. */
  readonly nStored: number
  /** Where rows end that may be read in one go, from `first` on; at most `nRowsMax` of them. */
  endOfUnit(first: number, nRowsMax: number): number
  /** Rows [start, end) of some columns. Throws CoppiceError 'DATA' naming what cannot be. */
  columns(
    wanted: readonly number[], start: number, end: number,
  ): (NumberChunk | SparseNumbers)[]
  /** Checks rows [start, end) and samples columns: see `PartitionReader.readSample`. */
  sample(
    wanted: readonly number[], start: number, end: number, offsets: Int32Array | null | 'none',
  ): SampledNumbers[]
  /** Rows [start, end) as they are, not checked; the features are places in `wanted`. */
  rows(wanted: readonly number[], start: number, end: number): EntryRows
}
