/** Tables in memory, in all the shapes that users have them, as columns that can be read. */
import type { Table } from 'apache-arrow'
import { checkMatrixKeys, CoppiceError, isCsr } from '@coppice/model'
import { areTexts, type Cell, cellsToChunk, typedArrayToChunk } from './cells.js'
import { csrTable } from './memory-csr.js'
import { numberColumns } from './memory-numbers.js'
import type { CellAt, Matrix, MemoryRows, MemoryTable } from './memory-rows.js'
import type { ColumnChunk, RowArrays } from './reader.js'
import { ownArrays } from './row-arrays.js'

/**
 * Looks at rows in memory. Nothing is copied yet.
 *
 * Throws CoppiceError 'DATA' naming row or column for ragged and misshapen tables.
 */
export async function asMemoryTable(rows: MemoryRows): Promise<MemoryTable> {
  if (isArrowTable(rows)) return (await import('./memory-arrow.js')).arrowTable(rows)
  if (Array.isArray(rows)) {
    const first: unknown = rows[0]
    if (first === undefined) return columnsTable({})
    if (isArrayLike(first)) return arraysTable(rows as readonly ArrayLike<Cell>[])
    return objectsTable(rows as readonly Readonly<Record<string, Cell>>[])
  }
  if (typeof rows !== 'object' || rows === null || ArrayBuffer.isView(rows)) {
    const got = ArrayBuffer.isView(rows) ? 'a typed array: wrap it as {data, shape}' : typeof rows
    throw new CoppiceError(
      'DATA',
      'rows must be an array of rows, a matrix {data, shape}, a sparse one {data, indices, ' +
        `indptr, shape}, an object of columns or an Arrow table, got ${got}`,
    )
  }
  if (isCsr(rows)) return csrTable(rows)
  if (isMatrix(rows)) {
    checkMatrixKeys(rows)
    return matrixTable(rows)
  }
  return columnsTable(rows as Readonly<Record<string, ArrayLike<Cell>>>)
}

function isArrowTable(rows: unknown): rows is Table {
  const table = rows as { schema?: { fields?: unknown }; batches?: unknown } | null
  return Array.isArray(table?.schema?.fields) && Array.isArray(table.batches)
}

function isMatrix(rows: object): rows is Matrix {
  const { data, shape } = rows as { data?: unknown; shape?: unknown }
  return Array.isArray(shape) && isArrayLike(data) && typeof shape[0] === 'number'
}

function isArrayLike(value: unknown): value is ArrayLike<Cell> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function defaultNames(nColumns: number): string[] {
  return Array.from({ length: nColumns }, (_, i) => `Column_${i}`)
}

function arraysTable(rows: readonly ArrayLike<Cell>[]): MemoryTable {
  const nColumns = rows[0]!.length
  for (const [row, cells] of rows.entries()) {
    if (isArrayLike(cells) && cells.length === nColumns) continue
    throw new CoppiceError(
      'DATA',
      `row ${row} has ${isArrayLike(cells) ? cells.length : 'no'} values but row 0 has ` +
        `${nColumns}; all rows must be of one length`,
    )
  }
  const names = defaultNames(nColumns)
  const cells = (index: number): CellAt => (row) => rows[row]![index]
  return {
    names,
    hasNames: false,
    nRows: rows.length,
    cells,
    isText: (index) => areTexts(cells(index), rows.length),
    numbers: (wanted, start, end) => numberColumns(rows, wanted, start, end),
    column: (index, start, end) =>
      cellsToChunk((row) => rows[start + row]![index], end - start, {
        column: names[index]!,
        firstRow: start,
      }),
  }
}

function objectsTable(rows: readonly Readonly<Record<string, Cell>>[]): MemoryTable {
  const names = Object.keys(rows[0]!)
  const known = new Set(names)
  for (const [row, cells] of rows.entries()) {
    const keys = typeof cells === 'object' && cells !== null ? Object.keys(cells) : null
    if (keys !== null && areSame(keys, names)) continue
    const extra = keys?.find((key) => !known.has(key))
    if (keys !== null && extra === undefined) continue
    const what = keys === null ? 'is not an object' : `has '${extra}', which row 0 has not`
    throw new CoppiceError('DATA', `row ${row} ${what}; all rows must have the same columns`)
  }
  const cells = (index: number): CellAt => {
    const name = names[index]!
    return (row) => rows[row]![name]
  }
  return {
    names,
    hasNames: true,
    nRows: rows.length,
    cells,
    isText: (index) => areTexts(cells(index), rows.length),
    numbers: (wanted, start, end) =>
      numberColumns(rows, wanted.map((index) => names[index]!), start, end),
    column: (index, start, end) =>
      cellsToChunk((row) => rows[start + row]![names[index]!], end - start, {
        column: names[index]!,
        firstRow: start,
      }),
  }
}

