/** Options are checked by name: a misspelt one must not be ignored. */
import { nearestName } from '@coppice/data'
import { CoppiceError } from '@coppice/model'

/**
 * Refuses options under names that a function does not have, signals that are none, and what is
 * to be called and is no function.
 *
 * @param where - the function, for messages
 * @param names - all names that it has
 * @throws CoppiceError 'PARAMETER' with the nearest name and all names
 */
export function checkOptionNames(
  where: string, options: unknown, names: readonly string[],
): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CoppiceError('PARAMETER', `the options of ${where} must be an object with ` +
      `${names.join(', ')}; got ${JSON.stringify(options) ?? typeof options}`)
  }
  for (const key of Object.keys(options)) {
    if (names.includes(key)) continue
    // "threads" means threadsPerWorker
    const near = nearestName(key, names) ?? names.find((name) => key.length > 3 &&
      name.startsWith(key)) ?? null
    throw new CoppiceError('PARAMETER', `${where} has no option "${key}"; ` +
      (near === null ? '' : `did you mean "${near}"? `) + `it has ${names.join(', ')}`)
  }
  for (const [key, value] of Object.entries(options)) requireHook(key, value)
}

/** Signals and functions to be called are of one kind wherever they are options. */
function requireHook(key: string, value: unknown): void {
  if (value === undefined) return
  if (/^on[A-Z]/.test(key) && typeof value !== 'function') {
    throw new CoppiceError('PARAMETER', `${key} must be a function, got ${nameOf(value)}`)
  }
  if (key !== 'signal' || isSignal(value)) return
  throw new CoppiceError('PARAMETER',
    `signal must be an AbortSignal (of an AbortController), got ${nameOf(value)}`)
}

/** By what it can do: signals of another realm, or of a polyfill, will do. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? value.constructor.name
    : typeof value
}

/** All names of the options O, so that a list of names cannot forget one. */
export function optionNames<O extends object>(
  names: Readonly<Record<keyof O & string, true>>,
): readonly string[] {
  return Object.keys(names)
}

/** @throws CoppiceError 'PARAMETER' for an option that must be a list and is none */
export function requireList(
  name: string, value: unknown, of: string,
): asserts value is readonly unknown[] {
  if (Array.isArray(value)) return
  throw new CoppiceError('PARAMETER', `${name} must be a list of ${of}, got ${nameOf(value)}; ` +
    'put it into []')
}
