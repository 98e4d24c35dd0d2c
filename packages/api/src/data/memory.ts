import {
  type Cell, checkGroupSize, columnBatches, type ColumnRef, type ColumnChunk, columnsFromMemory,
  datasetFromMemory, type LabelArray, labelArrays, labelName, type MemoryOptions, type MemoryRows,
  readyRows, sliceChunk,
} from '@coppice/data'
import type { BinnedDataset } from '@coppice/engine'
import { BinningThreads, defaultThreads } from '@coppice/engine/threads'
import { CoppiceError } from '@coppice/model'
import { type QueryOptions, queryRoles, type QueryRoles } from './query-groups.js'
import type { LoadRequest, OpenRows, RowBatch, RowSource } from './source.js'

/**
 * Labels, one per row: numbers, texts, booleans, bigints. Of objectives with several label columns
 * an array of numbers per row, or a matrix `{data, shape: [rows, columns]}`.
 */
export type Labels = LabelArray

/** Roles of the columns of rows in memory, and arrays beside them. */
export type RowOptions = QueryOptions & Omit<MemoryOptions,
  'labelKind' | 'params' | 'reference' | 'signal' | 'onProgress' | 'binner' | keyof QueryOptions>

/** Row options with the queries as readers take them. */
type SourceOptions = Omit<RowOptions, keyof QueryOptions> & QueryRoles

/** Names that no column of a table has. */
const outsideLabel = '\0label'
const outsideWeight = '\0weight'
const outsideQuery = '\0query'
const besideNames: Readonly<Record<string, string>> = {
  [outsideLabel]: 'labels', [outsideWeight]: 'weights', [outsideQuery]: 'rows in query groups',
}

/** Rows in memory: arrays, objects, columns, a matrix, dense or sparse, or an Arrow table. */
export class MemorySource implements RowSource {
  readonly isInMemory = true
  readonly rows: MemoryRows
  /** null where a column of the rows is the label, or there is none. */
  readonly labels: Labels | null
  readonly options: SourceOptions

  constructor(rows: MemoryRows, labels: Labels | null, options: RowOptions) {
    this.rows = rows
    this.labels = labels
    const { group, queryId, groupSizes, ...rest } = options
    this.options = { ...rest, ...queryRoles({ group, queryId, groupSizes }) }
  }

  async load(
    { labelKind, binning, reference, threads, signal, onProgress }: LoadRequest,
  ): Promise<BinnedDataset> {
    const binner = new BinningThreads(threads ?? defaultThreads())
    let data: BinnedDataset
    try {
      data = await datasetFromMemory(this.rows, this.labels, {
        ...this.options,
        params: binning,
        reference,
        signal,
        onProgress,
        binner,
        ...(labelKind === null ? {} : { labelKind }),
      })
    } finally {
      await binner.close()
    }
    const labels = this.#labelNames()
    return labels.length === 0 ? data : { ...data, names: { labels, files: [] } }
  }

  /** What messages call the labels; nothing where a lone array beside the rows has no name. */
  #labelNames(): readonly string[] {
    const { labels, options: { label } } = this
    const nArrays = labels === null ? 0 : labelArrays(labels).length
    if (nArrays > 1) return Array.from({ length: nArrays }, (_, k) => labelName(k, nArrays))
    const given = nArrays === 1 || label === undefined ? [] : [label].flat()
    return given.every((name) => typeof name === 'string')
      ? given.flatMap((name) => name.split(',')) : []
  }

  open(): Promise<OpenRows> {
    const { label, weight, weights, group, groupSizes } = this.options
    const beside: Record<string, ArrayLike<Cell>> = {}
    const labels = this.labels === null ? [] : labelArrays(this.labels)
    labels.forEach((cells, k) => { beside[outsideLabel + '+'.repeat(k)] = cells })
    if (weights !== undefined) beside[outsideWeight] = weights
    if (groupSizes !== undefined) beside[outsideQuery] = queryNumbers(groupSizes)
    const name = (outside: string, column: string | number | undefined): string | null =>
      outside in beside ? outside : column === undefined ? null : String(column)
    const own = label === undefined || Array.isArray(label) ? label : [label as ColumnRef]
    return Promise.resolve({
      nRows: 0,
      labels: labels.length > 0 ? Object.keys(beside).slice(0, labels.length)
        : ((own ?? []) as readonly ColumnRef[]).map(String),
      weight: name(outsideWeight, weight),
      query: name(outsideQuery, group),
      batches: (wanted, types) => this.#batches(wanted, types, beside),
      ready: (model) => readyRows(this.rows, model),
      close: () => Promise.resolve(),
    })
  }

  async *#batches(
    wanted: readonly string[], types: Parameters<OpenRows['batches']>[1],
    beside: Readonly<Record<string, ArrayLike<Cell>>>,
  ): AsyncGenerator<RowBatch> {
    const inside = wanted.filter((name) => !(name in beside))
    const outside = new Map<string, ColumnChunk>()
    for await (const batch of columnBatches(this.rows, inside, types)) {
      const { firstRow, nRows, nAllRows } = batch
      const columns = []
      for (const name of wanted) {
        if (!(name in beside)) {
          columns.push(batch.columns[inside.indexOf(name)]!)
          continue
        }
        const whole = outside.get(name) ?? await readBeside(name, beside[name]!, types, nAllRows)
        outside.set(name, whole)
        columns.push(sliceChunk(whole, firstRow, firstRow + nRows))
      }
      yield { nRows, columns }
    }
  }
}

/** 0 for the rows of the first query, 1 for those of the second, ... */
function queryNumbers(sizes: ArrayLike<number>): number[] {
  return Array.from(sizes, (size, query) =>
    new Array<number>(checkGroupSize(size, query)).fill(query)).flat()
}

/** An array beside nRows rows as a column. */
async function readBeside(
  name: string, cells: ArrayLike<Cell>, types: Parameters<OpenRows['batches']>[1], nRows: number,
): Promise<ColumnChunk> {
  if (cells.length !== nRows) {
    throw new CoppiceError('DATA', `there are ${cells.length} ` +
      `${besideNames[name] ?? 'labels'} for ${nRows} rows; give one per row`)
  }
  // Whoever uses them refuses texts that should be numbers, naming label or weight.
  const isText = types[name] === 'string'
  const read = await columnsFromMemory({ [name]: cells }, [name], isText ? types : {})
  return read.columns[0]!
}

/** Whether an argument is rows without any: they have no columns to be looked at. */
export function hasNoRows(rows: MemoryRows): boolean {
  return Array.isArray(rows) && rows.length === 0
}
