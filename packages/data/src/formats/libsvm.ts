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
 *
 * `readStored` gives what the rows hold; `read` puts the zeros in. Units are cut for the latter.
 * The former may be given several that follow each other as one: the first's with the last's end.
 */

import { assert } from '@coppice/model'
import type {
  ByteSource,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  StoredColumn,
  TextOptions,
  Unit,
} from '../reader.js'
import { missingMarkers, readBytes, UNIT_BYTES } from './csv-bytes.js'
import { lineOfEntries } from './line-of-row.js'
import { FIRST_INDEX, parseEntries } from './libsvm-entries.js'
import { type LibsvmDetail, type LibsvmLimits, planLibsvm } from './libsvm-plan.js'
import { Token } from './libsvm-tokens.js'
import { columnsOfEntries } from './sparse-columns.js'
import { coerceStored, withValues } from './stored-columns.js'

/** With a value in every place a unit decodes to at most 4 MB of doubles. */
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
    read: async (...request) => (await readStored(...request)).map(withValues),
    readStored,
    lineOf: (source, plan, unit, row) => lineOfEntries({ source, plan, unit }, row),
  }
}

async function readStored(
  source: ByteSource,
  plan: PartitionPlan,
  unit: Unit,
  columns: readonly number[],
  types: readonly (ColumnType | null)[],
  options: TextOptions,
): Promise<StoredColumn[]> {
  if (columns.length === 0) return []
  const { nFeatures, firstLines } = plan.detail as LibsvmDetail
  const { nRows, firstRow } = unit
  const entries = parseEntries({
    name: source.name,
    bytes: await readBytes(source, unit.start, unit.end),
    firstLine: firstLines[unit.index]!,
    nRows,
    nFeatures,
    missing: missingMarkers(options),
    nWanted: columns.length,
    slots: slotsOf(plan, columns),
  })
  const found = columnsOfEntries(entries, (slot) => entries.isFloat[slot] === 1 ? 'float' : 'int')
  return found.map((chunk, slot) => coerceStored(chunk, types[slot] ?? null, {
    column: plan.columns[columns[slot]!]!.name,
    source: source.name,
    firstRow,
  }))
}

/** Where the values of each token go, see WantedEntries. */
function slotsOf(plan: PartitionPlan, columns: readonly number[]): Int32Array {
  const { hasLabel, hasQid, nFeatures } = plan.detail as LibsvmDetail
  const nLeading = (hasLabel ? 1 : 0) + (hasQid ? 1 : 0)
  const slots = new Int32Array(nFeatures - FIRST_INDEX).fill(-1)
  columns.forEach((column, slot) => {
    assert(column >= 0 && column < plan.columns.length, `column ${column} exists`)
    const leading = hasLabel && column === 0 ? Token.label : Token.qid
    const index = column < nLeading ? leading : column - nLeading
    assert(slots[index - FIRST_INDEX] === -1, `column ${column} is wanted once`)
    slots[index - FIRST_INDEX] = slot
  })
  return slots
}
