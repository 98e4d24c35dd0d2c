/** JavaScript values as column chunks. */
import { CoppiceError } from '@coppice/model'
import { joinTypes } from './column-types.js'
import { StringInterner } from './formats/string-interner.js'
import type { ColumnChunk, ColumnType, RowArrays, StringChunk } from './reader.js'
import { ownArrays } from './row-arrays.js'

/**
 * One value. null, undefined, NaN and invalid dates are missing; dates are milliseconds since
 * 1970; bigints must be below 2^53.
 */
export type Cell = number | string | boolean | bigint | Date | null | undefined

/** Whether all cells that are not missing are texts, and there is one. */
export function areTexts(cells: (row: number) => Cell, nRows: number): boolean {
  let hasText = false
  for (let row = 0; row < nRows; row++) {
    const cell = cells(row)
    if (typeof cell === 'string') hasText = true
    else if (cell !== null && cell !== undefined && cell === cell) return false
  }
  return hasText
}

/** Where a column comes from, for messages. */
export interface CellPlace {
  readonly column: string
  /** Row number of the first cell. */
  readonly firstRow: number
}

/**
 * Cells start .. end of a column, with the type that holds them all: numbers among texts become
 * text.
 *
 * Throws CoppiceError 'DATA' naming column and row for other values, for dates among numbers and
 * for bigints beyond 2^53.
 */
export function cellsToChunk(
  cells: (row: number) => Cell,
  nRows: number,
  place: CellPlace,
): ColumnChunk {
  const values = new Float64Array(nRows)
  let type: ColumnType = 'empty'
  for (let row = 0; row < nRows; row++) {
    const cell = cells(row)
    const cellType = typeOfCell(cell, row, place)
    const joined = joinTypes(type, cellType)
    if (joined === null) {
      throw new CoppiceError(
        'DATA',
        `column '${place.column}' mixes dates and numbers (row ${place.firstRow + row}); use one`,
      )
    }
    type = joined
    if (type === 'string') return cellsToTexts(cells, nRows, place)
    values[row] = cellType === 'empty' ? NaN : Number(cell) + 0
  }
  return { type, values }
}

function cellsToTexts(cells: (row: number) => Cell, nRows: number, place: CellPlace): StringChunk {
  const interner = new StringInterner()
  const codes = new Int32Array(nRows)
  for (let row = 0; row < nRows; row++) {
    const cell = cells(row)
    const isMissing = typeOfCell(cell, row, place) === 'empty'
    const text = cell instanceof Date && !isMissing ? cell.toISOString() : String(cell)
    codes[row] = isMissing ? -1 : interner.internString(text)
  }
  return { type: 'string', codes, dictionary: interner.dictionary }
}

function typeOfCell(cell: Cell, row: number, place: CellPlace): ColumnType {
  switch (typeof cell) {
    case 'number':
      if (cell !== cell) return 'empty'
      return Number.isInteger(cell) ? 'int' : 'float'
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'undefined':
      return 'empty'
    case 'bigint':
      if (BigInt.asIntN(54, cell) === cell) return 'int'
      throw unusable(`the bigint ${cell}, which a double cannot hold exactly`, row, place)
    case 'object':
      if (cell === null) return 'empty'
      if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? 'empty' : 'date'
      break
    default:
      break
  }
  throw unusable(`a value of type ${typeof cell}`, row, place)
}

function unusable(what: string, row: number, { column, firstRow }: CellPlace): CoppiceError {
  return new CoppiceError(
    'DATA',
    `column '${column}' has ${what} in row ${firstRow + row}; values must be numbers, texts, ` +
      `booleans, dates or null`,
  )
}

/** A typed array (without bigints) as a chunk: floats are 'float', the others 'int'. */
export function typedArrayToChunk(
  values: ArrayLike<number>, arrays: RowArrays = ownArrays,
): ColumnChunk {
  const isFloat = values instanceof Float64Array || values instanceof Float32Array
  const out = arrays.doubles(values.length)
  out.set(values)
  if (isFloat) makeCanonical(out)
  return { type: isFloat ? 'float' : 'int', values: out }
}

/** NaN becomes the canonical one, -0 becomes 0. */
function makeCanonical(values: Float64Array): void {
  const n = values.length
  for (let i = 0; i < n; i++) {
    const value = values[i]!
    if (value !== value) values[i] = NaN
    else values[i] = value + 0
  }
}
