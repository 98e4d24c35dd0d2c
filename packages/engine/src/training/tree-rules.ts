import type { FeatureInfo } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import type { TreeRules } from '../execution/leaf-rules.js'
import { isDynamic, type ForcedSplit, type GrowthRules } from '../grower/growth-rules.js'
import {
  featureGroups, featureIndex, perFeature, type GivenSplit,
} from '../params/structures.js'
import type { ResolvedParams } from '../params/index.js'

/** Leaves that are scanned again in one round, where some ever are. */
const RESCANS = 32

/** What a training's rules come to for its features. */
export interface MadeRules {
  /** Absent where trees grow under no rule but interaction constraints. */
  readonly rules?: { readonly tree: TreeRules, readonly growth: GrowthRules }
  readonly interactions?: readonly (readonly number[])[]
  /** Splits are made one at a time. */
  readonly isOneByOne: boolean
}

/**
 * The rules that parameters ask for.
 *
 * @throws CoppiceError 'PARAMETER' where they name features that the data do not have, or a
 *   direction of a categorical one
 */
export function makeRules(params: ResolvedParams, features: readonly FeatureInfo[]): MadeRules {
  const names = features.map(({ name }) => name)
  const numbers = (text: string, rest: number, what: string): number[] =>
    perFeature(text, names, rest, what)
  const groups = featureGroups(params.interactionConstraints, names, 'interaction_constraints')
  const directions = directionsOf(params, features)
  const hasDirections = directions.some((direction) => direction !== 0)
  const costs = numbers(params.cegbPenaltyFeatureCoupled, 0, 'cegb_penalty_feature_coupled')
  const rowCosts = numbers(params.cegbPenaltyFeatureLazy, 0, 'cegb_penalty_feature_lazy')
  const forced = forcedOf(params, features)
  const growth: GrowthRules = {
    monotoneMethod: hasDirections ? params.monotoneConstraintsMethod : 'basic',
    monotonePenalty: params.monotonePenalty,
    costPerRow: params.cegbTradeoff * params.cegbPenaltySplit,
    forced,
  }
  const tree: TreeRules = {
    directions: hasDirections ? directions : [],
    gainFactors: numbers(params.featureContri, 1, 'feature_contri'),
    firstUseCosts: costs.map((cost) => params.cegbTradeoff * cost),
    rowCosts: rowCosts.some((cost) => cost > 0)
      ? rowCosts.map((cost) => params.cegbTradeoff * cost) : [],
    pathSmooth: params.pathSmooth,
    hasNeighbours: growth.monotoneMethod === 'advanced',
    rescansMax: 0,
  }
  const isOneByOne = isDynamic(tree, growth)
  const isRuled = hasDirections || tree.gainFactors.some((factor) => factor !== 1) ||
    tree.firstUseCosts.some((cost) => cost > 0) || growth.costPerRow > 0 ||
    tree.rowCosts.length > 0 || tree.pathSmooth > 0 || forced !== null
  const rescansMax = isOneByOne || forced !== null ? Math.min(RESCANS, params.numLeaves) : 0
  return {
    ...(isRuled ? { rules: { tree: { ...tree, rescansMax }, growth } } : {}),
    ...(groups === null ? {} : { interactions: groups }),
    isOneByOne,
  }
}

function directionsOf(params: ResolvedParams, features: readonly FeatureInfo[]): number[] {
  const names = features.map(({ name }) => name)
  const directions = perFeature(params.monotoneConstraints, names, 0, 'monotone_constraints')
  const wrong = directions.findIndex((direction, f) =>
    direction !== 0 && features[f]!.mapper.kind === 'categorical')
  if (wrong < 0) return directions
  throw new CoppiceError('PARAMETER',
    `monotone_constraints give feature "${names[wrong]}" the direction ${directions[wrong]}, but ` +
    'it is categorical and has no order; give it 0')
}

function forcedOf(params: ResolvedParams, features: readonly FeatureInfo[]): ForcedSplit | null {
  const text = params.forcedsplitsFilename
  if (text === '') return null
  const names = features.map(({ name }) => name)
  const make = (given: GivenSplit | undefined): ForcedSplit | null => {
    if (given === undefined) return null
    const feature = featureIndex(given.feature, names, 'forcedsplits_filename')
    return {
      feature,
      bin: binOf(features[feature]!, given.threshold),
      left: make(given.left),
      right: make(given.right),
    }
  }
  return make(JSON.parse(text) as GivenSplit)
}

/** The bin of a forced threshold, or of a forced category. */
function binOf({ name, mapper, categories }: FeatureInfo, threshold: number | string): number {
  if (mapper.kind === 'numeric') {
    if (typeof threshold === 'number') {
      return mapper.upperBounds.findIndex((bound) => threshold <= bound)
    }
    throw new CoppiceError('PARAMETER',
      `forcedsplits_filename splits feature "${name}" at "${threshold}", but it is numeric; give ` +
      'a number')
  }
  const code = (categories as readonly (number | string)[]).indexOf(threshold)
  const at = code < 0 ? -1 : mapper.codes.indexOf(code)
  if (at >= 0) return at + 1
  throw new CoppiceError('PARAMETER',
    `forcedsplits_filename splits feature "${name}" at ${JSON.stringify(threshold)}, which is ` +
    'not one of its categories with a bin of its own; give one that is frequent')
}
