/** Columns as files hold them: as plain values, and as other types. */
import { isTime } from '../column-types.js'
import type { ColumnChunk, ColumnType, SparseNumbers, StoredColumn } from '../reader.js'
import { type ChunkPlace, coerceChunk } from './coerce.js'
import { decodeCodes } from './coded-numbers.js'

/** A chunk with a value in every row. */
export function withValues(chunk: StoredColumn): ColumnChunk {
  if ('numbers' in chunk) {
    const { type, codes, numbers } = chunk
    const values = new Float64Array(codes.length)
    decodeCodes(codes, numbers, values, codes.length)
    return { type, values }
  }
  if (!('stored' in chunk)) return chunk
  const { type, nRows, rows, stored } = chunk
  const values = new Float64Array(nRows)
  for (let i = 0; i < rows.length; i++) values[rows[i]!] = stored[i]!
  return { type, values }
}

/** As `coerceChunk`; numbers stay as they are stored where that is enough. */
export function coerceStored(
  chunk: StoredColumn,
  type: ColumnType | null,
  place: ChunkPlace,
): StoredColumn {
  if (!('numbers' in chunk) && !('stored' in chunk)) return coerceChunk(chunk, type, place)
  if (type === null || type === chunk.type) return chunk
  if (type === 'float' || isTime(type)) return { ...chunk, type }
  return 'stored' in chunk && (type === 'int' || type === 'bool') && allFit(chunk, type)
    ? { ...chunk, type }
    : coerceChunk(withValues(chunk), type, place)
}

/** Whether all numbers are of a type that 0 is of. */
function allFit({ stored }: SparseNumbers, type: 'int' | 'bool'): boolean {
  return stored.every((value) =>
    value !== value || (type === 'int' ? Number.isInteger(value) : value === 0 || value === 1))
}
