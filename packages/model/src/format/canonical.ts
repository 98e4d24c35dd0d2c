/**
 * Canonical JSON: one text for equal values. No white space, keys in a fixed order, strings as
 * `JSON.stringify` escapes them, numbers in the shortest form that reads back as the same double
 * (ECMAScript Number::toString), -0 as 0.
 */

import type { EvaluationSeries, Feature, Model, Objective, Tree } from '../types.js'
import { objectiveNumbers } from '../objective.js'
import { TREE_KEYS } from './validate-tree.js'

/** The part of a model that is known before the first iteration. */
export type ModelHeader = Pick<Model,
  'objective' | 'classes' | 'features' | 'treesPerIteration' | 'baseScores' | 'parameters'>

/** A tree with its keys in the order of `TREE_KEYS`. The tree must be valid. */
export function canonicalTree(tree: Tree): string {
  return `{${TREE_KEYS.map((key) => `"${key}":${JSON.stringify(tree[key])}`).join(',')}}`
}

export function canonicalFeature(feature: Feature): string {
  const { name, kind } = feature
  return JSON.stringify(kind === 'numeric'
    ? { name, kind, missing: feature.missing }
    : { name, kind, categories: feature.categories })
}

export function canonicalObjective(objective: Objective): string {
  const numbers = Object.fromEntries(objectiveNumbers(objective))
  return JSON.stringify({ name: objective.name, ...numbers })
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

/** What the chain hash begins with: six keys, in this order. */
export function canonicalHeader(header: ModelHeader): string {
  return `{"objective":${canonicalObjective(header.objective)}` +
    `,"classes":${JSON.stringify(header.classes)}` +
    `,"features":[${header.features.map(canonicalFeature).join(',')}]` +
    `,"treesPerIteration":${header.treesPerIteration}` +
    `,"baseScores":${JSON.stringify(header.baseScores)}` +
    `,"parameters":{${canonicalParameters(header.parameters).join(',')}}}`
}
