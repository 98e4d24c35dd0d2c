import { CoppiceError } from '@coppice/model'
import type { ColumnType } from './reader.js'
import { joinColumns, type JointColumns, type PlannedPartition } from './schema.js'
import { listNames, nearestName, separatorHint } from './suggest.js'

/** The columns of planned partitions, to be read as they are. */
export class PlannedColumns {
  /** Columns that all partitions share. */
  readonly names: readonly string[]
  readonly nRows: number
  readonly #planned: readonly PlannedPartition[]
  readonly #joint: JointColumns

  /** Throws CoppiceError 'DATA' for partitions that do not go together. */
  constructor(planned: readonly PlannedPartition[]) {
    this.#planned = planned
    this.#joint = joinColumns(planned)
    this.names = this.#joint.names
    this.nRows = planned.reduce((sum, { plan }) => sum + plan.nRows, 0)
  }

  /** Index of a column; throws CoppiceError 'DATA' with the nearest name. */
  indexOf(name: string): number {
    const index = this.names.indexOf(name)
    if (index >= 0) return index
    const nearest = nearestName(name, this.names)
    const hint = nearest === null ? '' : ` (did you mean '${nearest}'?)`
    throw new CoppiceError(
      'DATA',
      `column '${name}' is not in ${this.#planned[0]!.name}${hint}; its columns are ` +
        listNames(this.names) +
        separatorHint(this.names),
    )
  }

  /** Where columns are in the plan of a partition; -1 where a sparse one lacks them. */
  placesIn(partitionIdx: number, wanted: readonly string[]): number[] {
    const indexOf = this.#joint.indexOf[partitionIdx]!
    return wanted.map((name) => indexOf[this.indexOf(name)]!)
  }

  /** The type that the files declare a column to have, or null. */
  declaredType(name: string): ColumnType | null {
    return this.#joint.types[this.indexOf(name)] ?? null
  }

  /**
   * The types of columns as far as they are known without a look at the rows, and the names of
   * those that are not.
   */
  knownTypes(
    wanted: readonly string[],
    schema: Readonly<Record<string, ColumnType>>,
  ): { readonly types: Record<string, ColumnType>; readonly unknown: string[] } {
    const types: Record<string, ColumnType> = {}
    const unknown: string[] = []
    for (const name of wanted) {
      const type = schema[name] ?? this.declaredType(name)
      if (type === null) unknown.push(name)
      else types[name] = type
    }
    return { types, unknown }
  }
}
