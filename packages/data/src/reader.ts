/**
 * What every file format implements: a plan (cheap, before any row is decoded) and reads of one
 * unit at a time. The contract suite in test/reader-contract.ts runs over all of them.
 */

import type { EntryRows, NumberColumn, SampledValues } from '@coppice/engine'

/** Bytes that can be read in any order: a file, a buffer, an HTTP resource. */
export interface ByteSource {
  /** For error messages: the path or URL the user gave. */
  readonly name: string
  readonly byteLength: number
  /** Bytes [start, end). Rejects with a CoppiceError 'IO' when they cannot be read. */
  slice(start: number, end: number): Promise<Uint8Array>
  /**
   * Says which ranges will be read next, where requests are dear: they are fetched together and
   * held until the next call. Reads of other ranges remain legal. Absent where it would not help.
   */
  prefetch?(ranges: readonly (readonly [start: number, end: number])[]): Promise<void>
}

/**
 * The type of a column, joined over all rows of all partitions:
 * empty < bool < int < float, empty < date, empty < duration; anything joined with string is
 * string; dates, durations and numbers joined are an error that names the column and both
 * partitions.
 */
export type ColumnType = 'empty' | 'bool' | 'int' | 'float' | 'date' | 'duration' | 'string'

/** Decoded values of one column over the rows of one unit. */
export type ColumnChunk = NumberChunk | StringChunk

export interface NumberChunk {
  readonly type: 'empty' | 'bool' | 'int' | 'float' | 'date' | 'duration'
  /**
   * One value per row. Missing is the canonical NaN, -0 is +0, dates are ms since 1970, durations
   * ms.
   */
  readonly values: Float64Array
}

export interface StringChunk {
  readonly type: 'string'
  /** One index into `dictionary` per row; -1 is missing. */
  readonly codes: Int32Array
  /** The distinct strings of this chunk, in order of first appearance. */
  readonly dictionary: readonly string[]
}

/** Gives arrays for the rows of a unit; what they hold at first is undefined. */
export interface RowArrays {
  doubles(length: number): Float64Array
  ints(length: number): Int32Array
}

/** Numbers as some files hold them: each distinct one once, and where it is in every row. */
export interface CodedNumbers {
  readonly type: NumberChunk['type']
  /** One index into `numbers` per row; -1 is missing. */
  readonly codes: Int32Array
  /** As in a NumberChunk, NaN included; some may be in no row, or stand here twice. */
  readonly numbers: Float64Array
}

/**
 * Numbers of which most are 0, without those. Only where rows are not stored is a number 0 by
 * being absent; one that is stored may be 0 too.
 */
export interface SparseNumbers {
  readonly type: NumberChunk['type']
  readonly nRows: number
  /** Ascending, each below nRows. */
  readonly rows: Int32Array
  /** Of each of `rows`, as in a NumberChunk. */
  readonly stored: Float64Array
}

/** What the first pass needs to know of numbers that are not made a column. */
export interface SampledNumbers {
  readonly type: NumberChunk['type']
  /**
   * Of the rows that were asked for; null where none were, and where the bins of the column are
   * found later (SurveyInputs.findBins).
   */
  readonly sampled: SampledValues | null
}

/** A column as its file holds it. */
export type StoredColumn = ColumnChunk | CodedNumbers | SparseNumbers

/** The smallest range of rows that can be read by itself: a row group, a batch, a text chunk. */
export interface Unit {
  readonly index: number
  /** First row, relative to the partition. */
  readonly firstRow: number
  readonly nRows: number
  /** Byte range for text formats; [0, 0] where the format finds its own bytes. */
  readonly start: number
  readonly end: number
}

/** All that is known of a partition before decoding. Plain data: crosses threads by copy. */
export interface PartitionPlan {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType | null }[]
  readonly nRows: number
  readonly units: readonly Unit[]
  /** Whatever else the format's `read` wants back (structured-cloneable). */
  readonly detail: unknown
}

/** 'csr' is the form in which sparse rows in memory travel, see `formats/csr-layout.ts`. */
export type Format = 'parquet' | 'arrow' | 'csv' | 'tsv' | 'libsvm' | 'npy' | 'csr'

/** Options of the text formats. */
export interface TextOptions {
  /** First line holds column names. 'auto': true when no field of it parses as a number. */
  readonly header: boolean | 'auto'
  /**
   * Fields that mean missing, compared after trimming; default '', 'NA', 'N/A', 'NaN', 'nan',
   * 'null', 'NULL', 'None', '?'.
   */
  readonly missingValues: readonly string[]
  /** Names of the columns of CSV and TSV without a header; absent: all by their place. */
  readonly unnamed?: UnnamedColumns | undefined
}

/**
 * LightGBM's names of columns without a header: the label is `label`, the others are `Column_0`,
 * `Column_1`, ... by their place without it, as in LibSVM.
 */
export interface UnnamedColumns {
  /** Place of the label, from 0. */
  readonly label: number
  /** Files of so many columns have no label at all; null: every file has one. */
  readonly unlessColumns: number | null
}

/** Rows of columns of floats, as they are in memory. */
export interface FloatRows {
  readonly columns: readonly NumberColumn[]
  /** Of the columns. */
  readonly firstRow: number
}

export interface PartitionReader {
  readonly format: Format
  /**
   * Column names, row count and units. Text formats count rows here, in one streaming pass.
   * A null column type means that only decoding tells.
   */
  plan(source: ByteSource, options: TextOptions): Promise<PartitionPlan>
  /**
   * Decodes the wanted columns (indices into plan.columns, in this order) of one unit.
   * @param types - forced types, per wanted column: 'string' keeps text as text, a number type
   *   turns a field that does not parse into an error naming file, line and column; null infers.
   */
  read(
    source: ByteSource,
    plan: PartitionPlan,
    unit: Unit,
    columns: readonly number[],
    types: readonly (ColumnType | null)[],
    options: TextOptions,
  ): Promise<ColumnChunk[]>
  /**
   * As `read`, where less work will do: numbers may come as the file holds them, coded or without
   * zeros, and rows may go to arrays of the caller's. Absent where neither helps.
   */
  readStored?(
    ...request: [...Parameters<PartitionReader['read']>, arrays: RowArrays]
  ): Promise<StoredColumn[]>
  /**
   * Checks a unit and samples columns of it, without making any. Only where rows are at hand: in
   * order and without their zeros, or in a matrix.
   *
   * @param offsets - gives the rows to sample, null for all; 'none' to check only
   * @returns null for columns that have to be read: they are of another type, or hold all values
   */
  readSample?(
    plan: PartitionPlan,
    unit: Unit,
    columns: readonly number[],
    types: readonly (ColumnType | null)[],
    offsets: () => Int32Array | null | 'none',
  ): (SampledNumbers | null)[]
  /** The line of the file, from 1, in which a row of a unit begins. Only of text. */
  lineOf?(source: ByteSource, plan: PartitionPlan, unit: Unit, row: number): Promise<number>
  /** Rows of a unit as they are, where all wanted columns are floats in memory. */
  readFloats?(
    plan: PartitionPlan,
    unit: Unit,
    columns: readonly number[],
    types: readonly (ColumnType | null)[],
  ): FloatRows | null
  /** The rows of a unit that `readSample` has checked, where it would have sampled all columns. */
  readRows?(
    plan: PartitionPlan,
    unit: Unit,
    columns: readonly number[],
    types: readonly (ColumnType | null)[],
  ): EntryRows | null
}
