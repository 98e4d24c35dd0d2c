/** A seeded table with every kind of column, and files of it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { finish, mixWord } from '@coppice/engine'
import type { Format } from '../../src/reader.js'
import { createArrowWriter } from '../../src/writers/arrow.js'
import { createCsvWriter } from '../../src/writers/csv.js'
import { createNpyWriter } from '../../src/writers/npy.js'
import { createParquetWriter } from '../../src/writers/parquet.js'
import type { ByteSink, OutputColumn, TableWriter } from '../../src/writers/writer.js'
import { memorySink } from '../table-files.js'
import { chunkOf } from '../table-files.js'

export interface Column {
  readonly name: string
  readonly type: 'bool' | 'int' | 'float' | 'date' | 'string'
  readonly values: readonly (number | string | null)[]
}

/** An integer in [0, limit) drawn for (seed, stream, row). */
export function draw(seed: number, stream: number, row: number, limit: number): number {
  return finish(mixWord(mixWord(mixWord(7, seed), stream), row)) % limit
}

/**
 * Columns: real (missing values, zeros, negatives), count, flag, when, color (missing values),
 * code (texts that look like numbers, with one that does not, late), city, weight, query and y.
 */
export function sampleTable(seed: number, nRows: number): Column[] {
  const rows = Array.from({ length: nRows }, (_, row) => row)
  const column = (
    name: string,
    type: Column['type'],
    value: (row: number) => number | string | null,
  ): Column => ({ name, type, values: rows.map(value) })
  const colors = ['red', 'green', 'blue', 'Ünï', '東京', 'a, "b"']
  return [
    column('real', 'float', (row) => {
      const kind = draw(seed, 1, row, 10)
      if (kind === 0) return null
      return kind === 1 ? 0 : (draw(seed, 2, row, 20001) - 9000.5) / 64
    }),
    column('count', 'int', (row) => draw(seed, 3, row, 40) - 5),
    column('flag', 'bool', (row) => draw(seed, 4, row, 2)),
    column('when', 'date', (row) => 1.5e12 + draw(seed, 5, row, 1000) * 86_400_000),
    column('color', 'string', (row) =>
      draw(seed, 6, row, 12) === 0 ? null : colors[draw(seed, 7, row, colors.length)]!,
    ),
    column('code', 'string', (row) =>
      row === nRows - 1 ? 'x9' : String(draw(seed, 8, row, 30)).padStart(3, '0'),
    ),
    column('city', 'int', (row) => draw(seed, 9, row, 300) * 7 - 100),
    column('weight', 'float', (row) => draw(seed, 10, row, 8) / 4),
    column('query', 'int', (row) => Math.floor(row / 10)),
    column('y', 'int', (row) => draw(seed, 11, row, 2)),
  ]
}

/** Rows [start, end) of all columns. */
export function sliceTable(table: readonly Column[], start: number, end: number): Column[] {
  return table.map((column) => ({ ...column, values: column.values.slice(start, end) }))
}

/** The bytes of a table in a format. */
export async function tableBytes(
  table: readonly Column[],
  format: Format,
  rowsPerUnit = 500,
): Promise<Uint8Array> {
  const sink = memorySink()
  const nRows = table[0]?.values.length ?? 0
  const columns = table.map(({ name, type }) => ({ name, type }))
  const writer = makeWriter(format, sink, columns, nRows, rowsPerUnit)
  await writer.write(table.map(({ type, values }) => chunkOf(type, values)))
  await writer.finish()
  return sink.bytes()
}

function makeWriter(
  format: Format,
  sink: ByteSink,
  columns: readonly OutputColumn[],
  nRows: number,
  rowsPerUnit: number,
): TableWriter {
  switch (format) {
    case 'parquet':
      return createParquetWriter(sink, columns, rowsPerUnit)
    case 'arrow':
      return createArrowWriter(sink, columns, rowsPerUnit)
    case 'npy':
      return createNpyWriter(sink, columns, nRows)
    case 'tsv':
      return createCsvWriter(sink, columns, '\t')
    default:
      return createCsvWriter(sink, columns)
  }
}

/** Writes a table to a file whose name says the format. */
export async function writeSample(
  path: string,
  table: readonly Column[],
  rowsPerUnit?: number,
): Promise<string> {
  mkdirSync(dirname(path), { recursive: true })
  const format = path.slice(path.lastIndexOf('.') + 1) as Format
  writeFileSync(path, await tableBytes(table, format, rowsPerUnit))
  return path
}

/** Cuts a table at the rows given and writes the parts; returns their paths in order. */
export async function writeParts(
  folder: string,
  table: readonly Column[],
  cuts: readonly number[],
  format: Format,
  rowsPerUnit?: number,
): Promise<string[]> {
  const nRows = table[0]!.values.length
  const bounds = [0, ...cuts, nRows]
  const paths: string[] = []
  for (let i = 0; i + 1 < bounds.length; i++) {
    const part = sliceTable(table, bounds[i]!, bounds[i + 1]!)
    paths.push(await writeSample(`${folder}/part-${i}.${format}`, part, rowsPerUnit))
  }
  return paths
}
