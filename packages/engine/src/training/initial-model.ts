/**
 * A model whose trees a training begins with (LightGBM's init_model): its raw scores are the init
 * scores of the rows, and its trees come first in the model that is made.
 *
 * Features are those of the data, in their order. Dictionaries are of the model and of the data
 * together: a category that only one of them has goes right in the other's trees, as unseen ones
 * do.
 */
import {
  chainOf, compareUtf8, isForest, truncateModel, withUsedFeatures, ZERO_THRESHOLD,
  type CategoricalFeature, type EarlierTraining, type Feature, type MissingType, type Model,
  type ModelHeader, type NumericFeature, type Scalar, type Tree,
} from '@coppice/model'
import type { FeatureInfo } from '../dataset.js'
import { assert, CoppiceError } from '../errors.js'
import { modelFeature } from './build-model.js'
import { requireSameScores } from './initial-scores.js'

/** What a training takes of the model that it begins with. */
export interface Beginning {
  /** Of the data, with the dictionaries of both. */
  readonly infos: readonly FeatureInfo[]
  /** Of the model to be. */
  readonly features: readonly Feature[]
  readonly baseScores: readonly number[]
  readonly earlier: readonly EarlierTraining[]
  readonly trees: readonly Tree[]
}

/**
 * What of a model a training begins with, and workers predict with: its iterations up to the best
 * one; of a model of LightGBM only the features that its trees use. Done twice, it is the same.
 *
 * @param boosting - of the training
 * @throws CoppiceError 'MODEL' for a model whose scores are no sums of trees; 'PARAMETER' for a
 *   training whose trees do not build on scores
 */
export function initialModel(model: Model, boosting: string): Model {
  if (boosting === 'rf') {
    throw new CoppiceError('PARAMETER', 'an initial model contradicts boosting = rf: its trees ' +
      'do not build on scores; leave the model out, or use boosting = gbdt')
  }
  if (isForest(model.objective)) {
    throw new CoppiceError('MODEL', 'cannot begin with a random forest: its scores are averages ' +
      'over its trees, to which trees cannot be added; begin with a model of another boosting')
  }
  const { trees, treesPerIteration, bestIteration } = model
  return withUsedFeatures(truncateModel(model, bestIteration ?? trees.length / treesPerIteration))
}

/**
 * Brings a model and the data together.
 *
 * @param model - of `initialModel`
 * @param target - of the training that begins with it; `classes` null where the data name none
 * @throws CoppiceError 'MODEL' for a model that does not fit, naming what
 */
export function beginWith(
  model: Model, infos: readonly FeatureInfo[],
  target: Pick<ModelHeader, 'objective' | 'classes'>,
): Beginning {
  requireSameScores(model, target)
  requireSameFeatures(model, infos)
  const joint = infos.map((info) => jointFeature(model, info))
  return {
    infos: infos.map((info, f) => withCategories(info, joint[f]!)),
    features: joint,
    baseScores: model.baseScores,
    earlier: earlierOf(model),
    trees: initialTrees(model, joint),
  }
}

/**
 * The trees of a model, among the features of the model that a training makes of it.
 *
 * @param model - of `initialModel`
 * @param features - of that training's header
 */
export function initialTrees(
  { features: own, trees }: Model, features: readonly Feature[],
): Tree[] {
  const placeOf = new Map(features.map(({ name }, place) => [name, place]))
  const places = own.map(({ name }) => placeOf.get(name) ?? -1)
  const codes = own.map((feature, f) => {
    const joint = features[places[f]!]
    if (feature.kind !== 'categorical' || joint?.kind !== 'categorical') return null
    const codeOf = new Map<Scalar, number>(joint.categories.map((value, code) => [value, code]))
    return feature.categories.map((value) => codeOf.get(value)!)
  })
  const place = (f: number): number => {
    assert(places[f]! >= 0, `feature ${own[f]!.name} of the initial model is one of the data`)
    return places[f]!
  }
  return trees.map((tree) => {
    const { splitFeature, leftCategories, linear } = tree
    const moved = {
      ...tree,
      splitFeature: splitFeature.map(place),
      leftCategories: leftCategories.map((left, node) =>
        left && left.map((code) => codes[splitFeature[node]!]![code]!).sort((a, b) => a - b)),
      ...(linear === undefined ? {} : { linear: { ...linear,
        features: linear.features.map((list) => list.map(place)) } }),
    }
    return withMissing(moved, features, (node) => missingOf(own[splitFeature[node]!]!))
  })
}

