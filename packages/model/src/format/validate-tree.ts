/** Validation of one tree: shapes, ranges, and that every node and leaf is reached once. */

import type { Feature, Tree } from '../types.js'
import { CoppiceError } from '../errors.js'
import {
  checkArray, checkInteger, checkNumbers, checkObject, checkPlainObject, fail,
} from './checks.js'
import { checkLinear } from './validate-imported.js'

/** Keys of a tree in the order in which they are written. */
export const TREE_KEYS = [
  'splitFeature', 'splitGain', 'threshold', 'leftCategories', 'defaultLeft', 'leftChild',
  'rightChild', 'nodeValue', 'nodeWeight', 'nodeCount', 'leafValue', 'leafWeight', 'leafCount',
] as const satisfies readonly Exclude<keyof Tree, 'linear'>[]

type TreeKey = (typeof TREE_KEYS)[number]

/**
 * Checks `value` as the tree at `path` of a model with these features.
 *
 * Time and memory are proportional to what is there, never to a number that the tree claims.
 * @throws CoppiceError 'MODEL'
 */
export function checkTree(
  value: unknown, path: string, features: readonly Feature[], isImported = false,
  mayBeLinear = isImported,
): Tree {
  const isLinear = mayBeLinear && Object.hasOwn(checkPlainObject(value, path), 'linear')
  const raw = checkObject(value, path, isLinear ? [...TREE_KEYS, 'linear'] : TREE_KEYS)
  const leafValue = checkArray(raw.leafValue, `${path}.leafValue`)
  const nLeaves = leafValue.length
  if (nLeaves === 0) fail(`${path}.leafValue`, 'an array of at least one leaf', leafValue)
  checkNumbers(leafValue, `${path}.leafValue`)
  const leaves = (key: TreeKey): readonly unknown[] =>
    checkArray(raw[key], `${path}.${key}`, nLeaves, 'the length of leafValue')
  const nodes = (key: TreeKey): readonly unknown[] =>
    checkArray(raw[key], `${path}.${key}`, nLeaves - 1, 'one less than leafValue')
  checkNumbers(leaves('leafWeight'), `${path}.leafWeight`, 0)
  checkCounts(leaves('leafCount'), `${path}.leafCount`)
  checkNumbers(nodes('nodeValue'), `${path}.nodeValue`)
  checkNumbers(nodes('nodeWeight'), `${path}.nodeWeight`, 0)
  checkCounts(nodes('nodeCount'), `${path}.nodeCount`)
  // Penalties and forced splits of other libraries may leave less than nothing.
  checkNumbers(nodes('splitGain'), `${path}.splitGain`, isImported ? -Infinity : 0)
  checkSplits(path, features, {
    splitFeature: nodes('splitFeature'), threshold: nodes('threshold'),
    leftCategories: nodes('leftCategories'), defaultLeft: nodes('defaultLeft'),
  })
  checkChildren(path, nodes('leftChild'), nodes('rightChild'))
  if (isLinear) checkLinear(raw.linear, `${path}.linear`, features, nLeaves)
  return value as Tree
}

function checkCounts(values: readonly unknown[], path: string): void {
  for (let i = 0; i < values.length; i++) checkInteger(values[i], `${path}[${i}]`, 0)
}

type RawSplits = Record<
  'splitFeature' | 'threshold' | 'leftCategories' | 'defaultLeft', readonly unknown[]
>

function checkSplits(path: string, features: readonly Feature[], raw: RawSplits): void {
  for (let i = 0; i < raw.splitFeature.length; i++) {
    const at = (key: keyof RawSplits): string => `${path}.${key}[${i}]`
    const f = checkInteger(raw.splitFeature[i], at('splitFeature'), 0, features.length - 1)
    const feature = features[f]!
    const threshold = raw.threshold[i]
    const leftCategories = raw.leftCategories[i]
    const defaultLeft = raw.defaultLeft[i]
    const name = JSON.stringify(feature.name)
    if (typeof defaultLeft !== 'boolean') fail(at('defaultLeft'), 'true or false', defaultLeft)
    if (feature.kind === 'numeric') {
      if (typeof threshold !== 'number' || !Number.isFinite(threshold)) {
        fail(at('threshold'), `a finite number (feature ${name} is numeric)`, threshold)
      }
      if (leftCategories !== null) {
        fail(at('leftCategories'), `null (feature ${name} is numeric)`, leftCategories)
      }
    } else {
      if (threshold !== null) {
        fail(at('threshold'), `null (feature ${name} is categorical)`, threshold)
      }
      if (defaultLeft) {
        fail(at('defaultLeft'), `false (feature ${name} is categorical)`, defaultLeft)
      }
      checkCodes(leftCategories, at('leftCategories'), feature.categories.length)
    }
  }
}

/** Category codes: at least one, ascending, each within the dictionary. */
function checkCodes(value: unknown, path: string, nCategories: number): void {
  const codes = checkArray(value, path)
  if (codes.length === 0) fail(path, 'an array of at least one category code', codes)
  let last = -1
  for (let i = 0; i < codes.length; i++) {
    const code = checkInteger(codes[i], `${path}[${i}]`, 0, nCategories - 1)
    if (code <= last) fail(`${path}[${i}]`, `greater than ${last}, as codes ascend`, code)
    last = code
  }
}

/**
 * Each child is a later node or a leaf, and none has two parents. As there are as many children
 * as nodes and leaves without the root, this leaves no cycle and nothing unreachable.
 */
function checkChildren(
  path: string, leftChild: readonly unknown[], rightChild: readonly unknown[],
): void {
  const nNodes = leftChild.length
  const nodeParent = new Int32Array(nNodes).fill(-1)
  const leafParent = new Int32Array(nNodes + 1).fill(-1)
  const visit = (value: unknown, key: 'leftChild' | 'rightChild', parent: number): void => {
    const at = `${path}.${key}[${parent}]`
    const child = checkInteger(value, at, -(nNodes + 1), nNodes - 1)
    if (child >= 0 && child <= parent) {
      fail(at, `a later node (> ${parent}) or a leaf (< 0), as children follow parents`, child)
    }
    const parents = child >= 0 ? nodeParent : leafParent
    const slot = child >= 0 ? child : ~child
    if (parents[slot] !== -1) {
      throw new CoppiceError('MODEL',
        `model: ${at} is ${child}, which is already a child of node ${parents[slot]!}; every ` +
        'node and leaf must have one parent')
    }
    parents[slot] = parent
  }
  for (let i = 0; i < nNodes; i++) {
    visit(leftChild[i], 'leftChild', i)
    visit(rightChild[i], 'rightChild', i)
  }
}
