import type { WantedType } from '../column-types.js'
import type {
  ByteSource, ColumnChunk, PartitionPlan, PartitionReader, TextOptions, Unit,
} from '../reader.js'
import { readWanted } from './read-wanted.js'

/** A unit of a partition that is open. */
export interface OpenUnit {
  readonly reader: PartitionReader
  readonly source: ByteSource
  readonly plan: PartitionPlan
  readonly unit: Unit
  readonly textOptions: TextOptions
}

/**
 * Decodes columns of one unit as they are. One wanted as 'number' is 'bool', 'int', 'float' or
 * 'date', perhaps another in each unit; text in it is an error that names the value and where it
 * stands.
 *
 * @param columns - indices into the plan's columns, -1 for columns that are 0 in all rows
 * @param wanted - per column: its type; null infers
 */
export async function readUnit(
  { reader, source, plan, unit, textOptions }: OpenUnit,
  columns: readonly number[],
  wanted: readonly (WantedType | null)[],
): Promise<ColumnChunk[]> {
  const present = columns.flatMap((column, k) => (column < 0 ? [] : [k]))
  const read = await readWanted(
    (indices, types) => reader.read(source, plan, unit, indices, types, textOptions),
    present.map((k) => columns[k]!),
    present.map((k) => {
      // Files that declare their types turn any number into a double.
      const isDeclared = plan.columns[columns[k]!]!.type !== null
      return wanted[k] === 'number' && isDeclared ? 'float' : wanted[k]!
    }),
  )
  const chunks: (ColumnChunk | null)[] = columns.map(() => null)
  for (const [at, k] of present.entries()) chunks[k] = read[at]!
  // A sparse file leaves out the columns that are 0 in all of its rows.
  return chunks.map((chunk) => chunk ?? { type: 'int', values: new Float64Array(unit.nRows) })
}
