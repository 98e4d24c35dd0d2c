import { CoppiceError } from '@coppice/model'
import { type CompressionCodec, type FileMetaData, parquetMetadata, parquetSchema } from 'hyparquet'
import type {
  ByteSource,
  CodedNumbers,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  RowArrays,
  StoredColumn,
  Unit,
} from '../reader.js'
import { ownArrays } from '../row-arrays.js'
import { durationsOf } from './arrow-durations.js'
import { JoinedReads } from './joined-reads.js'
import { decodeColumnChunk } from './parquet-pages.js'
import { describeColumn, type ParquetColumn } from './parquet-schema.js'
import { coerceStored, withValues } from './stored-columns.js'
import { UnsafeIntegerError } from './stored-numbers.js'

/** Where one column of one row group sits in the file. */
interface ChunkLocation {
  readonly start: number
  readonly end: number
  readonly codec: CompressionCodec
  readonly uncompressedBytes: number
}

interface ParquetDetail {
  readonly columns: readonly ParquetColumn[]
  /** Per unit, per column; null where the column cannot be read. */
  readonly chunks: readonly (readonly (ChunkLocation | null)[])[]
}

/**
 * Parquet: one unit per row group, only wanted columns are fetched and decoded.
 *
 * Integers beyond 2^53 are an error unless the column is forced to 'float' (rounded). Timestamps
 * and dates are whole milliseconds, rounded down, and so are durations, as in Arrow; decimals are
 * the nearest double. Lists, maps and structs are errors when they are wanted.
 */
export const parquetReader: PartitionReader = {
  format: 'parquet',
  plan,
  read: async (source, partitionPlan, unit, wanted, types) => {
    const chunks = await readColumns(source, partitionPlan, unit, wanted, types, null)
    return chunks.map(withValues)
  },
  readStored: (source, partitionPlan, unit, wanted, types, _options, arrays) =>
    readColumns(source, partitionPlan, unit, wanted, types, arrays),
}

async function plan(source: ByteSource): Promise<PartitionPlan> {
  const metadata = await readMetadata(source)
  const columns = columnsOf(source, metadata)
  const units: Unit[] = []
  let firstRow = 0
  for (const [index, group] of metadata.row_groups.entries()) {
    const nRows = Number(group.num_rows)
    if (!Number.isSafeInteger(nRows) || nRows < 0) throw damaged(source, 'a row count is wrong')
    units.push({ index, firstRow, nRows, start: 0, end: 0 })
    firstRow += nRows
  }
  if (firstRow !== Number(metadata.num_rows)) {
    throw damaged(source, `its row groups hold ${firstRow} rows, not ${metadata.num_rows}`)
  }
  const detail: ParquetDetail = { columns, chunks: locateChunks(source, metadata, columns) }
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    nRows: firstRow,
    units,
    detail,
  }
}

function columnsOf(source: ByteSource, metadata: FileMetaData): ParquetColumn[] {
  try {
    const durations = durationsOf(metadata)
    return parquetSchema(metadata).children
      .map((node) => describeColumn(node, durations.get(node.element.name)))
  } catch (error) {
    throw damaged(source, 'its schema is damaged', error)
  }
}

/** @param arrays - where rows go, numbers coded if that pays; null: to arrays of their own */
async function readColumns(
  source: ByteSource,
  partitionPlan: PartitionPlan,
  unit: Unit,
  wanted: readonly number[],
  types: readonly (ColumnType | null)[],
  arrays: RowArrays | null,
): Promise<StoredColumn[]> {
  const { columns, chunks } = partitionPlan.detail as ParquetDetail
  const ranges = wanted.flatMap((columnIdx) => {
    const location = chunks[unit.index]![columnIdx]
    return location ? [[location.start, location.end] as const] : []
  })
  await source.prefetch?.(ranges)
  // What is fetched ahead is held by its ranges.
  const bytes = new JoinedReads(source, source.prefetch === undefined ? ranges : [])
  const decoded: StoredColumn[] = []
  for (const [i, columnIdx] of wanted.entries()) {
    const column = columns[columnIdx]!
    if (column.conversion === null) throw unsupportedColumn(source, column)
    const type = types[i] ?? null
    const location = chunks[unit.index]![columnIdx]!
    const packed = await bytes.slice(location.start, location.end)
    const chunk = decodeChunk(packed, { source, unit, column, location, type, arrays })
    const place = { column: column.name, source: source.name, firstRow: unit.firstRow }
    decoded.push(coerceStored(chunk, type, place))
  }
  return decoded
}

/** Where a column chunk comes from, and how it is wanted. */
interface WantedChunk {
  readonly source: ByteSource
  readonly unit: Unit
  readonly column: ParquetColumn
  readonly location: ChunkLocation
  readonly type: ColumnType | null
  readonly arrays: RowArrays | null
}

