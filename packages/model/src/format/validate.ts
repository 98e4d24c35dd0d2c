/**
 * Validation of a whole model, strict and total: any value in, a model or one clear error out.
 * Loops go by index or entries(), which see the holes of sparse arrays; forEach does not.
 */

import {
  customLinks, isForest, nClassesOf, nOutputsOf, type ObjectiveField, objectiveFields,
} from '../objective.js'
import type {
  EvaluationSeries, Feature, Model, ModelObjective, Objective, Scalar,
} from '../types.js'
import { CoppiceError } from '../errors.js'
import { compareUtf8, describe } from '../text.js'
import {
  checkArray, checkFinite, checkInteger, checkNumbers, checkObject, checkPlainObject, checkString,
  fail,
} from './checks.js'
import { hasLinearTrees } from './chain.js'
import { checkImported, checkOrigin } from './validate-imported.js'
import { checkTree } from './validate-tree.js'

/** `formatVersion` of models that are trained here. Imported ones have the next, which is more. */
export const FORMAT_VERSION = 1

/** Top-level keys in the order in which they are written. */
export const MODEL_KEYS = [
  'format', 'formatVersion', 'objective', 'classes', 'features', 'treesPerIteration',
  'baseScores', 'parameters', 'trees', 'bestIteration', 'evaluation', 'chainHash',
] as const satisfies readonly (keyof Model)[]

/**
 * Checks that `value` is a model in every respect but the chain hash (`parseModel` checks that
 * too) and returns the same object, typed.
 *
 * Linear in the size of the value. Arrays must be plain arrays and objects plain objects.
 * @throws CoppiceError 'MODEL' naming the path, the value and what is legal
 */
export function validateModel(value: unknown): Model {
  const version = checkVersion(value)
  const wentOn = version === 2 && Object.hasOwn(value as Model, 'earlier')
  // version 2 is of models of other libraries, and of some that were trained here
  const isImported = version === 2 && !wentOn && !isOwn(value as Model)
  const hasBiases = Object.hasOwn(value as Model, 'positionBiases')
  const raw = checkObject(value, 'the top level', [
    ...MODEL_KEYS, ...(isImported ? ['origin' as const] : []),
    ...(wentOn ? ['earlier' as const] : []), ...(hasBiases ? ['positionBiases' as const] : []),
  ])
  const objective = checkObjective(raw.objective, isImported, version)
  checkClasses(raw.classes, objective)
  // who went on from another library's model has its trees
  const mayBeForeign = isImported || wentOn
  const features = checkFeatures(raw.features, mayBeForeign)
  const treesPerIteration = nOutputsOf(objective)
  if (raw.treesPerIteration !== treesPerIteration) {
    fail('treesPerIteration', `${treesPerIteration} for ${objective.name}`, raw.treesPerIteration)
  }
  checkNumbers(
    checkArray(raw.baseScores, 'baseScores', treesPerIteration, 'treesPerIteration'), 'baseScores')
  checkParameters(raw.parameters)
  const trees = checkArray(raw.trees, 'trees')
  if (trees.length % treesPerIteration !== 0) {
    fail('trees', `an array whose length is a multiple of ${treesPerIteration} ` +
      '(treesPerIteration)', trees)
  }
  for (let t = 0; t < trees.length; t++) {
    checkTree(trees[t], `trees[${t}]`, features, mayBeForeign, version === 2)
  }
  if (wentOn) checkEarlier(raw.earlier, trees.length / treesPerIteration)
  if (hasBiases) checkBiases(raw.positionBiases, objective)
  if (isImported) checkOrigin(raw.origin, features.length, trees.length)
  if (raw.bestIteration !== null) {
    checkInteger(raw.bestIteration, 'bestIteration', 1, trees.length / treesPerIteration)
  }
  for (const [i, series] of checkArray(raw.evaluation, 'evaluation').entries()) {
    checkSeries(series, `evaluation[${i}]`)
  }
  checkHash(raw.chainHash, 'chainHash')
  return value as Model
}

function checkHash(value: unknown, path: string): void {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return
  fail(path, '64 lower-case hexadecimal digits', value)
}

/** The trainings that the last one went on from; all iterations of theirs are there. */
function checkEarlier(value: unknown, nIterations: number): void {
  const trainings = checkArray(value, 'earlier')
  if (trainings.length === 0) fail('earlier', 'an array of at least one training', trainings)
  let nLeft = nIterations
  for (const [i, training] of trainings.entries()) {
    const path = `earlier[${i}]`
    const raw = checkObject(training, path, ['iterations', 'objective', 'parameters', 'chainHash'])
    nLeft -= checkInteger(raw.iterations, `${path}.iterations`, 0, nLeft)
    checkString(raw.objective, `${path}.objective`)
    checkParameters(raw.parameters, `${path}.parameters`)
    checkHash(raw.chainHash, `${path}.chainHash`)
  }
}

