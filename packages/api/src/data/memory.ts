import {
  type Cell, columnsFromMemory, datasetFromMemory, type MemoryOptions, type MemoryRows, readyRows,
} from '@coppice/data'
import type { BinnedDataset } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { LoadRequest, OpenRows, RowBatch, RowSource } from './source.js'

/** Labels, one per row: numbers, texts, booleans, bigints. */
export type Labels = ArrayLike<Cell>

/** Roles of the columns of rows in memory, and arrays beside them. */
export type RowOptions = Omit<MemoryOptions,
  'labelKind' | 'params' | 'reference' | 'signal' | 'onProgress'>

/** Names that no column of a table has. */
const outsideLabel = '\0label'
const outsideWeight = '\0weight'

/** Rows in memory: arrays, objects, columns, a typed matrix or an Arrow table. */
export class MemorySource implements RowSource {
  readonly isInMemory = true
  readonly rows: MemoryRows
  /** null where a column of the rows is the label, or there is none. */
  readonly labels: Labels | null
  readonly options: RowOptions

  constructor(rows: MemoryRows, labels: Labels | null, options: RowOptions) {
    this.rows = rows
    this.labels = labels
    this.options = options
  }

  load({ labelKind, binning, reference, signal, onProgress }: LoadRequest): Promise<BinnedDataset> {
    return datasetFromMemory(this.rows, this.labels, {
      ...this.options,
      params: binning,
      reference,
      signal,
      onProgress,
      ...(labelKind === null ? {} : { labelKind }),
    })
  }

  open(): Promise<OpenRows> {
    const { label, weight, weights } = this.options
    const beside: Record<string, ArrayLike<Cell>> = {}
    if (this.labels !== null) beside[outsideLabel] = this.labels
    if (weights !== undefined) beside[outsideWeight] = weights
    const name = (outside: string, column: string | number | undefined): string | null =>
      outside in beside ? outside : column === undefined ? null : String(column)
    return Promise.resolve({
      nRows: 0,
      label: name(outsideLabel, label),
      weight: name(outsideWeight, weight),
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
    const table = await columnsFromMemory(this.rows, inside, types)
    const { nRows } = table
    if (nRows === 0) return
    const columns = []
    for (const name of wanted) {
      const cells = beside[name]
      if (cells === undefined) {
        columns.push(table.columns[inside.indexOf(name)]!)
        continue
      }
      if (cells.length !== nRows) {
        throw new CoppiceError('DATA', `there are ${cells.length} ` +
          `${name === outsideLabel ? 'labels' : 'weights'} for ${nRows} rows; give one per row`)
      }
      // Whoever uses them refuses texts that should be numbers, naming label or weight.
      const isText = types[name] === 'string'
      const read = await columnsFromMemory({ [name]: cells }, [name], isText ? types : {})
      columns.push(read.columns[0]!)
    }
    yield { nRows, columns }
  }
}

/** Whether an argument is rows without any: they have no columns to be looked at. */
export function hasNoRows(rows: MemoryRows): boolean {
  return Array.isArray(rows) && rows.length === 0
}
