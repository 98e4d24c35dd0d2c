import { CoppiceError, RepeatedKeyError } from '@coppice/model'
import { nearest } from './nearest.js'
import type { NumberRange, ResolvedValue } from './parameter.js'
import { scheduledNames, scheduleText } from './schedule.js'
import { structureNouns, structureText } from './structures.js'
import { findParameter, type ParameterInfo } from './table.js'

/** How a value reads in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  return value === null ? 'null' : `a value of type ${typeof value}`
}

/** A range in words: `>= 2 and <= 131072`, or '' when any number will do. */
export function describeRange(range: NumberRange): string {
  return [
    range.min === undefined ? '' : `>= ${range.min}`,
    range.above === undefined ? '' : `> ${range.above}`,
    range.max === undefined ? '' : `<= ${range.max}`,
    range.below === undefined ? '' : `< ${range.below}`,
  ]
    .filter(part => part !== '')
    .join(' and ')
}

function inRange(value: number, range: NumberRange): boolean {
  return (
    value >= (range.min ?? -Infinity) &&
    value <= (range.max ?? Infinity) &&
    value > (range.above ?? -Infinity) &&
    value < (range.below ?? Infinity)
  )
}

const nouns = {
  int: 'an integer',
  float: 'a finite number',
  bool: 'true or false',
  string: 'a text',
  enum: 'a name',
  enums: 'a name or a list of names',
  ints: 'a list of integers',
  floats: 'a list of finite numbers',
  column: "a column's index or name",
  columns: 'a list of column indices or names',
  structure: 'a structure',
} as const

/** What a parameter accepts, in words: `an integer >= 2 and <= 131072`, `one of a, b`. */
export function describeLegal(info: ParameterInfo): string {
  if (info.type === 'enum' && info.names !== null) return `one of ${info.names.values.join(', ')}`
  if (info.type === 'enums' && info.names !== null) {
    return `a list of ${info.names.values.join(', ')}, or ${info.names.emptyNames[0] ?? 'empty'}`
  }
  const range = describeRange(info.range)
  if (info.type === 'structure') {
    const noun = structureNouns[info.structure!]
    return range === '' ? noun : `${noun}; ${info.isWhole ? 'integers' : 'numbers'} ${range}`
  }
  const each = info.type === 'ints' || info.type === 'floats' ? ' each' : ''
  return nouns[info.type] + (range === '' ? '' : `${each} ${range}`)
}

/** A reference to the parameter as the user spelled it. */
export function spelled(info: ParameterInfo, key: string): string {
  return key === info.name || key === info.camelName ? key : `${info.name} (given as "${key}")`
}

function illegal(info: ParameterInfo, key: string, value: unknown): CoppiceError {
  return new CoppiceError(
    'PARAMETER',
    `${spelled(info, key)} must be ${describeLegal(info)}, got ${show(value)}`,
  )
}

const numberSyntax = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Number of a number or of a text that is one, else NaN. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return NaN
  const trimmed = value.trim()
  return numberSyntax.test(trimmed) ? Number(trimmed) : NaN
}

function parseNumber(info: ParameterInfo, value: unknown): number | null {
  const number = toNumber(value)
  if (!Number.isFinite(number)) return null
  const needsInteger = info.type === 'int' || info.type === 'ints'
  if (needsInteger && !Number.isSafeInteger(number)) return null
  if (!inRange(number, info.range)) return null
  if (info.offAtOrBelow !== null && number <= Math.max(0, info.offAtOrBelow)) {
    return info.offAtOrBelow
  }
  // -0 and 0 are one value and must be one in the model file.
  return number + 0
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['+', true],
  ['1', true],
  ['false', false],
  ['-', false],
  ['0', false],
])

function parseBool(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value === 0 ? false : value === 1 ? true : null
  return typeof value === 'string' ? (truths.get(value.trim().toLowerCase()) ?? null) : null
}

/** Resolves the spelling of an enum's value; throws where it is unknown or not built. */
function parseName(info: ParameterInfo, key: string, value: unknown): string {
  const names = info.names
  if (names === null || typeof value !== 'string') throw illegal(info, key, value)
  const written = value.trim().toLowerCase()
  const name = names.valueAliases[written] ?? written
  if (names.values.includes(name)) return name
  if (names.unbuiltValues.includes(name)) {
    throw new CoppiceError(
      'PARAMETER',
      `${spelled(info, key)} = ${show(value)} is not built yet; built: ${names.values.join(', ')}`,
    )
  }
  const known = [...names.values, ...Object.keys(names.valueAliases), ...names.unbuiltValues]
  const near = nearest(written, known)
  throw new CoppiceError(
    'PARAMETER',
    illegal(info, key, value).message + (near === null ? '' : `; did you mean "${near}"?`),
  )
}

