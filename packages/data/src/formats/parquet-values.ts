/** The values of one page: numbers, texts, indices into a dictionary. */
import type { CompressionCodec, ParquetType } from 'hyparquet'
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js'
import { byteStreamSplit } from 'hyparquet/src/encoding.js'
import type { RowArrays } from '../reader.js'
import { decodeCodes } from './coded-numbers.js'
import { decodeIndices } from './dictionary-indices.js'
import { convertByteArray, convertFixedWidth, storedWidth } from './parquet-convert.js'
import type { ParquetColumn } from './parquet-schema.js'
import { findTextBounds, plainTextBounds } from './parquet-texts.js'
import { DamagedPageError, decodeHybrid, readVarint } from './rle.js'
import type { StringInterner } from './string-interner.js'

export interface ChunkRequest {
  readonly column: ParquetColumn
  readonly codec: CompressionCodec
  /** Rows of the row group. */
  readonly nRows: number
  /** Integers beyond 2^53 are errors; otherwise they are rounded. */
  readonly exact: boolean
  /** Decompressed size of all pages: no single page is larger. */
  readonly uncompressedBytes: number
  /** Numbers may stay coded where they have a dictionary much smaller than the rows. */
  readonly mayBeCoded: boolean
  /** Where rows go. */
  readonly arrays: RowArrays
}

/** What the pages of one column chunk share. */
export interface ChunkState {
  readonly request: ChunkRequest
  readonly isText: boolean
  /** Numbers are coded: so far no page holds them otherwise. */
  isCoded: boolean
  /** nRows values; NaN is missing. Numbers that are not coded. */
  values: Float64Array
  /** nRows codes; -1 is missing. Text, and numbers that are coded. */
  codes: Int32Array
  readonly interner: StringInterner
  /** Values of the dictionary page: doubles, or texts as [start, end) pairs in its bytes. */
  dictionaryNumbers: Float64Array | null
  dictionaryTexts: DictionaryTexts | null
}

interface DictionaryTexts {
  readonly bytes: Uint8Array
  readonly bounds: Int32Array
  /** Code of each entry in the interner, or -1 before its first use. */
  readonly codes: Int32Array
}

/** The values of one page: where they start, how they are encoded, which rows they fill. */
export interface PageValues {
  readonly bytes: Uint8Array
  readonly start: number
  readonly encoding: string
  readonly nValues: number
}

/** Turns the codes of the first `nRows` rows into values; makes room for all. */
export function leaveCodes(state: ChunkState, row: number): void {
  const { isCoded, codes, dictionaryNumbers } = state
  const { nRows, arrays } = state.request
  if (state.values.length === 0) state.values = arrays.doubles(nRows)
  if (!isCoded) return
  decodeCodes(codes, dictionaryNumbers!, state.values, row)
  state.isCoded = false
}

/** Decodes the numbers of a page; throws as `decodeColumnChunk`. */
export function decodeNumbers(
  state: ChunkState,
  page: PageValues,
  out: Float64Array,
  isV2: boolean,
): void {
  const { column, exact } = state.request
  const { bytes, start, nValues } = page
  switch (page.encoding) {
    case 'PLAIN':
      decodePlainNumbers(column, bytes, start, nValues, out, exact)
      return
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      const dictionary = state.dictionaryNumbers
      if (dictionary === null) throw new DamagedPageError('its dictionary is absent')
      const indices = new Int32Array(nValues)
      decodeIndices(page, dictionary.length, indices)
      decodeCodes(indices, dictionary, out, nValues)
      return
    }
    case 'RLE': {
      if (column.physical !== 'BOOLEAN') throw new DamagedPageError('RLE is for booleans')
      // The runs of booleans follow their length in both versions of the page.
      const cursor = { bytes, offset: start + 4, end: bytes.length }
      const bits = new Int32Array(nValues)
      decodeHybrid(cursor, 1, bits, nValues)
      out.set(bits)
      return
    }
    case 'DELTA_BINARY_PACKED': {
      const isNarrow = column.physical === 'INT32'
      const raw = isNarrow ? new Int32Array(nValues) : new BigInt64Array(nValues)
      deltaBinaryUnpack(readerAt(bytes, start), nValues, raw)
      if (raw instanceof Int32Array) addLackingBits(raw, bytes, start)
      convertFixedWidth(column, new Uint8Array(raw.buffer), nValues, out, exact)
      return
    }
    case 'BYTE_STREAM_SPLIT': {
      const { physical, typeLength } = column
      const raw = byteStreamSplit(
        readerAt(bytes, start),
        nValues,
        physical as ParquetType,
        typeLength,
      )
      const isFixed = physical === 'FIXED_LEN_BYTE_ARRAY'
      const first = isFixed ? (raw as Uint8Array[])[0]! : (raw as Float64Array)
      convertFixedWidth(column, new Uint8Array(first.buffer as ArrayBuffer), nValues, out, exact)
      return
    }
    case 'DELTA_BYTE_ARRAY':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      decodeDeltaTexts(page).forEach((text, i) => {
        out[i] = convertByteArray(column, text, 0, text.length, exact)
      })
      return
    default:
      throw new DamagedPageError(`the encoding ${page.encoding}${isV2 ? ' (v2)' : ''} is unknown`)
  }
}

