import { isBinSet } from '../bin-set.js'
import { isPowerOfTwo } from '../numeric/exact-sum.js'
import { hasOwnScales } from '../objectives/multi-output.js'
import {
  bucketsOf, LINEAR_BUCKETS_MAX, LOGARITHMIC, RESIDUAL_LIMIT, ROWS,
} from '../selection/buckets.js'
import { HAZARDS_PER_TALLY, type HazardTally } from '../survival/hazard-sums.js'
import type { RiskTables } from '../survival/risk-tables.js'
import type { BagRule } from './bag-rules.js'
import type { ElectedLeaf } from './elected-leaf.js'
import { maskBytesMax } from './mask.js'
import { TALLY_DIGITS } from './tally-request.js'
import type {
  BinnedLinear, BinnedTree, EngineRequest, EngineSetup, Expansion, MomentsRequest,
  OutputScales, PrepareRequest, RoundRequest, SelectGroup, SelectRequest, TogetherRequest,
} from './protocol.js'

/** What bounds the requests of a training. */
export type RequestLimits =
  Pick<EngineSetup, 'features' | 'nOutputs' | 'maxLeaves' | 'maxExpansions' | 'usesBagging' |
    'usesGoss' | 'objective' | 'linear' | 'voting' | 'asked' | 'lanes' | 'fixedScores'>

/**
 * Children of node i are nodes after i or leaves, and no two nodes share one: a walk through the
 * tree ends, and stays inside.
 */
export function isWholeTree(tree: BinnedTree): boolean {
  const { feature, leftBins, leftChild, rightChild, leafValue } = tree
  const n = feature.length
  if (leafValue.length !== n + 1) return false
  if (leftBins.length !== n || leftChild.length !== n || rightChild.length !== n) return false
  const seen = new Uint8Array(2 * n + 1)
  for (let i = 0; i < n; i++) {
    for (const child of [leftChild[i]!, rightChild[i]!]) {
      const at = child >= 0 ? child : n + ~child
      if (child >= 0 ? child <= i || child >= n : ~child > n) return false
      if (seen[at] === 1) return false
      seen[at] = 1
    }
  }
  return true
}

/**
 * What is wrong with a tree for engines of a training, or null: engines write trees where
 * `maxLeaves` fit, and read features and scores of rows where the tree says.
 */
export function treeFault(
  { output, tree }: { readonly output: number, readonly tree: BinnedTree }, limits: RequestLimits,
): string | null {
  const { features, nOutputs, maxLeaves } = limits
  // base scores of a forest
  const isBase = limits.fixedScores !== null && tree.feature.length === 0
  if (!isIn(output, isBase ? 2 * nOutputs : nOutputs)) {
    return `output ${output} is not one of ${nOutputs}`
  }
  if (!isWholeTree(tree)) return 'what should be a tree is none'
  const nLeaves = tree.leafValue.length
  if (nLeaves > maxLeaves) return `a tree has ${nLeaves} leaves, at most ${maxLeaves} are allowed`
  const foreign = tree.feature.find((feature) => !isIn(feature, features.length))
  if (foreign !== undefined) return featureFault(foreign, limits)
  const isWhole = tree.leftBins.every((set, i) => isBinSet(set, features[tree.feature[i]!]!.nBins))
  if (!isWhole) return 'a set of bins is none'
  if (!tree.leafValue.every(Number.isFinite)) return 'a value of a leaf is no finite number'
  return tree.linear === undefined ? null : linearFault(tree.linear, nLeaves, limits)
}

