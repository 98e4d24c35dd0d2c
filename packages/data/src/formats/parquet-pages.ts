/**
 * Decodes one column chunk of a row group: page by page, straight into one typed array.
 *
 * hyparquet's own page reader builds a JavaScript array per page (definition levels, dictionary
 * indices, values); this one keeps to typed arrays for the encodings that writers use, and leaves
 * the rare ones to hyparquet's decoders.
 */
import { compressors } from 'hyparquet-compressors'
import type { CompressionCodec, PageHeader } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'
import type { CodedNumbers, ColumnChunk } from '../reader.js'
import { decodeIndices } from './dictionary-indices.js'
import {
  type ChunkRequest,
  type ChunkState,
  decodeNumbers,
  decodeTexts,
  leaveCodes,
  type PageValues,
  readDictionary,
} from './parquet-values.js'
import { type Cursor, DamagedPageError, decodeValidity } from './rle.js'
import { StringInterner } from './string-interner.js'

/** Rows for each entry of a dictionary from which on numbers stay coded. */
const rowsPerEntry = 8

/**
 * Decodes the pages in `bytes`.
 *
 * Throws DamagedPageError, UnsafeIntegerError, or whatever the decoders throw on damaged bytes.
 */
export function decodeColumnChunk(
  bytes: Uint8Array,
  request: ChunkRequest,
): ColumnChunk | CodedNumbers {
  const { nRows, column, arrays } = request
  const isText = column.type === 'string'
  const state: ChunkState = {
    request,
    isText,
    isCoded: false,
    values: new Float64Array(0),
    codes: isText ? arrays.ints(nRows) : new Int32Array(0),
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
  if (state.isCoded) return { type, codes: state.codes, numbers: state.dictionaryNumbers! }
  return { type, values: state.values }
}

/**
 * Decides on the form of the numbers, page by page: coded while all pages have the dictionary,
 * else as values. Rows before `row` change their form with it.
 */
function chooseForm(state: ChunkState, encoding: string, row: number): void {
  const { nRows, mayBeCoded, arrays } = state.request
  const isCoded = encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY'
  const nEntries = state.dictionaryNumbers?.length ?? Infinity
  if (row === 0 && mayBeCoded && isCoded && nEntries * rowsPerEntry <= nRows) {
    state.isCoded = true
    state.codes = arrays.ints(nRows)
  } else if (!isCoded || row === 0) {
    leaveCodes(state, row)
  }
}

/** Returns the number of rows that the page held. */
function decodePage(state: ChunkState, header: PageHeader, body: Uint8Array, row: number): number {
  const { codec } = state.request
  if (header.type === 'DICTIONARY_PAGE') {
    const nEntries = header.dictionary_page_header?.num_values ?? -1
    const page = decompress(body, header.uncompressed_page_size, codec)
    readDictionary(state, page, nEntries)
    return 0
  }
  if (header.type === 'INDEX_PAGE') return 0
  if (header.type === 'DATA_PAGE' && header.data_page_header !== undefined) {
    const { num_values: nRows, encoding } = header.data_page_header
    assertFits(state, row, nRows)
    const page = decompress(body, header.uncompressed_page_size, codec)
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

/** Of nothing there may be bytes all the same, which not all decompressors take. */
function decompress(bytes: Uint8Array, nBytes: number, codec: CompressionCodec): Uint8Array {
  return nBytes === 0 ? new Uint8Array(0) : decompressPage(bytes, nBytes, codec, compressors)
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
      : decompress(packed, nBytes, state.request.codec)
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
  if (!state.isText) chooseForm(state, page.encoding, row)
  const target = state.isText || state.isCoded ? state.codes : state.values
  const dense = target.subarray(row, row + nValues)
  const values = { ...page, nValues }
  if (nValues > 0) {
    if (state.isText) decodeTexts(state, values, dense as Int32Array)
    else if (state.isCoded) {
      decodeIndices(values, state.dictionaryNumbers!.length, dense as Int32Array)
    } else decodeNumbers(state, values, dense as Float64Array, isV2)
  }
  if (validity === null || nValues === nRows) return
  if (target instanceof Int32Array) spreadCodes(target, validity, row, nRows, nValues)
  else spreadValues(target, validity, row, nRows, nValues)
}

/** Moves what stands densely from `row` on to the rows that have a value. */
function spreadCodes(
  target: Int32Array, validity: Uint8Array, row: number, nRows: number, nValues: number,
): void {
  let from = row + nValues
  for (let i = nRows - 1; i >= 0; i--) {
    target[row + i] = validity[i] === 1 ? target[--from]! : -1
  }
}

function spreadValues(
  target: Float64Array, validity: Uint8Array, row: number, nRows: number, nValues: number,
): void {
  let from = row + nValues
  for (let i = nRows - 1; i >= 0; i--) {
    target[row + i] = validity[i] === 1 ? target[--from]! : NaN
  }
}

