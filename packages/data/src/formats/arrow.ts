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
import { coerceChunk } from './coerce.js'
import { decompressLz4Frame } from './lz4-frame.js'
import { UnsafeIntegerError } from './stored-numbers.js'

type Range = readonly [start: number, end: number]

interface ArrowDetail {
  readonly schema: Range
  readonly dictionaries: readonly Range[]
}

interface IpcMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other'
  readonly range: Range
  readonly nRows: number
}

/**
 * Arrow IPC, the file (.arrow, Feather 2) and the stream: one unit per record batch, bodies may
 * be compressed with LZ4 or ZSTD. The same rules for types as in Parquet.
 */
export const arrowReader: PartitionReader = { format: 'arrow', plan, read }

async function plan(source: ByteSource): Promise<PartitionPlan> {
  const units: Unit[] = []
  const dictionaries: Range[] = []
  let schema: Range | null = null
  let firstRow = 0
  for await (const { kind, range, nRows } of scanMessages(source)) {
    if (kind === 'schema') schema ??= range
    else if (schema === null) throw damaged(source, 'its schema is missing')
    else if (kind === 'dictionary') dictionaries.push(range)
    else if (kind === 'batch') {
      units.push({ index: units.length, firstRow, nRows, start: range[0], end: range[1] })
      firstRow += nRows
    }
  }
  if (schema === null) throw damaged(source, 'it holds no schema')
  const { fields } = await openSchema(source, schema)
  const detail: ArrowDetail = { schema, dictionaries }
  return {
    columns: fields.map((field) => ({ name: field.name, type: arrowColumnType(field.type).type })),
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

/** Walks over the messages of a file or a stream without reading their bodies. */
async function* scanMessages(source: ByteSource): AsyncGenerator<IpcMessage> {
  const { byteLength } = source
  const head = await source.slice(0, Math.min(8, byteLength))
  const isFile = isMagic(head)
  if (isFile && !isMagic((await source.slice(Math.max(0, byteLength - 6), byteLength)).slice(0))) {
    throw damaged(source, 'its end is missing: truncated')
  }
  let offset = isFile ? 8 : 0
  while (offset + 4 <= byteLength) {
    const frame = await source.slice(offset, Math.min(offset + 8, byteLength))
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    const isModern = view.getUint32(0, true) === 0xffffffff
    if (isModern && frame.length < 8) throw damaged(source, 'a message is cut off')
    const nPrefix = isModern ? 8 : 4
    const nHeader = view.getUint32(nPrefix - 4, true)
    // A length of 0 ends the stream; in a file the footer follows.
    if (nHeader === 0) return
    const bodyStart = offset + nPrefix + nHeader
    if (bodyStart > byteLength) {
      const isAtAll = isFile || offset > 0 || isModern
      throw damaged(source, isAtAll ? 'a message is cut off: truncated' : 'it is not Arrow IPC')
    }
    const header = await source.slice(offset + nPrefix, bodyStart)
    const { kind, nRows, nBody } = decodeHeader(source, header)
    const end = bodyStart + nBody
    if (!(nBody >= 0 && end <= byteLength)) {
      throw damaged(source, 'a record batch is cut off: truncated')
    }
    yield { kind, range: [offset, end], nRows }
    offset = end
  }
}

function isMagic(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 6)) === 'ARROW1'
}

function decodeHeader(source: ByteSource, header: Uint8Array) {
  try {
    const message = Message.decode(header)
    const nBody = Number(message.bodyLength)
    if (message.isSchema()) return { kind: 'schema' as const, nRows: 0, nBody }
    if (message.isDictionaryBatch()) return { kind: 'dictionary' as const, nRows: 0, nBody }
    if (message.isRecordBatch()) {
      const nRows = message.header().length
      if (!Number.isSafeInteger(nRows) || nRows < 0) throw new Error('a row count is wrong')
      return { kind: 'batch' as const, nRows, nBody }
    }
    return { kind: 'other' as const, nRows: 0, nBody }
  } catch (error) {
    throw damaged(source, 'a message cannot be parsed (is it Arrow IPC or Feather 2?)', error)
  }
}

async function openSchema(source: ByteSource, range: Range): Promise<Schema> {
  const bytes = await source.slice(...range)
  try {
    return RecordBatchReader.from(withEndOfStream([bytes])).open().schema
  } catch (error) {
    throw damaged(source, 'its schema cannot be parsed', error)
  }
}

/** A unit is read as a stream of its own: schema, all dictionaries before it, one batch. */
async function readBatch(source: ByteSource, detail: ArrowDetail, unit: Unit): Promise<RecordBatch> {
  const before = detail.dictionaries.filter(([start]) => start < unit.start)
  const parts: Uint8Array[] = []
  for (const range of [detail.schema, ...before, [unit.start, unit.end] as const]) {
    parts.push(await source.slice(...range))
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
    compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => decompressZstd(bytes) })
  }
}

function damaged(source: { readonly name: string }, what: string, cause?: unknown): CoppiceError {
  return new CoppiceError(
    'DATA',
    `cannot read ${source.name} as Arrow IPC: ${what}; write or copy the file again`,
    cause === undefined ? undefined : { cause },
  )
}