/**
 * A tree of features without missing values, in a model where some have them: NaN is 0 to it.
 *
 * @param missing - of a node's feature, as the tree was grown
 */
export function withMissing(
  tree: Tree, features: readonly Feature[], missing: (node: number) => MissingType | null,
): Tree {
  const { splitFeature, threshold } = tree
  const defaultLeft = tree.defaultLeft.map((isLeft, node) => {
    const now = missingOf(features[splitFeature[node]!]!)
    return now === null || now === missing(node) ? isLeft : 0 <= threshold[node]!
  })
  return { ...tree, defaultLeft }
}

function missingOf(feature: Feature): MissingType | null {
  return feature.kind === 'numeric' ? feature.missing : null
}

/**
 * The model with the features of the data, in their order: for rows whose columns have no names.
 * It predicts the same.
 *
 * @param model - of `initialModel`
 * @throws CoppiceError 'MODEL' for features that do not fit those of the data, naming what
 */
export function fitInitialModel(model: Model, infos: readonly FeatureInfo[]): Model {
  requireSameFeatures(model, infos)
  const features = infos.map((info) => jointFeature(model, info))
  const { origin } = model
  const fitted = {
    ...model, features, trees: initialTrees(model, features),
    ...(origin === undefined ? {} : { origin: {
      ...origin, featureInfos: features.map(() => 'none'), monotoneConstraints: null } }),
  }
  return { ...fitted, chainHash: chainOf(fitted) }
}

/** By their names. @throws CoppiceError 'MODEL' */
function requireSameFeatures(
  { features, origin }: Model, infos: readonly FeatureInfo[],
): void {
  const names = (list: readonly string[]): string =>
    `${list.slice(0, 5).map((name) => JSON.stringify(name)).join(', ')}` +
    (list.length > 5 ? ` and ${list.length - 5} more` : '')
  const ofData = new Set(infos.map(({ name }) => name))
  const ofModel = new Set(features.map(({ name }) => name))
  const lost = [...ofModel].filter((name) => !ofData.has(name))
  if (lost.length > 0) {
    throw new CoppiceError('MODEL', `cannot begin with this model: the data lack its features ` +
      `${names(lost)}; give data with all columns that it was trained on, under the same names`)
  }
  // of a model of LightGBM it is not known which columns it saw and did not use
  const added = origin === undefined ? [...ofData].filter((name) => !ofModel.has(name)) : []
  if (added.length === 0) return
  throw new CoppiceError('MODEL', `cannot begin with this model: it does not know the features ` +
    `${names(added)} of the data; leave those columns out (ignore), or train anew`)
}

/** @throws CoppiceError 'MODEL' for features of two kinds */
function jointFeature(model: Model, info: FeatureInfo): Feature {
  const ours = modelFeature(info)
  const theirs = model.features.find(({ name }) => name === info.name)
  if (theirs === undefined) return ours
  if (theirs.kind !== ours.kind) {
    throw new CoppiceError('MODEL', `cannot begin with this model: its feature ` +
      `${JSON.stringify(info.name)} is ${theirs.kind}, in the data it is ${ours.kind}; declare ` +
      (theirs.kind === 'categorical' ? 'it categorical' : 'it numeric: leave it out of the ' +
        'categorical features'))
  }
  return theirs.kind === 'categorical' ? jointCategories(theirs, ours as CategoricalFeature)
    : { ...theirs, missing: jointMissing(model, theirs, info) }
}

