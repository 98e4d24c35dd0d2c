import { CoppiceError } from '../errors.js'
import { validateModel } from '../format/validate.js'
import { featureImportances } from '../importance.js'
import { isForest } from '../objective.js'
import { type IterationRange, resolveIterations } from '../predict/iterations.js'
import { describe } from '../text.js'
import type { CategoricalFeature, Feature, Model } from '../types.js'
import { formatTree } from './format-tree.js'
import { objectiveLine } from './objective-line.js'

/** Categories are bits of sets, so that a large number alone would make a large file. */
const CATEGORY_MAX = 1e6

/** The columns that a model was trained on, for those who find features by their places. */
export interface TextLayout {
  /** Names of all columns but the label, the features among them, in their order; null: these. */
  readonly columns: readonly string[] | null
  /** Place of the label in the data. */
  readonly labelIndex: number
}

/**
 * Writes a model as a text model of LightGBM, version v4, which LightGBM loads and whose raw
 * scores are the same doubles.
 *
 * The base scores become part of the first trees. Categories that are integers from 0 to a million
 * are written as they are; if some feature has others, categories of all features are numbered in
 * the order of `categories`, and the text says so in its line `pandas_categorical`: rows are then
 * pandas columns of dtype category, or the numbers.
 *
 * @param options - `iterations` as for a predictor: by default up to `bestIteration`, since
 *   LightGBM predicts with all trees that it finds; `layout`: columns that are no feature are
 *   written as features that nothing uses, as LightGBM does with those it is to leave out
 * @throws CoppiceError 'MODEL' for what LightGBM does not have, 'PARAMETER' for bad iterations
 */
export function formatLightGBM(
  given: Model,
  options: { readonly iterations?: IterationRange, readonly layout?: TextLayout } = {},
): string {
  validateModel(given)
  const columns = options.layout?.columns ?? null
  const model = columns === null ? given : withColumns(given, columns)
  const used = new Set(given.features.map(({ name }) => name))
  const { features, treesPerIteration, origin, objective } = model
  const iterations = resolveIterations(model, options.iterations)
  const [start, end] = iterations.map((iteration) => iteration * treesPerIteration) as
    [number, number]
  // they become part of the first trees, whose sums would be others
  const first = model.trees.slice(start, Math.min(end, start + treesPerIteration))
  if (first.some(({ linear }, t) => linear !== undefined && model.baseScores[t] !== 0)) {
    throw refusal('base scores beside linear leaves')
  }
  const valuesOf = categoryValues(features)
  const isWritten = valuesOf.isCoded ? undefined : origin
  const biasOf = (t: number): number => t < treesPerIteration ? model.baseScores[t]! : 0
  const trees = (end > start ? model.trees.slice(start, end) : constantTrees(model))
    .map((tree, t) => `Tree=${t}\n${formatTree(tree, {
      features, valuesOf: valuesOf.get,
      bias: biasOf(t),
      // A tree with a base score is as it is, to LightGBM: refitting lets it follow as a whole.
      shrinkage: origin?.shrinkage[start + t] ?? (biasOf(t) === 0 ? shrinkageOf(model) : 1),
    })}\n\n`)
  const line = objectiveLine(objective)
  const nFeatures = features.length
  if (nFeatures === 0) throw refusal('a model without features')
  const header = [
    'tree', 'version=v4', `num_class=${treesPerIteration}`,
    `num_tree_per_iteration=${treesPerIteration}`,
    `label_index=${options.layout?.labelIndex ?? origin?.labelIndex ?? 0}`,
    `max_feature_idx=${nFeatures - 1}`,
    ...(line === null ? [] : [`objective=${line}`]),
    ...(isForest(objective) ? ['average_output'] : []),
    `feature_names=${writtenNames(features).join(' ')}`,
    ...(origin === undefined || origin.monotoneConstraints === null ? []
      : [`monotone_constraints=${origin.monotoneConstraints.join(' ')}`]),
    `feature_infos=${(isWritten?.featureInfos ?? features.map((feature) =>
      used.has(feature.name) ? infoOf(feature, valuesOf.get(feature)) : 'none')).join(' ')}`,
    `tree_sizes=${trees.map(({ length }) => length).join(' ')}`,
  ]
  return `${header.join('\n')}\n\n${trees.join('')}end of trees\n\n` +
    `feature_importances:\n${importanceLines(model, iterations)}\n` +
    `parameters:\n${parameterLines(model)}\nend of parameters\n\n` +
    `pandas_categorical:${valuesOf.isCoded ? pandasJson(features) : 'null'}\n`
}

