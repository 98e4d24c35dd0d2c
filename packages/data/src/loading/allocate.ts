import type { EncodeTargets } from './job.js'

/** Blocks of about this size: large enough to matter, small enough to be moved to a disk. */
const blockBytes = 1 << 25

/** Rows of a block: a power of two that depends on the number of features alone. */
export function rowsPerBlock(nFeatures: number): number {
  const exponent = 31 - Math.clz32(Math.max(1, Math.floor(blockBytes / Math.max(1, nFeatures))))
  return 1 << Math.max(6, Math.min(22, exponent))
}

/** Zeroed bytes that threads can share, where the platform allows it. */
function allocateBytes(byteLength: number): ArrayBuffer {
  // Browsers without cross-origin isolation have no SharedArrayBuffer.
  if (typeof SharedArrayBuffer === 'undefined') return new ArrayBuffer(byteLength)
  return new SharedArrayBuffer(byteLength) as unknown as ArrayBuffer
}

function allocateDoubles(length: number): Float64Array {
  return new Float64Array(allocateBytes(8 * length))
}

/** Allocates the arrays of a data set. */
export function allocateTargets(size: {
  readonly nRows: number
  readonly nFeatures: number
  readonly hasLabel: boolean
  readonly hasWeight: boolean
  readonly nInitScores: number
}): EncodeTargets {
  const { nRows, nFeatures } = size
  const blockRows = rowsPerBlock(nFeatures)
  const blocks = []
  for (let firstRow = 0; firstRow < nRows; firstRow += blockRows) {
    const nBlockRows = Math.min(blockRows, nRows - firstRow)
    const bins = new Uint8Array(allocateBytes(nBlockRows * nFeatures))
    blocks.push({ firstRow, nRows: nBlockRows, bins })
  }
  return {
    blocks,
    label: size.hasLabel ? allocateDoubles(nRows) : null,
    weight: size.hasWeight ? allocateDoubles(nRows) : null,
    initScore: size.nInitScores > 0 ? allocateDoubles(nRows * size.nInitScores) : null,
  }
}
