import { type FeatureInfo, rowBytesOf } from '@coppice/engine'
import type { ColumnRole, EncodeTargets, JobColumn } from './job.js'

/** Which arrays rows need. */
export interface TargetSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Bytes of the bins of a row that is not packed. */
  readonly rowBytes: number
  readonly nLabels: number
  readonly hasWeight: boolean
  readonly nInitScores: number
  readonly hasPositions: boolean
  /** Values that are kept beside the bins of a row; null where none are to be. */
  readonly nRawValues: number | null
}

/** The arrays that so many rows of these columns need. */
export function targetSize(
  columns: readonly JobColumn[],
  features: readonly FeatureInfo[],
  nRows: number,
  nRawValues: number | null = null,
): TargetSize {
  const count = (role: ColumnRole) => columns.filter((column) => column.role === role).length
  return {
    nRows,
    nFeatures: count('feature'),
    rowBytes: rowBytesOf(features),
    nLabels: count('label'),
    hasWeight: count('weight') > 0,
    nInitScores: count('initScore'),
    hasPositions: count('position') > 0,
    nRawValues,
  }
}

/** Blocks of about this size: large enough to matter, small enough to be moved to a disk. */
const blockBytes = 1 << 25

/** Rows of a block: a power of two that depends on the bytes of a row alone. */
export function rowsPerBlock(rowBytes: number): number {
  const exponent = 31 - Math.clz32(Math.max(1, Math.floor(blockBytes / Math.max(1, rowBytes))))
  return 1 << Math.max(6, Math.min(22, exponent))
}

/** Zeroed bytes that threads can share, where the platform allows it. */
export function allocateBytes(byteLength: number): ArrayBuffer {
  // Browsers without cross-origin isolation have no SharedArrayBuffer.
  if (typeof SharedArrayBuffer === 'undefined') return new ArrayBuffer(byteLength)
  return new SharedArrayBuffer(byteLength) as unknown as ArrayBuffer
}

/** Zeroed doubles that threads can share, where the platform allows it. */
export function allocateDoubles(length: number): Float64Array {
  return new Float64Array(allocateBytes(8 * length))
}

/** Rows of so many features may be worth packing. */
export const PACKED_FEATURES_MIN = 128

/** Allocates the arrays of a data set, in blocks; none for rows that may be packed. */
export function allocateTargets(size: TargetSize): EncodeTargets {
  const { nRows, nFeatures, rowBytes, nRawValues } = size
  if (nFeatures >= PACKED_FEATURES_MIN) {
    return { firstRow: 0, blocks: null, ...allocateNumbers(size) }
  }
  const blockRows = rowsPerBlock(rowBytes)
  const blocks = []
  for (let firstRow = 0; firstRow < nRows; firstRow += blockRows) {
    const nBlockRows = Math.min(blockRows, nRows - firstRow)
    const bins = new Uint8Array(allocateBytes(nBlockRows * rowBytes))
    const raw = nRawValues === null ? {} : { raw: allocateDoubles(nBlockRows * nRawValues) }
    blocks.push({ firstRow, nRows: nBlockRows, bins, ...raw })
  }
  return { firstRow: 0, blocks, ...allocateNumbers(size) }
}

/**
 * Allocates the arrays of one partition, rows from `firstRow` on: one block, or none for rows that
 * may be packed.
 */
export function allocatePartition(firstRow: number, size: TargetSize): EncodeTargets {
  const { nRows, nFeatures, rowBytes, nRawValues } = size
  if (nFeatures >= PACKED_FEATURES_MIN) return { firstRow, blocks: null, ...allocateNumbers(size) }
  const bins = new Uint8Array(allocateBytes(nRows * rowBytes))
  const raw = nRawValues === null ? {} : { raw: allocateDoubles(nRows * nRawValues) }
  return { firstRow, blocks: [{ firstRow, nRows, bins, ...raw }], ...allocateNumbers(size) }
}

function allocateNumbers({ nRows, nLabels, hasWeight, nInitScores, hasPositions }: TargetSize) {
  return {
    label: nLabels > 0 ? allocateDoubles(nRows * nLabels) : null,
    weight: hasWeight ? allocateDoubles(nRows) : null,
    initScore: nInitScores > 0 ? allocateDoubles(nRows * nInitScores) : null,
    shownAt: hasPositions ? allocateDoubles(nRows) : null,
  }
}
