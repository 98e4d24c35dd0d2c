/** What rows may look like, and how they become numbers. */

import type { Feature, Model } from '../types.js'
import { CoppiceError } from '../errors.js'
import { describe, describeList } from '../text.js'

/**
 * One value. null, undefined and NaN are missing; booleans are 0 and 1, dates are milliseconds
 * since 1970, bigints are rounded to doubles.
 */
export type Cell = number | string | boolean | bigint | Date | null | undefined

/** One row: values in the order of the model's features, or by feature name. */
export type Row = ArrayLike<Cell> | Readonly<Record<string, Cell>>

/** Rows of numbers, row-major; the second dimension is the model's number of features. */
export interface Matrix {
  readonly data: Float64Array | Float32Array
  /** [rows, features]. */
  readonly shape: readonly [number, number]
}

/** Columns by feature name, all of one length. */
export type Columns = Readonly<Record<string, ArrayLike<Cell>>>

/**
 * Rows for a predictor: a matrix, an array of rows, or columns.
 *
 * Where names are given, all features of the model must be there; other names are ignored. An
 * object with `data` and `shape` is a matrix, unless the model has features of both names.
 */
export type PredictInput = Matrix | readonly Row[] | Columns

/** Rows that can be read as encoded numbers, some at a time. */
export interface RowSource {
  readonly nRows: number
  /** Writes rows [first, first + count) to the start of `out`, row-major. */
  fill(first: number, count: number, out: Float64Array): void
  /**
   * The same rows as they are had most cheaply.
   * @param scratch - rows x features, where what has to be made goes
   */
  pack(first: number, count: number, scratch: Float64Array): PackedRows
}

/** Encoded rows; float32 values stand for the same doubles. */
export interface PackedRows {
  /** Rows x features or, by column, features x rows; maybe a view. */
  readonly values: Float64Array | Float32Array
  readonly nFeatures: number
  readonly isByColumn: boolean
}

type Fill = RowSource['fill']

/** `pack` of what `fill` gives. */
function packFilled(fill: Fill, nFeatures: number): RowSource['pack'] {
  return (first, count, scratch) => {
    fill(first, count, scratch)
    return { values: scratch.subarray(0, count * nFeatures), nFeatures, isByColumn: false }
  }
}

/** `pack` of row-major numbers: a view. */
function packView(data: Float64Array | Float32Array, nFeatures: number): RowSource['pack'] {
  return (first, count) => ({
    values: data.subarray(first * nFeatures, (first + count) * nFeatures),
    nFeatures, isByColumn: false,
  })
}

/** Turns values into numbers: categories into codes, missing and unseen values into NaN. */
export class RowEncoder {
  readonly #features: readonly Feature[]
  /** Per feature: code by category; null where the feature is numeric. */
  readonly #codes: readonly (ReadonlyMap<string | number, number> | null)[]
  readonly #hasDataAndShape: boolean