function decodePlainNumbers(
  column: ParquetColumn,
  bytes: Uint8Array,
  start: number,
  n: number,
  out: Float64Array,
  exact: boolean,
): void {
  if (column.physical === 'BOOLEAN') {
    if (start + Math.ceil(n / 8) > bytes.length) throw new DamagedPageError('a page is too short')
    for (let i = 0; i < n; i++) out[i] = (bytes[start + (i >> 3)]! >> (i & 7)) & 1
    return
  }
  const width = storedWidth(column)
  if (width > 0) {
    const end = start + n * width
    if (end > bytes.length) throw new DamagedPageError('a page is too short')
    const aligned = (bytes.byteOffset + start) % 8 === 0
    const raw = aligned ? bytes.subarray(start, end) : bytes.slice(start, end)
    convertFixedWidth(column, raw, n, out, exact)
    return
  }
  const bounds = findTextBounds(bytes, start, n)
  for (let i = 0; i < n; i++) {
    out[i] = convertByteArray(column, bytes, bounds[2 * i]!, bounds[2 * i + 1]!, exact)
  }
}

/** Decodes the texts of a page to codes of the interner; throws as `decodeColumnChunk`. */
export function decodeTexts(state: ChunkState, page: PageValues, out: Int32Array): void {
  const { bytes, start, nValues } = page
  const { interner } = state
  switch (page.encoding) {
    case 'PLAIN': {
      const bounds = plainTextBounds(state.request.column, bytes, start, nValues)
      for (let i = 0; i < nValues; i++) {
        out[i] = internText(state, bytes, bounds[2 * i]!, bounds[2 * i + 1]!)
      }
      return
    }
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      const dictionary = state.dictionaryTexts
      if (dictionary === null) throw new DamagedPageError('its dictionary is absent')
      const { bounds, codes } = dictionary
      const codeOf = (entry: number): number =>
        internText(state, dictionary.bytes, bounds[2 * entry]!, bounds[2 * entry + 1]!)
      decodeIndices(page, codes.length, out, { codes, codeOf })
      return
    }
    case 'DELTA_BYTE_ARRAY':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      decodeDeltaTexts(page).forEach((text, i) => {
        out[i] = interner.internBytes(text, 0, text.length)
      })
      return
    default:
      throw new DamagedPageError(`the encoding ${page.encoding} is unknown`)
  }
}

function internText(state: ChunkState, bytes: Uint8Array, start: number, end: number): number {
  if (state.request.column.conversion !== 'uuid') {
    return state.interner.internBytes(bytes, start, end)
  }
  let hex = ''
  for (let i = start; i < end; i++) hex += bytes[i]!.toString(16).padStart(2, '0')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return state.interner.internString([...parts, hex.slice(20)].join('-'))
}

/** Takes the values of a dictionary page. */
export function readDictionary(state: ChunkState, page: Uint8Array, nEntries: number): void {
  const { column, exact } = state.request
  if (!(nEntries >= 0 && nEntries <= page.length)) {
    throw new DamagedPageError('its dictionary is damaged')
  }
  if (state.isText) {
    const bounds = plainTextBounds(column, page, 0, nEntries)
    const codes = new Int32Array(nEntries).fill(-1)
    state.dictionaryTexts = { bytes: page, bounds, codes }
    return
  }
  // Codes mean what they meant when they were read.
  if (state.isCoded) leaveCodes(state, state.codes.length)
  state.dictionaryNumbers = new Float64Array(nEntries)
  decodePlainNumbers(column, page, 0, nEntries, state.dictionaryNumbers, exact)
}

/**
 * hyparquet 1.31 keeps 32 bits of the first value, of which some writers (DuckDB, of unsigned
 * numbers) use 33. Others are sums from there on, modulo 2^32: what it lacks is added to all.
 */
function addLackingBits(raw: Int32Array, bytes: Uint8Array, start: number): void {
  if (raw.length === 0) return
  const cursor = { bytes, offset: start, end: bytes.length }
  // Block size, miniblocks of a block, number of values.
  for (let k = 0; k < 3; k++) readVarint(cursor)
  const zigzag = readVarint(cursor)
  const first = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  const lacking = (first - raw[0]!) | 0
  if (lacking !== 0) for (let i = 0; i < raw.length; i++) raw[i] = (raw[i]! + lacking) | 0
}

function decodeDeltaTexts({ bytes, start, nValues, encoding }: PageValues): Uint8Array[] {
  const texts = new Array<Uint8Array>(nValues)
  if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(readerAt(bytes, start), nValues, texts)
  else deltaLengthByteArray(readerAt(bytes, start), nValues, texts)
  return texts
}

function readerAt(bytes: Uint8Array, offset: number): { view: DataView; offset: number } {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset }
}
