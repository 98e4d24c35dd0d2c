/**
 * Decodes one column chunk of a row group: page by page, straight into one typed array.
 *
 * hyparquet's own page reader builds a JavaScript array per page (definition levels, dictionary
 * indices, values); this one keeps to typed arrays for the encodings that writers use, and leaves
 * the rare ones to hyparquet's decoders.
 */
import { compressors } from 'hyparquet-compressors'
import type { CompressionCodec, PageHeader, ParquetType } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js'
import { byteStreamSplit } from 'hyparquet/src/encoding.js'
import type { ColumnChunk } from '../reader.js'
import { convertByteArray, convertFixedWidth, storedWidth } from './parquet-convert.js'
import type { ParquetColumn } from './parquet-schema.js'
import { findTextBounds, plainTextBounds } from './parquet-texts.js'
import { type Cursor, DamagedPageError, decodeHybrid, decodeValidity } from './rle.js'
import { StringInterner } from './string-interner.js'

export interface ChunkRequest {
  readonly column: ParquetColumn
  readonly codec: CompressionCodec
  /** Rows of the row group. */
  readonly nRows: number
  /** Integers beyond 2^53 are errors; otherwise they are rounded. */
  readonly exact: boolean
  /** Decompressed size of all pages: no single page is larger. */
  readonly uncompressedBytes: number
}

