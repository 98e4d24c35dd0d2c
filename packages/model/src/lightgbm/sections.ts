/** The lines of a LightGBM text model, sorted into its sections. */

import { CoppiceError } from '../errors.js'
import { describe } from '../text.js'

/** A line `key=value`, and where it is, from 1. */
export interface Field {
  readonly key: string
  readonly value: string
  readonly line: number
}

/** The fields of the header or of a tree by key. */
export interface Section {
  /** Of its first line. */
  readonly line: number
  readonly fields: ReadonlyMap<string, Field>
}

export interface Sections {
  readonly header: Section
  readonly trees: readonly Section[]
  /** Lines `[name: value]`. */
  readonly parameters: readonly Field[]
  /** The JSON behind `pandas_categorical:`, or null. */
  readonly pandasCategories: Field | null
}

/** Whether a text is a LightGBM model, by its first line. */
export function isLightGBM(text: string): boolean {
  return /^\ufeff?tree[ \t]*\r?\n/.test(text)
}

/** What is wrong with which field of which line. */
export function damaged(line: number, field: string, legal: string, value: unknown): CoppiceError {
  return new CoppiceError('MODEL', `LightGBM model, line ${line}: ${field} must be ${legal}, got ` +
    `${describe(value)}; the file is damaged or was not written by LightGBM`)
}

const headerKeys = [
  'version', 'num_class', 'num_tree_per_iteration', 'label_index', 'max_feature_idx', 'objective',
  'average_output', 'feature_names', 'monotone_constraints', 'feature_infos', 'tree_sizes',
]

const treeKeys = [
  'Tree', 'num_leaves', 'num_cat', 'split_feature', 'split_gain', 'threshold', 'decision_type',
  'left_child', 'right_child', 'leaf_value', 'leaf_weight', 'leaf_count', 'internal_value',
  'internal_weight', 'internal_count', 'cat_boundaries', 'cat_threshold', 'is_linear',
  'leaf_const', 'num_features', 'leaf_features', 'leaf_coeff', 'shrinkage',
]

/**
 * Sorts lines; what they hold is not looked at. Linear in the length of the text.
 * @throws CoppiceError 'MODEL' for a text that is no LightGBM model or breaks off
 */
export function readSections(text: string): Sections {
  if (!isLightGBM(text)) {
    throw new CoppiceError('MODEL', 'this is not a LightGBM text model: its first line must be ' +
      `"tree", got ${describe(text.slice(0, 40).split('\n')[0])}`)
  }
  const lines = text.split('\n').map((line) => line.endsWith('\r') ? line.slice(0, -1) : line)
  const trees: Section[] = []
  const header = readSection(lines, 1, headerKeys)
  let at = header.end
  while (lines[at]?.startsWith('Tree=') === true) {
    const tree = readSection(lines, at, treeKeys)
    trees.push(tree)
    at = tree.end
  }
  if (lines[at] !== 'end of trees') {
    throw new CoppiceError('MODEL', `LightGBM model, line ${Math.min(at + 1, lines.length)}: ` +
      '"end of trees" is missing; the file is truncated, copy it again')
  }
  return { header, trees, ...readTail(lines, at + 1) }
}

/** Fields from line `start` (an index) up to the next tree or the end of the trees. */
function readSection(
  lines: readonly string[], start: number, keys: readonly string[],
): Section & { readonly end: number } {
  const fields = new Map<string, Field>()
  let at = start
  for (; at < lines.length; at++) {
    const text = lines[at]!.trimEnd()
    if (text === 'end of trees' || (text.startsWith('Tree=') && (at > start || start === 1))) break
    if (text === '') continue
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    const line = at + 1
    if (!keys.includes(key) || (equals < 0) !== (key === 'average_output')) {
      throw damaged(line, 'a line', `one of the fields ${keys.join(', ')}`, text)
    }
    const first = fields.get(key)
    if (first !== undefined) {
      throw damaged(line, key, `given once (line ${first.line} has it)`, text)
    }
    fields.set(key, { key, value: equals < 0 ? '' : text.slice(equals + 1), line })
  }
  return { line: start + 1, fields, end: at }
}

/** What comes after the trees: importances, which follow from the trees, and parameters. */
function readTail(
  lines: readonly string[], start: number,
): Pick<Sections, 'parameters' | 'pandasCategories'> {
  const parameters: Field[] = []
  let pandasCategories: Field | null = null
  let isInParameters = false
  for (let at = start; at < lines.length; at++) {
    const text = lines[at]!.trim()
    const line = at + 1
    if (text === 'parameters:') isInParameters = true
    else if (text === 'end of parameters') isInParameters = false
    else if (isInParameters && text !== '') {
      const colon = text.indexOf(':')
      if (!text.startsWith('[') || !text.endsWith(']') || colon < 0) {
        throw damaged(line, 'a parameter', 'of the form [name: value]', text)
      }
      parameters.push({ key: text.slice(1, colon), value: text.slice(colon + 1, -1).trim(), line })
    } else if (text.startsWith('pandas_categorical:')) {
      const key = 'pandas_categorical'
      pandasCategories = { key, value: text.slice(key.length + 1), line }
    }
  }
  if (isInParameters) {
    throw new CoppiceError('MODEL', `LightGBM model, line ${lines.length}: "end of parameters" ` +
      'is missing; the file is truncated, copy it again')
  }
  return { parameters, pandasCategories }
}
