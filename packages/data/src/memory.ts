import type { BinnedDataset, FloatBinner } from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import type { Cell } from './cells.js'
import type { WantedType } from './column-types.js'
import { checkFeatureNames } from './feature-names.js'
import { coerceChunk } from './formats/coerce.js'
import { coerceStored, withValues } from './formats/stored-columns.js'
import { runLoad } from './loader.js'
import { InlineRunner } from './loading/inline-runner.js'
import { type BinningParams, defaultBinning } from './loading/job.js'
import type { DatasetOptions, DatasetReference } from './loading/options.js'
import {
  type LabelArray, labelArrays, labelName, refuseMixedLabelColumns, refuseMixedLabels,
} from './label-arrays.js'
import { floatBinning, floatReader, isReady } from './memory-floats.js'
import {
  memoryName, type MemoryRows, type MemoryTable, type SparseTable,
} from './memory-rows.js'
import { asMemoryTable, sliceCells } from './memory-table.js'
import type {
  ByteSource,
  ColumnChunk,
  ColumnType,
  PartitionPlan,
  PartitionReader,
  RowArrays,
  SampledNumbers,
  StoredColumn,
  Unit,
} from './reader.js'
import { defaultTextOptions } from './readers.js'
import { ownArrays } from './row-arrays.js'

/** Options of `datasetFromMemory`: columns of X by role, or arrays beside it. */
export interface MemoryOptions extends Omit<DatasetOptions, 'params'> {
  /** Names of the columns of X, where it has none. */
  readonly featureNames?: readonly string[] | undefined
  /** One weight per row. */
  readonly weights?: ArrayLike<number> | undefined
  /** Row counts of the query groups, in row order. */
  readonly groupSizes?: ArrayLike<number> | undefined
  /** One position per row at which it was shown: whole numbers from 0, for lambdarank. */
  readonly positions?: ArrayLike<number> | undefined
  /** Raw scores to start from: rows x outputs, row-major. */
  readonly initScores?: ArrayLike<number> | undefined
  readonly params?: Partial<BinningParams> | undefined
  /** Bins floats that others can read, beside this thread; absent: this one does. */
  readonly binner?: FloatBinner | undefined
}

/** Rows decoded at a time. */
const rowsPerUnit = 1 << 16
/** Values of a batch that are put where zeros are not stored. */
const batchValues = 1 << 20

/**
 * Bins rows in memory. Equal columns give the same bytes as when they are read from files.
 *
 * Rejects with CoppiceError 'DATA' naming row and column for whatever cannot be used.
 *
 * @param y - one label per row, or several; null where columns of X are the labels (or there are
 *   none)
 */
export async function datasetFromMemory(
  X: MemoryRows,
  y: LabelArray | null,
  options: MemoryOptions = {},
): Promise<BinnedDataset> {
  const given = await asMemoryTable(X)
  checkFeatureNames(given, options.featureNames)
  const table = withNames(given, options)
  if (y === null) refuseMixedLabelColumns(table, table.names, options)
  const extra = extraColumns(table, y, options)
  const reader = memoryReader(table, extra.columns)
  const runner = new InlineRunner(
    {
      open: () => Promise.resolve({ reader, source: noBytes }),
      hash: () => Promise.reject(new Error('memory has no hash')),
    },
    options.signal,
  )
  const { data } = await runLoad(
    {
      partitions: [{ name: memoryName, format: 'npy', expected: null }],
      textOptions: defaultTextOptions,
      params: { ...defaultBinning, ...options.params },
      runner,
      memory: null,
      ...floatBinning(table, options),
    },
    { ...options, ...extra.roles },
  )
  const { groupSizes } = options
  return groupSizes === undefined
    ? data
    : { ...data, groupSizes: checkGroups(groupSizes, data.nRows) }
}

/** Columns of rows in memory, for prediction. */
export interface RawColumns {
  readonly names: readonly string[]
  readonly nRows: number
  readonly columns: readonly ColumnChunk[]
}

/**
 * Columns of rows in memory.
 *
 * @param wanted - names of the columns, or null for all; rows without names are taken to have
 *   the wanted ones when the number of columns is the same
 * @param types - types by column name, instead of the inferred ones
 */
export async function columnsFromMemory(
  X: MemoryRows,
  wanted: readonly string[] | null = null,
  types: Readonly<Record<string, WantedType>> = {},
): Promise<RawColumns> {
  const table = withNames(await asMemoryTable(X), { featureNames: wanted ?? undefined })
  return readColumns(table, wanted ?? table.names, types, 0, table.nRows)
}

/** Some of the rows in memory. */
export interface ColumnBatch extends RawColumns {
  readonly firstRow: number
  /** Rows of all batches. */
  readonly nAllRows: number
}

