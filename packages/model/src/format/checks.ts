/**
 * Checks of single values. Each takes the path of the value for the message and returns the
 * value with its type, or throws CoppiceError 'MODEL'. None recurses into what it was given.
 */

import { CoppiceError } from '../errors.js'
import { describe, describeList } from '../text.js'

/** Throws the one error of a validation: what is wrong where, and what is legal. */
export function fail(path: string, legal: string, value: unknown): never {
  throw new CoppiceError('MODEL', `model: ${path} must be ${legal}, got ${describe(value)}`)
}

/** A plain object with exactly these keys: any other key, or a missing one, is an error. */
export function checkObject<K extends string>(
  value: unknown, path: string, keys: readonly K[],
): Record<K, unknown> {
  const object = checkPlainObject(value, path)
  const missing = keys.filter((key) => !Object.hasOwn(object, key))
  if (missing.length > 0) {
    throw new CoppiceError('MODEL',
      `model: ${path} lacks ${describeList(missing)}; it must have exactly the keys ` +
      describeList(keys, 20))
  }
  const known: readonly string[] = keys
  const unknown = Object.keys(object).filter((key) => !known.includes(key))
  if (unknown.length > 0) {
    throw new CoppiceError('MODEL',
      `model: ${path} has the unknown key ${describeList(unknown)}; it must have exactly the ` +
      `keys ${describeList(keys, 20)}`)
  }
  return object
}

/** An object literal: no array, no class instance, nothing inherited. */
export function checkPlainObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(path, 'an object', value)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    fail(path, 'a plain object', value)
  }
  return value as Record<string, unknown>
}

/** An array, of `length` items where given; `because` says what fixes the length. */
export function checkArray(
  value: unknown, path: string, length?: number, because?: string,
): readonly unknown[] {
  if (!Array.isArray(value)) fail(path, 'an array', value)
  if (length !== undefined && value.length !== length) {
    fail(path, `an array of ${length}${because === undefined ? '' : ` (${because})`}`, value)
  }
  return value
}

export function checkString(value: unknown, path: string): string {
  if (typeof value !== 'string') fail(path, 'a string', value)
  return value
}

export function checkFinite(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(path, 'a finite number', value)
  return value
}

/** An integer in [low, high]. */
export function checkInteger(
  value: unknown, path: string, low: number, high = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
    const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `in [${low}, ${high}]`
    fail(path, high < low ? 'absent (no value is legal here)' : `an integer ${range}`, value)
  }
  return value
}

/** Every item a finite number, at least `low` where given. */
export function checkNumbers(
  values: readonly unknown[], path: string, low = -Infinity,
): readonly number[] {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== 'number' || !(value >= low) || !Number.isFinite(value)) {
      fail(`${path}[${i}]`, `a finite number${low === -Infinity ? '' : ` >= ${low}`}`, value)
    }
  }
  return values as readonly number[]
}
