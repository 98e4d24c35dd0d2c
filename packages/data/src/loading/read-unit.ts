import type { WantedType } from '../column-types.js'
import { withValues } from '../formats/stored-columns.js'
import { isSparseFormat } from '../input-format.js'
import type {
  ByteSource, ColumnChunk, PartitionPlan, PartitionReader, SparseNumbers, TextOptions, Unit,
} from '../reader.js'
import { ownArrays } from '../row-arrays.js'
import { readWanted } from './read-wanted.js'

/** A unit of a partition that is open. */
export interface OpenUnit {
  readonly reader: PartitionReader
  readonly source: ByteSource
  readonly plan: PartitionPlan
  readonly unit: Unit
  readonly textOptions: TextOptions
}

/** What `readStoredUnit` gives of a column. */
export type UnitColumn = ColumnChunk | SparseNumbers

/**
 * Decodes columns of one unit as they are. One wanted as 'number' is 'bool', 'int', 'float' or
 * 'date', perhaps another in each unit; text in it is an error that names the value and where it
 * stands.
 *
 * @param columns - indices into the plan's columns, -1 for columns that are 0 in all rows
 * @param wanted - per column: its type; null infers
 */
export function readUnit(
  open: OpenUnit, columns: readonly number[], wanted: readonly (WantedType | null)[],
): Promise<ColumnChunk[]> {
  const { reader, source, plan, unit, textOptions } = open
  return readAll<ColumnChunk>(open, columns, wanted,
    (indices, types) => reader.read(source, plan, unit, indices, types, textOptions),
    () => ({ type: 'int', values: new Float64Array(unit.nRows) }))
}

/** As `readUnit`; of files that leave out zeros, numbers come without. */
export function readStoredUnit(
  open: OpenUnit, columns: readonly number[], wanted: readonly (WantedType | null)[],
): Promise<UnitColumn[]> {
  const { reader, source, plan, unit, textOptions } = open
  if (!isSparseFormat(reader.format)) return readUnit(open, columns, wanted)
  return readAll<UnitColumn>(open, columns, wanted,
    async (indices, types) => {
      const stored = await reader.readStored!(
        source, plan, unit, indices, types, textOptions, ownArrays)
      return stored.map((chunk) => 'numbers' in chunk ? withValues(chunk) : chunk)
    },
    () => ({
      type: 'int', nRows: unit.nRows, rows: new Int32Array(0), stored: new Float64Array(0),
    }))
}

/** @param absent - gives a column that is 0 in all rows */
async function readAll<Chunk extends UnitColumn>(
  { plan }: OpenUnit,
  columns: readonly number[],
  wanted: readonly (WantedType | null)[],
  readSome: Parameters<typeof readWanted<Chunk>>[0],
  absent: () => Chunk,
): Promise<Chunk[]> {
  const present = columns.flatMap((column, k) => (column < 0 ? [] : [k]))
  const read = await readWanted(
    readSome,
    present.map((k) => columns[k]!),
    present.map((k) => {
      // Files that declare their types turn any number into a double.
      const isDeclared = plan.columns[columns[k]!]!.type !== null
      return wanted[k] === 'number' && isDeclared ? 'float' : wanted[k]!
    }),
  )
  const chunks: (Chunk | null)[] = columns.map(() => null)
  for (const [at, k] of present.entries()) chunks[k] = read[at]!
  // A sparse file leaves out the columns that are 0 in all of its rows.
  return chunks.map((chunk) => chunk ?? absent())
}
