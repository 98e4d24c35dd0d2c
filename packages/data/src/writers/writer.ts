/** What every output format implements, and how the bytes leave. */
import { StringInterner } from '../formats/string-interner.js'
import type { ColumnChunk, ColumnType, NumberChunk, StringChunk } from '../reader.js'

/** Takes the bytes of a file in order. */
export interface ByteSink {
  /** Resolves when more may be written; the bytes must not be changed before. */
  write(bytes: Uint8Array): Promise<void>
}

/** A column of an output file. */
export interface OutputColumn {
  readonly name: string
  readonly type: ColumnType
}

/** Writes a table piece by piece. Chunks must have the types of the columns. */
export interface TableWriter {
  /** Appends rows: one chunk per column, all of the same length. */
  write(chunks: readonly ColumnChunk[]): Promise<void>
  /** Writes what belongs to the end; the writer cannot be used after it. */
  finish(): Promise<void>
}

/** Rows of a chunk. */
export function chunkRows(chunk: ColumnChunk): number {
  return chunk.type === 'string' ? chunk.codes.length : chunk.values.length
}

/** Rows [start, end) of a chunk; numbers are a view, texts share the dictionary. */
export function sliceChunk(chunk: ColumnChunk, start: number, end: number): ColumnChunk {
  if (chunk.type === 'string') return { ...chunk, codes: chunk.codes.subarray(start, end) }
  return { type: chunk.type, values: chunk.values.subarray(start, end) }
}

/** The given rows of a chunk, in their order; texts share the dictionary. */
export function takeRows(chunk: ColumnChunk, rows: Int32Array): ColumnChunk {
  if (chunk.type === 'string') return { ...chunk, codes: rows.map((row) => chunk.codes[row]!) }
  return { type: chunk.type, values: Float64Array.from(rows, (row) => chunk.values[row]!) }
}

/** Chunks of one type, one after the other. */
export function concatChunks(chunks: readonly ColumnChunk[]): ColumnChunk {
  if (chunks.length === 1) return chunks[0]!
  const nRows = chunks.reduce((sum, chunk) => sum + chunkRows(chunk), 0)
  if (chunks[0]!.type === 'string') return concatTexts(chunks as StringChunk[], nRows)
  const values = new Float64Array(nRows)
  let row = 0
  for (const chunk of chunks as NumberChunk[]) {
    values.set(chunk.values, row)
    row += chunk.values.length
  }
  return { type: chunks[0]!.type, values }
}

function concatTexts(chunks: readonly StringChunk[], nRows: number): StringChunk {
  const interner = new StringInterner()
  const codes = new Int32Array(nRows)
  let row = 0
  for (const chunk of chunks) {
    // Only texts that occur enter the dictionary, in order of first appearance.
    const codeOf = new Int32Array(chunk.dictionary.length).fill(-1)
    for (const code of chunk.codes) {
      if (code >= 0 && codeOf[code] === -1) {
        codeOf[code] = interner.internString(chunk.dictionary[code]!)
      }
      codes[row++] = code < 0 ? -1 : codeOf[code]!
    }
  }
  return { type: 'string', codes, dictionary: interner.dictionary }
}

/**
 * Cuts a stream of chunks into groups of exactly `rowsPerGroup` rows (the last may be smaller),
 * so that a file's bytes do not depend on how its rows arrived.
 */
export class RowGrouper {
  readonly #rowsPerGroup: number
  readonly #emit: (chunks: readonly ColumnChunk[], nRows: number) => Promise<void>
  #pending: (readonly ColumnChunk[])[] = []
  #nPending = 0

  constructor(
    rowsPerGroup: number,
    emit: (chunks: readonly ColumnChunk[], nRows: number) => Promise<void>,
  ) {
    this.#rowsPerGroup = rowsPerGroup
    this.#emit = emit
  }

  /** Appends rows: one chunk per column. */
  async write(chunks: readonly ColumnChunk[]): Promise<void> {
    const nRows = chunks.length === 0 ? 0 : chunkRows(chunks[0]!)
    for (let start = 0; start < nRows;) {
      const end = Math.min(nRows, start + this.#rowsPerGroup - this.#nPending)
      this.#pending.push(chunks.map((chunk) => sliceChunk(chunk, start, end)))
      this.#nPending += end - start
      start = end
      if (this.#nPending === this.#rowsPerGroup) await this.flush()
    }
  }

  /** Emits the rows that are left. */
  async flush(): Promise<void> {
    const pending = this.#pending
    const nRows = this.#nPending
    this.#pending = []
    this.#nPending = 0
    if (nRows === 0) return
    const nColumns = pending[0]!.length
    const joined = Array.from({ length: nColumns }, (_, column) =>
      concatChunks(pending.map((chunks) => chunks[column]!)),
    )
    await this.#emit(joined, nRows)
  }
}