/**
 * As `columnsFromMemory`, a batch of rows at a time where zeros are not stored: with them, all rows
 * could take too much memory. No batch where there are no rows, which must have the columns, too.
 */
export async function* columnBatches(
  X: MemoryRows,
  wanted: readonly string[],
  types: Readonly<Record<string, WantedType>>,
): AsyncGenerator<ColumnBatch> {
  // Rows without names have the wanted ones; whoever wants none counts the rows.
  const table = withNames(
    await asMemoryTable(X), wanted.length === 0 ? {} : { featureNames: wanted })
  const batchRows = table.sparse === undefined ? table.nRows
    : Math.max(1, Math.floor(batchValues / Math.max(1, wanted.length)))
  const nAllRows = table.nRows
  if (nAllRows === 0) readColumns(table, wanted, types, 0, 0)
  for (let firstRow = 0; firstRow < nAllRows; firstRow += batchRows) {
    const end = Math.min(nAllRows, firstRow + batchRows)
    yield { ...readColumns(table, wanted, types, firstRow, end), firstRow, nAllRows }
  }
}

/** Rows [start, end) of columns. */
function readColumns(
  table: MemoryTable,
  names: readonly string[],
  types: Readonly<Record<string, WantedType>>,
  start: number,
  end: number,
): RawColumns {
  const wanted = names.map((name) => {
    const index = table.names.indexOf(name)
    if (index >= 0) return index
    throw new CoppiceError(
      'DATA',
      table.names.length === 0 ? `column '${name}' is not there: the rows have no columns; add it`
        : `column '${name}' is not among the columns ${table.names.slice(0, 20).join(', ')}; ` +
          'add it',
    )
  })
  const mayBeNumbers = [...names.keys()].filter((i) => types[names[i]!] !== 'string')
  const found = table.numbers?.(mayBeNumbers.map((i) => wanted[i]!), start, end) ?? []
  const ready = new Map(found.map((chunk, k) => [mayBeNumbers[k]!, chunk]))
  const columns = names.map((name, i) => {
    // Any number or date in memory can be taken as a double.
    const type = types[name] === 'number' ? 'float' : (types[name] ?? null)
    const chunk = ready.get(i) ?? table.column(wanted[i]!, start, end, type)
    return coerceChunk(chunk, type, { column: name, source: memoryName, firstRow: start })
  })
  return { names, nRows: end - start, columns }
}

/** Memory is not read as bytes. */
const noBytes: ByteSource = {
  name: memoryName,
  byteLength: 0,
  slice: () => Promise.resolve(new Uint8Array(0)),
}

interface ExtraColumn {
  readonly name: string
  readonly cells: ArrayLike<Cell>
  /** Cells per row (several outputs of an init score) and which of them this column is. */
  readonly stride: number
  readonly offset: number
}

function withNames(
  table: MemoryTable,
  {
    featureNames,
    reference,
  }: { featureNames?: readonly string[] | undefined; reference?: DatasetReference | undefined },
): MemoryTable {
  if (table.hasNames) return table
  const names = featureNames ?? reference?.features.map(({ name }) => name)
  if (names === undefined) return table
  if (names.length === table.names.length) return { ...table, names }
  throw new CoppiceError(
    'DATA',
    `the rows have ${table.names.length} columns but ${names.length} feature names are ` +
      `${featureNames === undefined ? 'known from the training data' : 'given'}; they must agree`,
  )
}

/** Arrays beside X become columns after its own, under names that are free. */
function extraColumns(table: MemoryTable, y: LabelArray | null, options: MemoryOptions) {
  const columns: ExtraColumn[] = []
  const taken = new Set(table.names)
  const add = (role: string, cells: ArrayLike<Cell>, stride: number, offset: number) => {
    let name = role
    while (taken.has(name)) name += '_'
    taken.add(name)
    if (cells.length !== table.nRows * stride) {
      throw new CoppiceError(
        'DATA',
        `${role} has ${cells.length} values for ${table.nRows} rows; give one per row`,
      )
    }
    columns.push({ name, cells, stride, offset })
    return name
  }
  const { weights, initScores, positions } = options
  let { label, weight, initScore, position } = options
  if (y !== null) {
    const labels = labelArrays(y)
    label = labels.map((cells, k) => {
      const name = labelName(k, labels.length)
      refuseMixedLabels(cells, name)
      return add(name, cells, 1, 0)
    })
  }
  if (weights !== undefined) weight = add('weight', weights, 1, 0)
  if (positions !== undefined) position = add('position', positions, 1, 0)
  if (initScores !== undefined) {
    const nOutputs = Math.max(1, Math.round(initScores.length / Math.max(1, table.nRows)))
    initScore = Array.from({ length: nOutputs }, (_, i) =>
      add('initScore', initScores, nOutputs, i),
    )
  }
  return { columns, roles: { label, weight, initScore, position } }
}

