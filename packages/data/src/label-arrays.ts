/** Labels in memory: one per row, or several. */
import { checkMatrixKeys, CoppiceError } from '@coppice/model'
import type { Cell } from './cells.js'
import type { DatasetOptions } from './loading/options.js'
import type { CellAt, MemoryTable } from './memory-rows.js'
import { resolveRoles } from './schema.js'

/** Row-major numbers with their shape, rows x label columns. */
export interface LabelMatrix {
  readonly data: ArrayLike<number>
  readonly shape: readonly [number, number]
}

/** Labels: one per row, or an array of several per row, or a matrix of numbers. */
export type LabelArray = ArrayLike<Cell> | ArrayLike<ArrayLike<Cell>> | LabelMatrix

/**
 * Labels by column: one array per label column, with a cell per row.
 *
 * Throws CoppiceError 'DATA' for rows of different lengths and a matrix that is not of its shape.
 */
export function labelArrays(labels: LabelArray): readonly ArrayLike<Cell>[] {
  if ('shape' in labels) return matrixColumns(labels)
  const first: unknown = labels[0]
  if (!isList(first)) return [labels as ArrayLike<Cell>]
  const rows = labels as ArrayLike<ArrayLike<Cell>>
  const nLabels = first.length
  if (nLabels === 0) {
    throw new CoppiceError('DATA', 'label row 0 has no values; give each row a label, or an ' +
      'array of as many labels as the objective has')
  }
  for (let row = 0; row < rows.length; row++) {
    const own: unknown = rows[row]
    if (isList(own) && own.length === nLabels) continue
    const found = isList(own) ? own.length : 'no'
    throw new CoppiceError('DATA', `label row ${row} has ${found} values and label row 0 has ` +
      `${nLabels}; give each row as many labels`)
  }
  return Array.from({ length: nLabels }, (_, k) =>
    Array.from({ length: rows.length }, (_row, row) => rows[row]![k]))
}

/**
 * Refuses texts among other labels, and booleans among numbers: as classes 1, '1' and true are
 * three, but one column holds one kind.
 *
 * @throws CoppiceError 'DATA' naming a row of each kind
 */
export function refuseMixedLabels(cells: ArrayLike<Cell>, name: string): void {
  if (!ArrayBuffer.isView(cells)) refuseMixed((row) => cells[row], cells.length, name)
}

/**
 * The same of labels that are columns of the rows, but for those whose type the schema says.
 *
 * @param names - of the columns of the table
 * @throws CoppiceError 'DATA' naming column and rows, or a label that is no column
 */
export function refuseMixedLabelColumns(
  table: MemoryTable, names: readonly string[],
  { label, schema = {} }: Pick<DatasetOptions, 'label' | 'schema'>,
): void {
  if (table.cells === undefined || label === undefined) return
  for (const index of resolveRoles(names, { label }).labels) {
    const cells = table.cells(index)
    const isForced = Object.hasOwn(schema, names[index]!)
    if (cells !== null && !isForced) refuseMixed(cells, table.nRows, `the label '${names[index]!}'`)
  }
}

function refuseMixed(cells: CellAt, nRows: number, name: string): void {
  let first = null as { readonly row: number, readonly kind: string } | null
  for (let row = 0; row < nRows; row++) {
    const cell = cells(row)
    const type = typeof cell
    const kind = type === 'string' ? 'text' : type === 'boolean' ? type
      : type === 'bigint' || (type === 'number' && cell === cell) ? 'number' : null
    if (kind === null || kind === first?.kind) continue
    if (first !== null) {
      throw new CoppiceError('DATA', `${name} is a ${first.kind} in row ${first.row} and a ` +
        `${kind} in row ${row}; give labels of one kind`)
    }
    first = { row, kind }
  }
}

function isList(value: unknown): value is ArrayLike<Cell> {
  return Array.isArray(value) || ArrayBuffer.isView(value)
}

function matrixColumns(matrix: LabelMatrix): readonly ArrayLike<Cell>[] {
  checkMatrixKeys(matrix)
  const { data, shape } = matrix
  const [nRows, nLabels] = shape
  const isShape = Number.isInteger(nRows) && Number.isInteger(nLabels) && nLabels > 0
  if (!isShape || data.length !== nRows * nLabels) {
    throw new CoppiceError('DATA', `the label matrix has ${data.length} numbers and the shape ` +
      `[${shape.join(', ')}]; give rows x label columns numbers`)
  }
  return Array.from({ length: nLabels }, (_, k) =>
    Float64Array.from({ length: nRows }, (_row, row) => data[row * nLabels + k]!))
}

/** What a label that is no column is called: `label`, or `label[0]` and so on of several. */
export function labelName(index: number, nLabels: number): string {
  return nLabels === 1 ? 'label' : `label[${index}]`
}
