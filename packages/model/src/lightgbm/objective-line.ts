/** The objective of a LightGBM text model, and what it makes of raw scores. */

import { CoppiceError } from '../errors.js'
import type { CustomObjectiveOfModel, ImportedObjective, ModelObjective } from '../types.js'
import { integerOf, numberOf, words } from './fields.js'
import { damaged, type Field } from './sections.js'

type Link = ImportedObjective['link']

/** Objectives of one output whose labels are numbers. */
const links: Readonly<Record<string, Link>> = {
  regression: 'identity', regression_l1: 'identity', huber: 'identity', fair: 'identity',
  quantile: 'identity', mape: 'identity', lambdarank: 'identity', rank_xendcg: 'identity',
  poisson: 'exp', gamma: 'exp', tweedie: 'exp',
  cross_entropy: 'sigmoid', cross_entropy_lambda: 'softplus',
}

/** Objectives that LightGBM may train on square roots. */
const rootable = ['regression', 'regression_l1', 'fair', 'quantile', 'mape']

/**
 * What a line says.
 * @param line - null where the model has none: raw scores are its predictions
 * @param averages - whether it is a random forest
 * @param alpha - the quantile by the model's parameters, null where they do not say
 * @throws CoppiceError 'MODEL' for an objective that LightGBM does not have
 */
export function parseObjective(
  line: Field | null, numOutputs: number, averages: boolean, alpha: number | null = null,
): ModelObjective {
  const [name = '', ...rest] = words(line?.value ?? '')
  const imported = (link: Link, more: Partial<ImportedObjective> = {}): ModelObjective => ({
    name: 'imported', source: [name, ...rest].join(' '), link, sigmoid: 1,
    numClass: numOutputs === 1 ? 0 : numOutputs, numOutputs, averages, ...more,
  })
  if (line === null || name === '') return imported('identity')
  const sigmoid = (): number => {
    const factor = numberOf(settingOf(line, rest, 'sigmoid'), line)
    if (factor > 0 && factor < Infinity) return factor
    throw damaged(line.line, 'sigmoid of the objective', 'greater than 0', factor)
  }
  if (name === 'multiclass' || name === 'multiclassova') {
    const numClass = integerOf(settingOf(line, rest, 'num_class'), line, 2)
    requireOutputs(line, numOutputs, numClass)
    if (name === 'multiclassova') return imported('sigmoid', { sigmoid: sigmoid() })
    return averages ? imported('softmax') : { name, numClass }
  }
  requireOutputs(line, numOutputs, 1)
  if (name === 'binary') {
    return averages ? imported('sigmoid', { sigmoid: sigmoid(), numClass: 2 })
      : { name, sigmoid: sigmoid() }
  }
  if (!Object.hasOwn(links, name)) {
    throw damaged(line.line, 'objective', `one of ${Object.keys(links).join(', ')}, binary, ` +
      'multiclass, multiclassova', name)
  }
  if (rest.includes('sqrt') && rootable.includes(name)) return imported('signedSquare')
  if (averages) return imported(links[name]!)
  if (name === 'regression' || name === 'regression_l1' || name === 'mape') return { name }
  if (name === 'lambdarank' || name === 'rank_xendcg') return { name }
  if (name === 'quantile' && alpha !== null && alpha > 0 && alpha < 1) return { name, alpha }
  return imported(links[name]!)
}

function settingOf(line: Field, settings: readonly string[], name: string): string {
  const found = settings.find((setting) => setting.startsWith(`${name}:`))
  if (found !== undefined) return found.slice(name.length + 1)
  throw damaged(line.line, 'objective', `with ${name}:<value>`, line.value)
}

function requireOutputs(line: Field, numOutputs: number, wanted: number): void {
  if (numOutputs === wanted) return
  throw new CoppiceError('MODEL', `LightGBM model: num_tree_per_iteration is ${numOutputs}, but ` +
    `the objective of line ${line.line} has ${wanted} outputs; the file is damaged`)
}

/**
 * The line of an objective in the words of LightGBM; null where there is none to write.
 * @throws CoppiceError 'MODEL' for an objective that LightGBM does not have
 */
export function objectiveLine(objective: ModelObjective): string | null {
  if (objective.name === 'imported') return objective.source === '' ? null : objective.source
  if (objective.name === 'custom') return customLine(objective)
  requireLightGBMObjective(objective.name)
  const { name, sigmoid, numClass } = objective as
    { readonly name: string, readonly sigmoid?: number, readonly numClass?: number }
  switch (name) {
    case 'regression_sqrt': return 'regression sqrt'
    case 'expectile':
    case 'pseudo_huber':
    case 'log_cosh':
    case 'squared_log_error': return null
    case 'focal': return 'binary sigmoid:1'
    case 'binary': return `binary sigmoid:${sigmoid}`
    case 'multiclass': return `multiclass num_class:${numClass}`
    case 'multiclassova': return `multiclassova num_class:${numClass} sigmoid:${sigmoid}`
    default: return name
  }
}

/** Objectives beside those of `links` whose models LightGBM can use. */
const writable: readonly string[] = [
  'regression_sqrt', 'expectile', 'pseudo_huber', 'log_cosh', 'squared_log_error', 'focal',
  'binary', 'multiclass', 'multiclassova', 'imported', 'custom',
]

/**
 * @param name - of an objective of a training or a model
 * @throws CoppiceError 'MODEL' for one whose predictions are made of scores as LightGBM makes none
 */
export function requireLightGBMObjective(name: string): void {
  if (Object.hasOwn(links, name) || writable.includes(name)) return
  throw new CoppiceError('MODEL', `LightGBM has no objective ${JSON.stringify(name)}, so the ` +
    'model cannot be written for it; use the Coppice format (a name that ends in .json)')
}

/** An objective of LightGBM's that makes the same of raw scores. */
function customLine({ link, numClass }: CustomObjectiveOfModel): string | null {
  switch (link) {
    case 'identity': return null
    case 'exp': return 'poisson'
    case 'softplus': return 'cross_entropy_lambda'
    case 'softmax': return `multiclass num_class:${numClass}`
    case 'sigmoid':
      if (numClass === 0) return 'cross_entropy'
      return numClass === 2 ? 'binary sigmoid:1' : `multiclassova num_class:${numClass} sigmoid:1`
  }
}
