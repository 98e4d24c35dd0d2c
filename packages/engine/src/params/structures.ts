/**
 * Parameters whose values are more than a list: a number for each feature, groups of features,
 * trees of splits. Resolved they are JSON texts in one fixed form, so that equal values are equal
 * texts, in the model file too; which features they mean is looked up when the data are known.
 */
import { CoppiceError, parseUniqueJson, RepeatedKeyError } from '@coppice/model'
import { scheduleNoun } from './schedule.js'

/** A feature: its 0-based index among the features, or its name. */
export type FeatureRef = number | string

/** What a structured parameter holds. */
export type StructureKind =
  /** A number of each feature: a list in their order, or an object by name. */
  | 'perFeature'
  /** A list of lists of features. */
  | 'groups'
  /** LightGBM's forcedsplits_filename: {feature, threshold, left, right}. */
  | 'splits'
  /** LightGBM's forcedbins_filename: [{feature, bin_upper_bound}]. */
  | 'bins'
  /** Lists of numbers, by iteration, by name of a parameter: see schedule.ts. */
  | 'schedule'

/** A forced split as it is given; the same for what lies below it. */
export interface GivenSplit {
  readonly feature: FeatureRef
  /** Numeric: values up to it go left. Categorical: the category that goes left. */
  readonly threshold: number | string
  readonly left?: GivenSplit
  readonly right?: GivenSplit
}

/** Bounds of bins of a feature as they are given. */
export interface GivenBins {
  readonly feature: FeatureRef
  readonly bin_upper_bound: readonly number[]
}

/** Numbers by feature as they are given. */
export type GivenPerFeature = readonly number[] | Readonly<Record<string, number>>

/** What a structure of some kind must be, in words. */
export const structureNouns: Readonly<Record<StructureKind, string>> = {
  perFeature: 'a list of numbers, one for each feature, or an object of numbers by feature name',
  groups: 'a list of lists of features (indices or names), such as [[0, 1], [2, 3]]',
  splits: 'an object {feature, threshold, left, right}, the last two optional and of the same form',
  bins: 'a list of objects {feature, bin_upper_bound: [numbers]}',
  schedule: scheduleNoun,
}

/**
 * The fixed text of a given value; '' for an empty one, null for what is none.
 *
 * @param isNumber - whether a number of a feature is legal
 * @throws RepeatedKeyError
 */
export function structureText(
  kind: Exclude<StructureKind, 'schedule'>, given: unknown, isNumber: (value: number) => boolean,
): string | null {
  const value = typeof given === 'string' ? parsed(kind, given) : given
  if (value === undefined) return null
  switch (kind) {
    case 'perFeature': return perFeatureText(value, isNumber)
    case 'groups': return listText(value, (group) => listOf(group, featureRef))
    case 'splits': return splitsText(value)
    case 'bins': return listText(value, givenBins)
  }
}

/** A text is JSON, or for lists what stands between their brackets (as in LightGBM's files). */
function parsed(kind: StructureKind, text: string): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return kind === 'splits' ? {} : []
  const attempts = kind === 'perFeature' || kind === 'groups'
    ? [`[${trimmed}]`, trimmed] : [trimmed]
  for (const attempt of attempts) {
    try {
      const value: unknown = parseUniqueJson(attempt)
      // [[1, 0]] of "[1, 0]"
      const isWrapped = attempt !== trimmed && Array.isArray(value) && value.length === 1 &&
        isWhole(kind, value[0])
      return isWrapped ? (value as unknown[])[0] : value
    } catch (error) {
      if (error instanceof RepeatedKeyError) throw error
    }
  }
  return undefined
}

/** Whether what stands in a text is the whole value already. */
function isWhole(kind: StructureKind, value: unknown): boolean {
  if (kind === 'perFeature') return typeof value === 'object' && value !== null
  return Array.isArray(value) && (value.length === 0 || Array.isArray(value[0]))
}

