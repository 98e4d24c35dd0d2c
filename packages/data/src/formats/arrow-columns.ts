/**
 * Arrow columns to column chunks, from `values` and `nullBitmap`: `toArray()` would turn nulls
 * into zeros, and `get()` costs an object or a call per value.
 */
import { type Data, DataType, DateUnit, TimeUnit } from 'apache-arrow'
import type { ColumnChunk, ColumnType, StringChunk } from '../reader.js'
import { DamagedPageError } from './rle.js'
import { canonicalise } from './stored-arrays.js'
import {
  convertWords,
  decodeHalf,
  type IntegerUnit,
  scaleDecimal,
  wordsOf,
} from './stored-numbers.js'
import { decodeUtf8, StringInterner } from './string-interner.js'

/** The column type of an Arrow type, or null with the reason why it cannot be read. */
export function arrowColumnType(
  type: DataType,
): { type: ColumnType; unsupported: null } | { type: null; unsupported: string } {
  if (DataType.isDictionary(type)) return arrowColumnType(type.dictionary as DataType)
  const known = simpleType(type)
  if (known !== null) return { type: known, unsupported: null }
  return { type: null, unsupported: `of the Arrow type ${String(type)}` }
}

function simpleType(type: DataType): ColumnType | null {
  if (DataType.isNull(type)) return 'empty'
  if (DataType.isBool(type)) return 'bool'
  if (DataType.isInt(type) || DataType.isTime(type)) return 'int'
  if (DataType.isDuration(type)) return 'duration'
  if (DataType.isFloat(type)) return 'float'
  if (DataType.isDecimal(type)) return type.scale > 0 ? 'float' : 'int'
  if (DataType.isDate(type) || DataType.isTimestamp(type)) return 'date'
  if (isText(type)) return 'string'
  return null
}

function isText(type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type)
}

/**
 * Decodes one column of one record batch.
 *
 * @param data - of a type that `arrowColumnType` supports
 * @param exact - integers beyond 2^53 throw UnsafeIntegerError; otherwise they are rounded
 */
export function decodeArrowColumn(data: Data, exact: boolean): ColumnChunk {
  const { type: arrowType } = data
  requireWhole(data)
  if (DataType.isDictionary(arrowType)) {
    return decodeDictionary(data, simpleType(arrowType.dictionary as DataType)!, exact)
  }
  if (isText(data.type)) return decodeTexts(data)
  const type = simpleType(data.type) as Exclude<ColumnType, 'string'>
  const values = new Float64Array(data.length)
  if (type === 'empty') values.fill(NaN)
  else {
    decodeNumbers(data, values, exact)
    clearNulls(data, values, NaN)
  }
  return { type, values }
}

/** The buffers must hold as many rows as the batch claims, or loops would run on for nothing. */
function requireWhole(data: Data): void {
  const { type, length, nullBitmap } = data
  if (DataType.isNull(type)) return
  const nValues = (data.values as ArrayLike<number> | undefined)?.length ?? 0
  let nNeeded = length * (data.stride || 1)
  if (DataType.isBool(type)) nNeeded = Math.ceil((data.offset + length) / 8)
  if (DataType.isUtf8View(type)) nNeeded = 16 * length
  const isOffsets = DataType.isUtf8(type) || DataType.isLargeUtf8(type)
  const nOffsets = (data.valueOffsets as ArrayLike<number> | undefined)?.length ?? 0
  const isWhole = isOffsets ? length === 0 || nOffsets > length : nValues >= nNeeded
  if (!isWhole) throw new DamagedPageError('it holds fewer values than rows')
  if (nullBitmap == null || nullBitmap.length === 0) return
  if (nullBitmap.length * 8 < data.offset + length) {
    throw new DamagedPageError('its validity bits are cut off')
  }
}

