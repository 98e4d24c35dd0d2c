import { CoppiceError, type Model } from '@coppice/model'
import type { ColumnType } from './reader.js'
import {
  joinColumns, type JointColumns, type PlannedPartition, type RoleOptions,
} from './schema.js'
import {
  absentFeatures, columnsWithOtherRoles, isSparse, sparseIndex,
} from './sparse-columns-of-files.js'
import { headerHint, listNames, nearestName, separatorHint } from './suggest.js'

/** The columns of planned partitions, to be read as they are. */
export class PlannedColumns {
  /** Columns that all partitions share. */
  readonly names: readonly string[]
  readonly nRows: number
  readonly #planned: readonly PlannedPartition[]
  readonly #joint: JointColumns
  /** Columns that are 0 in all rows because the files leave out zeros. */
  readonly #absent = new Set<string>()

  /** Throws CoppiceError 'DATA' for partitions that do not go together. */
  constructor(planned: readonly PlannedPartition[]) {
    this.#planned = planned
    this.#joint = joinColumns(planned)
    // Who reads columns as they are has no say in which of their types was meant.
    const [conflict] = this.#joint.conflicts.values()
    if (conflict !== undefined) throw conflict
    this.names = this.#joint.names
    this.nRows = planned.reduce((sum, { plan }) => sum + plan.nRows, 0)
  }

  /**
   * Fits files that leave out zeros to a model: columns of the model behind the last of the files
   * are 0 in all rows. How many columns a model of LightGBM has is not known for certain, since
   * features that no tree uses may have been left out of it.
   *
   * @param roles - of the columns of the files
   * @param keep - columns that are wanted beside the model's
   * @throws CoppiceError 'DATA' for other columns behind the last of the model
   */
  fitTo(
    model: Pick<Model, 'features' | 'origin'>, roles: RoleOptions, keep: readonly string[] = [],
  ): void {
    if (!isSparse(this.#planned)) return
    const used = [...keep, ...columnsWithOtherRoles(this.names, roles)]
    const features = model.features.map(({ name }) => name)
    for (const name of absentFeatures(this.names, features)) this.#absent.add(name)
    const most = Math.max(...features.map(sparseIndex))
    const extra = this.names.find((name) => sparseIndex(name) > most && !used.includes(name))
    if (extra === undefined || most < 0 || model.origin !== undefined) return
    const where = this.#planned.find(({ plan }) => plan.columns.some(({ name }) => name === extra))
    throw new CoppiceError(
      'DATA',
      `${where!.name} has the column '${extra}', but the last one of the model is ` +
        `'Column_${most}'; give rows of the data that the model was trained on, or name the ` +
        'column as ignored',
    )
  }

  /** Index of a column, -1 for one that is 0; throws CoppiceError 'DATA' with the nearest name. */
  indexOf(name: string): number {
    const index = this.names.indexOf(name)
    if (index >= 0 || this.#absent.has(name)) return index
    const nearest = nearestName(name, this.names)
    const hint = nearest === null ? '' : ` (did you mean '${nearest}'?)`
    throw new CoppiceError(
      'DATA',
      `column '${name}' is not in ${this.#planned[0]!.name}${hint}; its columns are ` +
        listNames(this.names) +
        separatorHint(this.names) + headerHint(this.names),
    )
  }

  /** Where columns are in the plan of a partition; -1 where a sparse one lacks them. */
  placesIn(partitionIdx: number, wanted: readonly string[]): number[] {
    const indexOf = this.#joint.indexOf[partitionIdx]!
    return wanted.map((name) => indexOf[this.indexOf(name)] ?? -1)
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
