import { CoppiceError } from '@coppice/model'
import {
  CompressionType,
  compressionRegistry,
  type Data,
  Message,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
} from 'apache-arrow'
import { Footer } from 'apache-arrow/ipc/metadata/file'
import { decompressZstd } from 'hyparquet-compressors'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  Unit,
} from '../reader.js'
import { arrowColumnType, decodeArrowColumn } from './arrow-columns.js'
import { parsePrefix } from './arrow-prefix.js'
import { coerceChunk } from './coerce.js'
import { checkFooter, checkMessage } from './flatbuffer-check.js'
import { decompressLz4Frame } from './lz4-frame.js'
import { UnsafeIntegerError } from './stored-numbers.js'

type Range = readonly [start: number, end: number]

interface ArrowDetail {
  /** The schema as an encapsulated message. */
  readonly schema: Uint8Array
  readonly dictionaries: readonly Range[]
}

/** Where everything is. Files say it in their footer, streams are walked through. */
interface IpcLayout {
  readonly schema: Uint8Array
  readonly dictionaries: readonly Range[]
  readonly batches: readonly { readonly range: Range; readonly nRows: number }[]
}

interface IpcHeader {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other'
  readonly nRows: number
  readonly nBody: number
}

/**
 * Arrow IPC, the file (.arrow, Feather 2) and the stream: one unit per record batch, bodies may
 * be compressed with LZ4 or ZSTD. The same rules for types as in Parquet.
 */
export const arrowReader: PartitionReader = { format: 'arrow', plan, read }

async function plan(source: ByteSource): Promise<PartitionPlan> {
  const head = await source.slice(0, Math.min(8, source.byteLength))
  const layout = isMagic(head) ? await readFileLayout(source) : await readStreamLayout(source)
  const units: Unit[] = []
  let firstRow = 0
  for (const { range, nRows } of layout.batches) {
    units.push({ index: units.length, firstRow, nRows, start: range[0], end: range[1] })
    firstRow += nRows
  }
  const detail: ArrowDetail = { schema: layout.schema, dictionaries: layout.dictionaries }
  return {
    columns: openSchema(source, layout.schema).fields.map((field) => ({
      name: field.name,
      type: arrowColumnType(field.type).type,
    })),
    nRows: firstRow,
    units,
    detail,
  }
}

async function read(
  source: ByteSource,
  partitionPlan: PartitionPlan,
  unit: Unit,
  wanted: readonly number[],
  types: readonly (ColumnType | null)[],
): Promise<ColumnChunk[]> {
  const batch = await readBatch(source, partitionPlan.detail as ArrowDetail, unit)
  return wanted.map((columnIdx, i) => {
    const field = batch.schema.fields[columnIdx]!
    const { unsupported } = arrowColumnType(field.type)
    if (unsupported !== null) {
      throw new CoppiceError(
        'DATA',
        `column '${field.name}' of ${source.name} is ${unsupported}; columns must hold numbers, ` +
          `booleans, dates or text: ignore the column or flatten it`,
      )
    }
    const type = types[i] ?? null
    const chunk = decodeBatchColumn(source, field.name, batch.data.children[columnIdx]!, type)
    const place = { column: field.name, source: source.name, firstRow: unit.firstRow }
    return coerceChunk(chunk, type, place)
  })
}

/**
 * One column of a batch as a chunk, before coercion to a forced type.
 *
 * Throws CoppiceError 'DATA' for integers beyond 2^53 (unless forced to 'float') and damage.
 */
export function decodeBatchColumn(
  source: { readonly name: string },
  column: string,
  data: Data,
  type: ColumnType | null,
): ColumnChunk {
  try {
    return decodeArrowColumn(data, type !== 'float')
  } catch (error) {
    if (error instanceof UnsafeIntegerError) {
      throw new CoppiceError(
        'DATA',
        `column '${column}' of ${source.name} holds the integer ${error.message}, which a double ` +
          `cannot hold exactly (beyond 2^53); ignore the column, give it the type 'float' to ` +
          `round it, or store it as text to use it as categories`,
      )
    }
    throw damaged(source, `column '${column}' is damaged`, error)
  }
}

async function readFileLayout(source: ByteSource): Promise<IpcLayout> {
  const { byteLength } = source
  const tail = await source.slice(Math.max(0, byteLength - 10), byteLength)
  if (byteLength < 20 || !isMagic(tail.subarray(4))) {
    throw damaged(source, 'its end is missing: truncated')
  }
  const nFooter = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
  if (nFooter + 18 > byteLength) throw damaged(source, 'its footer is cut off')
  const bytes = await source.slice(byteLength - 10 - nFooter, byteLength - 10)
  const { schema, dictionaries, blocks } = parseFooter(source, bytes)
  const batches = []
  await source.prefetch?.(blocks.map(({ range, nHeader }) => [range[0], range[0] + nHeader]))
  for (const { range, nHeader } of blocks) {
    const header = parseHeader(source, await source.slice(range[0], range[0] + nHeader))
    if (header.kind !== 'batch') throw damaged(source, 'its footer points to the wrong place')
    batches.push({ range, nRows: header.nRows })
  }
  return { schema, dictionaries: dictionaries.map(({ range }) => range), batches }
}

function parseFooter(source: ByteSource, bytes: Uint8Array) {
  try {
    checkFooter(bytes)
    const footer = Footer.decode(bytes)
    const locate = (
      blocks: Iterable<{ offset: number; metaDataLength: number; bodyLength: number }>,
    ) =>
      Array.from(blocks, ({ offset, metaDataLength, bodyLength }) => {
        const range: Range = [offset, offset + metaDataLength + bodyLength]
        const isInside = offset >= 8 && metaDataLength >= 8 && bodyLength >= 0
        if (!isInside || range[1] > source.byteLength) throw new Error('a batch lies outside')
        return { range, nHeader: metaDataLength }
      })
    return {
      schema: encapsulate(Message.encode(Message.from(footer.schema))),
      dictionaries: locate(footer.dictionaryBatches()),
      blocks: locate(footer.recordBatches()),
    }
  } catch (error) {
    throw damaged(source, 'its footer cannot be parsed', error)
  }
}

