import type { Feature, Tree } from '@coppice/model'
import { type BinSet, binSetOfBits, bitBytes, bitsOf, hasBit } from '../bin-set.js'
import { assert, CoppiceError } from '../errors.js'
import type { BinMapper, FeatureInfo } from '../dataset.js'
import type { BinnedTree, FeatureLayout } from '../execution/protocol.js'
import { leftBinsOf } from '../grower/left-bins.js'
import type { GrownTree } from '../grower/grown-tree.js'
import type { SplitCandidate } from '../kernels/candidate.js'

/** A feature of the data as the model describes it. */
export function modelFeature({ name, mapper, categories }: FeatureInfo): Feature {
  if (mapper.kind === 'numeric') return { name, kind: 'numeric', missing: mapper.missing }
  assert(categories !== null, `categorical feature ${name} has a dictionary`)
  return { name, kind: 'categorical', categories }
}

/** A feature as the kernels see it. */
export function featureLayout({ mapper }: FeatureInfo): FeatureLayout {
  return mapper.kind === 'numeric'
    ? { nBins: mapper.nBins, missingBin: mapper.missingBin, isCategorical: false }
    : { nBins: mapper.nBins, missingBin: -1, isCategorical: true }
}

/** A grown tree in terms of feature values instead of bins. */
export function modelTree(
  tree: GrownTree, features: readonly FeatureInfo[], hessianUnit: number,
): Tree {
  const { binned, splits } = tree
  const { linear } = binned
  const mapperOf = (split: SplitCandidate): BinMapper => features[split.feature]!.mapper
  return {
    splitFeature: binned.feature,
    splitGain: splits.map((split) => split.gain),
    threshold: splits.map((split) => thresholdOf(split.bin, mapperOf(split))),
    leftCategories: splits.map((split) => leftCategories(split, mapperOf(split))),
    defaultLeft: splits.map((split) => !split.isCategorical && split.defaultLeft),
    leftChild: binned.leftChild,
    rightChild: binned.rightChild,
    nodeValue: tree.nodeValue,
    nodeWeight: tree.nodeTotals.map((totals) => Number(totals.hessian) * hessianUnit),
    nodeCount: tree.nodeTotals.map((totals) => totals.count),
    leafValue: binned.leafValue,
    leafWeight: tree.leafTotals.map((totals) => Number(totals.hessian) * hessianUnit),
    leafCount: tree.leafTotals.map((totals) => totals.count),
    ...(linear === undefined ? {} : { linear: {
      constant: linear.constant, features: linear.features, coefficients: linear.coefficients,
    } }),
  }
}

/**
 * The upper bound of the bin. The last bound is infinite, which JSON cannot say: there the
 * largest double stands for "every value that is not missing", infinity included (FORMAT.md).
 */
function thresholdOf(bin: number, mapper: BinMapper): number | null {
  if (mapper.kind === 'categorical') return null
  return Math.min(mapper.upperBounds[bin]!, Number.MAX_VALUE)
}

function leftCategories(split: SplitCandidate, mapper: BinMapper): number[] | null {
  if (mapper.kind === 'numeric') return null
  const codes: number[] = []
  const bits = bitsOf(split.leftBins!, mapper.nBins)
  for (let b = 1; b < mapper.nBins; b++) {
    if (hasBit(bits, b)) codes.push(mapper.codes[b - 1]!)
  }
  return codes.sort((a, b) => a - b)
}

/**
 * A model's tree over the bins of a data set: the way back, for going on with a training.
 *
 * @param linearLimit - of the outputs of linear leaves, see BinnedLinear
 * @throws CoppiceError 'MODEL' when a threshold or category is not one of the data's bins
 */
export function binTree(
  tree: Tree, features: readonly FeatureInfo[], linearLimit = Infinity,
): BinnedTree {
  const { linear } = tree
  return {
    feature: tree.splitFeature,
    leftBins: tree.splitFeature.map((f, node) => nodeLeftBins(tree, node, features[f]!)),
    leftChild: tree.leftChild,
    rightChild: tree.rightChild,
    leafValue: tree.leafValue,
    ...(linear === undefined ? {} : { linear: { ...linear, limit: linearLimit } }),
  }
}

function nodeLeftBins(tree: Tree, node: number, info: FeatureInfo): BinSet {
  const { mapper } = info
  if (mapper.kind === 'numeric') {
    const threshold = tree.threshold[node]!
    const bound = threshold === Number.MAX_VALUE ? Infinity : threshold
    const bin = mapper.upperBounds.indexOf(bound)
    if (bin < 0) throw otherBins(info.name, `threshold ${threshold}`)
    const split = { bin, defaultLeft: tree.defaultLeft[node]!, leftBins: null }
    return leftBinsOf(split, featureLayout(info))
  }
  const bits = new Uint8Array(bitBytes(mapper.nBins))
  for (const code of tree.leftCategories[node]!) {
    const bin = mapper.codes.indexOf(code) + 1
    if (bin === 0) throw otherBins(info.name, `category ${JSON.stringify(info.categories![code])}`)
    bits[bin >> 3]! |= 1 << (bin & 7)
  }
  return binSetOfBits(bits, mapper.nBins)
}

function otherBins(feature: string, what: string): CoppiceError {
  return new CoppiceError('MODEL',
    `cannot go on from this model: its ${what} of feature "${feature}" is not a bin of the data; ` +
    'resume with the same data and the same binning parameters')
}
