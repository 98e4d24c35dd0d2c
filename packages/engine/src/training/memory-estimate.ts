import { CoppiceError } from '../errors.js'
import { CELL_BYTES, CELLS_PER_FEATURE, SUM_BYTES } from '../kernels/api.js'

/** The size of a training, known before any row is read. */
export interface TrainingSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Rows of all evaluation sets. */
  readonly nEvalRows: number
  /** 1, or the number of classes. */
  readonly nOutputs: number
  readonly numLeaves: number
  readonly nThreads: number
  readonly maxBin: number
  readonly usesBagging: boolean
  readonly hasWeight: boolean
}

/** The JavaScript engine and the code of one thread. */
const THREAD_BYTES = 40 * 1024 * 1024

/** Bytes of one row's record: bins, gradient, hessian, row id, padded. */
export function recordBytes(nFeatures: number): number {
  const bins = (nFeatures + 3) & ~3
  return (bins + 12 + 7) & ~7
}

/**
 * Bytes that training takes besides the binned data set it is given: three buffers of records,
 * scores, labels, weights and gradients per row, and one histogram per open leaf. Histograms are
 * counted at their largest; features with fewer bins need less.
 */
export function estimateTraining(size: TrainingSize): number {
  const { nRows, nFeatures, nEvalRows, nOutputs, numLeaves, nThreads } = size
  const perRow = 3 * recordBytes(nFeatures) + nOutputs * 16 + 8 +
    (size.hasWeight ? 8 : 0) + (size.usesBagging ? 4 : 0)
  const perEvalRow = nFeatures + nOutputs * 8 + 16
  const cells = nFeatures * Math.min(CELLS_PER_FEATURE, size.maxBin + 1)
  const openLeaves = Math.min(numLeaves, Math.max(2, nRows))
  const histograms = openLeaves * cells * SUM_BYTES
  const perThread = nFeatures * CELLS_PER_FEATURE * CELL_BYTES + 2 * cells * SUM_BYTES +
    THREAD_BYTES
  return nRows * perRow + nEvalRows * perEvalRow + histograms + nThreads * perThread
}

/**
 * Refuses a training that cannot fit.
 *
 * @param limitBytes - memory that is there for it
 * @throws CoppiceError 'MEMORY' with both figures
 */
export function requireTrainingMemory(size: TrainingSize, limitBytes: number): void {
  const needed = estimateTraining(size)
  if (needed <= limitBytes) return
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`
  throw new CoppiceError('MEMORY',
    `training on ${size.nRows} rows x ${size.nFeatures} features with num_leaves ` +
    `${size.numLeaves} needs about ${mb(needed)} besides the binned data, there are ` +
    `${mb(limitBytes)}; use fewer rows or features, a smaller num_leaves or max_bin, or a ` +
    'machine with more memory')
}