/** A message with its prefix, padded to 8 bytes. */
function encapsulate(message: Uint8Array): Uint8Array {
  const length = Math.ceil(message.length / 8) * 8
  const bytes = new Uint8Array(8 + length)
  new DataView(bytes.buffer).setUint32(0, 0xffffffff, true)
  new DataView(bytes.buffer).setUint32(4, length, true)
  bytes.set(message, 8)
  return bytes
}

/** Walks over the messages of a stream without reading their bodies. */
async function readStreamLayout(source: ByteSource): Promise<IpcLayout> {
  const { byteLength } = source
  const dictionaries: Range[] = []
  const batches: { range: Range; nRows: number }[] = []
  let schema: Uint8Array | null = null
  for (let offset = 0; offset < byteLength;) {
    if (offset + 8 > byteLength) throw damaged(source, 'a message is cut off: truncated')
    const prefix = await source.slice(offset, offset + 8)
    const { nPrefix, nHeader } = parsePrefix(prefix)
    // A length of 0 ends the stream.
    if (nHeader === 0) break
    const bodyStart = offset + nPrefix + nHeader
    if (bodyStart > byteLength) {
      const what = schema === null ? 'it is not Arrow IPC' : 'a message is cut off: truncated'
      throw damaged(source, what)
    }
    const { kind, nRows, nBody } = parseHeader(source, await source.slice(offset, bodyStart))
    const range: Range = [offset, bodyStart + nBody]
    if (range[1] > byteLength) throw damaged(source, 'a record batch is cut off: truncated')
    if (kind === 'schema') schema ??= await source.slice(...range)
    else if (schema === null) throw damaged(source, 'its schema is missing')
    else if (kind === 'dictionary') dictionaries.push(range)
    else if (kind === 'batch') batches.push({ range, nRows })
    offset = range[1]
  }
  if (schema === null) throw damaged(source, 'it holds no schema')
  return { schema, dictionaries, batches }
}

function isMagic(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 6)) === 'ARROW1'
}

/** @param bytes - prefix and header of a message */
function parseHeader(source: ByteSource, bytes: Uint8Array): IpcHeader {
  try {
    const body = bytes.subarray(parsePrefix(bytes).nPrefix)
    checkMessage(body)
    const message = Message.decode(body)
    const nBody = Number(message.bodyLength)
    if (!(nBody >= 0)) throw new Error('a body has a negative length')
    if (message.isSchema()) return { kind: 'schema', nRows: 0, nBody }
    if (message.isDictionaryBatch()) return { kind: 'dictionary', nRows: 0, nBody }
    if (!message.isRecordBatch()) return { kind: 'other', nRows: 0, nBody }
    const nRows = message.header().length
    if (!Number.isSafeInteger(nRows) || nRows < 0) throw new Error('a row count is wrong')
    return { kind: 'batch', nRows, nBody }
  } catch (error) {
    throw damaged(source, 'a message cannot be parsed (is it Arrow IPC or Feather 2?)', error)
  }
}

function openSchema(source: ByteSource, bytes: Uint8Array): Schema {
  try {
    return RecordBatchReader.from(withEndOfStream([bytes])).open().schema
  } catch (error) {
    throw damaged(source, 'its schema cannot be parsed', error)
  }
}

/** A unit is read as a stream of its own: schema, all dictionaries before it, one batch. */
async function readBatch(
  source: ByteSource,
  detail: ArrowDetail,
  unit: Unit,
): Promise<RecordBatch> {
  const before = detail.dictionaries.filter(([start]) => start < unit.start)
  const parts: Uint8Array[] = [detail.schema]
  const ranges = [...before, [unit.start, unit.end] as const]
  await source.prefetch?.(ranges)
  for (const range of ranges) {
    const bytes = await source.slice(...range)
    const { nPrefix, nHeader } = parsePrefix(bytes)
    parseHeader(source, bytes.subarray(0, nPrefix + nHeader))
    parts.push(bytes)
  }
  try {
    registerCodecs()
    const { value } = RecordBatchReader.from(withEndOfStream(parts)).open().next()
    if (value === undefined || value === null) throw new Error('the batch is empty')
    const batch = value as RecordBatch
    if (batch.numRows !== unit.nRows) throw new Error('its row count is wrong')
    return batch
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw damaged(source, `record batch ${unit.index}: ${cause}`, error)
  }
}

function withEndOfStream(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new Uint8Array(length + 8)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  bytes.set([255, 255, 255, 255, 0, 0, 0, 0], offset)
  return bytes
}

/** Registered on first use: importing this module has no side effect. */
function registerCodecs(): void {
  if (compressionRegistry.get(CompressionType.LZ4_FRAME) === null) {
    compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decompressLz4Frame })
  }
  if (compressionRegistry.get(CompressionType.ZSTD) === null) {
    compressionRegistry.set(CompressionType.ZSTD, { decode: decompressAligned })
  }
}

/** Copied to a buffer of its own: what fzstd gives may begin at any byte, doubles may not. */
function decompressAligned(bytes: Uint8Array): Uint8Array {
  return decompressZstd(bytes).slice()
}

function damaged(source: { readonly name: string }, what: string, cause?: unknown): CoppiceError {
  return new CoppiceError(
    'DATA',
    `cannot read ${source.name} as Arrow IPC: ${what}; write or copy the file again`,
    cause === undefined ? undefined : { cause },
  )
}