/** Elements of a list, of a comma-separated text or of a single value. */
function elements(value: unknown): unknown[] {
  if (typeof value === 'string') {
    const trimmed = value.trim()
    return trimmed === '' ? [] : trimmed.split(',').map(part => part.trim())
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number>)
  }
  return Array.isArray(value) ? (value as unknown[]) : [value]
}

function parseNames(info: ParameterInfo, key: string, value: unknown): string[] {
  const empty = info.names?.emptyNames ?? []
  const given = elements(value).filter(
    item => !(typeof item === 'string' && empty.includes(item.trim().toLowerCase())),
  )
  return [...new Set(given.map(item => parseName(info, key, item)))]
}

function parseNumbers(info: ParameterInfo, key: string, value: unknown): number[] {
  return elements(value).map(item => {
    const number = parseNumber(info, item)
    if (number === null) throw illegal(info, key, value)
    return number
  })
}

/** An index (non-negative integer) or a name; null where it is neither. */
function parseColumn(value: unknown): string | number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null
  if (typeof value !== 'string') return null
  const trimmed = value.trim()
  if (trimmed.startsWith('name:')) return trimmed.slice(5) === '' ? null : trimmed.slice(5)
  if (trimmed === '') return null
  return /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed
}

/** LightGBM's `name:A,B` marks all of the names, also where one of them is a number. */
function parseColumns(info: ParameterInfo, key: string, value: unknown): (string | number)[] {
  if (typeof value === 'string' && value.trim().toLowerCase() === 'auto') return []
  const allNames = typeof value === 'string' && value.trim().startsWith('name:')
  const items = allNames ? elements(value.trim().slice(5)) : elements(value)
  const parsed = items.map(item => {
    const column = allNames && item !== '' ? (item as string) : parseColumn(item)
    if (column === null) throw illegal(info, key, value)
    return column
  })
  return [...new Set(parsed)]
}

/**
 * Turns what a user gave (a value, or its text in a configuration file or flag) into the
 * parameter's value.
 * @param key - the name as the user spelled it, for the message
 * @throws CoppiceError 'PARAMETER' when the value is of the wrong type, out of range or not built
 */
export function parseValue(info: ParameterInfo, key: string, value: unknown): ResolvedValue {
  let parsed: ResolvedValue
  switch (info.type) {
    case 'int':
    case 'float':
      parsed = parseNumber(info, value)
      break
    case 'bool':
      parsed = parseBool(value)
      break
    case 'string':
      parsed = typeof value === 'string' ? value : null
      break
    case 'enum':
      return parseName(info, key, value)
    case 'enums':
      return parseNames(info, key, value)
    case 'ints':
    case 'floats':
      return parseNumbers(info, key, value)
    case 'column':
      parsed = parseColumn(value)
      break
    case 'columns':
      return parseColumns(info, key, value)
    case 'structure':
      parsed = parseStructure(info, value)
      break
  }
  if (parsed === null) throw illegal(info, key, value)
  return parsed
}

function parseStructure(info: ParameterInfo, value: unknown): string | null {
  const kind = info.structure!
  try {
    if (kind === 'schedule') return scheduleText(value, parseScheduled)
    return structureText(kind, value, number => Number.isFinite(number) &&
      inRange(number, info.range) && (!info.isWhole || Number.isInteger(number)))
  } catch (cause) {
    if (!(cause instanceof RepeatedKeyError)) throw cause
    throw new CoppiceError('PARAMETER', `${info.name}: ${cause.message}`, { cause })
  }
}

/**
 * @throws CoppiceError 'PARAMETER' for a value that the parameter may not have, and for what may
 *   have no schedule
 */
function parseScheduled(key: string, value: unknown): readonly [string, number] {
  const info = findParameter(key)
  const names: readonly string[] = scheduledNames
  if (info === undefined) {
    const near = nearest(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), names)
    throw new CoppiceError('PARAMETER', `"${key}" in parameter_schedule is no parameter` +
      (near === null ? '; leave it out' : `; did you mean "${near}"?`))
  }
  if (!names.includes(info.name)) {
    throw new CoppiceError('PARAMETER', `${spelled(info, key)} in parameter_schedule cannot ` +
      'change from iteration to iteration; give it by itself')
  }
  try {
    return [info.name, parseValue(info, key, value) as number]
  } catch (cause) {
    if (!(cause instanceof CoppiceError)) throw cause
    throw new CoppiceError('PARAMETER', `parameter_schedule: ${cause.message}`, { cause })
  }
}

/** Whether two resolved values are the same. */
export function sameValue(a: ResolvedValue, b: ResolvedValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => item === b[i])
  }
  return a === b
}