function decodeChunk(
  bytes: Uint8Array,
  { source, unit, column, location, type, arrays }: WantedChunk,
): ColumnChunk | CodedNumbers {
  try {
    return decodeColumnChunk(bytes, {
      column,
      codec: location.codec,
      nRows: unit.nRows,
      exact: type !== 'float',
      uncompressedBytes: location.uncompressedBytes,
      mayBeCoded: arrays !== null,
      arrays: arrays ?? ownArrays,
    })
  } catch (error) {
    if (error instanceof UnsafeIntegerError) {
      throw new CoppiceError(
        'DATA',
        `column '${column.name}' of ${source.name} holds the integer ${error.message}, which a ` +
          `double cannot hold exactly (beyond 2^53); ignore the column, give it the type 'float' ` +
          `to round it, or store it as text to use it as categories`,
      )
    }
    const cause = error instanceof Error ? error.message : String(error)
    throw damaged(source, `column '${column.name}', row group ${unit.index}: ${cause}`, error)
  }
}

async function readMetadata(source: ByteSource): Promise<FileMetaData> {
  const tailBytes = Math.min(source.byteLength, 1 << 16)
  let tail = await source.slice(source.byteLength - tailBytes, source.byteLength)
  if (source.byteLength < 12 || !endsWithMagic(tail)) {
    const isWhole = source.byteLength >= 12 && endsWithMagic(await source.slice(0, 4))
    if (isWhole) throw damaged(source, 'it begins as Parquet but its footer is missing: truncated')
    throw damaged(source, 'it is not a Parquet file (no PAR1 at its ends)')
  }
  const nFooter = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - 8, true)
  if (nFooter + 12 > source.byteLength) throw damaged(source, 'its footer is cut off')
  if (nFooter + 8 > tail.length) {
    tail = await source.slice(source.byteLength - nFooter - 8, source.byteLength)
  }
  try {
    return parquetMetadata(tail, { geoparquet: false })
  } catch (error) {
    throw damaged(source, 'its footer cannot be parsed', error)
  }
}

function endsWithMagic(bytes: Uint8Array): boolean {
  const at = bytes.length - 4
  return (
    at >= 0 &&
    (bytes.length >= 12 || bytes.length === 4) &&
    bytes[at] === 0x50 &&
    bytes[at + 1] === 0x41 &&
    bytes[at + 2] === 0x52 &&
    bytes[at + 3] === 0x31
  )
}

function locateChunks(
  source: ByteSource,
  metadata: FileMetaData,
  columns: readonly ParquetColumn[],
): (ChunkLocation | null)[][] {
  const columnOfName = new Map(columns.map((column, index) => [column.name, index]))
  const twin = columns.find((column, index) => columnOfName.get(column.name) !== index)
  if (twin !== undefined) throw damaged(source, `two columns are named '${twin.name}'`)
  return metadata.row_groups.map((group, groupIdx) => {
    const locations = new Array<ChunkLocation | null>(columns.length).fill(null)
    for (const { meta_data: meta, file_path: path } of group.columns) {
      if (path !== undefined) throw damaged(source, `its data sit in another file, ${path}`)
      if (meta === undefined) throw damaged(source, 'it is encrypted')
      const columnIdx = columnOfName.get(meta.path_in_schema[0] ?? '')
      if (columnIdx === undefined) throw damaged(source, 'its footer names an unknown column')
      if (columns[columnIdx]!.conversion === null) continue
      if (Number(group.num_rows) === 0) {
        // What has no rows need not be anywhere.
        locations[columnIdx] = { start: 4, end: 4, codec: meta.codec, uncompressedBytes: 0 }
        continue
      }
      const start = Number(meta.dictionary_page_offset || meta.data_page_offset)
      const end = start + Number(meta.total_compressed_size)
      if (!(start >= 4 && end >= start && end <= source.byteLength)) {
        throw damaged(source, `row group ${groupIdx} lies outside the file: truncated`)
      }
      const uncompressedBytes = Number(meta.total_uncompressed_size)
      locations[columnIdx] = { start, end, codec: meta.codec, uncompressedBytes }
    }
    const missing = columns.findIndex((c, i) => c.conversion !== null && locations[i] === null)
    if (missing >= 0) {
      throw damaged(source, `row group ${groupIdx} lacks the column '${columns[missing]!.name}'`)
    }
    return locations
  })
}

function unsupportedColumn(source: ByteSource, column: ParquetColumn): CoppiceError {
  return new CoppiceError(
    'DATA',
    `column '${column.name}' of ${source.name} is ${column.unsupported}; columns must hold ` +
      `numbers, booleans, dates or text: ignore the column or flatten it`,
  )
}

function damaged(source: ByteSource, what: string, cause?: unknown): CoppiceError {
  return new CoppiceError(
    'DATA',
    `cannot read ${source.name} as Parquet: ${what}; write or copy the file again`,
    cause === undefined ? undefined : { cause },
  )
}
