import type { Data, Table } from 'apache-arrow'
import { CoppiceError } from '@coppice/model'
import { arrowColumnType } from './formats/arrow-columns.js'
import { decodeBatchColumn } from './formats/arrow.js'
import type { MemoryTable } from './memory-rows.js'
import type { ColumnChunk, ColumnType } from './reader.js'
import { concatChunks } from './writers/writer.js'

/** An Arrow table of this or another copy of the library. */
export function arrowTable(table: Table): MemoryTable {
  const { fields } = table.schema
  return {
    names: fields.map(({ name }) => String(name)),
    hasNames: true,
    nRows: table.numRows,
    isText: (index) => arrowColumnType(fields[index]!.type).type === 'string',
    column(index, start, end, type) {
      const field = fields[index]!
      const { unsupported } = arrowColumnType(field.type)
      if (unsupported !== null) {
        throw new CoppiceError(
          'DATA',
          `column '${String(field.name)}' of the Arrow table is ${unsupported}; columns must ` +
            `hold numbers, booleans, dates or text: leave it out or flatten it`,
        )
      }
      return readRange(table, index, start, end, type)
    },
  }
}

function readRange(
  table: Table,
  index: number,
  start: number,
  end: number,
  type: ColumnType | null,
): ColumnChunk {
  const name = String(table.schema.fields[index]!.name)
  const chunks: ColumnChunk[] = []
  let firstRow = 0
  for (const batch of table.batches) {
    const from = Math.max(start, firstRow)
    const to = Math.min(end, firstRow + batch.numRows)
    if (from < to || (start === end && chunks.length === 0)) {
      const data = batch.data.children[index] as Data
      const part = data.slice(Math.max(0, from - firstRow), Math.max(0, to - from))
      chunks.push(decodeBatchColumn({ name: 'the Arrow table' }, name, part, type))
    }
    firstRow += batch.numRows
  }
  return chunks.length === 0 ? { type: 'empty', values: new Float64Array(0) } : concatChunks(chunks)
}
