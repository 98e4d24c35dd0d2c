/** Rows in memory that a predictor takes as they are. */
import type { Columns, Matrix, Model } from '@coppice/model'
import type { MemoryRows } from '../memory-rows.js'
import { featureTypes } from './features.js'

/**
 * Rows that need no looking at: a matrix of floats, or typed arrays by name, for a model whose
 * features all are numbers. Null for all others, and for what does not fit: whoever reads those
 * says why.
 */
export function readyRows(
  rows: MemoryRows, model: Pick<Model, 'features'>,
): Matrix | Columns | null {
  if (Object.values(featureTypes(model)).includes('string')) return null
  if (typeof rows !== 'object' || rows === null || Array.isArray(rows)) return null
  return readyMatrix(rows, model) ?? readyColumns(rows, model)
}

function readyMatrix(rows: object, { features }: Pick<Model, 'features'>): Matrix | null {
  const { data, shape } = rows as { readonly data?: unknown; readonly shape?: unknown }
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return null
  if (!Array.isArray(shape) || shape.length !== 2 || shape[1] !== features.length) return null
  const [nRows] = shape as [unknown]
  if (typeof nRows !== 'number' || !(nRows > 0) || data.length !== nRows * features.length) {
    return null
  }
  // A predictor takes them for columns of those names.
  const names = new Set(features.map(({ name }) => name))
  if (names.has('data') && names.has('shape')) return null
  return { data, shape: [nRows, features.length] }
}

function readyColumns(rows: object, { features }: Pick<Model, 'features'>): Columns | null {
  const columns = Object.values(rows) as unknown[]
  const nRows = isNumbers(columns[0]) ? columns[0].length : 0
  const isTable = nRows > 0 &&
    columns.every((column) => isNumbers(column) && column.length === nRows)
  const hasAll = features.every(({ name }) => Object.hasOwn(rows, name))
  return isTable && hasAll ? rows as Columns : null
}

function isNumbers(column: unknown): column is Float64Array {
  return ArrayBuffer.isView(column) && !(column instanceof DataView) &&
    !(column instanceof BigInt64Array || column instanceof BigUint64Array)
}
