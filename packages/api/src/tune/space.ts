/** What may be chosen for a parameter, and how a trial chooses. */
import { findParameter, finish, mixNumber, Purpose, startHash } from '@coppice/engine'
import { CoppiceError, exp, log } from '@coppice/model'

/** A value of a parameter. */
export type SpaceValue = string | number | boolean | readonly (string | number | boolean)[]

/** What a parameter is drawn from; ranges hold both ends. */
export type Distribution =
  | readonly SpaceValue[]
  | { readonly choice: readonly SpaceValue[] }
  | { readonly uniform: readonly [min: number, max: number] }
  | { readonly loguniform: readonly [min: number, max: number] }
  | { readonly integer: readonly [min: number, max: number] }
  | { readonly loginteger: readonly [min: number, max: number] }

/** Distributions by the names of parameters, in any spelling. */
export type SearchSpace = Readonly<Record<string, Distribution>>

/** A parameter with what it is drawn from. */
export interface Dimension {
  /** Canonical camelCase name. */
  readonly name: string
  readonly kind: 'choice' | 'uniform' | 'loguniform' | 'integer' | 'loginteger'
  /** Values of 'choice'; min and max of the others. */
  readonly values: readonly SpaceValue[]
}

const kinds: readonly string[] = ['choice', 'uniform', 'loguniform', 'integer', 'loginteger']

/** Parameters that must not differ between trials: they could not be compared. */
const fixed: readonly string[] = ['objective', 'metric', 'num_class', 'num_threads', 'verbosity']

/**
 * Reads a search space, in the order of the parameters' names.
 * @throws CoppiceError 'PARAMETER' naming what is wrong and what is legal
 */
export function parseSpace(space: unknown): Dimension[] {
  if (typeof space !== 'object' || space === null || Array.isArray(space) ||
    Object.keys(space).length === 0) {
    throw new CoppiceError('PARAMETER', 'the search space must be an object such as ' +
      `{numLeaves: [31, 63], learningRate: {loguniform: [0.01, 0.3]}}, got ` +
      JSON.stringify(space))
  }
  const dimensions = Object.entries(space).map(([key, written]) => parseDimension(key, written))
  dimensions.sort((a, b) => a.name < b.name ? -1 : 1)
  const twice = dimensions.find(({ name }, i) => dimensions[i + 1]?.name === name)
  if (twice === undefined) return dimensions
  throw new CoppiceError('PARAMETER',
    `the search space has ${twice.name} under two names; give it ` +
    'once')
}

function parseDimension(key: string, written: unknown): Dimension {
  const info = findParameter(key)
  if (info === undefined) {
    throw new CoppiceError('PARAMETER',
      `the search space has no parameter "${key}" to draw: there ` +
      "is none of that name; 'coppice params' lists them")
  }
  if (fixed.includes(info.name)) {
    throw new CoppiceError('PARAMETER',
      `${key} cannot be searched: trials that differ in it cannot ` +
      'be compared; set it among the parameters')
  }
  const name = info.camelName
  if (Array.isArray(written)) return choice(name, written as readonly unknown[])
  const entries = typeof written === 'object' && written !== null ? Object.entries(written) : []
  const [kind, values] = entries[0] ?? ['', null]
  if (entries.length !== 1 || !kinds.includes(kind) || !Array.isArray(values)) {
    throw new CoppiceError('PARAMETER', `${key} of the search space must be a list of values, or ` +
      `one of ${kinds.slice(1).map((each) => `{"${each}": [min, max]}`).join(', ')}; got ` +
      `${JSON.stringify(written)}`)
  }
  return kind === 'choice' ? choice(name, values)
    : range(name, kind as Dimension['kind'], values)
}