/** Engines have the values of numeric features where the setup says so. */
function linearFault(
  { limit, constant, features, coefficients }: BinnedLinear, nLeaves: number,
  limits: RequestLimits,
): string | null {
  if (limits.linear === undefined) return 'leaves are linear, which they are not in this training'
  const isWhole = limit > 0 && limit < Infinity && constant.every(Number.isFinite) &&
    [constant, features, coefficients].every(({ length }) => length === nLeaves)
  if (!isWhole) return 'what should be linear leaves are none'
  for (const [leaf, own] of features.entries()) {
    const factors = coefficients[leaf]!
    if (factors.length !== own.length || !factors.every(Number.isFinite)) {
      return `the coefficients of leaf ${leaf} are none`
    }
    const fault = numericFault(own, limits)
    if (fault !== null) return fault
  }
  return null
}

function numericFault(own: readonly number[], limits: RequestLimits): string | null {
  const { features, linear } = limits
  if (own.length > linear!.maxFeatures) return `a leaf has ${own.length} features`
  const other = own.find((f) =>
    !isIn(f, features.length) || features[f]!.isCategorical || features[f]!.nBins < 2)
  return other === undefined ? null : `feature ${other} has no values for linear leaves`
}

function scalesFault({ gradient, hessian }: OutputScales): string | null {
  const wrong = [gradient, hessian].find((scale) => !(scale > 0 && scale < Infinity))
  return wrong === undefined ? null : `${wrong} is no scale of gradients`
}

/** What is said of one output is of an objective whose outputs have scales of their own. */
function outputFault(output: number | undefined, limits: RequestLimits): string | null {
  if (output === undefined) return null
  if (!hasOwnScales(limits.objective.objective)) return 'all outputs have the same scales'
  return isIn(output, limits.nOutputs) ? null
    : `output ${output} is not one of ${limits.nOutputs}`
}

/**
 * What is wrong with a request for engines of a training, or null. Requests of this process are
 * right by construction; those that come from elsewhere are checked before engines, which trust
 * them, carry them out.
 */
export function requestFault(request: EngineRequest, limits: RequestLimits): string | null {
  switch (request.kind) {
    case 'prepare': return request.of === 'scores' ? scoresFault(request, limits)
      : outputFault(request.output, limits) ?? biasFault(request.biases, limits) ??
        riskFault(request.risks, limits)
    case 'evaluate': {
      const { divisor = 1 } = request
      return divisor >= 1 && divisor < Infinity ? null : `${divisor} is no number of trees`
    }
    case 'gradients': {
      const { gradientScale: gradient, hessianScale: hessian, output, biases, risks } = request
      return scalesFault({ gradient, hessian }) ?? outputFault(output, limits) ??
        biasFault(biases, limits) ?? riskFault(risks, limits)
    }
    case 'root':
      if (!isIn(request.output, limits.nOutputs)) {
        return `output ${request.output} is not one of ${limits.nOutputs}`
      }
      if (request.scales !== undefined) {
        const fault = outputFault(request.output, limits) ?? scalesFault(request.scales)
        if (fault !== null) return fault
      }
      return bagFault(request.bag, limits) ?? maskFault(request.mask, limits)
    case 'tally':
      if (request.of === 'positions') {
        return isIn(request.first, nPositionsOf(limits)) ? null
          : `rows were not shown at position ${request.first}`
      }
      if (request.of === 'hazards') return hazardFault(request, limits)
      if (request.of === 'asked') {
        return request.node >= 0 && isIn(request.first, limits.asked?.length ?? 0) ? null
          : 'rows do not pay for such features'
      }
      return isIn(request.digit, TALLY_DIGITS.length) && limits.usesGoss ? null
        : 'rows are not counted by such a digit'
    case 'round': {
      const { expansions, elected } = request
      if (elected !== undefined) return electedFault(request, elected, limits)
      if (expansions.length > limits.maxExpansions) {
        return `${expansions.length} expansions are more than ${limits.maxExpansions}`
      }
      for (const expansion of expansions) {
        const fault = expansionFault(expansion, limits)
        if (fault !== null) return fault
      }
      return null
    }
    case 'commit': {
      const { leafNodes, tree } = request
      const fault = treeFault(request, limits)
      if (fault !== null || leafNodes === null) return fault
      return leafNodes.length === tree.leafValue.length ? null
        : `${leafNodes.length} nodes are named for ${tree.leafValue.length} leaves`
    }
    case 'select': return selectFault(request, limits)
    case 'moments': return momentsRequestFault(request, limits)
    case 'together': return togetherFault(request, limits)
  }
}