function checkBiases(value: unknown, { name }: ModelObjective): void {
  if (name !== 'lambdarank') fail('positionBiases', `absent for ${name}`, value)
  const biases = checkArray(value, 'positionBiases')
  if (biases.length === 0) fail('positionBiases', 'absent where there are no positions', biases)
  checkNumbers(biases, 'positionBiases')
}

/** Whether what may be anything is a forest, or has linear trees, that were trained here. */
function isOwn({ objective, origin, parameters }: Partial<Model>): boolean {
  return origin === undefined && typeof objective === 'object' && objective !== null &&
    objective.name !== 'imported' && (isForest(objective) ||
      (typeof parameters === 'object' && parameters !== null && hasLinearTrees(parameters)))
}

/** First of all, so that a file of another kind or version is told as such. */
function checkVersion(value: unknown): 1 | 2 {
  const object = checkPlainObject(value, 'the top level')
  const format = Object.hasOwn(object, 'format') ? object.format : undefined
  if (format !== 'coppice-model') {
    throw new CoppiceError('MODEL',
      `model: format must be "coppice-model", got ${describe(format)}; this is not a Coppice model`)
  }
  const version = Object.hasOwn(object, 'formatVersion') ? object.formatVersion : undefined
  if (version !== 1 && version !== 2) {
    throw new CoppiceError('MODEL',
      `model: formatVersion must be 1 or 2, got ${describe(version)}; this version of ` +
      'Coppice reads formatVersion 1 and 2 only')
  }
  return version
}

function checkObjective(value: unknown, isImported: boolean, version: 1 | 2): ModelObjective {
  const name = checkPlainObject(value, 'objective').name
  if (isImported && name === 'imported') return checkImported(value)
  if (typeof name !== 'string' || !Object.hasOwn(objectiveFields, name)) {
    fail('objective.name', `one of ${Object.keys(objectiveFields).join(', ')}`, name)
  }
  if (name === 'custom') return checkCustom(value)
  const hasAverages = version === 2 && Object.hasOwn(value as object, 'averages')
  const fields = objectiveFields[name as Objective['name']]
    .filter(({ key, isMark }) => isMark !== true || Object.hasOwn(value as object, key))
  const numbers = checkObject(value, 'objective',
    ['name', ...fields.map(({ key }) => key), ...(hasAverages ? ['averages'] : [])])
  if (hasAverages && numbers['averages'] !== true) {
    fail('objective.averages', 'true or absent', numbers['averages'])
  }
  for (const field of fields) checkField(numbers[field.key], `objective.${field.key}`, field)
  return value as Objective
}

function checkField(value: unknown, path: string, field: ObjectiveField): void {
  const { isInteger = false, min = -Infinity, above = -Infinity, below = Infinity } = field
  if (field.isMark === true) {
    if (value !== true) fail(path, 'true or absent', value)
    return
  }
  if (field.texts !== undefined) {
    const texts: readonly unknown[] = field.texts
    if (!texts.includes(value)) fail(path, `one of ${field.texts.join(', ')}`, value)
    return
  }
  if (field.isList === true) {
    const { isList: _, ...own } = field
    const list = checkArray(value, path)
    if (list.length < 2) fail(path, 'a list of at least 2 numbers', value)
    for (const [i, item] of list.entries()) {
      checkField(item, `${path}[${i}]`, own)
      if (i > 0 && !((item as number) > (list[i - 1] as number))) {
        fail(`${path}[${i}]`, 'greater than the number before it', item)
      }
    }
    return
  }
  if (isInteger) checkInteger(value, path, min)
  const number = checkFinite(value, path)
  if (number < min) fail(path, `${min} or greater`, number)
  if (number <= above) fail(path, `greater than ${above}`, number)
  if (number >= below) fail(path, `less than ${below}`, number)
}

/** A user's own objective: its name, its link, and the classes of its label. */
function checkCustom(value: unknown): Objective {
  const raw = checkObject(value, 'objective', ['name', 'source', 'link', 'numClass'])
  const source = checkString(raw.source, 'objective.source')
  if (source === '' || /[\r\n]/.test(source)) {
    fail('objective.source', 'one line that is not empty', source)
  }
  const numClass = checkInteger(raw.numClass, 'objective.numClass', 0)
  if (numClass === 1) fail('objective.numClass', '0 or at least 2', numClass)
  const links: readonly unknown[] = customLinks(numClass)
  if (!links.includes(raw.link)) fail('objective.link', `one of ${links.join(', ')}`, raw.link)
  return value as Objective
}

