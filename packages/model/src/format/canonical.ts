/**
 * Canonical JSON: one text for equal values. No white space, keys in a fixed order, strings as
 * `JSON.stringify` escapes them, numbers in the shortest form that reads back as the same double
 * (ECMAScript Number::toString), -0 as 0.
 */

import { objectiveNumbers } from '../objective.js'
import type {
  EarlierTraining, EvaluationSeries, Feature, LightGBMOrigin, LinearLeaves, Model, ModelObjective,
  Tree,
} from '../types.js'
import { TREE_KEYS } from './validate-tree.js'

/** The part of a model that is known before the first iteration. */
export type ModelHeader = Pick<Model,
  'objective' | 'classes' | 'features' | 'treesPerIteration' | 'baseScores' | 'parameters' |
  'earlier' | 'origin'>

/** A tree with its keys in the order of `TREE_KEYS`. The tree must be valid. */
export function canonicalTree(tree: Tree): string {
  const { linear } = tree
  const keys = TREE_KEYS.map((key) => `"${key}":${JSON.stringify(tree[key])}`)
  if (linear !== undefined) keys.push(`"linear":${canonicalLinear(linear)}`)
  return `{${keys.join(',')}}`
}

function canonicalLinear({ constant, features, coefficients }: LinearLeaves): string {
  return JSON.stringify({ constant, features, coefficients })
}

export function canonicalFeature(feature: Feature): string {
  const { name, kind } = feature
  if (kind === 'numeric') return JSON.stringify({ name, kind, missing: feature.missing })
  const { categories, truncates } = feature
  return JSON.stringify({ name, kind, categories, truncates })
}

export function canonicalObjective(objective: ModelObjective): string {
  if (objective.name === 'imported') {
    const { name, source, link, sigmoid, numClass, numOutputs, averages } = objective
    return JSON.stringify({ name, source, link, sigmoid, numClass, numOutputs, averages })
  }
  if (objective.name === 'custom') {
    const { name, source, link, numClass } = objective
    return JSON.stringify({ name, source, link, numClass })
  }
  const numbers = Object.fromEntries(objectiveNumbers(objective))
  return JSON.stringify({ name: objective.name, ...numbers, averages: objective.averages })
}

/** `"name":value` for each parameter, sorted by name. Names are ASCII. */
export function canonicalParameters(parameters: Model['parameters']): string[] {
  return Object.keys(parameters).sort().map((name) =>
    `${JSON.stringify(name)}:${JSON.stringify(parameters[name])}`)
}

export function canonicalSeries(series: EvaluationSeries): string {
  const { dataset, metric, iterations, values } = series
  return JSON.stringify({ dataset, metric, iterations, values })
}

export function canonicalOrigin(origin: LightGBMOrigin): string {
  const { library, version, labelIndex, featureInfos, monotoneConstraints, shrinkage } = origin
  return JSON.stringify(
    { library, version, labelIndex, featureInfos, monotoneConstraints, shrinkage })
}

export function canonicalEarlier(training: EarlierTraining): string {
  const { iterations, objective, parameters, chainHash } = training
  return `{"iterations":${iterations},"objective":${JSON.stringify(objective)}` +
    `,"parameters":{${canonicalParameters(parameters).join(',')}}` +
    `,"chainHash":${JSON.stringify(chainHash)}}`
}

/**
 * What the chain hash begins with: six keys, in this order, and earlier trainings and the origin
 * where there are such.
 */
export function canonicalHeader(header: ModelHeader): string {
  return `{"objective":${canonicalObjective(header.objective)}` +
    `,"classes":${JSON.stringify(header.classes)}` +
    `,"features":[${header.features.map(canonicalFeature).join(',')}]` +
    `,"treesPerIteration":${header.treesPerIteration}` +
    `,"baseScores":${JSON.stringify(header.baseScores)}` +
    `,"parameters":{${canonicalParameters(header.parameters).join(',')}}` +
    (header.earlier === undefined ? ''
      : `,"earlier":[${header.earlier.map(canonicalEarlier).join(',')}]`) +
    (header.origin === undefined ? '}' : `,"origin":${canonicalOrigin(header.origin)}}`)
}