  constructor(model: Pick<Model, 'features'>) {
    this.#features = model.features
    this.#codes = model.features.map((feature) => feature.kind === 'numeric' ? null
      : new Map<string | number, number>(feature.categories.map((value, code) => [value, code])))
    const names = new Set(model.features.map((feature) => feature.name))
    this.#hasDataAndShape = names.has('data') && names.has('shape')
  }

  /**
   * @throws CoppiceError 'DATA' when shape or names do not fit the model; single values are
   *   checked by `fill`
   */
  source(input: PredictInput): RowSource {
    if (Array.isArray(input)) return this.#rowsSource(input)
    if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) {
      throw new CoppiceError('DATA',
        'rows must be a matrix {data, shape}, an array of rows or an object of columns, got ' +
        (ArrayBuffer.isView(input) ? 'a typed array; wrap it as {data, shape}' : describe(input)))
    }
    if (!this.#hasDataAndShape && isMatrix(input)) return this.#matrixSource(input)
    return this.#columnsSource(input as Columns)
  }

  /** Writes one row to out[offset ...]; `row` is its number for messages. */
  encodeRow(values: Row, row: number, out: Float64Array, offset: number): void {
    const features = this.#features
    if (Array.isArray(values) || ArrayBuffer.isView(values)) {
      const cells = values as ArrayLike<Cell>
      if (cells.length !== features.length) {
        throw new CoppiceError('DATA',
          `row ${row} must have ${features.length} values, one per feature, got ${cells.length}`)
      }
      for (let f = 0; f < features.length; f++) out[offset + f] = this.#encode(cells[f], f, row)
      return
    }
    if (typeof values !== 'object' || values === null) {
      throw new CoppiceError('DATA',
        `row ${row} must be an array or an object, got ${describe(values)}; ` +
        'for a single row use predictRow')
    }
    const cells = values as Readonly<Record<string, Cell>>
    for (let f = 0; f < features.length; f++) {
      const { name } = features[f]!
      if (!Object.hasOwn(cells, name)) throw this.#absent(`row ${row}`, cells)
      out[offset + f] = this.#encode(cells[name], f, row)
    }
  }

  #encode(cell: Cell, f: number, row: number): number {
    const codes = this.#codes[f]!
    if (codes === null) {
      if (typeof cell === 'number') return cell
      if (cell === null || cell === undefined) return NaN
      if (typeof cell === 'boolean') return cell ? 1 : 0
      if (typeof cell === 'bigint') return Number(cell)
      if (cell instanceof Date) return cell.getTime()
      throw this.#wrongType(cell, f, row, 'a number (null for missing)')
    }
    return this.#encodeCategory(codes, cell, f, row)
  }

  #encodeCategory(
    codes: ReadonlyMap<string | number, number>, cell: Cell, f: number, row: number,
  ): number {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return NaN
    const value = typeof cell === 'boolean' || typeof cell === 'bigint' ? Number(cell)
      : cell instanceof Date ? cell.getTime() : cell
    const code = codes.get(value)
    if (code !== undefined) return code
    const feature = this.#features[f]!
    const example = feature.kind === 'categorical' ? feature.categories[0] : undefined
    const isOfType = typeof value === 'string' || typeof value === 'number'
    if (!isOfType || (example !== undefined && typeof example !== typeof value)) {
      throw this.#wrongType(cell, f, row,
        `a ${typeof (example ?? '')}, as its categories are (null for missing)`)
    }
    return NaN
  }

  #wrongType(cell: unknown, f: number, row: number, legal: string): CoppiceError {
    const name = JSON.stringify(this.#features[f]!.name)
    return new CoppiceError('DATA', `row ${row}, feature ${name} must be ${legal}, ` +
      `got ${describe(cell)}; convert the values as for training`)
  }

  #absent(where: string, names: object): CoppiceError {
    const absent = this.#features.filter((feature) => !Object.hasOwn(names, feature.name))
    return new CoppiceError('DATA', `${where} lacks ${absent.length} of the model's ` +
      `${this.#features.length} features: ${describeList(absent.map(({ name }) => name))}; ` +
      'give null where a value is missing')
  }

  #matrixSource({ data, shape }: Matrix): RowSource {
    const [nRows, nColumns] = shape
    const nFeatures = this.#features.length
    if (shape.length !== 2 || !Number.isInteger(nRows) || nRows < 0 || nColumns !== nFeatures ||
      data.length !== nRows * nFeatures) {
      throw new CoppiceError('DATA',
        `the matrix must have shape [rows, ${nFeatures}] (the model's features) and rows * ` +
        `${nFeatures} values, got shape [${shape.map(describe).join(', ')}] and ` +
        `${data.length} values`)
    }
    const categorical = [...this.#codes.keys()].filter((f) => this.#codes[f] !== null)
    const fill: Fill = (first, count, out) => {
      out.set(data.subarray(first * nFeatures, (first + count) * nFeatures))
      for (const f of categorical) {
        for (let r = 0; r < count; r++) {
          const at = r * nFeatures + f
          out[at] = this.#encodeCategory(this.#codes[f]!, out[at], f, first + r)
        }
      }
    }
    const pack = categorical.length > 0 ? packFilled(fill, nFeatures) : packView(data, nFeatures)
    return { nRows, fill, pack }
  }

  #rowsSource(rows: readonly Row[]): RowSource {
    const nFeatures = this.#features.length
    const fill: Fill = (first, count, out) => {
      for (let r = 0; r < count; r++) {
        this.encodeRow(rows[first + r]!, first + r, out, r * nFeatures)
      }
    }
    return { nRows: rows.length, fill, pack: packFilled(fill, nFeatures) }
  }

  #columnsSource(columns: Columns): RowSource {
    const nFeatures = this.#features.length
    const arrays = this.#features.map(({ name }) => {
      if (!Object.hasOwn(columns, name)) throw this.#absent('the table of columns', columns)
      const column: unknown = columns[name]
      if (!Array.isArray(column) && (!ArrayBuffer.isView(column) || column instanceof DataView)) {
        throw new CoppiceError('DATA', `column ${JSON.stringify(name)} must be an array or a ` +
          `typed array, got ${describe(column)}`)
      }
      return column as ArrayLike<Cell>
    })
    const nRows = arrays[0]?.length ?? 0
    arrays.forEach((array, f) => {
      if (array.length === nRows) return
      const names = [this.#features[f]!.name, this.#features[0]!.name].map(describe)
      throw new CoppiceError('DATA', `all columns must have the same length, but ${names[0]!} ` +
        `has ${array.length} rows and ${names[1]!} has ${nRows}`)
    })
    return {
      nRows,
      fill: (first, count, out) => {
        for (let f = 0; f < nFeatures; f++) {
          const array = arrays[f]!
          for (let r = 0; r < count; r++) {
            out[r * nFeatures + f] = this.#encode(array[first + r], f, first + r)
          }
        }
      },
      pack: (first, count, scratch) => {
        for (let f = 0; f < nFeatures; f++) {
          const array = arrays[f]!
          const at = f * count
          if (this.#codes[f] === null && isNumbers(array)) {
            scratch.set(array.subarray(first, first + count), at)
            continue
          }
          for (let r = 0; r < count; r++) {
            scratch[at + r] = this.#encode(array[first + r], f, first + r)
          }
        }
        return { values: scratch.subarray(0, count * nFeatures), nFeatures, isByColumn: true }
      },
    }
  }
}

/** Rows that are encoded already: a view, no copy. */
export function encodedSource(values: Float64Array, nFeatures: number): RowSource {
  if (nFeatures === 0 || values.length % nFeatures !== 0) {
    throw new CoppiceError('DATA', `encoded rows must have ${nFeatures} values each (the model's ` +
      `features), got ${values.length} values in all`)
  }
  return {
    nRows: values.length / nFeatures,
    fill: (first, count, out) => {
      out.set(values.subarray(first * nFeatures, (first + count) * nFeatures))
    },
    pack: packView(values, nFeatures),
  }
}

/** A typed array of numbers; typed as one of many. */
function isNumbers(column: ArrayLike<Cell>): column is Float64Array {
  return ArrayBuffer.isView(column) &&
    !(column instanceof BigInt64Array || column instanceof BigUint64Array)
}

function isMatrix(input: object): input is Matrix {
  const { data, shape } = input as { data?: unknown; shape?: unknown }
  return (data instanceof Float64Array || data instanceof Float32Array) && Array.isArray(shape)
}
