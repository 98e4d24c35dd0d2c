import type { Cell } from '@coppice/data'
import { CoppiceError } from '@coppice/model'
import type { Dataset } from '../data/dataset.js'

/** An array with a value per row, or the name of a column. */
export type ColumnOrValues = string | ArrayLike<Cell>

/**
 * One number per row: numbers as they are, all else by first appearance.
 *
 * @param source - an array, or the name of a column, which is read
 * @param nRows - null where it is not known
 * @param isOrdered - only numbers and dates will do
 * @throws CoppiceError 'DATA' for missing values and another number of rows; 'IO'
 */
export async function rowValues(
  dataset: Dataset, source: ColumnOrValues, nRows: number | null, what: string, isOrdered = false,
): Promise<Float64Array> {
  const { values, isNumber } = typeof source === 'string'
    ? await readColumn(dataset, source, what) : encode(source, what)
  if (isOrdered && !isNumber) {
    throw new CoppiceError('DATA', `${what} must be numbers or dates: texts have no order here`)
  }
  if (nRows === null || values.length === nRows) return values
  throw new CoppiceError('DATA',
    `${what} has ${values.length} values for ${nRows} rows; give one ` +
    'per row')
}

interface RowValues {
  readonly values: Float64Array
  readonly isNumber: boolean
}

/** A column as numbers; texts by first appearance. */
async function readColumn(dataset: Dataset, name: string, what: string): Promise<RowValues> {
  const rows = await dataset.source.open()
  try {
    const parts: Float64Array[] = []
    const codeOf = new Map<string, number>()
    let isText: boolean | null = null
    for await (const { columns: [chunk] } of rows.batches([name], {})) {
      if (isText !== null && isText !== (chunk!.type === 'string')) {
        throw new CoppiceError('DATA',
          `column '${name}' (${what}) has texts and numbers; give it ` +
          'a type in the schema of the Dataset')
      }
      isText = chunk!.type === 'string'
      parts.push(chunk!.type === 'string'
        ? Float64Array.from(chunk!.codes, (code) =>
          code < 0 ? NaN : codeIn(codeOf, chunk!.type === 'string' ? chunk!.dictionary[code]! : ''))
        : chunk!.values)
    }
    const values = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      values.set(part, at)
      at += part.length
    }
    requireAll(values, `${what} (column '${name}')`)
    return { values, isNumber: isText !== true }
  } finally {
    await rows.close()
  }
}

function encode(cells: ArrayLike<Cell>, what: string): RowValues {
  const codeOf = new Map<Cell, number>()
  const isNumber = (cell: Cell): boolean => typeof cell === 'number' || cell instanceof Date
  const areNumbers = ArrayBuffer.isView(cells) || Array.from(cells).every(isNumber)
  const values = Float64Array.from({ length: cells.length }, (_, row) => {
    const cell = cells[row]!
    if (areNumbers) return Number(cell)
    return cell === null || cell === undefined ? NaN : codeIn(codeOf, cell)
  })
  requireAll(values, what)
  return { values, isNumber: areNumbers }
}

function codeIn<K>(codeOf: Map<K, number>, key: K): number {
  const known = codeOf.get(key)
  if (known !== undefined) return known
  codeOf.set(key, codeOf.size)
  return codeOf.size - 1
}

function requireAll(values: Float64Array, what: string): void {
  const bad = values.findIndex((value) => Number.isNaN(value))
  if (bad < 0) return
  throw new CoppiceError('DATA', `${what} is missing in row ${bad} (the first is row 0); every ` +
    'row needs a value')
}