function choice(name: string, values: readonly unknown[]): Dimension {
  const isScalar = (value: unknown): boolean =>
    ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
  const isLegal = (value: unknown): boolean =>
    isScalar(value) || (Array.isArray(value) && value.every(isScalar))
  if (values.length > 0 && values.every(isLegal)) {
    const texts = values.map((value) => JSON.stringify(value))
    const twice = texts.find((text, i) => texts.indexOf(text) < i)
    if (twice !== undefined) {
      throw new CoppiceError('PARAMETER', `the choices of ${name} have ${twice} twice, which ` +
        'would be trained twice; give each once')
    }
    return { name, kind: 'choice', values: values as SpaceValue[] }
  }
  throw new CoppiceError('PARAMETER',
    `the choices of ${name} must be texts, numbers, booleans or ` +
    `lists of these, at least one; got ${JSON.stringify(values)}`)
}

function range(name: string, kind: Dimension['kind'], values: readonly unknown[]): Dimension {
  const [min, max] = values as readonly number[]
  const isInteger = kind === 'integer' || kind === 'loginteger'
  const isLog = kind === 'loguniform' || kind === 'loginteger'
  const isLegal = values.length === 2 && values.every((value) =>
    isInteger ? Number.isSafeInteger(value) : Number.isFinite(value)) && min! <= max! &&
    (!isLog || min! > 0)
  if (isLegal) return { name, kind, values: [min!, max!] }
  throw new CoppiceError('PARAMETER', `${kind} of ${name} must be [min, max], two ` +
    `${isInteger ? 'integers' : 'numbers'}${isLog ? ' above 0' : ''} with min <= max; got ` +
    JSON.stringify(values))
}

/** Values of the parameters that a trial sets. */
export type TrialParams = Readonly<Record<string, SpaceValue>>

/**
 * All combinations of the choices, the last parameter changing first.
 * @throws CoppiceError 'PARAMETER' for ranges, and for more than a million
 */
export function gridTrials(dimensions: readonly Dimension[]): TrialParams[] {
  const drawn = dimensions.find(({ kind }) => kind !== 'choice')
  if (drawn !== undefined) {
    throw new CoppiceError('PARAMETER', `a grid needs lists of values: ${drawn.name} has ` +
      `${drawn.kind}; list the values, or use search random`)
  }
  const n = dimensions.reduce((product, { values }) => product * values.length, 1)
  if (n > 1e6) {
    throw new CoppiceError('PARAMETER', `the grid has ${n} trials; leave some values out, or use ` +
      'search random')
  }
  return dimensions.reduce<TrialParams[]>((trials, { name, values }) => trials.flatMap((trial) =>
    values.map((value) => ({ ...trial, [name]: value }))), [{}])
}

/**
 * Draws of a random search. The draw of a parameter depends on the seed, the trial and the
 * parameter's name alone: another parameter, or more trials, change none.
 */
export function randomTrials(
  dimensions: readonly Dimension[], nTrials: number, seed: number,
): TrialParams[] {
  return Array.from({ length: nTrials }, (_, trial) => Object.fromEntries(
    dimensions.map((dimension) => [dimension.name, draw(dimension, uniform(seed, trial,
      dimension.name))])))
}

function draw({ kind, values }: Dimension, u: number): SpaceValue {
  if (kind === 'choice') return values[Math.floor(u * values.length)]!
  const [min, max] = values as readonly [number, number]
  const clip = (value: number): number => Math.min(max, Math.max(min, value))
  switch (kind) {
    case 'uniform': return clip(min + u * (max - min))
    case 'loguniform': return clip(exp(log(min) + u * (log(max) - log(min))))
    case 'integer': return clip(min + Math.floor(u * (max - min + 1)))
    // each integer k has the share of [k, k + 1)
    case 'loginteger':
      return clip(Math.floor(exp(log(min) + u * (log(max + 1) - log(min)))))
  }
}

/** In [0, 1), 53 bits. */
function uniform(seed: number, trial: number, name: string): number {
  let hash = mixNumber(startHash(seed, Purpose.tuning), trial)
  for (const letter of name) hash = mixNumber(hash, letter.codePointAt(0)!)
  const [high, low] = [finish(mixNumber(hash, 0)), finish(mixNumber(hash, 1))]
  return ((high >>> 5) * 0x400_0000 + (low >>> 6)) / 0x20_0000_0000_0000
}