function clearNulls(data: Data, out: Float64Array | Int32Array, missing: number): void {
  const bitmap = data.nullBitmap
  if (data.nullCount === 0 || bitmap == null || bitmap.length === 0) return
  for (let i = 0; i < data.length; i++) {
    const bit = data.offset + i
    if (((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0) out[i] = missing
  }
}

function isNullAt(data: Data, i: number): boolean {
  const bitmap = data.nullBitmap
  if (bitmap == null || bitmap.length === 0) return false
  const bit = data.offset + i
  return ((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0
}

function decodeNumbers(data: Data, out: Float64Array, exact: boolean): void {
  const { type, length } = data
  // Nulls may leave any bits behind, so an integer check would look at garbage: mask them first.
  if (DataType.isBool(type)) {
    const bits = data.values as Uint8Array
    for (let i = 0; i < length; i++) {
      const bit = data.offset + i
      out[i] = (bits[bit >> 3]! >> (bit & 7)) & 1
    }
  } else if (DataType.isDecimal(type)) {
    decodeDecimals(data, out, exact, type.scale, type.bitWidth)
  } else if (DataType.isFloat(type)) {
    if (data.values instanceof Uint16Array) {
      for (let i = 0; i < length; i++) out[i] = decodeHalf(data.values[i]!) + 0
    } else canonicalise((data.values as Float64Array).subarray(0, length), out)
  } else {
    decodeIntegers(data, out, exact)
  }
}

function decodeIntegers(data: Data, out: Float64Array, exact: boolean): void {
  const { type, length } = data
  const unit = integerUnit(type)
  if ((data.values as Int32Array).BYTES_PER_ELEMENT === 8) {
    const isUnsigned = DataType.isInt(type) && !type.isSigned
    const words = wordsOf(withoutNulls(data, data.values as BigInt64Array))
    convertWords(words.subarray(0, 2 * length), out, unit, { isUnsigned, exact })
    return
  }
  const values = data.values as Int32Array
  const factor = DataType.isDate(type) ? 86_400_000 : unit === 'seconds' ? 1000 : 1
  for (let i = 0; i < length; i++) out[i] = values[i]! * factor
}

function withoutNulls(data: Data, values: BigInt64Array): BigInt64Array {
  const taken = values.subarray(0, data.length)
  if (data.nullCount === 0) return taken
  return taken.map((value, i) => (isNullAt(data, i) ? 0n : value))
}

function integerUnit(type: DataType): IntegerUnit {
  if (DataType.isDate(type)) return type.unit === DateUnit.DAY ? 'integer' : 'millis'
  if (DataType.isTimestamp(type) || DataType.isTime(type) || DataType.isDuration(type)) {
    switch (type.unit) {
      case TimeUnit.SECOND:
        return 'seconds'
      case TimeUnit.MILLISECOND:
        return 'millis'
      case TimeUnit.MICROSECOND:
        return 'micros'
      case TimeUnit.NANOSECOND:
        return 'nanos'
    }
  }
  return 'integer'
}

function decodeDecimals(
  data: Data,
  out: Float64Array,
  exact: boolean,
  scale: number,
  nBits: number,
): void {
  const words = data.values as Uint32Array
  const nWords = nBits / 32
  for (let i = 0; i < data.length; i++) {
    if (isNullAt(data, i)) continue
    let value = BigInt(words[(i + 1) * nWords - 1]! | 0)
    for (let k = nWords - 2; k >= 0; k--) value = (value << 32n) | BigInt(words[i * nWords + k]!)
    out[i] = scaleDecimal(Number(value), scale, exact)
  }
}

function decodeTexts(data: Data): StringChunk {
  const interner = new StringInterner()
  const codes = new Int32Array(data.length)
  const bytes = data.values as Uint8Array
  const offsets = data.valueOffsets as Int32Array | BigInt64Array
  const isView = DataType.isUtf8View(data.type)
  for (let i = 0; i < data.length; i++) {
    if (isNullAt(data, i)) codes[i] = -1
    else if (isView) codes[i] = internView(interner, data, i)
    else {
      const start = Number(offsets[i])
      const end = Number(offsets[i + 1])
      if (!(start >= 0 && end >= start && end <= bytes.length)) {
        throw new DamagedPageError('a text lies outside its column')
      }
      codes[i] = interner.internBytes(bytes, start, end)
    }
  }
  return { type: 'string', codes, dictionary: interner.dictionary }
}

/** A view is 16 bytes: length, then the text itself or its prefix, buffer and offset. */
function internView(interner: StringInterner, data: Data, i: number): number {
  const views = data.values as Uint8Array
  const at = 16 * i
  const view = new DataView(views.buffer, views.byteOffset + at, 16)
  const length = view.getInt32(0, true)
  if (length < 0) throw new DamagedPageError('a text has a negative length')
  if (length <= 12) return interner.internBytes(views, at + 4, at + 4 + length)
  const buffer = data.variadicBuffers[view.getInt32(8, true)]
  const offset = view.getInt32(12, true)
  if (buffer === undefined || offset < 0 || offset + length > buffer.length) {
    throw new DamagedPageError('a text lies outside its column')
  }
  return interner.internString(decodeUtf8(buffer.subarray(offset, offset + length)))
}

function decodeDictionary(data: Data, type: ColumnType, exact: boolean): ColumnChunk {
  const entries = (data.dictionary?.data ?? []).map((part) => decodeArrowColumn(part, exact))
  const indices = data.values as Int32Array
  const rows = new Int32Array(data.length)
  for (let i = 0; i < data.length; i++) rows[i] = Number(indices[i])
  clearNulls(data, rows, -1)
  if (type !== 'string') {
    const values = entries.flatMap((part) => (part.type === 'string' ? [] : [...part.values]))
    requireEntries(rows, values.length)
    return { type, values: Float64Array.from(rows, (row) => (row < 0 ? NaN : values[row]!)) }
  }
  const texts: (string | null)[] = []
  for (const part of entries) {
    if (part.type !== 'string') continue
    for (const code of part.codes) texts.push(code < 0 ? null : part.dictionary[code]!)
  }
  requireEntries(rows, texts.length)
  return gatherTexts(rows, texts)
}

function requireEntries(rows: Int32Array, nEntries: number): void {
  if (rows.some((row) => row < -1 || row >= nEntries)) {
    throw new DamagedPageError('an index has no value in its dictionary')
  }
}

/** The texts of the rows, with a dictionary in order of first appearance. */
function gatherTexts(rows: Int32Array, texts: readonly (string | null)[]): StringChunk {
  const interner = new StringInterner()
  const codeOfEntry = new Int32Array(texts.length).fill(-2)
  const codes = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row < 0) {
      codes[i] = -1
      continue
    }
    let code = codeOfEntry[row]!
    if (code === -2) {
      const text = texts[row]!
      code = text === null ? -1 : interner.internString(text)
      codeOfEntry[row] = code
    }
    codes[i] = code
  }
  return { type: 'string', codes, dictionary: interner.dictionary }
}