function togetherFault({ parts }: TogetherRequest, limits: RequestLimits): string | null {
  const { lanes = 1, voting } = limits
  if (parts.length === 0) return 'a request of no tree'
  // features are elected, and leaves fitted, of one tree at a time
  if (voting !== undefined) return 'trees do not grow together here'
  const wrong = parts.find(({ lane }, i) =>
    !isIn(lane, lanes) || parts.findIndex((part) => part.lane === lane) < i)
  if (wrong !== undefined) return `lane ${wrong.lane} is not one of ${lanes}, or asked twice`
  for (const { request } of parts) {
    const fault = requestFault(request, limits)
    if (fault !== null) return fault
  }
  return null
}

function nPositionsOf({ objective }: RequestLimits): number {
  return objective.ranking?.nPositions ?? 0
}

/** Where rows have positions each has a bias, and else there are none. */
function biasFault(biases: readonly number[] | undefined, limits: RequestLimits): string | null {
  const n = nPositionsOf(limits)
  const given = biases?.length ?? 0
  if (given !== n) return `there are ${given} biases of ${n} positions`
  return biases?.every(Number.isFinite) === false ? 'a bias is no finite number' : null
}

function nEventsOf({ objective }: RequestLimits): number {
  return objective.events?.times.length ?? 0
}

/** Only of cox scores are asked for, before its risk sets are known. */
function scoresFault({ biases, risks }: PrepareRequest, limits: RequestLimits): string | null {
  return nEventsOf(limits) > 0 && biases === undefined && risks === undefined ? null
    : 'scores are not asked for here'
}

function hazardFault({ first, n, origin }: HazardTally, limits: RequestLimits): string | null {
  const isSound = isIn(first, nEventsOf(limits)) && Number.isInteger(n) && n > 0 &&
    n <= HAZARDS_PER_TALLY && first + n <= nEventsOf(limits) && Number.isFinite(origin)
  return isSound ? null : `there are no hazards of ${n} events from ${first} on`
}

/** Where there are events each has its sums, and else there are none. */
function riskFault(risks: RiskTables | undefined, limits: RequestLimits): string | null {
  const n = nEventsOf(limits)
  const { origin = 0, rates = [], squares = [] } = risks ?? {}
  if (rates.length !== n || squares.length !== n) {
    return `there are sums over ${rates.length} and ${squares.length} of ${n} events`
  }
  const isSound = Number.isFinite(origin) && rates.every(isSum) && squares.every(isSum)
  return isSound ? null : 'a sum over events is none'
}

function isSum(value: number): boolean {
  return value >= 0 && value < Infinity
}

/** Engines have room for rows out of a bag, and keys, where the setup says so. */
function bagFault(
  bag: BagRule | null, { usesBagging, usesGoss, objective }: RequestLimits,
): string | null {
  if (bag === null) return null
  const isSound = usesBagging && bagNumbers(bag).every((value) => value >= 0 && value < Infinity) &&
    (bag.kind !== 'goss' || usesGoss) &&
    (bag.kind !== 'queries' || objective.ranking !== undefined)
  return isSound ? null : 'the rule of the bag is none'
}

function bagNumbers(bag: BagRule): number[] {
  switch (bag.kind) {
    case 'rows':
    case 'queries':
      return [bag.limit]
    case 'classes': return [bag.limitNegative, bag.limitPositive]
    case 'goss': return [bag.limit, bag.factor, bag.threshold]
  }
}

