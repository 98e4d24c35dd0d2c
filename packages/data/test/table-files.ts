/** Makes the contract's tables into bytes with this package's writers. */
import type { ColumnChunk, ColumnType } from '../src/reader.js'
import { StringInterner } from '../src/formats/string-interner.js'
import type { ByteSink, OutputColumn, TableWriter } from '../src/writers/writer.js'
import type { ContractTable } from './reader-contract.js'

/** Collects bytes in memory. */
export function memorySink(): ByteSink & { bytes(): Uint8Array } {
  const parts: Uint8Array[] = []
  return {
    write: (bytes) => {
      parts.push(bytes.slice())
      return Promise.resolve()
    },
    bytes: () => Uint8Array.from(Buffer.concat(parts)),
  }
}

/** The bytes that a writer makes of a table. */
export async function writeTable(
  table: ContractTable,
  create: (sink: ByteSink, columns: readonly OutputColumn[]) => TableWriter,
): Promise<Uint8Array> {
  const sink = memorySink()
  const columns = table.columns.map(({ name, type }) => ({ name, type }))
  const writer = create(sink, columns)
  await writer.write(table.columns.map(({ type, values }) => chunkOf(type, values)))
  await writer.finish()
  return sink.bytes()
}

/** A chunk of the given values; null is missing. */
export function chunkOf(
  type: ColumnType,
  values: readonly (number | string | null)[],
): ColumnChunk {
  if (type === 'string') {
    const interner = new StringInterner()
    const codes = Int32Array.from(values, (value) =>
      value === null ? -1 : interner.internString(String(value)),
    )
    return { type, codes, dictionary: interner.dictionary }
  }
  return { type, values: Float64Array.from(values, (value) => Number(value ?? NaN) + 0) }
}