function memoryReader(table: MemoryTable, extra: readonly ExtraColumn[]): PartitionReader {
  const names = [...table.names, ...extra.map(({ name }) => name)]
  const plan = (): Promise<PartitionPlan> => {
    const columns = names.map((name, index) => {
      const isText = index < table.names.length && table.isText(index)
      return { name, type: isText ? ('string' as const) : null }
    })
    return Promise.resolve({ columns, nRows: table.nRows, units: unitsOf(table), detail: null })
  }
  const readStored: NonNullable<PartitionReader['readStored']> = async (
    source, _plan, unit, wanted, types, _options, arrays,
  ) => {
    const { firstRow, nRows } = unit
    const end = firstRow + nRows
    const inside = wanted.filter((index, i) => index < table.names.length &&
      (table.sparse !== undefined || types[i] !== 'string'))
    const ready: readonly (StoredColumn | null)[] = inside.length === 0 ? []
      : table.sparse?.columns(inside, firstRow, end) ??
        table.numbers?.(inside, firstRow, end) ?? []
    const placeOf = new Int32Array(table.names.length).fill(-1)
    inside.forEach((index, place) => {
      placeOf[index] = place
    })
    return wanted.map((index, i): StoredColumn => {
      const type = types[i] ?? null
      const chunk =
        index >= table.names.length
          ? readExtra(extra[index - table.names.length]!, firstRow, end, arrays)
          : (ready[placeOf[index]!] ?? table.column(index, firstRow, end, type, arrays))
      return coerceStored(chunk, type, { column: names[index]!, source: source.name, firstRow })
    })
  }
  const read: PartitionReader['read'] = async (...request) =>
    (await readStored(...request, ownArrays)).map(withValues)
  const reader = { format: 'npy', plan, read, readStored } as const
  if (table.sparse !== undefined) {
    return { ...reader, ...sparseReader(table.sparse, table.names.length) }
  }
  return table.floats === undefined ? reader : { ...reader, ...floatReader(table) }
}

/** What is read of a sparse matrix without making columns of it. */
function sparseReader(
  table: SparseTable, nColumns: number,
): Pick<PartitionReader, 'readSample' | 'readRows'> {
  const isStored = (index: number, type: ColumnType | null | undefined): boolean =>
    isReady(nColumns, index, type) || (index < nColumns && type === table.type)
  return {
    readSample(_plan, { firstRow, nRows }, columns, types, offsets) {
      const ready = columns.flatMap((index, i) => isStored(index, types[i]) ? [i] : [])
      if (ready.length === 0) return columns.map(() => null)
      const sampled = table.sample(
        ready.map((i) => columns[i]!), firstRow, firstRow + nRows, offsets())
      const all = new Array<SampledNumbers | null>(columns.length).fill(null)
      for (const [k, i] of ready.entries()) {
        all[i] = { ...sampled[k]!, type: types[i] === 'float' ? 'float' : table.type }
      }
      return all
    },
    readRows: (_plan, { firstRow, nRows }, columns, types) =>
      columns.every((index, i) => isStored(index, types[i]))
        ? table.rows(columns, firstRow, firstRow + nRows) : null,
  }
}

function unitsOf({ nRows, sparse }: MemoryTable): Unit[] {
  const units: Unit[] = []
  for (let firstRow = 0; firstRow < nRows; ) {
    const end = sparse?.endOfUnit(firstRow, rowsPerUnit) ?? Math.min(nRows, firstRow + rowsPerUnit)
    units.push({ index: units.length, firstRow, nRows: end - firstRow, start: 0, end: 0 })
    firstRow = end
  }
  return units
}

function readExtra(
  column: ExtraColumn, start: number, end: number, arrays: RowArrays,
): ColumnChunk {
  const { cells, stride, offset, name } = column
  if (stride === 1) return sliceCells(cells, start, end, name, arrays)
  const values = arrays.doubles(end - start)
  for (let row = start; row < end; row++) {
    values[row - start] = Number(cells[row * stride + offset])
  }
  return { type: 'float', values }
}

/** @throws CoppiceError 'DATA' for what is no number of rows */
export function checkGroupSize(size: number, group: number): number {
  if (Number.isInteger(size) && size >= 1) return size
  throw new CoppiceError('DATA',
    `query group ${group} has the size ${size}; sizes are whole numbers from 1`)
}

function checkGroups(sizes: ArrayLike<number>, nRows: number): Uint32Array {
  const checked = Uint32Array.from(sizes, checkGroupSize)
  const sum = checked.reduce((all, size) => all + size, 0)
  assert(checked.length === sizes.length, 'each group has a size')
  if (sum === nRows) return checked
  throw new CoppiceError(
    'DATA',
    `the query groups have ${sum} rows in all but there are ${nRows}; the sizes must add up`,
  )
}
