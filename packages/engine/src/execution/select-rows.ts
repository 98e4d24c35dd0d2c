import type { BinnedBlock, BinnedDataset } from '../dataset.js'
import { assert, CoppiceError } from '../errors.js'
import { rowBytesOf } from '../row-bytes.js'

/**
 * Which rows of a data set are meant: bit `row & 7` of byte `row >> 3` is set for those that are.
 * ceil(nRows / 8) bytes; bits behind the last row are 0.
 */
export type RowBits = Uint8Array

/** Rows that a selection is taken of: a data set, or one of its partitions. */
export interface SelectableRows {
  /** Global row id of the first row, by which the bits are looked up. */
  readonly firstRow: number
  readonly nRows: number
  /** Of a row that is not packed, see `rowBytes`. */
  readonly rowBytes: number
  readonly blocks: readonly BinnedBlock[]
  readonly label: Float64Array | null
  readonly weight: Float64Array | null
  readonly initScore: Float64Array | null
  readonly groupSizes: Uint32Array | null
  readonly shownAt?: Float64Array | null
}

/** What a selection has of its own. */
export type SelectedRows = Omit<SelectableRows, 'rowBytes'>

/** Bits of no row. */
export function noRows(nRows: number): RowBits {
  return new Uint8Array(Math.ceil(nRows / 8))
}

/** Adds a row to a selection, in place. */
export function addRow(bits: RowBits, row: number): void {
  bits[row >>> 3]! |= 1 << (row & 7)
}

/** Whether a row is selected. */
export function hasRow(bits: RowBits, row: number): boolean {
  return ((bits[row >>> 3]! >> (row & 7)) & 1) === 1
}

/** Selected rows among [begin, end). */
export function countSelected(bits: RowBits, begin: number, end: number): number {
  let count = 0
  for (const [first, last] of selectedRuns(bits, begin, end)) count += last - first
  return count
}

/**
 * Bits that may have been made without knowing the number of rows, for so many rows.
 *
 * @param what - names the data, for messages
 * @throws CoppiceError 'DATA' where a row is selected that there is not
 */
export function fitRows(bits: RowBits, nRows: number, what: string): RowBits {
  const nBytes = Math.ceil(nRows / 8)
  const stray = skip(bits, Math.min(nRows, bits.length * 8), bits.length * 8, 0)
  if (stray < bits.length * 8) {
    throw new CoppiceError('DATA',
      `row ${stray} of ${what} is selected, but there are ${nRows} rows, counted from 0; select ` +
      'among them')
  }
  if (bits.length === nBytes) return bits
  const fitting = noRows(nRows)
  fitting.set(bits.subarray(0, nBytes))
  return fitting
}

/** Runs of selected rows within [begin, end), ascending: [first, end). */
export function* selectedRuns(
  bits: RowBits, begin: number, end: number,
): Generator<readonly [first: number, end: number]> {
  for (let row = begin; row < end;) {
    const first = skip(bits, row, end, 0)
    if (first >= end) return
    row = skip(bits, first, end, 1)
    yield [first, row]
  }
}

/** The first row from `row` on whose bit is not `bit`, at most `end`. */
function skip(bits: RowBits, row: number, end: number, bit: 0 | 1): number {
  const whole = bit === 0 ? 0 : 0xff
  let at = row
  while (at < end) {
    if ((at & 7) === 0 && bits[at >>> 3] === whole) at += 8
    else if (((bits[at >>> 3]! >> (at & 7)) & 1) === bit) at++
    else return at
  }
  return end
}

/**
 * Rows of a binned data set as one of their own: the same bins, dictionaries and classes; row ids
 * count the selected rows from 0. Bins of a run of rows are shared, others are copied.
 */
export function selectRows(data: BinnedDataset, bits: RowBits): BinnedDataset {
  const { firstRow: _first, ...selected } =
    selectFrom({ ...data, firstRow: 0, rowBytes: rowBytesOf(data.features) }, bits)
  const { names, ...rest } = data
  const labels = names?.labels ?? []
  // A selection of a selection counts its own rows: whoever selects again does so from the first.
  const own = names?.selected !== undefined ? { labels, files: [] }
    : { labels, files: names?.files ?? [], selected: bits }
  return { ...rest, ...selected, names: own }
}

/**
 * The selected rows of a partition. Their row ids count the selected rows of the whole data set,
 * so they do not depend on how it is cut.
 *
 * @param bits - of all rows of the data set
 */