function areSame(keys: readonly string[], others: readonly string[]): boolean {
  if (keys.length !== others.length) return false
  for (let i = 0; i < keys.length; i++) if (keys[i] !== others[i]) return false
  return true
}

function matrixTable({ data, shape }: Matrix): MemoryTable {
  const [nRows, nColumns] = shape
  const isValid =
    Number.isInteger(nRows) && Number.isInteger(nColumns) && nRows >= 0 && nColumns >= 0
  if (!isValid || shape.length !== 2 || data.length !== nRows * nColumns) {
    throw new CoppiceError(
      'DATA',
      `a matrix of shape [${shape.join(', ')}] must have rows x columns values, got ` +
        `${data.length}; correct the shape`,
    )
  }
  const isTyped = ArrayBuffer.isView(data)
  const isFloat = data instanceof Float64Array || data instanceof Float32Array
  const names = defaultNames(nColumns)
  return {
    names,
    hasNames: false,
    nRows,
    ...(isFloat ? {
      floats: (start: number) => ({ data, start, stride: nColumns }),
    } : {}),
    cells: (index) => isTyped ? null : (row) => data[row * nColumns + index],
    isText: (index) => !isTyped && areTexts((row) => data[row * nColumns + index], nRows),
    column(index, start, end, _type, arrays = ownArrays) {
      if (!isTyped) {
        const cells = (row: number) => data[(start + row) * nColumns + index]
        return cellsToChunk(cells, end - start, { column: names[index]!, firstRow: start })
      }
      const values = arrays.doubles(end - start)
      if (isFloat) takeFloats(data.subarray(start * nColumns), index, nColumns, values)
      else {
        for (let row = 0; row < values.length; row++) {
          values[row] = Number(data[(start + row) * nColumns + index]) + 0
        }
      }
      return { type: isFloat ? 'float' : 'int', values }
    },
  }
}

/** NaN becomes the canonical one, -0 becomes 0. */
function takeFloats(
  data: Float32Array | Float64Array, index: number, nColumns: number, values: Float64Array,
): void {
  const nRows = values.length
  for (let row = 0, at = index; row < nRows; row++, at += nColumns) {
    const value = data[at]!
    if (value !== value) values[row] = NaN
    else values[row] = value + 0
  }
}

function columnsTable(columns: Readonly<Record<string, ArrayLike<Cell>>>): MemoryTable {
  const names = Object.keys(columns)
  const nRows = names.length === 0 ? 0 : (columns[names[0]!]?.length ?? 0)
  for (const name of names) {
    const column: unknown = columns[name]
    if (!isArrayLike(column)) {
      throw new CoppiceError('DATA', `an object of columns must have an array for each, but ` +
        `'${name}' is ${column === null ? 'null' : `a ${typeof column}`}; put a row into an ` +
        'array: [row]')
    }
    if (column.length !== nRows) {
      throw new CoppiceError('DATA', `column '${name}' must be an array of ${nRows} values like ` +
        `'${names[0]}', got ${column.length} values`)
    }
  }
  const cells = (index: number): CellAt => {
    const column = columns[names[index]!]!
    return (row) => column[row]
  }
  return {
    names,
    hasNames: true,
    nRows,
    cells: (index) => ArrayBuffer.isView(columns[names[index]!]) ? null : cells(index),
    isText: (index) => areTexts(cells(index), nRows),
    floats(index) {
      const data = columns[names[index]!]!
      return data instanceof Float64Array || data instanceof Float32Array
        ? { data, start: 0, stride: 1 } : null
    },
    column(index, start, end, _type, arrays) {
      return sliceCells(columns[names[index]!]!, start, end, names[index]!, arrays)
    },
  }
}

/** Rows [start, end) of an array of cells; typed arrays take a shorter way. */
export function sliceCells(
  cells: ArrayLike<Cell>,
  start: number,
  end: number,
  column: string,
  arrays?: RowArrays,
): ColumnChunk {
  const isTyped = ArrayBuffer.isView(cells)
  if (isTyped && !(cells instanceof BigInt64Array || cells instanceof BigUint64Array)) {
    return typedArrayToChunk((cells as Float64Array).subarray(start, end), arrays)
  }
  return cellsToChunk((row) => cells[start + row], end - start, { column, firstRow: start })
}
