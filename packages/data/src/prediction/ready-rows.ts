/** Rows in memory that a predictor takes as they are, or that are soon made so. */
import {
  checkMatrixKeys, type Columns, type CsrMatrix, isCsr, type Matrix, type Model,
} from '@coppice/model'
import type { MemoryRows } from '../memory-rows.js'
import { featureTypes } from './features.js'

type Features = Pick<Model, 'features'>

/**
 * Rows that need no looking at by column: a matrix of floats, a sparse one, typed arrays by name,
 * or rows of numbers, for a model whose features all are numbers. Null for all others, and for what
 * does not fit: whoever reads those says why. The numbers are those that are read by column.
 */
export function readyRows(
  rows: MemoryRows, model: Features,
): Matrix | CsrMatrix | Columns | null {
  if (Object.values(featureTypes(model)).includes('string')) return null
  if (typeof rows !== 'object' || rows === null) return null
  // Before all else: its data may be as long as those of a dense one.
  if (isCsr(rows)) {
    return rows.shape[1] === model.features.length && !hasDataAndShape(model) ? rows : null
  }
  if (!Array.isArray(rows)) return readyMatrix(rows, model) ?? readyColumns(rows, model)
  const all = rows as readonly unknown[]
  // A predictor takes a matrix for columns of those names.
  if (all.length === 0 || hasDataAndShape(model)) return null
  return isArrayLike(all[0]) ? matrixOfArrays(all, model) : matrixOfObjects(all, model)
}

function readyMatrix(rows: object, model: Features): Matrix | null {
  const { data, shape } = rows as { readonly data?: unknown; readonly shape?: unknown }
  const nFeatures = model.features.length
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return null
  if (!Array.isArray(shape) || shape.length !== 2 || shape[1] !== nFeatures) return null
  const [nRows] = shape as [unknown]
  const fits = typeof nRows === 'number' && nRows > 0 && data.length === nRows * nFeatures
  if (!fits || hasDataAndShape(model)) return null
  checkMatrixKeys(rows)
  return { data, shape: [nRows, nFeatures] }
}

function hasDataAndShape({ features }: Features): boolean {
  const names = new Set(features.map(({ name }) => name))
  return names.has('data') && names.has('shape')
}

function readyColumns(rows: object, { features }: Features): Columns | null {
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

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function matrixOfArrays(rows: readonly unknown[], { features }: Features): Matrix | null {
  const nFeatures = features.length
  const data = new Float64Array(rows.length * nFeatures)
  let at = 0
  for (const row of rows) {
    if (!isArrayLike(row) || row.length !== nFeatures) return null
    for (let f = 0; f < nFeatures; f++) {
      const cell = row[f]
      if (typeof cell === 'number') data[at++] = cell
      else if (cell === null || cell === undefined) data[at++] = NaN
      else return null
    }
  }
  return { data, shape: [rows.length, nFeatures] }
}

/** Objects that have the same keys in the same order. */
function matrixOfObjects(rows: readonly unknown[], { features }: Features): Matrix | null {
  const [first] = rows
  if (typeof first !== 'object' || first === null) return null
  const keys = Object.keys(first)
  const featureOf = new Map(features.map(({ name }, f) => [name, f]))
  const places = Int32Array.from(keys, (key) => featureOf.get(key) ?? -1)
  const nFeatures = features.length
  if (places.filter((f) => f >= 0).length !== nFeatures) return null
  const data = new Float64Array(rows.length * nFeatures)
  let at = 0
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || isArrayLike(row)) return null
    if (!readObject(row as Readonly<Record<string, unknown>>, keys, places, data, at)) return null
    at += nFeatures
  }
  return { data, shape: [rows.length, nFeatures] }
}

/** Writes the features of a row to data[at ...]. Returns whether they all are numbers. */
function readObject(
  row: Readonly<Record<string, unknown>>, keys: readonly string[], places: Int32Array,
  data: Float64Array, at: number,
): boolean {
  let i = 0
  // Keys and values of objects of one shape are read in this way without looking any up.
  for (const key in row) {
    if (key !== keys[i]) return false
    const f = places[i++]!
    if (f < 0) continue
    const cell = row[key]
    if (typeof cell === 'number') data[at + f] = cell
    else if (cell === null || cell === undefined) data[at + f] = NaN
    else return false
  }
  return i === keys.length
}