/** What the pages of one column chunk share. */
interface ChunkState {
  readonly request: ChunkRequest
  readonly isText: boolean
  /** nRows values; NaN is missing. Numbers only. */
  readonly values: Float64Array
  /** nRows codes; -1 is missing. Text only. */
  readonly codes: Int32Array
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
interface PageValues {
  readonly bytes: Uint8Array
  readonly start: number
  readonly encoding: string
  readonly nValues: number
}

/**
 * Decodes the pages in `bytes`.
 *
 * Throws DamagedPageError, UnsafeIntegerError, or whatever the decoders throw on damaged bytes.
 */
export function decodeColumnChunk(bytes: Uint8Array, request: ChunkRequest): ColumnChunk {
  const { nRows, column } = request
  const isText = column.type === 'string'
  const state: ChunkState = {
    request,
    isText,
    values: new Float64Array(isText ? 0 : nRows),
    codes: new Int32Array(isText ? nRows : 0),
    interner: new StringInterner(),
    dictionaryNumbers: null,
    dictionaryTexts: null,
  }
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  let row = 0
  while (row < nRows) {
    if (reader.offset >= bytes.length) throw new DamagedPageError('it ends before its last row')
    const header = parquetHeader(reader)
    const end = reader.offset + header.compressed_page_size
    if (!(header.compressed_page_size >= 0 && end <= bytes.length)) {
      throw new DamagedPageError('a page is cut off')
    }
    if (!(header.uncompressed_page_size <= request.uncompressedBytes)) {
      throw new DamagedPageError('a page is larger than its column')
    }
    row += decodePage(state, header, bytes.subarray(reader.offset, end), row)
    reader.offset = end
  }
  if (isText) return { type: 'string', codes: state.codes, dictionary: state.interner.dictionary }
  const type = column.type as Exclude<ColumnChunk['type'], 'string'>
  return { type, values: state.values }
}

/** Returns the number of rows that the page held. */
function decodePage(state: ChunkState, header: PageHeader, body: Uint8Array, row: number): number {
  const { codec } = state.request
  if (header.type === 'DICTIONARY_PAGE') {
    const nEntries = header.dictionary_page_header?.num_values ?? -1
    const page = decompressPage(body, header.uncompressed_page_size, codec, compressors)
    readDictionary(state, page, nEntries)
    return 0
  }
  if (header.type === 'INDEX_PAGE') return 0
  if (header.type === 'DATA_PAGE' && header.data_page_header !== undefined) {
    const { num_values: nRows, encoding } = header.data_page_header
    assertFits(state, row, nRows)
    const page = decompressPage(body, header.uncompressed_page_size, codec, compressors)
    let start = 0
    let levels: Cursor | null = null
    if (state.request.column.nullable) {
      const length = new DataView(page.buffer, page.byteOffset).getUint32(0, true)
      start = 4 + length
      if (start > page.length) throw new DamagedPageError('definition levels are cut off')
      levels = { bytes: page, offset: 4, end: start }
    }
    placeValues(state, { bytes: page, start, encoding }, levels, row, nRows, false)
    return nRows
  }
  if (header.type === 'DATA_PAGE_V2' && header.data_page_header_v2 !== undefined) {
    return decodePageV2(state, header, header.data_page_header_v2, body, row)
  }
  throw new DamagedPageError(`a page has the unknown type ${header.type}`)
}

function decodePageV2(
  state: ChunkState,
  header: PageHeader,
  v2: NonNullable<PageHeader['data_page_header_v2']>,
  body: Uint8Array,
  row: number,
): number {
  const nRows = v2.num_values
  assertFits(state, row, nRows)
  const levelStart = v2.repetition_levels_byte_length
  const nLevelBytes = levelStart + v2.definition_levels_byte_length
  if (!(nLevelBytes >= 0 && nLevelBytes <= body.length)) {
    throw new DamagedPageError('definition levels are cut off')
  }
  const packed = body.subarray(nLevelBytes)
  const nBytes = header.uncompressed_page_size - nLevelBytes
  const page =
    v2.is_compressed === false || nBytes === 0
      ? packed
      : decompressPage(packed, nBytes, state.request.codec, compressors)
  const levels = state.request.column.nullable
    ? { bytes: body, offset: levelStart, end: nLevelBytes }
    : null
  placeValues(state, { bytes: page, start: 0, encoding: v2.encoding }, levels, row, nRows, true)
  return nRows
}

function assertFits({ request }: ChunkState, row: number, nRows: number): void {
  if (!(nRows >= 0 && row + nRows <= request.nRows)) {
    throw new DamagedPageError(`a page claims ${nRows} rows where ${request.nRows - row} are left`)
  }
}

/** Decodes a page's values densely, then moves them apart where nulls belong. */
function placeValues(
  state: ChunkState,
  page: Omit<PageValues, 'nValues'>,
  levels: Cursor | null,
  row: number,
  nRows: number,
  isV2: boolean,
): void {
  let validity: Uint8Array | null = null
  let nValues = nRows
  if (levels !== null) {
    validity = new Uint8Array(nRows)
    nValues = decodeValidity(levels, validity, nRows)
  }
  const target = state.isText ? state.codes : state.values
  const dense = target.subarray(row, row + nValues)
  const values = { ...page, nValues }
  if (nValues > 0) {
    if (state.isText) decodeTexts(state, values, dense as Int32Array)
    else decodeNumbers(state, values, dense as Float64Array, isV2)
  }
  if (validity === null || nValues === nRows) return
  const missing = state.isText ? -1 : NaN
  let from = row + nValues
  for (let i = nRows - 1; i >= 0; i--) {
    target[row + i] = validity[i] === 1 ? target[--from]! : missing
  }
}

function decodeNumbers(
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
      const indices = decodeIndices(page)
      for (let i = 0; i < nValues; i++) {
        const index = indices[i]!
        if (index >= dictionary.length) throw new DamagedPageError('an index has no value')
        out[i] = dictionary[index]!
      }
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

function decodeTexts(state: ChunkState, page: PageValues, out: Int32Array): void {
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
      const indices = decodeIndices(page)
      const { bounds, codes } = dictionary
      for (let i = 0; i < nValues; i++) {
        const index = indices[i]!
        if (index >= codes.length) throw new DamagedPageError('an index has no value')
        let code = codes[index]!
        if (code < 0) {
          code = internText(state, dictionary.bytes, bounds[2 * index]!, bounds[2 * index + 1]!)
          codes[index] = code
        }
        out[i] = code
      }
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

function readDictionary(state: ChunkState, page: Uint8Array, nEntries: number): void {
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
  state.dictionaryNumbers = new Float64Array(nEntries)
  decodePlainNumbers(column, page, 0, nEntries, state.dictionaryNumbers, exact)
}

function decodeIndices({ bytes, start, nValues }: PageValues): Int32Array {
  const indices = new Int32Array(nValues)
  const width = bytes[start]
  if (width === undefined) throw new DamagedPageError('a page is empty')
  decodeHybrid({ bytes, offset: start + 1, end: bytes.length }, width, indices, nValues)
  return indices
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
