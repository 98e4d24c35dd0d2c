/** What is said of the files beside those of the rows. */
import type { FileOptions } from '@coppice/api'
import { findSideFiles, resolveInputs } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'

/**
 * Workers read the data alone, which is to be known before they start.
 * @throws UsageError naming a file beside the data that a training here would use
 */
export async function refuseSideFiles(
  inputs: string | readonly string[], { format, weight }: FileOptions,
): Promise<void> {
  const partitions = await resolveInputs(inputs, format).catch(() => [])
  for (const ending of ['weight', 'init'] as const) {
    if (ending === 'weight' && weight !== undefined) continue
    const [found] = (await findSideFiles(partitions.map(({ path }) => path), ending))
      .filter((path) => path !== null)
    if (found === undefined) continue
    throw new UsageError(`${found} cannot be used with --cluster or --local-workers, whose ` +
      `workers read the data alone; ${ending === 'weight' ? 'make it a column and name that with ' +
        '--weight' : 'train in one process'}, or move the file away`)
  }
}

/**
 * A line for each file beside the data that is used, or that LightGBM would use and this training
 * does not.
 *
 * @param objective - canonical name, for what only ranking reads
 * @throws UsageError where a ranking would miss them
 */
export async function sideNotes(
  inputs: string | readonly string[], { format, weight }: FileOptions, objective: string,
): Promise<string[]> {
  // What is wrong with the inputs is told where they are read.
  const partitions = await resolveInputs(inputs, format).catch(() => [])
  const paths = partitions.map(({ path }) => path)
  const found = async (ending: Parameters<typeof findSideFiles>[1]): Promise<string[]> =>
    (await findSideFiles(paths, ending)).filter((path) => path !== null)
  const notes: string[] = []
  for (const path of await found('weight')) {
    notes.push(weight === undefined ? `weights: ${path}`
      : `not used: ${path}; the weights are in column ${weight}`)
  }
  for (const path of await found('init')) notes.push(`init scores: ${path}`)
  for (const ending of ['query', 'position'] as const) {
    for (const path of await found(ending)) {
      if (/^(lambdarank|rank_)/.test(objective)) {
        throw new UsageError(`${path} cannot be used: ${ending === 'query' ? 'queries are read ' +
          'from a column; name it with --group (group_column), or give LibSVM rows a qid'
          : 'positions of rows are not built'}; then move the file away`)
      }
      notes.push(`not used: ${path}; objective = ${objective} does not rank`)
    }
  }
  return notes
}
