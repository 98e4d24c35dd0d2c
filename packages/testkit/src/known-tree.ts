import type { BinnedDataset } from '@coppice/engine'
import { wholeNumberMapper } from './datasets.js'
import { TestRandom } from './random.js'

/** A region of the known tree: rows with bins in it have the value. */
export interface Region {
  readonly value: number
  readonly contains: (bins: ArrayLike<number>) => boolean
}

/** Data whose labels are exactly those of a small known tree. */
export interface KnownTreeData {
  readonly data: BinnedDataset
  readonly regions: readonly Region[]
}

/**
 * Rows over four features of eight bins, labelled without noise by the tree
 *
 *     x0 <= bin 3 ? (x1 <= bin 5 ? -8 : 4) : (x2 <= bin 1 ? 16 : 1)
 *
 * x3 says nothing. Squared error with 4 leaves, learning rate 1 and no regularisation recovers
 * it exactly: the labels are multiples of any grid in use.
 */
export function makeKnownTree(nRows: number, seed: number): KnownTreeData {
  const random = new TestRandom(seed)
  const nFeatures = 4
  const bins = Uint8Array.from({ length: nRows * nFeatures }, () => random.below(8))
  const regions: Region[] = [
    { value: -8, contains: (b) => b[0]! <= 3 && b[1]! <= 5 },
    { value: 4, contains: (b) => b[0]! <= 3 && b[1]! > 5 },
    { value: 16, contains: (b) => b[0]! > 3 && b[2]! <= 1 },
    { value: 1, contains: (b) => b[0]! > 3 && b[2]! > 1 },
  ]
  const label = Float64Array.from({ length: nRows }, (_, row) => {
    const own = bins.subarray(row * nFeatures, (row + 1) * nFeatures)
    return regions.find((region) => region.contains(own))!.value
  })
  const features = Array.from({ length: nFeatures }, (_, f) => (
    { name: `x${f}`, mapper: wholeNumberMapper(8, 'none'), categories: null }))
  const data: BinnedDataset = {
    nRows, features, blocks: [{ firstRow: 0, nRows, bins }], label, classes: null, weight: null,
    initScore: null, groupSizes: null,
  }
  return { data, regions }
}
