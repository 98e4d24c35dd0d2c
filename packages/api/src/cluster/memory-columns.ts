/** Rows in memory as columns of known types, to be written to files. */
import {
  asMemoryTable, type Cell, checkFeatureNames, type ColumnChunk, type ColumnType, coerceStored,
  columnsFromMemory, joinTypes, labelArrays, labelName, memoryName, type MemoryTable,
  type OutputColumn, refuseMixedLabelColumns, refuseMixedLabels, resolveRoles, type RoleOptions,
  type SparseTable,
} from '@coppice/data'
import { CoppiceError } from '@coppice/model'
import type { MemorySource } from '../data/memory.js'

/** Rows looked at in one go: as many as a training in this process takes. */
const rowsPerLook = 1 << 16

/** A column of the files to be. */
export interface MemoryColumn extends OutputColumn {
  /** Rows [start, end), of the column's type. */
  read(start: number, end: number): Promise<ColumnChunk>
}

/** A data set in memory, ready to be written. */
export interface MemoryColumns {
  readonly nRows: number
  /** Those with a value in each row; all columns where `sparse` is null. */
  readonly columns: readonly MemoryColumn[]
  /** Where zeros are not stored. */
  readonly sparse: SparseColumns | null
  /** Roles by name or index, those of the arrays beside the rows too. */
  readonly roles: RoleOptions
  /** Whether a partition may begin at this row: queries are not cut. */
  readonly mayCutAt: (row: number) => boolean
  /**
   * A column mixes texts with other values. Files would declare it text; whether a training takes
   * it as such is for one in this process to say.
   */
  readonly isDoubtful: boolean
}

/** Columns whose zeros are not stored, among those that have all values. */
export interface SparseColumns extends SparseTable {
  /** Of all columns, in order. */
  readonly names: readonly string[]
  /** Places among all columns of those that are sparse; in the table they have the same. */
  readonly indices: readonly number[]
  /** Of those that are not. */
  readonly plainIndices: readonly number[]
}

/** The rows are not what a training takes; one in this process says exactly what is wrong. */
export class UnfitRows extends CoppiceError {
  constructor(message: string) {
    super('DATA', message)
  }
}

/**
 * Looks at all rows for the types of their columns. Arrays beside the rows become columns after
 * theirs, under the names that a training in this process gives them.
 *
 * @param knownNames - names for rows without any: the features of the training data; null for the
 *   training data itself
 * @throws CoppiceError 'DATA'; UnfitRows where the error of a training here is to be told instead
 */
export async function memoryColumns(
  source: MemorySource, knownNames: (() => Promise<readonly string[]>) | null,
): Promise<MemoryColumns> {
  const { table, names, extra, roles } = await describeRows(source, knownNames)
  const schema = source.options.schema ?? {}
  const found: FoundColumn[] = []
  const inside = table.sparse === undefined ? [...names.keys()]
    : plainColumns(table.sparse, names, table.nRows, schema)
  for (const index of inside) {
    found.push(await findType(table, index, names[index]!, schema[names[index]!]))
  }
  for (const { name, cells } of extra.columns) {
    found.push(await findType(await asMemoryTable({ [name]: cells }), 0, name, schema[name]))
  }
  const { nRows } = table
  if (nRows === 0) throw new UnfitRows('there are no rows')
  return {
    nRows,
    columns: found.map(({ column }) => column),
    sparse: table.sparse === undefined ? null
      : sparseColumns(table.sparse, names, inside, extra.columns.map(({ name }) => name)),
    roles,
    mayCutAt: cutRule(source, nRows),
    isDoubtful: found.some(({ isMixed }) => isMixed),
  }
}

/** Names of the features of training data in memory, in their order. */
export async function memoryFeatureNames(source: MemorySource): Promise<readonly string[]> {
  const { names, extra, roles } = await describeRows(source, null)
  const all = [...names, ...extra.columns.map(({ name }) => name)]
  return resolveRoles(all, roles).features.map((index) => all[index]!)
}

async function describeRows(
  source: MemorySource, knownNames: (() => Promise<readonly string[]>) | null,
) {
  const table = await asMemoryTable(source.rows)
  checkFeatureNames(table, source.options.featureNames)
  const names = await namesOf(table, source, knownNames)
  if (source.labels === null) refuseMixedLabelColumns(table, names, source.options)
  const extra = new ExtraColumns(table, names)
  return { table, names, extra, roles: extra.addRoles(source) }
}

