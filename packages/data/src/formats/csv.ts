/**
 * Reader of CSV and TSV partitions (comma- and tab-separated text, UTF-8).
 *
 * `csv-records.ts` states the dialect. Spaces around fields do not count, except within quotes.
 * Columns without a header are named `Column_0`, `Column_1`, ... by their place in the file.
 */

import { assert } from '@coppice/model'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  RowArrays,
  TextOptions,
  Unit,
} from '../reader.js'
import { ownArrays } from '../row-arrays.js'
import {
  RECORD_BYTES_MAX,
  UNIT_BYTES,
  byteOrderMark,
  decodeUtf8,
  missingMarkers,
  readBytes,
  textError,
  type TextWindow,
} from './csv-bytes.js'
import { decodeColumns, type ColumnRequest } from './csv-columns.js'
import { fieldText } from './csv-field.js'
import { FieldSplitter, withLineEnd, type UnitText } from './csv-fields.js'
import { enterMachine } from './decoding-machine.js'
import { parseNumber } from './csv-number.js'
import { endlessRecordError, scanRecords, scanWindow } from './csv-records.js'
import { lineOfRecord } from './line-of-row.js'

/** `PartitionPlan.detail` of a CSV or TSV partition. */
interface CsvDetail {
  /** Per unit, the 1-based number of its first line. */
  readonly firstLines: readonly number[]
}

/** Where the next window begins, and what is known of the records. */
interface PlanState {
  position: number
  line: number
  nRows: number
  columns: readonly string[] | null
  readonly units: Unit[]
  readonly firstLines: number[]
}

/** Reads comma-separated text. */
export const csvReader: PartitionReader = createCsvReader('csv')

/** Reads tab-separated text, with the same quotes as CSV. */
export const tsvReader: PartitionReader = createCsvReader('tsv')

/**
 * A reader whose units have about `unitBytes` bytes of text.
 *
 * @param unitBytes - at least 1; a unit holds at least one record, and has at most this many
 *   bytes unless its first record alone is longer
 */
export function createCsvReader(format: 'csv' | 'tsv', unitBytes = UNIT_BYTES): PartitionReader {
  const separator = format === 'csv' ? 44 : 9
  return {
    format,
    plan: (source, options) => planCsv(source, options, separator, unitBytes),
    read: (source, plan, unit, columns, types, options) =>
      readCsv(source, plan, unit, columns, types, options, separator, ownArrays),
    readStored: (source, plan, unit, columns, types, options, arrays) =>
      readCsv(source, plan, unit, columns, types, options, separator, arrays),
    lineOf: (source, plan, unit, row) => lineOfRecord({ source, plan, unit }, row, separator),
  }
}

/** One pass over the bytes, a window at a time; the records of a window become a unit. */
async function planCsv(
  source: ByteSource,
  options: TextOptions,
  separator: number,
  unitBytes: number,
): Promise<PartitionPlan> {
  const state: PlanState = {
    position: 0,
    line: 1,
    nRows: 0,
    columns: null,
    units: [],
    firstLines: [],
  }
  let windowBytes = unitBytes
  while (state.position < source.byteLength) {
    const end = Math.min(state.position + windowBytes, source.byteLength)
    const window: TextWindow = {
      name: source.name,
      bytes: await readBytes(source, state.position, end),
      firstLine: state.line,
      isLast: end === source.byteLength,
    }
    if (planWindow(window, state, options, separator)) {
      windowBytes = unitBytes
    } else {
      if (windowBytes >= RECORD_BYTES_MAX) throw endlessRecordError(window)
      windowBytes = Math.min(windowBytes * 2, RECORD_BYTES_MAX)
    }
  }
  const detail: CsvDetail = { firstLines: state.firstLines }
  return {
    columns: (state.columns ?? []).map((name) => ({ name, type: null })),
    nRows: state.nRows,
    units: state.units,
    detail,
  }
}

/** Plans what is complete of one window; false when it holds no complete record. */
function planWindow(
  window: TextWindow,
  state: PlanState,
  options: TextOptions,
  separator: number,
): boolean {
  let skipped = 0
  let line = state.line
  if (state.columns === null) {
    if (state.position === 0) {
      if (window.bytes.length < 3 && !window.isLast) return false
      skipped = byteOrderMark(window.name, window.bytes)
    }
    const rest = { ...window, bytes: window.bytes.subarray(skipped) }
    const first = scanRecords(rest, { separator, nColumns: 0, nRowsMax: 1 })
    if (first.nRows === 0) {
      // Blank lines alone: the next window may begin behind them.
      if (first.end + skipped === 0) return false
      state.position += skipped + first.end
      state.line += first.nLines
      return true
    }
    const { names, isHeader } = readHeader(rest, first.end, first.nColumns, separator, options)
    state.columns = names
    if (isHeader) {
      skipped += first.end
      line += first.nLines
    }
  }
  const body = { ...window, bytes: window.bytes.subarray(skipped), firstLine: line }
  const nColumns = state.columns.length
  const scan = scanWindow(body, { separator, nColumns })
  if (skipped + scan.end === 0) return false
  if (scan.nRows > 0) {
    const start = state.position + skipped
    state.units.push({
      index: state.units.length,
      firstRow: state.nRows,
      nRows: scan.nRows,
      start,
      end: start + scan.end,
    })
    state.firstLines.push(line)
  }
  state.position += skipped + scan.end
  state.line = line + scan.nLines
  state.nRows += scan.nRows
  return true
}