function jointCategories(
  theirs: CategoricalFeature, ours: CategoricalFeature,
): CategoricalFeature {
  const { name, truncates } = theirs
  const all = [...new Set<string | number>([...theirs.categories, ...ours.categories])]
  const areTexts = all.every((value) => typeof value === 'string')
  if (!areTexts && all.some((value) => typeof value === 'string')) {
    throw new CoppiceError('MODEL', `cannot begin with this model: the categories of its feature ` +
      `${JSON.stringify(name)} are ${typeof theirs.categories[0]}s, those of the data ` +
      `${typeof ours.categories[0]}s; write them alike`)
  }
  const broken = truncates === true ? all.find((value) => !Number.isInteger(value)) : undefined
  if (broken !== undefined) {
    throw new CoppiceError('MODEL', `cannot begin with this model: LightGBM cuts the fractions ` +
      `of categories off, and feature ${JSON.stringify(name)} of the data has ${broken}; give it ` +
      'integers')
  }
  const categories = (areTexts ? (all as string[]).sort(compareUtf8)
    : (all as number[]).sort((a, b) => a - b)) as CategoricalFeature['categories']
  return { name, kind: 'categorical', categories, ...(truncates === true ? { truncates } : {}) }
}

/**
 * The missing type with which both the model's nodes and those to come can be written. Nodes of a
 * feature without missing values can with any: NaN is 0 to them. LightGBM says it node by node.
 *
 * @throws CoppiceError 'MODEL' where there is none
 */
function jointMissing(
  { features, trees }: Model, theirs: NumericFeature, { name, mapper }: FeatureInfo,
): MissingType {
  assert(mapper.kind === 'numeric', `feature ${name} is numeric`)
  const ours = mapper.missing
  if (ours === theirs.missing) return ours
  const isWithinZero = (x: number): boolean => x > -ZERO_THRESHOLD && x < ZERO_THRESHOLD
  if (ours === 'none' && !mapper.upperBounds.some(isWithinZero)) return theirs.missing
  const f = features.indexOf(theirs)
  const mayChange = trees.every(({ splitFeature, threshold, defaultLeft }) =>
    splitFeature.every((feature, node) => feature !== f || !isWithinZero(threshold[node]!) &&
      (theirs.missing === 'none' || defaultLeft[node] === 0 <= threshold[node]!)))
  if (mayChange) return ours
  const meaning = { none: 'nothing is missing', nan: 'NaN is missing', zero: 'zero is missing' }
  throw new CoppiceError('MODEL', `cannot begin with this model: of its feature ` +
    `${JSON.stringify(name)}, ${meaning[theirs.missing]}, of the data's, ${meaning[ours]}, and ` +
    'one model cannot say both; use the zero_as_missing and use_missing of the model')
}

/** The feature of the data, its codes those of the joint dictionary. */
function withCategories(info: FeatureInfo, joint: Feature): FeatureInfo {
  const { mapper, categories } = info
  if (joint.kind !== 'categorical' || mapper.kind !== 'categorical') return info
  const codeOf = new Map<Scalar, number>(joint.categories.map((value, code) => [value, code]))
  const codes = mapper.codes.map((code) => codeOf.get(categories![code]!)!)
  return { ...info, categories: joint.categories, mapper: { ...mapper, codes } }
}

/** The model's own training, behind those that it went on from. */
function earlierOf(model: Model): EarlierTraining[] {
  const { earlier = [], objective, parameters, chainHash, trees, treesPerIteration } = model
  const nBefore = earlier.reduce((sum, { iterations }) => sum + iterations, 0)
  return [...earlier, {
    iterations: trees.length / treesPerIteration - nBefore,
    objective: objective.name === 'imported' ? objective.source : objective.name,
    parameters,
    chainHash,
  }]
}