interface FoundColumn {
  readonly column: MemoryColumn
  readonly isMixed: boolean
}

async function namesOf(
  table: MemoryTable, { options }: MemorySource,
  knownNames: (() => Promise<readonly string[]>) | null,
): Promise<readonly string[]> {
  if (table.hasNames) return table.names
  const names = options.featureNames ?? await knownNames?.()
  if (names === undefined) return table.names
  if (names.length === table.names.length) return names
  throw new UnfitRows(`the rows have ${table.names.length} columns but ${names.length} names`)
}

/**
 * Of sparse columns, those that have to be text: no file holds texts without zeros. Others stay,
 * once all of their values are of the types that are asked for.
 */
function plainColumns(
  table: SparseTable, names: readonly string[], nRows: number,
  schema: Readonly<Record<string, ColumnType>>,
): number[] {
  const forced = [...names.keys()].filter((index) =>
    Object.hasOwn(schema, names[index]!) && schema[names[index]!] !== table.type)
  const isPlain = (index: number): boolean =>
    schema[names[index]!] === 'string' || schema[names[index]!] === 'empty'
  const checked = forced.filter((index) => !isPlain(index))
  for (let first = 0; first < nRows && checked.length > 0;) {
    const end = table.endOfUnit(first, rowsPerLook)
    for (const [i, chunk] of table.columns(checked, first, end).entries()) {
      const name = names[checked[i]!]!
      coerceStored(chunk, schema[name]!, { column: name, source: memoryName, firstRow: first })
    }
    first = end
  }
  return forced.filter(isPlain)
}

function sparseColumns(
  table: SparseTable, names: readonly string[], plain: readonly number[],
  extra: readonly string[],
): SparseColumns {
  const isPlain = new Set(plain)
  return {
    ...table,
    names: [...names, ...extra],
    indices: [...names.keys()].filter((index) => !isPlain.has(index)),
    plainIndices: [...plain, ...extra.map((_, i) => names.length + i)],
  }
}

/** The type that holds all rows of a column, and how they are read as that type. */
async function findType(
  table: MemoryTable, index: number, name: string, forced: ColumnType | undefined,
): Promise<FoundColumn> {
  if (forced !== undefined) {
    return { column: await forcedColumn(table, index, name, forced), isMixed: false }
  }
  let type: ColumnType = table.isText(index) ? 'string' : 'empty'
  let isMixed = false
  let isStorable = true
  for (let start = 0; start < table.nRows && type !== 'string'; start += rowsPerLook) {
    const end = Math.min(start + rowsPerLook, table.nRows)
    const chunk = table.column(index, start, end, null)
    type = joinTypes(type, chunk.type) ?? 'string'
    isMixed = type === 'string'
    isStorable &&= areStorable(chunk)
  }
  // Files hold integers and dates as whole numbers of 64 bits; doubles hold the others.
  const stored = isStorable || type === 'string' ? type : 'float'
  const read = async (start: number, end: number): Promise<ColumnChunk> => {
    const chunk = table.column(index, start, end, stored === 'string' ? 'string' : null)
    return chunk.type === 'string' || stored === 'string' ? asText(chunk, name)
      : { type: stored, values: chunk.values }
  }
  return { column: { name, type: stored, read }, isMixed }
}

/** Whether a file's integers, dates and booleans can hold the values exactly. */
function areStorable(chunk: ColumnChunk): boolean {
  if (chunk.type === 'string' || chunk.type === 'float') return true
  return chunk.values.every((value) => Number.isNaN(value) || Number.isSafeInteger(value))
}

/** Texts; values of other types among them as they are printed. */
async function asText(chunk: ColumnChunk, name: string): Promise<ColumnChunk> {
  if (chunk.type === 'string') {
    const broken = chunk.dictionary.find((text) => !text.isWellFormed())
    if (broken === undefined) return chunk
    throw new CoppiceError('DATA', `column '${name}' has the text ${JSON.stringify(broken)}, ` +
      'which is no Unicode (half of a surrogate pair) and cannot be sent; correct it')
  }
  return convert(chunk, name, 'string')
}

