import {
  Bool,
  type Data,
  type DataType,
  DurationMillisecond,
  Field,
  Float64,
  Int64,
  makeData,
  Message,
  Null,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
} from 'apache-arrow'
import type { ColumnChunk, ColumnType, NumberChunk, StringChunk } from '../reader.js'
import { type ByteSink, type OutputColumn, RowGrouper, type TableWriter } from './writer.js'

const defaultRowsPerBatch = 1 << 16

/**
 * Writes the Arrow IPC file format (Feather 2), uncompressed: booleans, Int64, Float64,
 * millisecond timestamps and Utf8.
 */
export function createArrowWriter(
  sink: ByteSink,
  columns: readonly OutputColumn[],
  rowsPerBatch = defaultRowsPerBatch,
): TableWriter {
  const fields = columns.map(({ name, type }) => new Field(name, arrowType(type), true))
  const schema = new Schema(fields)
  const writer = new CollectingWriter()
  writer.reset(undefined, schema)
  const drain = async () => {
    for (const bytes of writer.take()) await sink.write(bytes)
  }
  const grouper = new RowGrouper(rowsPerBatch, async (chunks, nRows) => {
    writer.write(makeBatch(schema, chunks, nRows))
    await drain()
  })
  return {
    write: (chunks) => grouper.write(chunks),
    async finish() {
      await grouper.flush()
      writer.finish()
      await drain()
    },
  }
}

/** Keeps what apache-arrow writes until it is taken, so that a slow disk slows the caller. */
class CollectingWriter extends RecordBatchFileWriter {
  #parts: Uint8Array[] = []

  take(): Uint8Array[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  /** Files begin like a stream, so that readers of either find the schema first. */
  protected override _writeSchema(schema: Schema): this {
    return this._writeMagic()._writePadding(2)._writeMessage(Message.from(schema))
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this
    this.#parts.push(
      new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength),
    )
    this._position += chunk.byteLength
    return this
  }
}

function arrowType(type: ColumnType): DataType {
  switch (type) {
    case 'bool':
      return new Bool()
    case 'int':
      return new Int64()
    case 'float':
      return new Float64()
    case 'date':
      return new TimestampMillisecond()
    case 'duration':
      return new DurationMillisecond()
    case 'string':
      return new Utf8()
    case 'empty':
      return new Null()
  }
}

function makeBatch(schema: Schema, chunks: readonly ColumnChunk[], nRows: number): RecordBatch {
  const children = chunks.map((chunk, i) =>
    makeColumn(chunk, schema.fields[i]!.type as DataType, nRows),
  )
  const data = makeData({ type: new Struct(schema.fields), length: nRows, nullCount: 0, children })
  return new RecordBatch(schema, data)
}

function makeColumn(chunk: ColumnChunk, type: DataType, length: number): Data {
  if (chunk.type === 'string') return makeTextColumn(chunk, length)
  if (chunk.type === 'empty') return makeData({ type: new Null(), length })
  const { bitmap, nullCount } = findNulls(chunk)
  const data = storedNumbers(chunk)
  const nullBitmap = nullCount === 0 ? null : bitmap
  return makeData({
    type: type as Float64,
    length,
    nullCount,
    nullBitmap,
    data: data as Float64Array,
  })
}

function findNulls({ values }: NumberChunk): { bitmap: Uint8Array; nullCount: number } {
  const bitmap = new Uint8Array(Math.ceil(values.length / 8))
  let nullCount = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] === values[i]) bitmap[i >> 3]! |= 1 << (i & 7)
    else nullCount++
  }
  return { bitmap, nullCount }
}

function storedNumbers({ type, values }: NumberChunk): Float64Array | BigInt64Array | Uint8Array {
  switch (type) {
    case 'int':
    case 'date':
    case 'duration':
      return BigInt64Array.from(values, (value) =>
        value === value ? BigInt(Math.floor(value)) : 0n,
      )
    case 'bool': {
      const bits = new Uint8Array(Math.ceil(values.length / 8))
      for (let i = 0; i < values.length; i++) if (values[i] === 1) bits[i >> 3]! |= 1 << (i & 7)
      return bits
    }
    default:
      // Arrow may write the buffer later than the caller changes it.
      return values.slice()
  }
}

function makeTextColumn({ codes, dictionary }: StringChunk, length: number): Data {
  const encoder = new TextEncoder()
  const entries = dictionary.map((text) => encoder.encode(text))
  const valueOffsets = new Int32Array(length + 1)
  const nullBitmap = new Uint8Array(Math.ceil(length / 8))
  let nullCount = 0
  let nBytes = 0
  for (let i = 0; i < length; i++) {
    const code = codes[i]!
    if (code < 0) nullCount++
    else {
      nullBitmap[i >> 3]! |= 1 << (i & 7)
      nBytes += entries[code]!.length
    }
    valueOffsets[i + 1] = nBytes
  }
  const data = new Uint8Array(nBytes)
  for (let i = 0; i < length; i++)
    if (codes[i]! >= 0) data.set(entries[codes[i]!]!, valueOffsets[i])
  return makeData({ type: new Utf8(), length, nullCount, nullBitmap, valueOffsets, data })
}