function checkClasses(value: unknown, objective: ModelObjective): void {
  const nClasses = nClassesOf(objective)
  if (nClasses === 0) {
    if (value !== null) fail('classes', `null for ${objective.name}`, value)
    return
  }
  const classes = checkArray(value, 'classes', nClasses, `objective ${objective.name}`)
  const seen = new Map<unknown, number>()
  for (const [i, label] of classes.entries()) {
    if (!isScalar(label)) {
      fail(`classes[${i}]`, 'a string, a finite number or a boolean', label)
    }
    const first = seen.get(label)
    if (first !== undefined) {
      fail(`classes[${i}]`, `different from the other classes (classes[${first}] is equal)`, label)
    }
    seen.set(label, i)
  }
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

const CATEGORICAL_KEYS = ['name', 'kind', 'categories'] as const

function checkFeatures(value: unknown, isImported: boolean): readonly Feature[] {
  const features = checkArray(value, 'features')
  const seen = new Map<string, number>()
  for (const [i, item] of features.entries()) {
    const path = `features[${i}]`
    const { kind } = checkPlainObject(item, path)
    let name: string
    if (kind === 'numeric') {
      const raw = checkObject(item, path, ['name', 'kind', 'missing'])
      name = checkString(raw.name, `${path}.name`)
      if (raw.missing !== 'none' && raw.missing !== 'nan' && raw.missing !== 'zero') {
        fail(`${path}.missing`, '"none", "nan" or "zero"', raw.missing)
      }
    } else if (kind === 'categorical') {
      const truncates = isImported && Object.hasOwn(item as object, 'truncates')
      const raw = checkObject(item, path, truncates ? [...CATEGORICAL_KEYS, 'truncates']
        : CATEGORICAL_KEYS)
      if (truncates && raw.truncates !== true) {
        fail(`${path}.truncates`, 'true or absent', raw.truncates)
      }
      name = checkString(raw.name, `${path}.name`)
      checkCategories(raw.categories, `${path}.categories`)
    } else {
      fail(`${path}.kind`, '"numeric" or "categorical"', kind)
    }
    const first = seen.get(name)
    if (first !== undefined) {
      fail(`${path}.name`, `different from the other names (features[${first}] has it)`, name)
    }
    seen.set(name, i)
  }
  return features as readonly Feature[]
}

/** All strings or all finite numbers, strictly ascending. */
function checkCategories(value: unknown, path: string): void {
  const categories = checkArray(value, path)
  const areStrings = typeof categories[0] === 'string'
  let last: string | number | undefined
  for (let i = 0; i < categories.length; i++) {
    const category = categories[i]
    const isLegal = areStrings ? typeof category === 'string' : Number.isFinite(category)
    if (!isLegal) {
      const legal = i === 0 ? 'a string or a finite number'
        : areStrings ? 'a string, as the first is' : 'a finite number, as the first is'
      fail(`${path}[${i}]`, legal, category)
    }
    const next = category as string | number
    if (last !== undefined && compareCategories(last, next) >= 0) {
      fail(`${path}[${i}]`, `greater than ${describe(last)}, as categories ascend without repeats`,
        next)
    }
    last = next
  }
}

function compareCategories(a: string | number, b: string | number): number {
  return typeof a === 'string' ? compareUtf8(a, String(b)) : a - Number(b)
}

function checkParameters(value: unknown, at = 'parameters'): void {
  for (const [name, item] of Object.entries(checkPlainObject(value, at))) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      fail(at, 'an object whose keys are snake_case names', name)
    }
    const path = `${at}.${name}`
    if (isScalar(item)) continue
    if (!Array.isArray(item)) {
      fail(path, 'a string, a finite number, a boolean or an array of strings and numbers', item)
    }
    for (const [i, entry] of (item as unknown[]).entries()) {
      if (typeof entry === 'boolean' || !isScalar(entry)) {
        fail(`${path}[${i}]`, 'a string or a finite number', entry)
      }
    }
  }
}

function checkSeries(value: unknown, path: string): EvaluationSeries {
  const raw = checkObject(value, path, ['dataset', 'metric', 'iterations', 'values'])
  checkString(raw.dataset, `${path}.dataset`)
  checkString(raw.metric, `${path}.metric`)
  const iterations = checkArray(raw.iterations, `${path}.iterations`)
  let last = -1
  for (const [i, iteration] of iterations.entries()) {
    last = checkInteger(iteration, `${path}.iterations[${i}]`, last + 1)
  }
  checkNumbers(
    checkArray(raw.values, `${path}.values`, iterations.length, 'the length of iterations'),
    `${path}.values`)
  return value as EvaluationSeries
}