/** The model with a feature for each column. @throws CoppiceError 'PARAMETER' where one lacks */
function withColumns(model: Model, columns: readonly string[]): Model {
  const placeOf = new Map(columns.map((name, place) => [name, place]))
  const features: Feature[] = columns.map((name) => ({ name, kind: 'numeric', missing: 'none' }))
  const places = model.features.map((feature) => {
    const place = placeOf.get(feature.name)
    if (place === undefined || model.origin !== undefined) {
      throw new CoppiceError('PARAMETER', 'the layout must name all features of a model that was ' +
        `trained here; got ${describe(feature.name)}`)
    }
    features[place] = feature
    return place
  })
  const trees = model.trees.map((tree) => ({
    ...tree,
    splitFeature: tree.splitFeature.map((f) => places[f]!),
    ...(tree.linear === undefined ? {} : { linear: { ...tree.linear,
      features: tree.linear.features.map((own) => own.map((f) => places[f]!)) } }),
  }))
  return { ...model, features, trees }
}

function refusal(what: string): CoppiceError {
  return new CoppiceError('MODEL',
    `LightGBM has no ${what}, so the model cannot be written for it; use the Coppice format`)
}

/** Without iterations the base scores are all there is. */
function constantTrees({ treesPerIteration }: Model): Model['trees'] {
  return Array.from({ length: treesPerIteration }, () => ({
    splitFeature: [], splitGain: [], threshold: [], leftCategories: [], defaultLeft: [],
    leftChild: [], rightChild: [], nodeValue: [], nodeWeight: [], nodeCount: [],
    leafValue: [0], leafWeight: [0], leafCount: [0],
  }))
}

/** Of a model that was trained here. */
function shrinkageOf({ parameters, objective }: Model): number {
  if (isForest(objective)) return 1
  const { learning_rate: rate } = parameters
  return typeof rate === 'number' ? rate : 1
}

/** The numbers that stand for the categories of a feature, by code. */
function categoryValues(features: readonly Feature[]): {
  readonly isCoded: boolean
  readonly get: (feature: Feature) => readonly number[]
} {
  const categorical = features.filter((feature) => feature.kind === 'categorical')
  const isCoded = !categorical.every(({ categories }) => categories.every((value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= CATEGORY_MAX))
  return {
    isCoded,
    get: (feature) => {
      if (feature.kind === 'numeric') return []
      return isCoded ? [...feature.categories.keys()] : feature.categories as readonly number[]
    },
  }
}

/** White space becomes "_", as in LightGBM's own data sets. */
function writtenNames(features: readonly Feature[]): string[] {
  const names = features.map(({ name }) => name.replace(/\s/g, '_'))
  names.forEach((name, f) => {
    if (name === '') throw refusal('feature without a name')
    const first = names.indexOf(name)
    if (first < f) {
      throw refusal(`white space in names, and features ${describe(features[first]!.name)} and ` +
        `${describe(features[f]!.name)} would both be ${describe(name)}`)
    }
  })
  return names
}

/** Ranges are not known here; nothing in LightGBM's predictions depends on them. */
function infoOf(feature: Feature, values: readonly number[]): string {
  return feature.kind === 'numeric' ? '[-1e+300:1e+300]' : ['-1', ...values].join(':')
}

/** Names with their numbers of splits, the most used first. */
function importanceLines(model: Model, iterations: IterationRange): string {
  const splits = featureImportances(model, 'split', { iterations })
  const names = writtenNames(model.features)
  return [...splits.keys()].filter((f) => splits[f]! > 0).sort((a, b) => splits[b]! - splits[a]!)
    .map((f) => `${names[f]!}=${splits[f]!}\n`).join('')
}

function parameterLines({ parameters }: Model): string {
  // LightGBM warns of names that it does not know; this is the one of ours.
  const known = Object.entries(parameters).filter(([name]) => name !== 'grow_policy')
  return known.map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(',')
      : typeof value === 'boolean' ? String(Number(value)) : String(value)
    // quotes (of what is JSON) LightGBM's Python puts into JSON as they are, and cannot read then
    return text.includes('"') ? '' : `[${name}: ${text.replace(/[\r\n]/g, ' ')}]\n`
  }).join('')
}

/** JSON as Python reads it: all categorical features, in order. */
function pandasJson(features: readonly Feature[]): string {
  return JSON.stringify(features.filter((feature): feature is CategoricalFeature =>
    feature.kind === 'categorical').map(({ categories }) => categories))
}
