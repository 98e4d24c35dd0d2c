/** What rows may look like, and how they become numbers. */

import type { Feature, Model } from '../types.js'
import { CoppiceError } from '../errors.js'
import { describe, describeList } from '../text.js'
import { type CsrMatrix, CsrRows, isCsr } from './csr.js'
import { checkMatrixKeys } from './matrix-keys.js'
import { namingFirstRow } from './first-bad-row.js'
import { packView, type RowSource } from './row-source.js'

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

/** A column of texts, each distinct one once. */
export interface CodedTexts {
  /** One index into `dictionary` per row; -1 is missing. */
  readonly codes: Int32Array
  /** Some may be in no row. */
  readonly dictionary: readonly string[]
}

/** Columns by feature name, all of one length. */
export type Columns = Readonly<Record<string, ArrayLike<Cell> | CodedTexts>>

/**
 * Rows for a predictor: a matrix, dense or sparse, an array of rows, or columns.
 *
 * Where names are given, all features of the model must be there; other names are ignored. An
 * object with `data` and `shape` is a matrix, unless the model has features of both names; one
 * that has `indices` and `indptr` too is a sparse one.
 */
export type PredictInput = Matrix | CsrMatrix | readonly Row[] | Columns

type Fill = RowSource['fill']

/** `pack` of what `fill` gives. */
function packFilled(fill: Fill, nFeatures: number): RowSource['pack'] {
  return (first, count, scratch) => {
    const values = scratch(count * nFeatures).subarray(0, count * nFeatures)
    fill(first, count, values)
    return { values, nFeatures, features: null, isByColumn: false, isView: false }
  }
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
   * @param used - features that the trees look at, ascending; sparse rows are packed without the
   *   others. Null for all
   * @throws CoppiceError 'DATA' when shape or names do not fit the model; single values are
   *   checked by `fill` and `pack`, which tell of the first row that does not fit
   */
  source(input: PredictInput, used: Int32Array | null): RowSource {
    return namingFirstRow(this.#source(input, used), this.#features.length)
  }

  #source(input: PredictInput, used: Int32Array | null): RowSource {
    if (Array.isArray(input)) return this.#rowsSource(input)
    if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) {
      throw new CoppiceError('DATA',
        'rows must be a matrix {data, shape}, an array of rows or an object of columns, got ' +
        (ArrayBuffer.isView(input) ? 'a typed array; wrap it as {data, shape}' : describe(input)))
    }
    if (!this.#hasDataAndShape && isCsr(input)) return this.#csrSource(new CsrRows(input), used)
    if (!this.#hasDataAndShape && isMatrix(input)) {
      checkMatrixKeys(input)
      return this.#matrixSource(input)
    }
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
    if (typeof value === 'number' && feature.kind === 'categorical' && feature.truncates) {
      return codes.get(Math.trunc(value)) ?? NaN
    }
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
    const fill: Fill = (first, count, out) => {
      out.set(data.subarray(first * nFeatures, (first + count) * nFeatures))
      this.#encodeCategories(first, count, out)
    }
    const hasCategories = this.#codes.some((codes) => codes !== null)
    const pack = hasCategories ? packFilled(fill, nFeatures) : packView(data, nFeatures)
    return { nRows, fill, pack }
  }

  #csrSource(rows: CsrRows, used: Int32Array | null): RowSource {
    const { nRows, nColumns } = rows
    const nFeatures = this.#features.length
    if (nColumns !== nFeatures) {
      throw new CoppiceError('DATA',
        `the sparse matrix must have shape [rows, ${nFeatures}] (the ` +
        `model's features), got shape [${nRows}, ${nColumns}]`)
    }
    const all = Int32Array.from({ length: nFeatures }, (_, f) => f)
    const fill: Fill = (first, count, out) => {
      rows.fill(first, count, all, out)
      this.#encodeCategories(first, count, out)
    }
    if (used === null) return { nRows, fill, pack: packFilled(fill, nFeatures) }
    // Categories are looked at all the same: what is none is refused.
    const isWanted = new Uint8Array(nFeatures)
    for (const f of used) isWanted[f] = 1
    const features = all.filter((f) => isWanted[f] === 1 || this.#codes[f] !== null)
    if (features.length === 0) return { nRows, fill, pack: packFilled(fill, nFeatures) }
    const pack: RowSource['pack'] = (first, count, scratch) => {
      const values = scratch(count * features.length).subarray(0, count * features.length)
      rows.fill(first, count, features, values)
      this.#encodeCategories(first, count, values, features)
      return { values, nFeatures: features.length, features, isByColumn: false, isView: false }
    }
    return { nRows, fill, pack, nPacked: features.length }
  }

  /**
   * Puts codes in place of the categories of some rows, of which `first` is the first.
   * @param features - those that there are values of, default all
   */
  #encodeCategories(
    first: number, count: number, out: Float64Array, features: Int32Array | null = null,
  ): void {
    const nFeatures = features?.length ?? this.#features.length
    for (let i = 0; i < nFeatures; i++) {
      const f = features?.[i] ?? i
      const codes = this.#codes[f]!
      if (codes === null) continue
      for (let r = 0, at = i; r < count; r++, at += nFeatures) {
        out[at] = this.#encodeCategory(codes, out[at], f, first + r)
      }
    }
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
    const readers = this.#features.map(({ name }, f) => {
      if (!Object.hasOwn(columns, name)) throw this.#absent('the table of columns', columns)
      return this.#columnReader(columns[name], f)
    })
    const nRows = readers[0]?.nRows ?? 0
    readers.forEach((reader, f) => {
      if (reader.nRows === nRows) return
      const names = [this.#features[f]!.name, this.#features[0]!.name].map(describe)
      throw new CoppiceError('DATA', `all columns must have the same length, but ${names[0]!} ` +
        `has ${reader.nRows} rows and ${names[1]!} has ${nRows}`)
    })
    return {
      nRows,
      fill: (first, count, out) => {
        readers.forEach(({ read }, f) => read(first, count, out, f, nFeatures))
      },
      pack: (first, count, scratch) => {
        const values = scratch(count * nFeatures).subarray(0, count * nFeatures)
        readers.forEach(({ read }, f) => read(first, count, values, f * count, 1))
        return { values, nFeatures, features: null, isByColumn: true, isView: false }
      },
    }
  }

  #columnReader(column: unknown, f: number): ColumnReader {
    const isView = ArrayBuffer.isView(column) && !(column instanceof DataView)
    if (!isView && !Array.isArray(column)) {
      if (isCodedTexts(column)) return this.#textsReader(column, f)
      throw new CoppiceError('DATA', `column ${JSON.stringify(this.#features[f]!.name)} must be ` +
        `an array or a typed array, got ${describe(column)}`)
    }
    const cells = column as ArrayLike<Cell>
    const nRows = cells.length
    if (this.#codes[f] === null && isNumbers(cells)) {
      return { nRows, read: (first, count, out, at, stride) => {
        if (stride === 1) return out.set(cells.subarray(first, first + count), at)
        for (let r = first; r < first + count; r++, at += stride) out[at] = cells[r]!
      } }
    }
    return { nRows, read: (first, count, out, at, stride) => {
      for (let r = first; r < first + count; r++, at += stride) {
        out[at] = this.#encode(cells[r], f, r)
      }
    } }
  }

  #textsReader({ codes, dictionary }: CodedTexts, f: number): ColumnReader {
    // Each text is looked up once, when a row has it.
    const encoded = new Float64Array(dictionary.length).fill(-1)
    return { nRows: codes.length, read: (first, count, out, at, stride) => {
      for (let r = first; r < first + count; r++, at += stride) {
        const text = codes[r]!
        if (encoded[text] === -1) encoded[text] = this.#encode(dictionary[text], f, r)
        out[at] = text < 0 ? NaN : encoded[text]!
      }
    } }
  }
}

/** One column of a table. */
interface ColumnReader {
  readonly nRows: number
  /** Writes rows [first, first + count), encoded, to out[at], out[at + stride], ... */
  read(first: number, count: number, out: Float64Array, at: number, stride: number): void
}

function isCodedTexts(column: unknown): column is CodedTexts {
  const { codes, dictionary } = (column ?? {}) as { codes?: unknown, dictionary?: unknown }
  return codes instanceof Int32Array && Array.isArray(dictionary)
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
