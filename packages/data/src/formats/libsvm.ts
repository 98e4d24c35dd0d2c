/**
 * Reader of LibSVM (SVMlight) partitions: `label index:value ...`, absent entries are 0.
 *
 * Columns are `label` (unless no row has one), `qid` (where the rows have `qid:number` after the
 * label), then `Column_0`, `Column_1`, ... up to the largest index of the file. As in LightGBM
 * (`LibSVMParser`, src/io/parser.hpp), index i is column i: indices are zero-based, and a
 * one-based file gets a `Column_0` that is 0 in every row and never split. A partition may lack
 * the last columns of another, and they are then 0 in all its rows.
 *
 * `#` begins a comment that goes to the end of its line; blank lines are skipped. Indices of a
 * row may stand in any order, but none twice.
 */

import { CoppiceError, assert } from '@coppice/model'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  TextOptions,
  Unit,
} from '../reader.js'
import { coerceChunk } from './coerce.js'
import {
  UNIT_BYTES,
  isMissing,
  missingMarkers,
  readBytes,
  showBytes,
  textError,
  type MissingMarkers,
} from './csv-bytes.js'
import { Kind, parseNumber } from './csv-number.js'
import { planLibsvm, type LibsvmDetail, type LibsvmLimits } from './libsvm-plan.js'
import { Token, TokenCursor, findLineEnd, skipLineEnd } from './libsvm-tokens.js'

/** A unit decodes to at most 4 MB of doubles. */
const UNIT_VALUES = 512 * 1024

/** Reads LibSVM text. */
export const libsvmReader: PartitionReader = createLibsvmReader({
  unitBytes: UNIT_BYTES,
  unitValues: UNIT_VALUES,
})

/** A LibSVM reader with units of another size. */
export function createLibsvmReader(limits: LibsvmLimits): PartitionReader {
  return {
    format: 'libsvm',
    plan: (source) => planLibsvm(source, limits),
    read: readLibsvm,
  }
}

/** The wanted columns of one unit while they are filled. */
interface UnitColumns {
  readonly name: string
  readonly bytes: Uint8Array
  readonly firstLine: number
  readonly nFeatures: number
  readonly missing: MissingMarkers
  /** Index + 2 of label (-1), qid (-2) and features to a place in `values`, or -1. */
  readonly slots: Int32Array
  readonly values: readonly Float64Array[]
  /** Per wanted column: some value is not an integer. */
  readonly isFloat: Uint8Array
  /** nFeatures: 1 + the row in which the index was seen last. */
  readonly seenIn: Int32Array
}

const FIRST_INDEX = Token.qid

async function readLibsvm(
  source: ByteSource,
  plan: PartitionPlan,
  unit: Unit,
  columns: readonly number[],
  types: readonly (ColumnType | null)[],
  options: TextOptions,
): Promise<ColumnChunk[]> {
  if (columns.length === 0) return []
  const { hasLabel, hasQid, nFeatures, firstLines } = plan.detail as LibsvmDetail
  const nLeading = (hasLabel ? 1 : 0) + (hasQid ? 1 : 0)
  const slots = new Int32Array(nFeatures - FIRST_INDEX).fill(-1)
  columns.forEach((column, slot) => {
    assert(column >= 0 && column < plan.columns.length, `column ${column} exists`)
    const leading = hasLabel && column === 0 ? Token.label : Token.qid
    const index = column < nLeading ? leading : column - nLeading
    assert(slots[index - FIRST_INDEX] === -1, `column ${column} is wanted once`)
    slots[index - FIRST_INDEX] = slot
  })
  const unitColumns: UnitColumns = {
    name: source.name,
    bytes: await readBytes(source, unit.start, unit.end),
    firstLine: firstLines[unit.index]!,
    nFeatures,
    missing: missingMarkers(options),
    slots,
    values: columns.map(() => new Float64Array(unit.nRows)),
    isFloat: new Uint8Array(columns.length),
    seenIn: new Int32Array(nFeatures),
  }
  fillRows(unitColumns, unit.nRows)
  return unitColumns.values.map((values, slot) => {
    const type = unitColumns.isFloat[slot] === 1 ? 'float' : 'int'
    return coerceChunk({ type, values }, types[slot] ?? null, {
      column: plan.columns[columns[slot]!]!.name,
      source: source.name,
      firstRow: unit.firstRow,
    })
  })
}

function fillRows(unit: UnitColumns, nRows: number): void {
  const { bytes } = unit
  const cursor = new TokenCursor(bytes)
  let row = 0
  for (let start = 0; start < bytes.length; ) {
    const end = findLineEnd(bytes, start)
    cursor.open(start, end)
    if (cursor.next()) {
      if (row >= nRows) throw changedError(unit, nRows)
      fillRow(unit, cursor, row++)
    }
    start = skipLineEnd(bytes, end)
  }
  if (row !== nRows) throw changedError(unit, nRows)
}

/** Stores the values of a row; the cursor is at its first token. */
function fillRow(unit: UnitColumns, cursor: TokenCursor, row: number): void {
  const { bytes, slots, seenIn, nFeatures } = unit
  do {
    const { index, start, end } = cursor
    if (index >= nFeatures) throw changedError(unit, row)
    if (index >= 0) {
      if (seenIn[index] === row + 1) {
        throw textError(unit, cursor.tokenStart, `index ${index} stands twice in this row`)
      }
      seenIn[index] = row + 1
    }
    const slot = slots[index - FIRST_INDEX]!
    if (slot < 0) continue
    const values = unit.values[slot]!
    const kind = parseNumber(bytes, start, end, values, row)
    const isPlain = (kind === Kind.int || kind === Kind.float) && !unit.missing.hasNumbers
    if (!isPlain && isMissing(unit.missing, bytes, start, end)) {
      values[row] = NaN
    } else if (kind === 0) {
      const what = index >= 0 ? `index ${index}` : index === Token.qid ? 'qid' : 'the label'
      throw textError(
        unit,
        start,
        `the value of ${what}, ${showBytes(bytes, start, end)}, is not a number; LibSVM holds ` +
          'numbers only (or add it to the missing values if that is what it means)',
      )
    } else if (kind !== Kind.int) {
      unit.isFloat[slot] = 1
    }
  } while (cursor.next())
}

function changedError(unit: UnitColumns, row: number): CoppiceError {
  return new CoppiceError(
    'IO',
    `${unit.name}: from line ${unit.firstLine} on, row ${row} is not what it was when the rows ` +
      'were counted; the file changed while it was being read',
  )
}
