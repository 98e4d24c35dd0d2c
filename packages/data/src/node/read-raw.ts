import { TypeJoin, type WantedType } from '../column-types.js'
import type { JobContext } from '../loading/job.js'
import { readStoredUnit, readUnit, type UnitColumn } from '../loading/read-unit.js'
import { unitsOf } from '../loading/units.js'
import { PlannedColumns } from '../planned-columns.js'
import type { PartitionAccess } from '../loading/tasks.js'
import { type PlannedFile, readingContext } from '../prediction/context.js'
import type {
  ColumnChunk, ColumnType, Format, TextOptions, Unit, UnnamedColumns,
} from '../reader.js'
import type { PlannedPartition } from '../schema.js'
import { type InputPartition, resolveInputs } from './inputs.js'
import { textOptionsOf } from './load-dataset.js'
import type { SourceOptions } from './open-source.js'
import { SourcePartitions, sourceRefs } from './source-partitions.js'
import type { SourceRef } from './source-ref.js'
import { displayUri } from './uri.js'

/** Options of `openRaw` and `readRaw`. */
export interface RawOptions extends SourceOptions {
  readonly format?: Format | undefined
  readonly header?: boolean | 'auto' | undefined
  readonly missingValues?: readonly string[] | undefined
  /** Names of the columns of text without a header. */
  readonly unnamed?: UnnamedColumns | undefined
  /** Types by column name, instead of the inferred ones. */
  readonly schema?: Readonly<Record<string, ColumnType>> | undefined
}

/** Decoded columns of one unit. */
export interface RawUnit<Column = ColumnChunk> {
  readonly partition: string
  /** Global row id of the first row. */
  readonly firstRow: number
  readonly nRows: number
  /** One chunk per wanted column. */
  readonly columns: readonly Column[]
}

/** Bytes of text whose rows are read at a time where they come without zeros. */
const storedBytesMax = 1 << 20

/**
 * Reads the wanted columns of all inputs, unit by unit in row order: one unit is in memory at a
 * time. A text column may be 'int' in one unit and 'string' in another unless `schema` says.
 *
 * @param wanted - column names, or null for all columns
 */
export async function* readRaw(
  inputs: string | readonly string[],
  wanted: readonly string[] | null,
  options: RawOptions = {},
): AsyncGenerator<RawUnit> {
  const raw = await openRaw(inputs, options)
  try {
    yield* raw.units(wanted ?? raw.names, options.schema ?? {})
  } finally {
    await raw.close()
  }
}

/** Plans the inputs; close the result when done. Throws CoppiceError 'IO' or 'DATA'. */
export async function openRaw(
  inputs: string | readonly string[],
  options: RawOptions = {},
): Promise<RawTable> {
  const partitions = await resolveInputs(inputs, options.format, options)
  const refs = sourceRefs(partitions, options)
  const files = new SourcePartitions(refs)
  const textOptions = textOptionsOf(options)
  try {
    const planned: (PlannedPartition & PlannedFile)[] = []
    for (const [i, { path, format }] of partitions.entries()) {
      const { reader, source } = await files.open(i)
      const plan = await reader.plan(source, textOptions)
      planned.push({ name: displayUri(path), format, plan, byteLength: source.byteLength })
    }
    return new RawTable(files, refs, partitions, planned, textOptions)
  } catch (error) {
    await files.close()
    throw error
  }
}

/** Planned inputs whose rows can be read, in order, as often as wanted. */
export class RawTable {
  /** Columns that all partitions share. */
  readonly names: readonly string[]
  readonly nRows: number
  readonly partitions: readonly InputPartition[]
  /** How threads get at the partitions. */
  readonly refs: readonly SourceRef[]
  readonly files: PartitionAccess
  readonly #files: SourcePartitions
  readonly #planned: readonly (PlannedPartition & PlannedFile)[]
  readonly #columns: PlannedColumns
  readonly #textOptions: TextOptions

