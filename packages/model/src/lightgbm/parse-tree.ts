/** One tree of a LightGBM text model, as it is in the text. */

import { CoppiceError } from '../errors.js'
import type { LinearLeaves } from '../types.js'
import {
  field, isBlank, readFinite, readInteger, readIntegers, readNotes, readNumbers,
} from './fields.js'
import { damaged, type Section } from './sections.js'

/** How a node of LightGBM decides. */
export interface TextSplit {
  readonly feature: number
  /** Categories that go left, ascending; null at numeric nodes. */
  readonly left: readonly number[] | null
  /** Of numeric nodes; Infinity is legal. */
  readonly threshold: number
  readonly missing: 'none' | 'zero' | 'nan'
  readonly defaultLeft: boolean
}

/** A tree whose arrays have the lengths that they must have. */
export interface TextTree {
  readonly index: number
  /** Of its first line. */
  readonly line: number
  readonly splits: readonly TextSplit[]
  readonly splitGain: readonly number[]
  readonly leftChild: readonly number[]
  readonly rightChild: readonly number[]
  readonly nodeValue: readonly number[]
  readonly nodeWeight: readonly number[]
  readonly nodeCount: readonly number[]
  readonly leafValue: readonly number[]
  readonly leafWeight: readonly number[]
  readonly leafCount: readonly number[]
  readonly linear: LinearLeaves | null
  readonly shrinkage: number
}

const LEAVES_MAX = 0x7fff_ffff

/**
 * Reads a tree. Time and memory follow the length of its text, not the numbers in it.
 * @throws CoppiceError 'MODEL' naming line and field
 */
export function parseTree(section: Section, index: number, nFeatures: number): TextTree {
  if (readInteger(section, 'Tree', 0) !== index) {
    throw damaged(section.line, 'Tree', `${index}, as trees come in order`,
      field(section, 'Tree').value)
  }
  const nLeaves = readInteger(section, 'num_leaves', 1, LEAVES_MAX)
  const leafValue = readFinite(section, 'leaf_value', nLeaves)
  const n = nLeaves - 1
  const children = [-nLeaves, n - 1] as const
  const shrinkage = isBlank(section, 'shrinkage') ? [1] : readFinite(section, 'shrinkage', 1)
  return {
    index, line: section.line, leafValue, shrinkage: shrinkage[0]!,
    splits: parseSplits(section, n, nFeatures),
    splitGain: readNotes(section, 'split_gain', n),
    leftChild: n === 0 ? [] : readIntegers(section, 'left_child', n, children),
    rightChild: n === 0 ? [] : readIntegers(section, 'right_child', n, children),
    nodeValue: readNotes(section, 'internal_value', n),
    nodeWeight: readWeights(section, 'internal_weight', n),
    nodeCount: readCounts(section, 'internal_count', n),
    leafWeight: readWeights(section, 'leaf_weight', nLeaves),
    leafCount: readCounts(section, 'leaf_count', nLeaves),
    linear: parseLinear(section, nLeaves, nFeatures),
  }
}

function readWeights(section: Section, key: string, length: number): number[] {
  return readNotes(section, key, length).map((weight) => Math.max(weight, 0))
}

function readCounts(section: Section, key: string, length: number): number[] {
  if (isBlank(section, key)) return new Array<number>(length).fill(0)
  return readIntegers(section, key, length, [0, Number.MAX_SAFE_INTEGER])
}

function parseSplits(section: Section, n: number, nFeatures: number): TextSplit[] {
  if (n === 0) return []
  const features = readIntegers(section, 'split_feature', n, [0, nFeatures - 1])
  const thresholds = readNumbers(section, 'threshold', n)
  const types = readIntegers(section, 'decision_type', n, [0, 15])
  const sets = readSets(section)
  return features.map((feature, i): TextSplit => {
    const type = types[i]!
    const missing = (['none', 'zero', 'nan'] as const)[type >> 2]
    const { line } = section.fields.get('decision_type')!
    if (missing === undefined) throw damaged(line, 'decision_type', 'below 12', type)
    const threshold = thresholds[i]!
    if ((type & 1) === 0) {
      checkThreshold(section, threshold)
      return { feature, left: null, threshold, missing, defaultLeft: (type & 2) !== 0 }
    }
    return { feature, left: sets(threshold), threshold: 0, missing, defaultLeft: false }
  })
}

function checkThreshold(section: Section, threshold: number): void {
  if (threshold > -Infinity && threshold !== Number.MAX_VALUE) return
  const { line } = field(section, 'threshold')
  throw damaged(line, 'threshold', 'a finite number or inf', threshold)
}

/** Sets of categories by number. Each belongs to one node, so that all of them are read once. */
function readSets(section: Section): (index: number) => number[] {
  const nSets = isBlank(section, 'num_cat') ? 0 : readInteger(section, 'num_cat', 0, LEAVES_MAX)
  const bounds = nSets === 0 ? [0]
    : readIntegers(section, 'cat_boundaries', nSets + 1, [0, LEAVES_MAX])
  const boundsLine = section.fields.get('cat_boundaries')?.line ?? section.line
  if (bounds[0] !== 0 || bounds.some((bound, i) => i > 0 && bound < bounds[i - 1]!)) {
    throw damaged(boundsLine, 'cat_boundaries', 'ascending from 0', bounds)
  }
  const bits = nSets === 0 ? []
    : readIntegers(section, 'cat_threshold', bounds[nSets]!, [0, 0xffff_ffff])
  const isUsed = new Uint8Array(bounds.length)
  return (index) => {
    const { line } = section.fields.get('threshold')!
    if (!Number.isInteger(index) || index < 0 || index >= nSets || isUsed[index] === 1) {
      throw damaged(line, 'threshold', `the number of a set of its own, below num_cat = ${nSets}`,
        index)
    }
    isUsed[index] = 1
    const start = bounds[index]!
    const left: number[] = []
    for (let w = start; w < bounds[index + 1]!; w++) {
      for (let bit = 0; bit < 32; bit++) {
        if (((bits[w]! >>> bit) & 1) === 1) left.push((w - start) * 32 + bit)
      }
    }
    if (left.length > 0) return left
    throw new CoppiceError('MODEL', `LightGBM model, line ${boundsLine}: the set of categories ` +
      `${index} is empty; a split must send some category left`)
  }
}

function parseLinear(section: Section, nLeaves: number, nFeatures: number): LinearLeaves | null {
  if (isBlank(section, 'is_linear') || readInteger(section, 'is_linear', 0, 1) === 0) return null
  const constant = readFinite(section, 'leaf_const', nLeaves)
  const counts = isBlank(section, 'num_features') ? new Array<number>(nLeaves).fill(0)
    : readIntegers(section, 'num_features', nLeaves, [0, nFeatures])
  const total = counts.reduce((sum, count) => sum + count, 0)
  const features = total === 0 ? []
    : readIntegers(section, 'leaf_features', total, [0, nFeatures - 1])
  const coefficients = total === 0 ? [] : readFinite(section, 'leaf_coeff', total)
  let end = 0
  const ranges = counts.map((count) => [end, end += count] as const)
  return {
    constant,
    features: ranges.map((range) => features.slice(...range)),
    coefficients: ranges.map((range) => coefficients.slice(...range)),
  }
}