function selectFault(
  { output, weightScale, groups }: SelectRequest, { nOutputs, maxLeaves }: RequestLimits,
): string | null {
  if (!isIn(output, nOutputs)) return `output ${output} is not one of ${nOutputs}`
  if (weightScale !== 0 && !isPowerOfTwo(weightScale)) {
    return `${weightScale} is no scale of weights`
  }
  if (groups.length > maxLeaves) return `${groups.length} groups are more than ${maxLeaves} leaves`
  for (const group of groups) {
    const fault = groupFault(group)
    if (fault !== null) return fault
  }
  return null
}

function momentsRequestFault(
  { output, leaves }: MomentsRequest, limits: RequestLimits,
): string | null {
  const { nOutputs, maxLeaves, linear } = limits
  if (!isIn(output, nOutputs)) return `output ${output} is not one of ${nOutputs}`
  if (linear === undefined) return 'no leaf of this training is linear'
  if (leaves.length > maxLeaves) return `${leaves.length} leaves are more than ${maxLeaves}`
  for (const { node, features, count } of leaves) {
    if (!Number.isInteger(node) || node < 0) return `node ${node} is none`
    if (count < 0) return 'a leaf has less than no rows'
    const fault = numericFault(features, limits)
    if (fault !== null) return fault
  }
  return null
}

function groupFault(group: SelectGroup): string | null {
  const { node, low, high, width, count } = group
  if (!Number.isInteger(node) || node < -1) return `node ${node} is none`
  const isRange = Number.isInteger(low) && Number.isInteger(high) && low <= high &&
    -low < RESIDUAL_LIMIT && high < RESIDUAL_LIMIT
  if (!isRange) return `there are no residuals from ${low} to ${high}`
  if (count < 0) return 'a group has less than no rows'
  if (width === ROWS || width === LOGARITHMIC) return null
  if (!(width >= 1) || !isPowerOfTwo(width)) return `${width} is no width of buckets`
  const nBuckets = bucketsOf(group)
  return nBuckets <= LINEAR_BUCKETS_MAX ? null
    : `${nBuckets} buckets are more than ${LINEAR_BUCKETS_MAX}`
}

function expansionFault(expansion: Expansion, limits: RequestLimits): string | null {
  const { parent, left, right, feature, leftBins, leftTotals, rightTotals } = expansion
  if (!isIn(feature, limits.features.length)) return featureFault(feature, limits)
  if (!isBinSet(leftBins, limits.features[feature]!.nBins)) return 'a set of bins is none'
  if (new Set([parent, left, right]).size !== 3 || Math.min(parent, left, right) < 0) {
    return `node ${parent} cannot be cut in ${left} and ${right}`
  }
  if (leftTotals.count < 0 || rightTotals.count < 0) return 'a leaf has less than no rows'
  return maskFault(expansion.leftMask, limits) ?? maskFault(expansion.rightMask, limits)
}

function electedFault(
  { expansions }: RoundRequest, elected: readonly ElectedLeaf[],
  { features, maxExpansions, voting }: RequestLimits,
): string | null {
  if (voting === undefined || expansions.length > 0) return 'no features are elected here'
  const nMax = Math.max(1, 2 * maxExpansions)
  if (elected.length > nMax) return `features are elected of ${elected.length} leaves, not ${nMax}`
  for (const { node, features: own } of elected) {
    const isSound = own.length > 0 && own.length <= voting.nElected && own.every((f, i) =>
      isIn(f, features.length) && (i === 0 || f > own[i - 1]!))
    if (node < 0 || !isSound) return `what was elected of node ${node} are no features`
  }
  return null
}

function maskFault(mask: Uint8Array | null, { features }: RequestLimits): string | null {
  const isMask = mask === null || mask.length === features.length ||
    mask.length === maskBytesMax(features)
  return isMask ? null
    : `a mask of ${mask.length} features does not fit ${features.length}`
}

function featureFault(feature: number, { features }: RequestLimits): string {
  return `feature ${feature} is not one of ${features.length}`
}

function isIn(index: number, length: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < length
}
