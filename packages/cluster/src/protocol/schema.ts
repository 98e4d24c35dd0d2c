import { ProtocolError } from './error.js'
import type { WireArray } from './packed-types.js'

/**
 * Small checks that add up to the shape of a message: each takes a value of unknown type and
 * gives it back typed, or throws. Objects are made anew with the known members only.
 */
export type Schema<T> = (value: unknown) => T

/** The type that a schema describes. */
export type Described<S> = S extends Schema<infer T> ? T : never

/** A value that does not fit, with the way to it, innermost member first. */
class Mismatch extends Error {
  readonly way: string[] = []
}

/**
 * Checks a decoded value.
 *
 * @param what - begins the message, such as 'a message of type "beat"'
 * @throws ProtocolError naming the member, its value and what is legal
 */
export function checkValue<T>(schema: Schema<T>, value: unknown, what: string): T {
  try {
    return schema(value)
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    const member = error.way.length === 0 ? '' : `, ${error.way.reverse().join('')}`
    throw new ProtocolError('invalid', `${what}${member}: ${error.message}`)
  }
}

function refuse(value: unknown, legal: string): never {
  throw new Mismatch(`${describe(value)} is not ${legal}`)
}

/** A value in a message: short, whatever it is. */
function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length <= 60 ? JSON.stringify(value) : `a text of ${value.length} characters`
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`
  if (typeof value === 'object' && value !== null) return 'an object'
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Adds a step to the way of a mismatch that comes from inside. */
function stepOut(error: unknown, step: string): never {
  if (error instanceof Mismatch && error.way.length < 32) error.way.push(step)
  throw error
}

/** A text of at most `lengthMax` UTF-16 units. */
export function text(lengthMax: number): Schema<string> {
  return (value) => typeof value === 'string' && value.length <= lengthMax ? value
    : refuse(value, `a text of at most ${lengthMax} characters`)
}

/** An integer in [min, max], within +-(2^53 - 1). */
export function integer(min: number, max: number): Schema<number> {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? value as number : refuse(value, `an integer from ${min} to ${max}`)
}

/** A count or an index. */
export const count: Schema<number> = integer(0, Number.MAX_SAFE_INTEGER)

/** Any double, NaN and infinities too. */
export const double: Schema<number> = (value) =>
  typeof value === 'number' ? value : refuse(value, 'a number')

export const finite: Schema<number> = (value) =>
  Number.isFinite(value) ? value as number : refuse(value, 'a finite number')

export const flag: Schema<boolean> = (value) =>
  typeof value === 'boolean' ? value : refuse(value, 'true or false')

export const nothing: Schema<null> = (value) => value === null ? null : refuse(value, 'null')

/** Anything that `decodeValue` returns: its own limits are all that holds for it. */
export const opaque: Schema<unknown> = (value) => value

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return (value) => value === null ? null : schema(value)
}

/** One of the names. All of them have to be given, so that a new one cannot be forgotten. */
export function oneOf<T extends string>(names: { readonly [K in T]: true }): Schema<T> {
  const legal = `one of ${Object.keys(names).join(', ')}`
  return (value) => typeof value === 'string' && Object.hasOwn(names, value) ? value as T
    : refuse(value, legal)
}

/** Exactly this value. */
export function constant<const T extends string | number | boolean>(expected: T): Schema<T> {
  return (value) => value === expected ? expected : refuse(value, JSON.stringify(expected))
}

/** A value of the first schema that takes it; what is legal is named by `legal`. */
export function either<T extends readonly unknown[]>(
  legal: string, ...schemas: { readonly [I in keyof T]: Schema<T[I]> }
): Schema<T[number]> {
  return (value) => {
    for (const schema of schemas) {
      try {
        return schema(value) as T[number]
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error
      }
    }
    return refuse(value, legal)
  }
}

/** A list of at most `lengthMax` elements. */
export function list<T>(schema: Schema<T>, lengthMax: number): Schema<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > lengthMax) {
      return refuse(value, `a list of at most ${lengthMax}`)
    }
    let i = 0
    try {
      const checked = new Array<T>(value.length)
      for (; i < value.length; i++) checked[i] = schema(value[i])
      return checked
    } catch (error) {
      return stepOut(error, `[${i}]`)
    }
  }
}

/** A list of different integers from 0 on: partitions, tasks. */
export function distinct(lengthMax: number): Schema<number[]> {
  const numbers = list(count, lengthMax)
  return (value) => {
    const checked = numbers(value)
    return new Set(checked).size === checked.length ? checked
      : refuse(value, 'a list without repeats')
  }
}

/** Two values. */
export function pair<T>(schema: Schema<T>): Schema<readonly [T, T]> {
  const two = list(schema, 2)
  return (value) => {
    const [first, second] = two(value)
    return first === undefined || second === undefined ? refuse(value, 'a pair') : [first, second]
  }
}

/** A typed array of the given class with at most `lengthMax` elements. */
export function array<T extends WireArray>(
  type: new (buffer: ArrayBuffer) => T, lengthMax = Infinity,
): Schema<T> {
  return (value) => value instanceof type && value.length <= lengthMax ? value
    : refuse(value, `a ${type.name}${lengthMax === Infinity ? '' : ` of at most ${lengthMax}`}`)
}

/** Members of objects that may be absent. */
const optionals = new WeakSet<Schema<unknown>>()

/** A member that an object may lack. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  const own: Schema<T> = (value) => schema(value)
  optionals.add(own)
  return own
}

type Fields<T> = { readonly [K in keyof T]-?: Schema<T[K]> }

/** A plain object with exactly these members, except for those that may be absent. */
export function object<T extends object>(fields: Fields<T>): Schema<T> {
  const names = Object.keys(fields) as (keyof T & string)[]
  return (value) => {
    const source = asRecord(value)
    const checked: Partial<T> = {}
    for (const name of names) {
      if (!Object.hasOwn(source, name) && optionals.has(fields[name])) continue
      if (!Object.hasOwn(source, name)) throw new Mismatch(`"${name}" is missing`)
      try {
        checked[name] = fields[name](source[name])
      } catch (error) {
        stepOut(error, `.${name}`)
      }
    }
    for (const name in source) {
      if (!Object.hasOwn(fields, name)) throw new Mismatch(`"${name}" is not known here`)
    }
    return checked as T
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) ||
    ArrayBuffer.isView(value)) return refuse(value, 'an object')
  return value as Readonly<Record<string, unknown>>
}

/** An object that names its kind: the schema of each kind, all of them. */
export function tagged<T extends { readonly [K in Tag]: string }, Tag extends string>(
  tag: Tag, kinds: { readonly [Kind in T[Tag]]: Schema<Extract<T, { readonly [K in Tag]: Kind }>> },
): Schema<T> {
  const legal = `one of ${Object.keys(kinds).join(', ')}`
  return (value) => {
    const kind = asRecord(value)[tag]
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) {
      throw new Mismatch(`"${tag}" is ${describe(kind)}, not ${legal}`)
    }
    return (kinds as Readonly<Record<string, Schema<T>>>)[kind]!(value)
  }
}

/** A schema with one more condition. */
export function where<T>(
  schema: Schema<T>, isLegal: (value: T) => boolean, legal: string,
): Schema<T> {
  return (value) => {
    const checked = schema(value)
    return isLegal(checked) ? checked : refuse(value, legal)
  }
}
