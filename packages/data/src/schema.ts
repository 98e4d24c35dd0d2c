/**
 * Which column is what: the columns that all partitions share, and their roles.
 */
import { CoppiceError } from '@coppice/model'
import { joinTypes, typeConflict } from './column-types.js'
import type { ColumnType, Format, PartitionPlan } from './reader.js'
import { headerHint, listNames, nearestName, separatorHint } from './suggest.js'

/** A column by name (a prefix `name:` is taken off) or by index. */
export type ColumnRef = string | number

/**
 * Options that give columns their roles. Names may be lists in one string, 'a,b' or 'name:a,b'.
 *
 * An index counts from 0. As in LightGBM, the indices of weight, group, position, ignored and
 * categorical columns do not count the label columns: with label 0, weight 0 is the second column.
 * A string of digits is an index unless a column has that very name.
 */
export interface RoleOptions {
  /** One column, or those of objectives with several label columns, in their order. */
  readonly label?: ColumnRef | readonly ColumnRef[] | undefined
  readonly weight?: ColumnRef | undefined
  /** Query ids of ranking data. */
  readonly group?: ColumnRef | undefined
  /** Positions at which rows were shown, whole numbers from 0: lambdarank learns their biases. */
  readonly position?: ColumnRef | undefined
  /** Raw scores to start from: one column per output. */
  readonly initScore?: ColumnRef | readonly ColumnRef[] | undefined
  readonly ignore?: ColumnRef | readonly ColumnRef[] | undefined
  readonly categorical?: ColumnRef | readonly ColumnRef[] | undefined
}

/** Indices into the joint columns. */
export interface ColumnRoles {
  readonly labels: readonly number[]
  readonly weight: number | null
  readonly group: number | null
  readonly position: number | null
  readonly initScore: readonly number[]
  /** In the order of the columns. */
  readonly features: readonly number[]
  /** The features that were declared categorical. */
  readonly categorical: ReadonlySet<number>
}

/** A partition's name, format and plan. */
export interface PlannedPartition {
  readonly name: string
  readonly format: Format
  readonly plan: PartitionPlan
}

/**
 * The columns of a data set, in the order of its first partition that has any; of LibSVM, whose
 * partitions may lack columns, of the widest.
 */
export interface JointColumns {
  readonly names: readonly string[]
  /** Joined types where the files declare them and they go together, else null. */
  readonly types: readonly (ColumnType | null)[]
  /** By column: what is wrong with types that do not go together, both partitions named. */
  readonly conflicts: ReadonlyMap<string, CoppiceError>
  /** Per partition, per joint column: its index there, or -1 where a sparse one lacks it. */
  readonly indexOf: readonly (readonly number[])[]
}

/**
 * The columns that all partitions share; partitions without rows and columns are left out.
 * Columns are matched by name, so their order may differ. Sparse (LibSVM) partitions may have
 * fewer columns than others.
 *
 * Types that do not go together are no error yet: the column may be ignored, or its type given.
 *
 * Throws CoppiceError 'DATA': a name that occurs twice; partitions with different columns.
 */
export function joinColumns(partitions: readonly PlannedPartition[]): JointColumns {
  const first = findWidest(partitions)
  if (first === null) {
    return { names: [], types: [], conflicts: new Map(), indexOf: partitions.map(() => []) }
  }
  const names = first.plan.columns.map(({ name }) => name)
  const types: (ColumnType | null)[] = first.plan.columns.map(({ type }) => type)
  const conflicts = new Map<string, CoppiceError>()
  const foundIn = names.map(() => first.name)
  const indexOf = partitions.map((partition) => {
    const { columns } = partition.plan
    if (columns.length === 0 && partition.plan.nRows === 0) return names.map(() => -1)
    const indices = indexByName(partition)
    refuseOtherColumns(first, names, partition, indices)
    return names.map((name, column) => {
      const index = indices.get(name) ?? -1
      const type = index < 0 ? null : columns[index]!.type
      if (type === null || conflicts.has(name)) return index
      const known = types[column] ?? type
      const isMixed = (known === 'string') !== (type === 'string')
      const joined =
        isMixed && known !== 'empty' && type !== 'empty' ? null : joinTypes(known, type)
      if (joined === null) {
        const other = { type: known, partition: foundIn[column]! }
        conflicts.set(name, typeConflict(name, other, { type, partition: partition.name }))
        types[column] = null
        return index
      }
      if (joined !== types[column]) foundIn[column] = partition.name
      types[column] = joined
      return index
    })
  })
  return { names, types, conflicts, indexOf }
}

function findWidest(partitions: readonly PlannedPartition[]): PlannedPartition | null {
  const isSparse = partitions.some(({ format }) => format === 'libsvm')
  let widest: PlannedPartition | null = null
  for (const partition of partitions) {
    const nColumns = partition.plan.columns.length
    if (nColumns === 0) continue
    if (widest === null || (isSparse && nColumns > widest.plan.columns.length)) widest = partition
  }
  return widest
}

function indexByName({ name: partition, plan }: PlannedPartition): Map<string, number> {
  const indices = new Map<string, number>()
  for (const [index, { name }] of plan.columns.entries()) {
    const twin = indices.get(name)
    if (twin !== undefined) {
      throw new CoppiceError(
        'DATA',
        `${partition} has two columns named '${name}' (${twin} and ${index}); rename one`,
      )
    }
    indices.set(name, index)
  }
  return indices
}

