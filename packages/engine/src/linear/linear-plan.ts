import { CoppiceError } from '../errors.js'
import type { FeatureLayout, LinearSetup } from '../execution/protocol.js'
import { rawFeatures } from '../execution/raw-values.js'
import { ceilPowerOfTwo, powerOfTwo } from '../numeric/exact-sum.js'

/** How leaves become linear. Plain data. */
export interface LinearPlan {
  readonly lambda: number
  /** Outputs are at most so large, or, but for forests, this divided by iteration + 1. */
  readonly limit: number
  /** Instead, of each score, where each has a grid of its own. */
  readonly limits?: readonly number[]
  readonly isForest: boolean
  /** There are trees before: the first of the training is no longer the one without features. */
  readonly goesOn?: true
}

/** Trainings' features and size, as far as linear leaves depend on them. */
export interface LinearData {
  readonly features: readonly FeatureLayout[]
  readonly nRows: number
  /** See `rawExtents`. */
  readonly extents: readonly number[]
}

/** Equations with more unknowns take too long to sum. */
const FEATURES_MAX = 2048
/** Coefficients of one tree, at most. */
const COEFFICIENTS_MAX = 16_777_216
/** Values below 2^-500 are not scaled up further. */
const EXPONENT_MIN = -500

/**
 * The scale of scores where leaves are linear: outputs are rounded to a grid that is 16 times as
 * coarse, so that they may be that much larger (see `outputLimit`).
 */
export function linearScale(scale: number): number {
  return 16 * scale
}

/**
 * Bound of the outputs of an iteration's linear leaves: all iterations together, if they are no
 * more than 2^20, stay within 2^12 scales, the half of what scores can hold exactly that the
 * LeafGrid does not hand out.
 */
export function outputLimit(
  { limit, limits, isForest }: LinearPlan, iteration: number, output: number,
): number {
  const most = limits?.[output] ?? limit
  return isForest ? most : most / (iteration + 1)
}

/**
 * @param scoreScale - of the plan
 * @param scoreScales - of the plan
 * @param nTrees - of a forest, whose trees are as large as its scores; else null
 */
export function planLinear(
  lambda: number, scoreScale: number, nTrees: number | null, scoreScales?: readonly number[],
): LinearPlan {
  const limitOf = (scale: number): number => {
    const power = ceilPowerOfTwo(Math.max(scale, powerOfTwo(-900)))
    return nTrees === null ? power * 256
      : power * 2048 / ceilPowerOfTwo(Math.max(1, nTrees))
  }
  return {
    lambda, limit: limitOf(scoreScale), isForest: nTrees !== null,
    ...(scoreScales === undefined ? {} : { limits: scoreScales.map(limitOf) }),
  }
}

/**
 * Units in which sums are exact for any grouping of so many rows: see `Kernels.linearMoments`.
 * Products are at most 2^30 (gradients and hessians have 30 bits, values are scaled to 1).
 *
 * @param depths - limits of the depth of trees, in any iteration; 0 or less: none
 * @throws CoppiceError 'PARAMETER' where paths may have too many features
 */
export function linearSetup(
  { features, nRows, extents }: LinearData,
  { numLeaves, depths }: { readonly numLeaves: number, readonly depths: readonly number[] },
): LinearSetup {
  const raw = rawFeatures(features)
  const depth = Math.max(...depths.map((limit) => limit > 0 ? limit : Infinity))
  const maxFeatures = Math.min(raw.length, numLeaves - 1, depth)
  if (maxFeatures > FEATURES_MAX || maxFeatures * numLeaves > COEFFICIENTS_MAX) {
    throw new CoppiceError('PARAMETER',
      `linear_tree = true with num_leaves = ${numLeaves} allows leaves below ${maxFeatures} ` +
      `features; at most ${FEATURES_MAX}, and ${COEFFICIENTS_MAX} in a tree, can be fitted: set ` +
      'max_depth, or a smaller num_leaves')
  }
  const exponents = new Array<number>(features.length).fill(0)
  raw.forEach((f, column) => {
    exponents[f] = extentExponent(extents[column] ?? 0)
  })
  return { exponents, ...momentUnits(nRows), maxFeatures }
}

/** The exponent that scales values of up to `extent` to 1; 0 for values that are all 0. */
export function extentExponent(extent: number): number {
  return extent === 0 ? 0 : exponentOf(Math.max(extent, powerOfTwo(EXPONENT_MIN)))
}

/** Exponents of the units of sums over so many rows. */
export function momentUnits(nRows: number): Pick<LinearSetup, 'coarse' | 'fine'> {
  // 2^rowBits rows
  const rowBits = exponentOf(Math.max(1, nRows))
  const coarse = Math.max(rowBits - 32, -20)
  return { coarse, fine: coarse - Math.min(51, 62 - rowBits) }
}

/** The e of the smallest 2^e >= x, for x from 2^-500 to 2^500. */
function exponentOf(x: number): number {
  const power = ceilPowerOfTwo(x)
  let exponent = 0
  for (; powerOfTwo(exponent) < power; exponent++);
  for (; powerOfTwo(exponent) > power; exponent--);
  return exponent
}
