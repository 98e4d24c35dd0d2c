import { createHash, type Hash } from 'node:crypto'
import type { BinnedBlock } from '@coppice/engine'
import type { EncodeTargets } from '../loading/job.js'

/** Hashes a target once all of its rows are there. */
export interface DigestTask {
  readonly kind: 'digest'
  readonly targetIdx: number
  /** Of the target's rows, in row order. */
  readonly blocks: readonly BinnedBlock[]
  readonly groupSizes: Uint32Array | null
}

/**
 * SHA-256 of binned rows, in lower-case hex. It covers, in this order: the text
 * 'coppice-partition-1'; the numbers of rows and of bytes of bins, as 64-bit little-endian
 * integers; the bins (rows x bytes of a row); then labels, weights, init scores (64-bit floats) and
 * sizes of query groups (32-bit integers), each as the number of its bytes (2^64 - 1 where there
 * is none) and the bytes, little-endian; and, where there are any, positions (64-bit floats) in the
 * same way.
 *
 * Where rows are packed the text is 'coppice-partition-2', and each block's bins come after the
 * numbers of its rows and of its bytes a row, and the arrays of its packing, in the order of
 * `Packing`. How rows are packed depends on the file and the bins alone. Raw values, where they are
 * kept, come last: the text 'raw', then those of each block.
 */
export function digestRows(
  { label, weight, initScore, shownAt }: EncodeTargets,
  { blocks, groupSizes }: Pick<DigestTask, 'blocks' | 'groupSizes'>,
): string {
  const isPacked = blocks.some(({ packing }) => packing !== undefined)
  const hash = createHash('sha256').update(`coppice-partition-${isPacked ? 2 : 1}`)
  addCount(hash, blocks.reduce((sum, { nRows }) => sum + nRows, 0))
  addCount(hash, blocks.reduce((sum, { bins }) => sum + bins.length, 0))
  for (const { nRows, bins, packing } of blocks) {
    if (isPacked) {
      addCount(hash, nRows)
      addCount(hash, bins.length / nRows)
    }
    if (packing !== undefined) {
      const { columnOf, defaultBin, base, nBins } = packing
      for (const array of [columnOf, defaultBin, base, nBins]) hash.update(array)
    }
    hash.update(bins)
  }
  for (const array of [label, weight, initScore, groupSizes]) {
    addCount(hash, array?.byteLength ?? 0xffff_ffff_ffff_ffffn)
    if (array !== null) hash.update(array)
  }
  if (shownAt !== null) {
    addCount(hash, shownAt.byteLength)
    hash.update(shownAt)
  }
  if (blocks.some(({ raw }) => raw !== undefined)) {
    hash.update('raw')
    for (const { raw } of blocks) hash.update(raw!)
  }
  return hash.digest('hex')
}

function addCount(hash: Hash, count: number | bigint): void {
  hash.update(BigUint64Array.of(BigInt(count)))
}
