/** Validation of what only format version 2 has: models of other libraries. */

import type { Feature, ImportedObjective, LightGBMOrigin } from '../types.js'
import {
  checkArray, checkFinite, checkInteger, checkNumbers, checkObject, checkString, fail,
} from './checks.js'

const LINKS: readonly unknown[] = [
  'identity', 'signedSquare', 'exp', 'sigmoid', 'softplus', 'softmax',
] satisfies readonly ImportedObjective['link'][]

/** Checks an objective of another library. @throws CoppiceError 'MODEL' */
export function checkImported(value: unknown): ImportedObjective {
  const raw = checkObject(value, 'objective',
    ['name', 'source', 'link', 'sigmoid', 'numClass', 'numOutputs', 'averages'])
  if (/[\r\n]/.test(checkString(raw.source, 'objective.source'))) {
    fail('objective.source', 'one line', raw.source)
  }
  if (!LINKS.includes(raw.link)) fail('objective.link', `one of ${LINKS.join(', ')}`, raw.link)
  if (checkFinite(raw.sigmoid, 'objective.sigmoid') <= 0) {
    fail('objective.sigmoid', 'greater than 0', raw.sigmoid)
  }
  const numClass = checkInteger(raw.numClass, 'objective.numClass', 0)
  if (numClass === 1) fail('objective.numClass', '0 or at least 2', numClass)
  const numOutputs = checkInteger(raw.numOutputs, 'objective.numOutputs', 1)
  const isOne = numOutputs === 1 && (numClass === 0 || numClass === 2)
  if (!isOne && numOutputs !== numClass) {
    fail('objective.numOutputs', '1 for numbers and for two classes, or numClass', numOutputs)
  }
  if (raw.link === 'softmax' && isOne) fail('objective.link', 'another with one output', raw.link)
  if (typeof raw.averages !== 'boolean') {
    fail('objective.averages', 'true or false', raw.averages)
  }
  return value as ImportedObjective
}

/** Checks linear leaves. @throws CoppiceError 'MODEL' */
export function checkLinear(
  value: unknown, path: string, features: readonly Feature[], nLeaves: number,
): void {
  const raw = checkObject(value, path, ['constant', 'features', 'coefficients'])
  const leaves = (key: keyof typeof raw): readonly unknown[] =>
    checkArray(raw[key], `${path}.${key}`, nLeaves, 'the length of leafValue')
  checkNumbers(leaves('constant'), `${path}.constant`)
  const coefficients = leaves('coefficients')
  for (const [leaf, item] of leaves('features').entries()) {
    const at = `${path}.features[${leaf}]`
    const own = checkArray(item, at)
    for (let i = 0; i < own.length; i++) {
      const f = checkInteger(own[i], `${at}[${i}]`, 0, features.length - 1)
      if (features[f]!.kind !== 'numeric') fail(`${at}[${i}]`, 'a numeric feature', f)
    }
    const factors = `${path}.coefficients[${leaf}]`
    checkNumbers(checkArray(coefficients[leaf], factors, own.length, 'one per feature'), factors)
  }
}

/** Checks where a model comes from. @throws CoppiceError 'MODEL' */
export function checkOrigin(value: unknown, nFeatures: number, nTrees: number): LightGBMOrigin {
  const raw = checkObject(value, 'origin', [
    'library', 'version', 'labelIndex', 'featureInfos', 'monotoneConstraints', 'shrinkage'])
  if (raw.library !== 'lightgbm') fail('origin.library', '"lightgbm"', raw.library)
  if (raw.version !== 'v3' && raw.version !== 'v4') {
    fail('origin.version', '"v3" or "v4"', raw.version)
  }
  checkInteger(raw.labelIndex, 'origin.labelIndex', 0)
  const infos = checkArray(raw.featureInfos, 'origin.featureInfos', nFeatures, 'one per feature')
  for (const [f, info] of infos.entries()) {
    if (!/^\S+$/.test(checkString(info, `origin.featureInfos[${f}]`))) {
      fail(`origin.featureInfos[${f}]`, 'a text without white space', info)
    }
  }
  if (raw.monotoneConstraints !== null) {
    const signs = checkArray(
      raw.monotoneConstraints, 'origin.monotoneConstraints', nFeatures, 'one per feature')
    for (let f = 0; f < signs.length; f++) {
      checkInteger(signs[f], `origin.monotoneConstraints[${f}]`, -1, 1)
    }
  }
  checkNumbers(checkArray(raw.shrinkage, 'origin.shrinkage', nTrees, 'one per tree'),
    'origin.shrinkage')
  return value as LightGBMOrigin
}
