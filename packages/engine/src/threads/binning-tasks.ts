/** What threads do for a binning: each takes the next piece, until there are no more. */
import { binFloats, type BinnedRows } from '../binning/bin-floats.js'
import { findColumnBins, type NumericFeatureOptions } from '../binning/find-column-bins.js'
import type { NumberColumn } from '../binning/number-column.js'
import type { FloatLookup } from '../binning/number-table.js'
import { forgetValueKernels } from '../binning/value-kernels.js'
import type { NumericBinMapper } from '../dataset.js'

/** Work for threads that have no training. All buffers of rows are shared. */
export type BinningTask = FindTask | BinTask

interface Dealt {
  /** The first piece that nobody has; beyond the last of them there is nothing more to do. */
  readonly next: Int32Array
}

export interface FindTask extends Dealt {
  readonly kind: 'find'
  readonly columns: readonly NumberColumn[]
  readonly options: readonly NumericFeatureOptions[]
  readonly nRows: number
  readonly offsets: Int32Array | null
  /** Columns of a piece. */
  readonly atOnce: number
}

export interface BinTask extends Dealt {
  readonly kind: 'bin'
  readonly lookups: readonly FloatLookup[]
  readonly columns: readonly NumberColumn[]
  readonly blocks: readonly BinnedRows[]
  /** Bytes of the bins of a row. */
  readonly rowBytes: number
  /** Rows of a piece, of one block. */
  readonly atOnce: number
}

/** Which columns a thread has found the bins of, and those. */
export type FoundColumns = readonly (readonly [column: number, mapper: NumericBinMapper])[]

/** Bins of columns. */
export function findShare(
  { columns, options, nRows, offsets, next, atOnce }: FindTask,
): FoundColumns {
  const found: (readonly [number, NumericBinMapper])[] = []
  for (let first = atOnce * Atomics.add(next, 0, 1); first < columns.length;
    first = atOnce * Atomics.add(next, 0, 1)) {
    const end = first + atOnce
    const mappers = findColumnBins(
      columns.slice(first, end), options.slice(first, end), nRows, offsets)
    for (const [i, mapper] of mappers.entries()) found.push([first + i, mapper])
  }
  // the training that follows needs the memory
  forgetValueKernels()
  return found
}

/** Bins of rows. */
export function binShare({ lookups, columns, blocks, rowBytes, next, atOnce }: BinTask): void {
  let piece = Atomics.add(next, 0, 1)
  let before = 0
  for (const { firstRow, nRows, bins } of blocks) {
    const nPieces = Math.ceil(nRows / atOnce)
    for (; piece < before + nPieces; piece = Atomics.add(next, 0, 1)) {
      const start = (piece - before) * atOnce
      binFloats(lookups, columns, firstRow + start, Math.min(atOnce, nRows - start), bins,
        start * rowBytes)
    }
    before += nPieces
  }
}
