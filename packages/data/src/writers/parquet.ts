import type { SchemaElement } from 'hyparquet'
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer'
import type { ColumnChunk, ColumnType } from '../reader.js'
import { type ByteSink, type OutputColumn, RowGrouper, type TableWriter } from './writer.js'

type WrittenValue = number | bigint | boolean | string | Date | null

/** A row group holds about this many values: large enough to compress, small enough to stream. */
const valuesPerGroup = 1 << 21
const rowsPerGroupMax = 1 << 17

/**
 * Writes Parquet, compressed with Snappy: booleans, INT64, DOUBLE, millisecond timestamps and
 * UTF-8 text, all optional. The row groups depend on the rows and columns only.
 */
export function createParquetWriter(
  sink: ByteSink,
  columns: readonly OutputColumn[],
  rowsPerGroup = defaultRowsPerGroup(columns.length),
): TableWriter {
  const bytes = new DrainingWriter(sink)
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(schemaElement)],
    createdBy: 'coppice',
  })
  const grouper = new RowGrouper(rowsPerGroup, async (chunks, nRows) => {
    const columnData = columns.map(({ name, type }, i): ColumnSource => ({
      name,
      data: storedValues(chunks[i]!),
      // A dictionary of doubles seldom pays for the search.
      ...(type === 'float' ? { encoding: 'PLAIN' as const } : {}),
    }))
    await writer.write({ columnData, rowGroupSize: nRows })
  })
  return {
    write: (chunks) => grouper.write(chunks),
    async finish() {
      await grouper.flush()
      await writer.finish()
      await bytes.flush()
    },
  }
}

function defaultRowsPerGroup(nColumns: number): number {
  const nRows = Math.floor(valuesPerGroup / Math.max(1, nColumns))
  return Math.max(1024, Math.min(rowsPerGroupMax, nRows))
}

/** Collects bytes; ParquetWriter calls `flush` after each row group. */
class DrainingWriter extends ByteWriter {
  readonly #sink: ByteSink

  constructor(sink: ByteSink) {
    super(1 << 16)
    this.#sink = sink
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes().slice()
    this.index = 0
    await this.#sink.write(bytes)
  }
}

function schemaElement({ name, type }: OutputColumn): SchemaElement {
  return { name, repetition_type: 'OPTIONAL', ...storedType(type) }
}

function storedType(type: ColumnType): Omit<SchemaElement, 'name'> {
  switch (type) {
    case 'bool':
      return { type: 'BOOLEAN' }
    case 'int':
    case 'duration':
      // Parquet has no durations: they are counts of milliseconds from here on.
      return { type: 'INT64' }
    case 'float':
    case 'empty':
      return { type: 'DOUBLE' }
    case 'date':
      return { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }
    case 'string':
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8' }
  }
}

function storedValues(chunk: ColumnChunk): WrittenValue[] {
  if (chunk.type === 'string') {
    return Array.from(chunk.codes, (code) => (code < 0 ? null : chunk.dictionary[code]!))
  }
  const { type, values } = chunk
  switch (type) {
    case 'bool':
      return Array.from(values, (value) => (value !== value ? null : value === 1))
    case 'int':
    case 'date':
    case 'duration':
      return Array.from(values, (value) => (value !== value ? null : BigInt(Math.floor(value))))
    default:
      return Array.from(values, (value) => (value !== value ? null : value))
  }
}
