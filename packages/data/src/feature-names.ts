import { CoppiceError } from '@coppice/model'
import type { MemoryTable } from './memory-rows.js'

/**
 * Checks names that are given for the columns of rows; how many there must be is not looked at.
 *
 * @throws CoppiceError 'DATA' for what is no list of texts, and for rows with names of their own
 */
export function checkFeatureNames(
  { names, hasNames }: Pick<MemoryTable, 'names' | 'hasNames'>,
  featureNames: readonly string[] | undefined,
): void {
  if (featureNames === undefined) return
  const given: unknown = featureNames
  if (!Array.isArray(given) || !given.every((name) => typeof name === 'string')) {
    throw new CoppiceError('DATA', `featureNames must be a list of texts, got ` +
      `${JSON.stringify(given) ?? typeof given}`)
  }
  if (!hasNames || given.join('\0') === names.join('\0')) return
  throw new CoppiceError('DATA', `featureNames is for rows without names, but these have ` +
    `${names.slice(0, 5).map((name) => `'${name}'`).join(', ')}${names.length > 5 ? ', ...' : ''}` +
    '; leave it out, or rename the columns')
}