export function selectFrom(rows: SelectableRows, bits: RowBits): SelectedRows {
  const { firstRow, nRows, rowBytes } = rows
  assert(bits.length * 8 >= firstRow + nRows, 'a selection has a bit for every row')
  const firstSelected = countSelected(bits, 0, firstRow)
  const nSelected = countSelected(bits, firstRow, firstRow + nRows)
  const nOutputs = rows.initScore === null || nRows === 0 ? 1 : rows.initScore.length / nRows
  const pick = (values: Float64Array | null, width: number): Float64Array | null =>
    values === null ? null
      : pickValues(values, width, runsFrom(bits, firstRow, nRows), nSelected * width)
  const blocks: BinnedBlock[] = []
  let next = firstSelected
  for (const block of rows.blocks) {
    const selected = pickBlock(block, block.packing?.nColumns ?? rowBytes, bits, next)
    if (selected === null) continue
    blocks.push(selected)
    next += selected.nRows
  }
  assert(next === firstSelected + nSelected, 'the blocks hold all rows')
  return {
    firstRow: firstSelected,
    nRows: nSelected,
    blocks,
    label: pick(rows.label, rows.label === null || nRows === 0 ? 1 : rows.label.length / nRows),
    weight: pick(rows.weight, 1),
    initScore: pick(rows.initScore, nOutputs),
    groupSizes: rows.groupSizes === null ? null : pickGroups(rows.groupSizes, bits, firstRow),
    ...(rows.shownAt == null ? {} : { shownAt: pick(rows.shownAt, 1) }),
  }
}

/** Runs of selected rows, counted from `firstRow`. */
function* runsFrom(
  bits: RowBits, firstRow: number, nRows: number,
): Generator<readonly [first: number, end: number]> {
  for (const [first, end] of selectedRuns(bits, firstRow, firstRow + nRows)) {
    yield [first - firstRow, end - firstRow]
  }
}

function pickBlock(
  { firstRow, nRows, bins, packing, raw }: BinnedBlock, rowBytes: number, bits: RowBits,
  next: number,
): BinnedBlock | null {
  const nSelected = countSelected(bits, firstRow, firstRow + nRows)
  if (nSelected === 0) return null
  const rest = {
    firstRow: next, nRows: nSelected, ...(packing === undefined ? {} : { packing }),
    ...(raw === undefined ? {}
      : { raw: pickRaw(raw, raw.length / nRows, bits, firstRow, nRows) }),
  }
  const first = skip(bits, firstRow, firstRow + nRows, 0) - firstRow
  if (skip(bits, firstRow + first, firstRow + nRows, 1) === firstRow + first + nSelected) {
    return { ...rest, bins: bins.subarray(first * rowBytes, (first + nSelected) * rowBytes) }
  }
  const picked = bytesLike(bins, nSelected * rowBytes)
  let at = 0
  for (const [from, to] of runsFrom(bits, firstRow, nRows)) {
    picked.set(bins.subarray(from * rowBytes, to * rowBytes), at)
    at += (to - from) * rowBytes
  }
  return { ...rest, bins: picked }
}

/** Values of the selected rows of a block; shared where they are a run of them. */
function pickRaw(
  raw: Float64Array, width: number, bits: RowBits, firstRow: number, nRows: number,
): Float64Array {
  const runs = [...runsFrom(bits, firstRow, nRows)]
  if (runs.length === 1) return raw.subarray(runs[0]![0] * width, runs[0]![1] * width)
  const length = runs.reduce((sum, [first, end]) => sum + end - first, 0) * width
  return pickValues(raw, width, runs, length)
}

function pickValues(
  values: Float64Array, width: number, runs: Iterable<readonly [number, number]>, length: number,
): Float64Array {
  const picked = new Float64Array(bytesLike(values, length * 8).buffer)
  let at = 0
  for (const [first, end] of runs) {
    picked.set(values.subarray(first * width, end * width), at)
    at += (end - first) * width
  }
  return picked
}

/** Selected rows of each query; queries without any are none. */
function pickGroups(sizes: Uint32Array, bits: RowBits, firstRow: number): Uint32Array {
  const picked: number[] = []
  let row = firstRow
  for (const size of sizes) {
    const count = countSelected(bits, row, row + size)
    if (count > 0) picked.push(count)
    row += size
  }
  return Uint32Array.from(picked)
}

/** Zeroed bytes that threads share where those of the source are shared. */
function bytesLike({ buffer }: { readonly buffer: ArrayBufferLike }, nBytes: number): Uint8Array {
  const isShared = typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer
  return new Uint8Array(isShared ? new SharedArrayBuffer(nBytes) : new ArrayBuffer(nBytes))
}
