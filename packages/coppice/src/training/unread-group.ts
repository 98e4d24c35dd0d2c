/** --group where no query is read: objectives that do not rank know none. */
import type { FileOptions } from '@coppice/api'
import { isRanking } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'

/**
 * @param instead - what to do with the column
 * @throws UsageError for a column of queries that would not be read
 */
export function refuseUnreadGroup(
  values: FlagValues, objective: { readonly name: string, readonly source?: string },
  instead: string,
): void {
  const column = values.text('group')
  if (column === undefined || isRanking(objective)) return
  const name = objective.name === 'imported' ? objective.source || 'none' : objective.name
  throw new UsageError(`--group ${column} does nothing: objective = ${name} does not rank, so ` +
    `that no query is read; ${instead}`)
}

/**
 * The column of queries of a training, or where LightGBM's configurations name one in vain, with
 * which they run all the same, no feature.
 *
 * @throws UsageError for a column that would not be read, where it is no run of LightGBM's
 */
export function groupOrIgnored(
  values: FlagValues, objective: string, isRun: boolean,
): Pick<FileOptions, 'group' | 'ignore'> {
  const group = values.text('group')
  const ignore = values.names('ignore')
  // The part of the rows that is held out has whole queries.
  const isRead = isRanking({ name: objective }) || values.has('validation-fraction')
  if (group === undefined || isRead) return { group, ignore }
  if (isRun) return { ignore: [...ignore ?? [], group] }
  refuseUnreadGroup(values, { name: objective }, `leave it out, or say --ignore ${group} where ` +
    'the column is to be no feature (lambdarank and rank_xendcg rank)')
  return { ignore }
}
