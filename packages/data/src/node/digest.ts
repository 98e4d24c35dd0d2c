import { createHash } from 'node:crypto'
import { assert } from '@coppice/model'
import type { EncodeTargets } from '../loading/job.js'

/** Hashes a target once all of its rows are there. */
export interface DigestTask {
  readonly kind: 'digest'
  readonly targetIdx: number
  readonly groupSizes: Uint32Array | null
}

/**
 * SHA-256 of binned rows, in lower-case hex. It covers, in this order: the text
 * 'coppice-partition-1'; the numbers of rows and of bytes of bins, as 64-bit little-endian
 * integers; the bins (rows x features); then labels, weights, init scores (64-bit floats) and
 * sizes of query groups (32-bit integers), each as the number of its bytes (2^64 - 1 where there
 * is none) and the bytes, little-endian.
 */
export function digestRows(
  { blocks, label, weight, initScore }: EncodeTargets,
  groupSizes: Uint32Array | null,
): string {
  assert(blocks !== null, 'partitions have blocks of all bins')
  const hash = createHash('sha256').update('coppice-partition-1')
  const word = new BigUint64Array(1)
  const addCount = (count: number) => {
    word[0] = BigInt(count)
    hash.update(word)
  }
  addCount(blocks.reduce((sum, { nRows }) => sum + nRows, 0))
  addCount(blocks.reduce((sum, { bins }) => sum + bins.length, 0))
  for (const { bins } of blocks) hash.update(bins)
  for (const array of [label, weight, initScore, groupSizes]) {
    if (array === null) {
      word[0] = 0xffff_ffff_ffff_ffffn
      hash.update(word)
    } else {
      addCount(array.byteLength)
      hash.update(array)
    }
  }
  return hash.digest('hex')
}