  constructor(
    files: SourcePartitions,
    refs: readonly SourceRef[],
    partitions: readonly InputPartition[],
    planned: readonly (PlannedPartition & PlannedFile)[],
    textOptions: TextOptions,
  ) {
    this.files = this.#files = files
    this.refs = refs
    this.#planned = planned
    this.#columns = new PlannedColumns(planned)
    this.#textOptions = textOptions
    this.partitions = partitions
    this.names = this.#columns.names
    this.nRows = this.#columns.nRows
  }

  /** Rows of each partition. */
  get rowCounts(): readonly number[] {
    return this.#planned.map(({ plan }) => plan.nRows)
  }

  /** See `PlannedColumns.fitTo`. */
  fitTo(...given: Parameters<PlannedColumns['fitTo']>): void {
    this.#columns.fitTo(...given)
  }

  /** Index of a column; throws CoppiceError 'DATA' with the nearest name. */
  indexOf(name: string): number {
    return this.#columns.indexOf(name)
  }

  /** Yields the wanted columns of each unit that has rows, decoded as `readUnit` says. */
  units(
    wanted: readonly string[],
    types: Readonly<Record<string, WantedType>>,
  ): AsyncGenerator<RawUnit> {
    return this.#read(wanted, types, readUnit, (partition) => partition.plan.units)
  }

  /** As `units`; of files that leave out zeros, numbers come without, of more rows at a time. */
  storedUnits(
    wanted: readonly string[],
    types: Readonly<Record<string, WantedType>>,
  ): AsyncGenerator<RawUnit<UnitColumn>> {
    return this.#read(wanted, types, readStoredUnit,
      (partition) => unitsOf([partition], storedBytesMax).map(({ unit }) => unit))
  }

  async *#read<Column>(
    wanted: readonly string[],
    types: Readonly<Record<string, WantedType>>,
    read: (...unit: Parameters<typeof readUnit>) => Promise<Column[]>,
    unitsIn: (partition: PlannedPartition) => readonly Unit[],
  ): AsyncGenerator<RawUnit<Column>> {
    for (const name of wanted) this.indexOf(name)
    const forced = wanted.map((name) => types[name] ?? null)
    let partitionRow = 0
    for (const [i, partition] of this.#planned.entries()) {
      const { name, plan } = partition
      const places = this.#columns.placesIn(i, wanted)
      for (const unit of unitsIn(partition)) {
        if (unit.nRows === 0) continue
        const { reader, source } = await this.#files.open(i)
        const textOptions = this.#textOptions
        const columns = await read({ reader, source, plan, unit, textOptions }, places, forced)
        const firstRow = partitionRow + unit.firstRow
        yield { partition: name, firstRow, nRows: unit.nRows, columns }
      }
      partitionRow += plan.nRows
    }
  }

  /** What tasks that read the wanted columns share. */
  context(wanted: readonly string[]): JobContext {
    return readingContext(this.#planned, this.#columns, wanted, this.#textOptions)
  }

  /** The type that the files declare a column to have, or null. */
  declaredType(name: string): ColumnType | null {
    return this.#columns.declaredType(name)
  }

  /**
   * The type of each wanted column over all rows. Reads the rows where the files do not declare
   * their types.
   *
   * @param onChunk - called with what is read of them
   */
  async findTypes(
    wanted: readonly string[],
    schema: Readonly<Record<string, ColumnType>>,
    onChunk?: (name: string, chunk: ColumnChunk) => void,
  ): Promise<Record<string, ColumnType>> {
    const { types, unknown } = this.#columns.knownTypes(wanted, schema)
    if (unknown.length === 0) return types
    const joins = unknown.map((name) => new TypeJoin(name))
    for await (const { partition, columns } of this.units(unknown, schema)) {
      for (const [k, chunk] of columns.entries()) {
        joins[k]!.add(chunk.type, partition)
        onChunk?.(unknown[k]!, chunk)
      }
    }
    for (const join of joins) types[join.column] = join.type
    return types
  }

  close(): Promise<void> {
    return this.#files.close()
  }
}
