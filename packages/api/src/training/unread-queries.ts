/** Queries that nobody would look at: they are refused, as positions are. */
import type { ResolvedParams } from '@coppice/engine'
import { CoppiceError, isRanking } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import { FileSource } from '../data/files.js'
import { MemorySource } from '../data/memory.js'
import type { NamedDataset } from './recipe.js'

/**
 * Queries are read by objectives of rankings alone, and where a part of the rows is held out, which
 * cuts none of them. Selections pass, which cut none either.
 *
 * @throws CoppiceError 'PARAMETER' for rows with queries that the training would not read
 */
export function refuseUnreadQueries(
  { objective }: Pick<ResolvedParams, 'objective'>, dataset: Dataset,
  { evalSets = [], validationFraction }: {
    readonly evalSets?: readonly (Dataset | NamedDataset)[] | undefined
    readonly validationFraction?: number | undefined
  },
): void {
  if (isRanking({ name: objective })) return
  if (hasQueries(dataset)) {
    // Evaluation data often have the options of the training data.
    if (validationFraction !== undefined) return
    throw new CoppiceError('PARAMETER', unreadQueriesText('the rows', objective) +
      '; validationFraction and cv keep them whole')
  }
  for (const [i, set] of evalSets.entries()) {
    const { name, data } = set instanceof Dataset ? { name: `valid_${i}`, data: set } : set
    if (!hasQueries(data)) continue
    throw new CoppiceError('PARAMETER',
      unreadQueriesText(`the rows of evaluation set "${name}"`, objective))
  }
}

/** What is said of queries that are given to no end. */
export function unreadQueriesText(what: string, objective: string): string {
  return `${what} have queries (group, queryId or groupSizes), which objective "${objective}" ` +
    'does not read, as it does not rank; leave them out, and name their column in ignore where ' +
    'it is not to be a feature, or use lambdarank or rank_xendcg'
}

function hasQueries(dataset: Dataset | undefined): boolean {
  const source = dataset?.source
  if (source instanceof FileSource) return source.options.group !== undefined
  return source instanceof MemorySource &&
    (source.options.group !== undefined || source.options.groupSizes !== undefined)
}
