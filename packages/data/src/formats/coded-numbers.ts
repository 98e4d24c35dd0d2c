/** Numbers that are coded: as plain values, and each distinct one once. */
import type { CodedNumbers, ColumnChunk, ColumnType } from '../reader.js'
import { type ChunkPlace, coerceChunk } from './coerce.js'

/** A chunk with numbers in every row. */
export function withValues(chunk: ColumnChunk | CodedNumbers): ColumnChunk {
  if (!('numbers' in chunk)) return chunk
  const { type, codes, numbers } = chunk
  const values = new Float64Array(codes.length)
  decodeCodes(codes, numbers, values, codes.length)
  return { type, values }
}

/** As `coerceChunk`; numbers stay coded where the type alone changes. */
export function coerceCoded(
  chunk: ColumnChunk | CodedNumbers,
  type: ColumnType | null,
  place: ChunkPlace,
): ColumnChunk | CodedNumbers {
  if (!('numbers' in chunk)) return coerceChunk(chunk, type, place)
  if (type === null || type === chunk.type) return chunk
  if (type === 'float' || type === 'date') return { ...chunk, type }
  return coerceChunk(withValues(chunk), type, place)
}

/** The numbers of n codes; -1 becomes NaN. */
export function decodeCodes(
  codes: Int32Array,
  numbers: Float64Array,
  out: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const code = codes[i]!
    out[i] = code < 0 ? NaN : numbers[code]!
  }
}

/** What occurs in a column of coded numbers. */
export interface OccurringNumbers {
  /**
   * Those in some row, in order of first appearance; NaN in place of missing ones. Some may
   * stand here twice.
   */
  readonly values: Float64Array
  /** The first row that has each of them, ascending. */
  readonly firstRows: Int32Array
  /** Index into `values` by code + 1; -1 for codes that no row has. */
  readonly indexOf: Int32Array
}

/** The numbers that some row has. O(rows + dictionary). */
export function occurringNumbers({ codes, numbers }: CodedNumbers): OccurringNumbers {
  const indexOf = new Int32Array(numbers.length + 1).fill(-1)
  const values: number[] = []
  const firstRows: number[] = []
  for (let row = 0; row < codes.length; row++) {
    const slot = codes[row]! + 1
    if (indexOf[slot]! >= 0) continue
    indexOf[slot] = values.length
    values.push(slot === 0 ? NaN : numbers[slot - 1]!)
    firstRows.push(row)
  }
  return { values: Float64Array.from(values), firstRows: Int32Array.from(firstRows), indexOf }
}
