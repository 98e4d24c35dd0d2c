/** What users call the labels and the rows of a data set; for messages. Plain data. */
export interface RowNames {
  /** Of the label columns. */
  readonly labels: readonly string[]
  /** By ascending row; empty where rows are counted from 0. */
  readonly files: readonly RowsOfFile[]
  /** Where rows are a selection: a bit for each row that there was, lowest bits first. */
  readonly selected?: Uint8Array
}

/** Rows that are in one file. */
export interface RowsOfFile {
  /** Id of the first one in the data set. */
  readonly firstRow: number
  readonly name: string
}

/**
 * 'row 12 of train.csv', as rows of files are counted: from 1. Of a selection: the row that there
 * was before.
 * @param selectedRow - id in the data set
 */
export function describeRow(names: RowNames | undefined, selectedRow: number): string {
  const row = names?.selected === undefined ? selectedRow : nthRow(names.selected, selectedRow)
  const file = names?.files.findLast(({ firstRow }) => firstRow <= row)
  return file === undefined ? `row ${row}` : `row ${row - file.firstRow + 1} of ${file.name}`
}

/** The n-th row, from 0, whose bit is set. */
function nthRow(bits: Uint8Array, n: number): number {
  let left = n
  for (let row = 0; row < bits.length * 8; row++) {
    if (((bits[row >>> 3]! >> (row & 7)) & 1) === 1 && left-- === 0) return row
  }
  return n
}

/**
 * 'the label', or which of them.
 * @param column - of the label columns
 */
export function describeLabel(
  names: RowNames | undefined, column: number, nColumns: number,
): string {
  const name = names?.labels[column]
  if (name !== undefined) return `the label '${name}'`
  return nColumns > 1 ? `the label ${column}` : 'the label'
}