function perFeatureText(value: unknown, isNumber: (value: number) => boolean): string | null {
  const isLegal = (item: unknown): item is number => typeof item === 'number' && isNumber(item)
  const list = ArrayBuffer.isView(value) ? [...value as unknown as Iterable<unknown>] : value
  if (Array.isArray(list)) {
    if (!list.every(isLegal)) return null
    return list.length === 0 ? '' : JSON.stringify(list.map((item) => item + 0))
  }
  if (typeof value !== 'object' || value === null) return null
  const entries = Object.entries(value as Record<string, unknown>)
  if (!entries.every(([, item]) => isLegal(item))) return null
  if (entries.length === 0) return ''
  return JSON.stringify(Object.fromEntries(
    entries.sort(([a], [b]) => a < b ? -1 : 1).map(([name, item]) => [name, item as number + 0])))
}

function listText(value: unknown, read: (item: unknown) => object | null): string | null {
  const items = listOf(value, read)
  if (items === null) return null
  return items.length === 0 ? '' : JSON.stringify(items)
}

function listOf<T>(value: unknown, read: (item: unknown) => T | null): T[] | null {
  if (!Array.isArray(value)) return null
  const items = (value as unknown[]).map(read)
  return items.includes(null) ? null : items as T[]
}

function featureRef(value: unknown): FeatureRef | null {
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) && (value as number) >= 0 ? value as number + 0 : null
}

function givenBins(value: unknown): GivenBins | null {
  if (typeof value !== 'object' || value === null) return null
  const { feature, bin_upper_bound: bounds } = value as Record<string, unknown>
  const ref = featureRef(feature)
  const numbers = listOf(bounds, (item) => Number.isFinite(item) ? item as number + 0 : null)
  return ref === null || numbers === null ? null : { feature: ref, bin_upper_bound: numbers }
}

function splitsText(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return ''
  const split = givenSplit(value)
  return split === null ? null : JSON.stringify(split)
}

function givenSplit(value: unknown): GivenSplit | null {
  if (typeof value !== 'object' || value === null) return null
  const { feature, threshold, left, right } = value as Record<string, unknown>
  const ref = featureRef(feature)
  const isThreshold = Number.isFinite(threshold) || typeof threshold === 'string'
  if (ref === null || !isThreshold) return null
  const below: { left?: GivenSplit, right?: GivenSplit } = {}
  for (const [side, given] of [['left', left], ['right', right]] as const) {
    if (given === undefined || given === null) continue
    const split = givenSplit(given)
    if (split === null) return null
    below[side] = split
  }
  const where = typeof threshold === 'number' ? threshold + 0 : threshold as string
  return { feature: ref, threshold: where, ...below }
}

/**
 * The feature that is meant.
 *
 * @param what - the parameter, for the message
 * @throws CoppiceError 'PARAMETER' for one that the data do not have
 */
export function featureIndex(
  ref: FeatureRef, names: readonly string[], what: string,
): number {
  const index = typeof ref === 'number' ? ref : names.indexOf(ref)
  if (index >= 0 && index < names.length) return index
  const known = names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')}, ...`
  throw new CoppiceError('PARAMETER', typeof ref === 'number'
    ? `${what} names feature ${ref}; the data have features 0 to ${names.length - 1}`
    : `${what} names a feature "${ref}" that the data do not have; they have ${known}`)
}

/**
 * A number for each feature; empty where the parameter is not given.
 *
 * @param text - a resolved value of kind 'perFeature'
 * @param rest - the number of features that an object does not name
 * @throws CoppiceError 'PARAMETER' for a list of another length, or a feature that is not there
 */
export function perFeature(
  text: string, names: readonly string[], rest: number, what: string,
): number[] {
  if (text === '') return []
  const value = JSON.parse(text) as GivenPerFeature
  if (isList(value)) {
    if (value.length === names.length) return [...value]
    throw new CoppiceError('PARAMETER',
      `${what} has ${value.length} numbers and the data have ${names.length} features; give one ` +
      'for each feature, or an object of numbers by feature name')
  }
  const numbers = names.map(() => rest)
  for (const [name, number] of Object.entries(value)) {
    numbers[featureIndex(name, names, what)] = number
  }
  return numbers
}

function isList(value: GivenPerFeature): value is readonly number[] {
  return Array.isArray(value)
}

/** Groups of features as indices; null where the parameter is not given. */
export function featureGroups(
  text: string, names: readonly string[], what: string,
): number[][] | null {
  if (text === '') return null
  return (JSON.parse(text) as FeatureRef[][]).map((group) =>
    group.map((ref) => featureIndex(ref, names, what)))
}