function refuseOtherColumns(
  first: PlannedPartition,
  names: readonly string[],
  partition: PlannedPartition,
  indices: ReadonlyMap<string, number>,
): void {
  if (partition === first) return
  const isSparse = partition.format === 'libsvm'
  const missing = isSparse ? undefined : names.find((name) => !indices.has(name))
  const known = new Set(names)
  const extra = [...indices.keys()].find((name) => !known.has(name))
  if (missing === undefined && extra === undefined) return
  const [name, has, lacks] =
    missing !== undefined
      ? [missing, first.name, partition.name]
      : [extra!, partition.name, first.name]
  throw new CoppiceError(
    'DATA',
    `the partitions ${first.name} (${names.length} columns) and ${partition.name} ` +
      `(${indices.size} columns) differ: '${name}' is in ${has} but not in ${lacks}; write all ` +
      `partitions with the same columns`,
  )
}

/**
 * Finds the columns that the options name; all others are features.
 *
 * Throws CoppiceError 'DATA' for unknown columns (with the nearest name and the columns there
 * are) and for a column with two roles.
 */
export function resolveRoles(names: readonly string[], options: RoleOptions): ColumnRoles {
  const labels = splitRefs(names, options.label).map((ref) => findColumn(names, ref, 'label', []))
  const one = (role: 'weight' | 'group' | 'position') => {
    const ref = options[role]
    return ref === undefined ? null : findColumn(names, ref, role, labels)
  }
  const many = (role: 'initScore' | 'ignore' | 'categorical') =>
    splitRefs(names, options[role]).map((ref) => findColumn(names, ref, role, labels))
  const weight = one('weight')
  const group = one('group')
  const position = one('position')
  const initScore = many('initScore')
  const roleOf = new Map<number, string>()
  const assign = (column: number | null, role: string) => {
    if (column === null) return
    const other = roleOf.get(column)
    if (other !== undefined) throw twoRoles(names[column]!, other, role)
    roleOf.set(column, role)
  }
  for (const column of labels) assign(column, 'label')
  assign(weight, 'weight')
  assign(group, 'group')
  assign(position, 'position')
  for (const column of initScore) assign(column, 'initScore')
  for (const column of new Set(many('ignore'))) assign(column, 'ignore')
  const categorical = new Set(many('categorical'))
  for (const column of categorical) {
    const role = roleOf.get(column)
    if (role !== undefined) throw twoRoles(names[column]!, role, 'categorical')
  }
  const features = names.map((_, column) => column).filter((column) => !roleOf.has(column))
  return { labels, weight, group, position, initScore, features, categorical }
}

/** Takes lists apart: ['a', 'b'], 'a,b' and 'name:a,b' are the same. */
export function splitRefs(
  names: readonly string[],
  refs: ColumnRef | readonly ColumnRef[] | undefined,
): ColumnRef[] {
  if (refs === undefined) return []
  const given = Array.isArray(refs) ? (refs as readonly ColumnRef[]) : [refs as ColumnRef]
  return given.flatMap((ref) => {
    if (typeof ref === 'number' || names.includes(ref)) return [ref]
    const isNames = ref.startsWith('name:')
    const list = isNames ? ref.slice(5) : ref
    if (names.includes(list)) return [ref]
    if (list.trim() === '') return []
    return list
      .split(',')
      .map((part) => part.trim())
      .map((part) => (isNames ? `name:${part}` : part))
  })
}

function findColumn(
  names: readonly string[],
  ref: ColumnRef,
  role: string,
  labels: readonly number[],
): number {
  if (typeof ref === 'string') {
    const exact = names.indexOf(ref)
    if (exact >= 0) return exact
    if (ref.startsWith('name:')) {
      const named = names.indexOf(ref.slice(5))
      if (named >= 0) return named
      throw unknownColumn(names, ref.slice(5), role)
    }
    if (!/^\d+$/.test(ref)) throw unknownColumn(names, ref, role)
  }
  const index = Number(ref)
  const column = labels.toSorted((a, b) => a - b)
    .reduce((at, label) => at >= label ? at + 1 : at, index)
  if (Number.isInteger(index) && index >= 0 && column < names.length) return column
  const note = labels.length === 0 ? ''
    : `, not counting the label${labels.length > 1 ? 's' : ''}`
  const limit = names.length - 1 - labels.length
  throw new CoppiceError(
    'DATA',
    `${role} column ${String(ref)} does not exist: an index must be in [0, ${limit}]${note}; ` +
      `the columns are ${listNames(names)}`,
  )
}

function unknownColumn(names: readonly string[], name: string, role: string): CoppiceError {
  const nearest = nearestName(name, names)
  const hint = nearest === null ? '' : ` did you mean '${nearest}'?`
  return new CoppiceError(
    'DATA',
    `${role} column '${name}' does not exist;${hint} the columns are ${listNames(names)}` +
      separatorHint(names) + headerHint(names),
  )
}

function twoRoles(name: string, a: string, b: string): CoppiceError {
  return new CoppiceError(
    'DATA',
    a === b ? `column '${name}' is named as ${a} twice; name it once`
      : `column '${name}' is named as ${a} and as ${b}; a column has one role: name it once`,
  )
}
