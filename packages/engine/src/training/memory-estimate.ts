import type { BinnedDataset } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { recordLayout } from '../execution/record-layout.js'
import { CELL_BYTES, SUM_BYTES } from '../kernels/api.js'
import { cellsOf } from '../kernels/cells.js'

/** The size of a training, known before any row is read. */
export interface TrainingSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Bytes of a row's bins, see `storedColumns`; nFeatures where it is not known. */
  readonly nColumns?: number
  /** Rows of all evaluation sets. */
  readonly nEvalRows: number
  /** 1, or the number of classes. */
  readonly nOutputs: number
  readonly numLeaves: number
  readonly nThreads: number
  /** Bins of all features together. */
  readonly nBins: number
  readonly usesBagging: boolean
  readonly hasWeight: boolean
}

/** The JavaScript engine and the code of one thread. */
const THREAD_BYTES = 40 * 1024 * 1024
/** Of a feature, while it is looked for those that share a byte: counts of bins, bits of rows. */
const BUNDLING_BYTES = 1536

/** What one thread's WebAssembly memory can hold. */
const ARENA_BYTES_MAX = 4_294_967_296
/** Histograms in flight between threads stay below this. */
export const EXCHANGE_BYTES = 268_435_456

/**
 * Bytes of a row's bins in the block where they are most. Threads bundle their rows anew, which
 * comes to about as many.
 */
export function storedColumns({ blocks, features }: BinnedDataset): number {
  return blocks.reduce(
    (most, { packing }) => Math.max(most, packing?.nColumns ?? features.length), 1)
}

/**
 * Bytes that training takes besides the binned data set it is given: two buffers of records,
 * scores, labels, weights and gradients per row, and one histogram per open leaf.
 */
export function estimateTraining(size: TrainingSize): number {
  const { nThreads } = size
  // histograms on their way between threads: few at a time
  const exchange = nThreads === 1 ? 0 : 8 * nThreads * histogramBytes(size)
  const thread = arenaBytes(size) + THREAD_BYTES + size.nFeatures * BUNDLING_BYTES
  return nThreads * thread + Math.min(exchange, EXCHANGE_BYTES)
}

function histogramBytes({ nBins }: TrainingSize): number {
  return nBins * SUM_BYTES
}

/** Bytes of one thread's memory: its rows, and its share of the histograms of open leaves. */
function arenaBytes(size: TrainingSize): number {
  const { nRows, nFeatures, nColumns = nFeatures, nEvalRows, nOutputs, numLeaves, nThreads } = size
  const { rowBytes, nTiles, tileColumns } = recordLayout(nColumns)
  // cells of a tile; where features share columns, of all
  const nSummed = nColumns < nFeatures ? nColumns : tileColumns
  const perRow = 2 * rowBytes + (nTiles > 1 ? 5 : 0) + nOutputs * 16 + 8 +
    (size.hasWeight ? 8 : 0) + (size.usesBagging ? 4 : 0)
  const perEvalRow = nColumns + nOutputs * 8 + 16
  const openLeaves = Math.min(numLeaves, Math.max(2, nRows))
  const shared = nRows * perRow + nEvalRows * perEvalRow + openLeaves * histogramBytes(size)
  return shared / nThreads + nSummed * cellsOf(256) * CELL_BYTES +
    2 * histogramBytes(size)
}

/**
 * Refuses a training that cannot fit.
 *
 * @param limitBytes - memory that is there for it
 * @throws CoppiceError 'MEMORY' with both figures
 */
export function requireTrainingMemory(size: TrainingSize, limitBytes: number): void {
  const needed = estimateTraining(size)
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`
  const perThread = arenaBytes(size)
  if (perThread > ARENA_BYTES_MAX) {
    throw new CoppiceError('MEMORY',
      `training on ${size.nRows} rows x ${size.nFeatures} features with num_leaves ` +
      `${size.numLeaves} needs about ${mb(perThread)} in each of ${size.nThreads} threads, a ` +
      `thread can hold ${mb(ARENA_BYTES_MAX)}; use more threads, a smaller num_leaves or max_bin`)
  }
  if (needed <= limitBytes) return
  throw new CoppiceError('MEMORY',
    `training on ${size.nRows} rows x ${size.nFeatures} features with num_leaves ` +
    `${size.numLeaves} needs about ${mb(needed)} besides the binned data, there are ` +
    `${mb(limitBytes)}; use fewer rows or features, a smaller num_leaves or max_bin, or a ` +
    'machine with more memory')
}
