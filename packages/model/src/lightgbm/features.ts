/** Features of a LightGBM text model: what its nodes and notes say of them, brought together. */

import { CoppiceError } from '../errors.js'
import { ZERO_THRESHOLD } from '../predict/forest.js'
import { compareUtf8 } from '../text.js'
import type { Feature, MissingType } from '../types.js'
import type { TextSplit, TextTree } from './parse-tree.js'
import type { Field } from './sections.js'

/** A feature, and the code of each category of the text; null where it is numeric. */
export interface TextFeature {
  readonly feature: Feature
  readonly codeOf: ReadonlyMap<number, number> | null
}

/** What all trees do with one feature. */
interface Usage {
  readonly missing: Set<MissingType>
  /** Kinds of nodes that no other kind can stand for, and a tree that has one. */
  readonly fixed: Map<MissingType, number>
  readonly categories: Set<number>
  /** A tree that splits it by value, and one that splits it by category, or -1. */
  numericTree: number
  categoricalTree: number
}

/**
 * @param infos - of `feature_infos`, one per feature
 * @param pandas - the categories of pandas columns, which LightGBM counts, or null
 * @throws CoppiceError 'MODEL' where trees disagree on a feature
 */
export function collectFeatures(
  names: readonly string[], infos: readonly string[], trees: readonly TextTree[],
  pandas: Field | null,
): TextFeature[] {
  const usages = infos.map((info): Usage => ({
    missing: new Set(), fixed: new Map(), categories: new Set(categoriesOf(info)),
    numericTree: -1, categoricalTree: -1,
  }))
  for (const { index, splits } of trees) {
    for (const split of splits) note(usages[split.feature]!, split, index)
  }
  const isCategorical = usages.map(({ numericTree, categoricalTree }, f) => {
    if (numericTree >= 0 && categoricalTree >= 0) {
      throw conflict(names[f]!, 'numeric', numericTree, 'categorical', categoricalTree)
    }
    return categoricalTree >= 0 || (numericTree < 0 && isList(infos[f]!))
  })
  const texts = pandasColumns(pandas, infos, isCategorical)
  return usages.map((usage, f): TextFeature => {
    const name = names[f]!
    if (!isCategorical[f]!) {
      return { feature: { name, kind: 'numeric', missing: missingOf(name, usage) }, codeOf: null }
    }
    const values = texts.get(f)
    return (values !== undefined && namedFeature(name, usage, values)) || codedFeature(name, usage)
  })
}

/** "-1:3:0" lists categories, of which -1 is missing; "[min:max]" and "none" do not. */
function isList(info: string): boolean {
  return /^-?\d+(:-?\d+)*$/.test(info)
}

function categoriesOf(info: string): number[] {
  if (!isList(info)) return []
  return info.split(':').map(Number).filter((value) => value >= 0)
}

function note(usage: Usage, split: TextSplit, tree: number): void {
  const { left, missing } = split
  if (left !== null) {
    usage.categoricalTree = tree
    for (const category of left) usage.categories.add(category)
    return
  }
  usage.numericTree = tree
  usage.missing.add(missing)
  if (!isAsNone(split)) usage.fixed.set(missing, tree)
}

/**
 * Whether any missing type says the same, with `0 <= threshold` for the default side: a node
 * without missing values reads NaN as 0. Thresholds within the range of zero tell its values apart.
 */
export function isAsNone({ missing, threshold, defaultLeft }: TextSplit): boolean {
  if (threshold > -ZERO_THRESHOLD && threshold < ZERO_THRESHOLD) return false
  return missing === 'none' || defaultLeft === 0 <= threshold
}

/** The one missing type that all nodes can be written with. */
function missingOf(name: string, { missing, fixed }: Usage): MissingType {
  if (missing.size <= 1) return [...missing][0] ?? 'nan'
  const [first, second] = [...fixed]
  if (first === undefined) return missing.has('nan') ? 'nan' : 'zero'
  if (second === undefined) return first[0]
  throw conflict(name, `missing type ${first[0]}`, first[1],
    `missing type ${second[0]}`, second[1])
}

function conflict(
  name: string, kind: string, tree: number, otherKind: string, otherTree: number,
): CoppiceError {
  return new CoppiceError('MODEL', `LightGBM model: feature ${JSON.stringify(name)} has ${kind} ` +
    `splits in tree ${tree} and ${otherKind} splits in tree ${otherTree}, which Coppice cannot ` +
    'tell apart; train the model in one go, with the same settings for all of its trees')
}

/** Categories are numbers: those that the model knows. */
function codedFeature(name: string, { categories }: Usage): TextFeature {
  const values = [...categories].sort((a, b) => a - b)
  return {
    feature: { name, kind: 'categorical', categories: values, truncates: true },
    codeOf: new Map(values.map((value, code) => [value, code])),
  }
}

/** Categories are what pandas had in the place of the number; null where that is not possible. */
function namedFeature(
  name: string, { categories }: Usage, values: readonly unknown[],
): TextFeature | null {
  if ([...categories].some((category) => category >= values.length)) return null
  const areTexts = values.every((value) => typeof value === 'string')
  if (!areTexts && !values.every(Number.isFinite)) return null
  const own = values as readonly (string | number)[]
  if (new Set(own).size < own.length) return null
  const order = [...own.keys()].sort((a, b) => areTexts
    ? compareUtf8(String(own[a]!), String(own[b]!)) : Number(own[a]!) - Number(own[b]!))
  const sorted = order.map((place) => own[place]!)
  return {
    feature: { name, kind: 'categorical', categories: sorted as readonly string[] },
    codeOf: new Map(order.map((place, code) => [place, code])),
  }
}

/**
 * The categories of pandas columns by feature. The text has a list per column, in order, but does
 * not say which columns: those of categorical features, or also of those that were of no use.
 */
function pandasColumns(
  pandas: Field | null, infos: readonly string[], isCategorical: readonly boolean[],
): ReadonlyMap<number, readonly unknown[]> {
  const lists = pandasLists(pandas)
  const all = [...infos.keys()]
  const certain = all.filter((f) => isCategorical[f]!)
  const possible = all.filter((f) => isCategorical[f]! || infos[f] === 'none')
  const columns = [certain, possible].find(({ length }) => length === lists.length)
  return new Map(columns?.map((f, i) => [f, lists[i]!]))
}

function pandasLists(pandas: Field | null): readonly (readonly unknown[])[] {
  if (pandas === null) return []
  let lists: unknown
  try {
    lists = JSON.parse(pandas.value)
  } catch (cause) {
    throw new CoppiceError('MODEL', `LightGBM model, line ${pandas.line}: pandas_categorical ` +
      'must be JSON; the file is damaged', { cause })
  }
  return Array.isArray(lists) && lists.every(Array.isArray) ? lists as unknown[][] : []
}
