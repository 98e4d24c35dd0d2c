/** Options are checked by name: a misspelt one must not be ignored. */
import { nearestName } from '@coppice/data'
import { CoppiceError } from '@coppice/model'

/**
 * Refuses options under names that a function does not have.
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
}

/** All names of the options O, so that a list of names cannot forget one. */
export function optionNames<O extends object>(
  names: Readonly<Record<keyof O & string, true>>,
): readonly string[] {
  return Object.keys(names)
}