/** A chunk as another type. Rejects with CoppiceError 'DATA' for values that have no such form. */
async function convert(chunk: ColumnChunk, name: string, type: ColumnType): Promise<ColumnChunk> {
  const { columns } = await columnsFromMemory({ [name]: cellsOf(chunk) }, [name], { [name]: type })
  return columns[0]!
}

/** A column whose type the user's schema says: converted as a whole, with the errors of that. */
async function forcedColumn(
  table: MemoryTable, index: number, name: string, type: ColumnType,
): Promise<MemoryColumn> {
  const whole = await convert(table.column(index, 0, table.nRows, type), name, type)
  return {
    name,
    type,
    read: (start, end) => Promise.resolve(whole.type === 'string'
      ? { ...whole, codes: whole.codes.subarray(start, end) }
      : { type: whole.type, values: whole.values.subarray(start, end) }),
  }
}

function cellsOf(chunk: ColumnChunk): readonly Cell[] {
  if (chunk.type === 'string') {
    return Array.from(chunk.codes, (code) => code < 0 ? null : chunk.dictionary[code]!)
  }
  return Array.from(chunk.values, (value): Cell => Number.isNaN(value) ? null
    : chunk.type === 'bool' ? value === 1 : chunk.type === 'date' ? new Date(value) : value)
}

/** Arrays beside the rows, as columns under names that are free. */
class ExtraColumns {
  readonly columns: { readonly name: string, readonly cells: ArrayLike<Cell> }[] = []
  readonly #nRows: number
  readonly #taken: Set<string>

  constructor({ nRows }: MemoryTable, names: readonly string[]) {
    this.#nRows = nRows
    this.#taken = new Set(names)
  }

  addRoles({ labels, options }: MemorySource): RoleOptions {
    const { weights, initScores, groupSizes, positions, ignore, categorical } = options
    let { label, weight, initScore, group, position } = options
    if (labels !== null) {
      const arrays = labelArrays(labels)
      label = arrays.map((cells, k) => {
        const name = labelName(k, arrays.length)
        refuseMixedLabels(cells, name)
        return this.#add(name, cells)
      })
    }
    if (weights !== undefined) weight = this.#add('weight', weights)
    if (initScores !== undefined) {
      const nOutputs = Math.max(1, Math.round(initScores.length / Math.max(1, this.#nRows)))
      if (initScores.length !== this.#nRows * nOutputs) throw new UnfitRows('init scores')
      initScore = Array.from({ length: nOutputs }, (_output, i) => this.#add('initScore',
        Float64Array.from({ length: this.#nRows }, (_, row) => initScores[row * nOutputs + i]!)))
    }
    if (groupSizes !== undefined) group = this.#add('group', groupIds(groupSizes))
    if (positions !== undefined) position = this.#add('position', positions)
    return Object.fromEntries(Object.entries({
      label, weight, initScore, group, position, ignore, categorical,
    }).filter(([, value]) => value !== undefined))
  }

  #add(role: string, cells: ArrayLike<Cell>): string {
    if (cells.length !== this.#nRows) throw new UnfitRows(`${role} has ${cells.length} values`)
    let name = role
    while (this.#taken.has(name)) name += '_'
    this.#taken.add(name)
    const isArray = Array.isArray(cells) || ArrayBuffer.isView(cells)
    this.columns.push({ name, cells: isArray ? cells : Array.from(cells) })
    return name
  }
}

/** 0 for the rows of the first query, 1 for those of the second, ... */
function groupIds(sizes: ArrayLike<number>): Float64Array {
  const all = Array.from(sizes)
  if (!all.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new UnfitRows('the sizes of the query groups must be integers >= 1')
  }
  const ids = new Float64Array(all.reduce((sum, size) => sum + size, 0))
  let row = 0
  for (const [group, size] of all.entries()) {
    ids.fill(group, row, row + size)
    row += size
  }
  return ids
}

/** Where queries end; a column of query ids is not looked at: its rows stay together. */
function cutRule({ options }: MemorySource, nRows: number): (row: number) => boolean {
  const { group, groupSizes } = options
  if (groupSizes !== undefined) {
    const starts = new Set<number>()
    let row = 0
    for (let i = 0; i < groupSizes.length; i++) {
      starts.add(row)
      row += groupSizes[i]!
    }
    return (at) => at === nRows || starts.has(at)
  }
  return group === undefined ? () => true : (at) => at === nRows
}