/** The fields of the first record as names, if it is a header; else names by position. */
function readHeader(
  window: TextWindow,
  end: number,
  nColumns: number,
  separator: number,
  options: TextOptions,
): { readonly names: readonly string[]; readonly isHeader: boolean } {
  const bytes = withLineEnd(window.bytes.subarray(0, end))
  const text: UnitText = { ...window, bytes, separator, nColumns, nRows: 1 }
  const fields = headerFields(text)
  const scratch = new Float64Array(1)
  let hasNumber = false
  const names: string[] = []
  for (let column = 0; column < nColumns; column++) {
    const piece = fieldText(bytes, fields[column]!.start, fields[column]!.end)
    const field = piece.bytes.subarray(piece.start, piece.end)
    if (parseNumber(field, 0, field.length, scratch, 0) !== 0) hasNumber = true
    const name = decodeUtf8(field)
    if (name === null && options.header !== false) {
      throw textError(
        window,
        fields[column]!.start,
        `the name of column ${column + 1} is not valid UTF-8; convert the file to UTF-8`,
      )
    }
    names.push(name || `Column_${column}`)
  }
  const isHeader = options.header === 'auto' ? !hasNumber : options.header
  if (!isHeader) return { names: numberedNames(nColumns, options), isHeader }
  const firstOf = new Map<string, number>()
  names.forEach((name, column) => {
    const other = firstOf.get(name)
    if (other !== undefined) {
      throw textError(
        window,
        fields[column]!.start,
        `columns ${other + 1} and ${column + 1} are both named '${name}'; rename one, or set ` +
          'header to false if this line is data',
      )
    }
    firstOf.set(name, column)
  })
  return { names, isHeader }
}

/** Names of columns that have none; a label that is not there is told where it is looked for. */
function numberedNames(nColumns: number, { unnamed }: TextOptions): string[] {
  const hasLabel = unnamed !== undefined && unnamed.unlessColumns !== nColumns
  const label = hasLabel ? unnamed.label : nColumns
  return Array.from({ length: nColumns }, (_, column) =>
    column === label ? 'label' : `Column_${column > label ? column - 1 : column}`)
}

/** Where the fields of the only record stand. */
function headerFields(text: UnitText): { readonly start: number; readonly end: number }[] {
  const { nColumns } = text
  const machine = enterMachine()
  try {
    const slots = Int32Array.from({ length: nColumns }, (_, column) => column)
    const block = new FieldSplitter(machine, text, slots, nColumns).nextBlock()!
    const starts = machine.ints(block.starts, nColumns * block.stride)
    const ends = machine.ints(block.ends, nColumns * block.stride)
    return Array.from(slots, (slot) => {
      const at = slot * block.stride
      return { start: block.base + starts[at]!, end: block.base + ends[at]! }
    })
  } finally {
    machine.leave()
  }
}

async function readCsv(
  source: ByteSource,
  plan: PartitionPlan,
  unit: Unit,
  columns: readonly number[],
  types: readonly (ColumnType | null)[],
  options: TextOptions,
  separator: number,
  arrays: RowArrays,
): Promise<ColumnChunk[]> {
  const nColumns = plan.columns.length
  const isWanted = new Uint8Array(nColumns)
  const requests = columns.map((column, i): ColumnRequest => {
    assert(column >= 0 && column < nColumns, `column ${column} is one of ${nColumns}`)
    assert(isWanted[column] === 0, `column ${column} is wanted once`)
    isWanted[column] = 1
    return { name: plan.columns[column]!.name, column, type: types[i] ?? null }
  })
  if (requests.length === 0) return []
  const { firstLines } = plan.detail as CsvDetail
  const text: UnitText = {
    name: source.name,
    bytes: withLineEnd(await readBytes(source, unit.start, unit.end)),
    firstLine: firstLines[unit.index]!,
    separator,
    nColumns,
    nRows: unit.nRows,
  }
  return decodeColumns(text, requests, missingMarkers(options), arrays)
}
