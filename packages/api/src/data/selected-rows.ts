import type { ColumnChunk } from '@coppice/data'
import {
  addRow, type BinnedDataset, fitRows, hasRow, noRows, type RowBits, selectRows,
} from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import type { LoadRequest, OpenRows, RowBatch, RowSource, SelectableRows } from './source.js'

/** Of binned selections, the rows that they were taken of. */
const wholeOf = new WeakMap<BinnedDataset, BinnedDataset>()

/** A binned selection is of no further use: it must not keep the rows that it was taken of. */
export function forgetWhole(selected: BinnedDataset): void {
  wholeOf.delete(selected)
}

/** Some rows of another data set, with the bins of all of them. */
export class SelectedSource implements RowSource {
  /** The data set of all rows; it is no selection itself. */
  readonly base: SelectableRows
  /** May be shorter than the rows; then the last ones are not selected. */
  readonly bits: RowBits

  constructor(base: SelectableRows, bits: RowBits) {
    this.base = base
    this.bits = bits
  }

  get isInMemory(): boolean {
    return this.base.source.isInMemory
  }

  async load(request: LoadRequest): Promise<BinnedDataset> {
    const { reference } = request
    const whole = await this.base.load({
      ...request,
      reference: reference === undefined ? undefined : wholeOf.get(reference) ?? reference,
    })
    const selected = selectRows(whole, fitRows(this.bits, whole.nRows, 'the data set'))
    wholeOf.set(selected, whole)
    return selected
  }

  async open(): Promise<OpenRows> {
    const { ready: _ready, predict: _predict, storedBatches: _stored, ...rows } =
      await this.base.source.open()
    return { ...rows, batches: (wanted, types) => this.#select(rows.batches(wanted, types)) }
  }

  async *#select(batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
    let firstRow = 0
    for await (const batch of batches) {
      const picked: number[] = []
      for (let row = 0; row < batch.nRows; row++) {
        if (isSelected(this.bits, firstRow + row)) picked.push(row)
      }
      firstRow += batch.nRows
      if (picked.length === 0) continue
      const columns = batch.columns.map((chunk) => gatherChunk(chunk, picked))
      yield { ...batch, nRows: picked.length, columns }
    }
    fitRows(this.bits, firstRow, 'the data set')
  }
}

function isSelected(bits: RowBits, row: number): boolean {
  return row < bits.length * 8 && hasRow(bits, row)
}

/**
 * A selection of a selection, by the rows of all.
 *
 * @param own - rows of all
 * @param bits - rows among those, counted from 0
 * @throws CoppiceError 'DATA' for more rows than there are
 */
export function rowsOfRows(own: RowBits, bits: RowBits): RowBits {
  const joint = noRows(own.length * 8)
  let nth = 0
  for (let row = 0; row < own.length * 8; row++) {
    if (!hasRow(own, row)) continue
    if (isSelected(bits, nth)) addRow(joint, row)
    nth++
  }
  fitRows(bits, nth, 'the selection')
  return joint
}

/** Rows of a chunk, in the order given. */
export function gatherChunk(chunk: ColumnChunk, rows: readonly number[]): ColumnChunk {
  if (chunk.type === 'string') {
    return { ...chunk, codes: Int32Array.from(rows, (row) => chunk.codes[row]!) }
  }
  return { ...chunk, values: Float64Array.from(rows, (row) => chunk.values[row]!) }
}

/**
 * Bits of rows by their indices, in any order.
 *
 * @param nRows - of the data set, or null where it is not known
 * @throws CoppiceError 'DATA' for what is no index of a row, or is there twice
 */
export function rowBits(rows: ArrayLike<number>, nRows: number | null, what: string): RowBits {
  const legal = nRows === null ? 'integers from 0 on' : `integers from 0 to ${nRows - 1}`
  let last = -1
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (!Number.isSafeInteger(row) || row < 0 || row >= (nRows ?? 0x7fff_ffff)) {
      throw new CoppiceError('DATA', `${what}[${i}] is ${row}; indices of rows are ${legal}`)
    }
    if (row > last) last = row
  }
  const bits = noRows(nRows ?? last + 1)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (hasRow(bits, row)) {
      throw new CoppiceError('DATA', `${what} has row ${row} twice; give each row once`)
    }
    addRow(bits, row)
  }
  return bits
}
