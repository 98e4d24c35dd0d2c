/** What is said of the files beside those of the rows. */
import type { FileOptions } from '@coppice/api'
import { findSideFiles, isRanking, resolveInputs, type SideEnding } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'

/** What the files beside the data hold, and the columns that go before them. */
const sides = {
  weight: { text: 'weights', flag: '--weight', column: 'weight' },
  init: { text: 'init scores', flag: null, column: 'initScore' },
  query: { text: 'queries', flag: '--group', column: 'group' },
  position: { text: 'positions', flag: '--position', column: 'position' },
} as const satisfies Record<SideEnding, {
  readonly text: string, readonly flag: string | null, readonly column: keyof FileOptions
}>
const endings = Object.keys(sides) as SideEnding[]

/**
 * The files beside the data that a training uses.
 * @param objective - canonical name: only rankings have queries, only lambdarank positions
 */
export function sideFilesOf(objective: string): readonly SideEnding[] {
  if (!isRanking({ name: objective })) return ['weight', 'init']
  return objective === 'lambdarank' ? endings : ['weight', 'init', 'query']
}

/**
 * Workers read the data alone, which is to be known before they start.
 * @throws UsageError naming a file beside the data that a training here would use
 */
export async function refuseSideFiles(
  inputs: string | readonly string[], options: FileOptions, objective: string,
): Promise<void> {
  const partitions = await resolveInputs(inputs, options.format).catch(() => [])
  for (const ending of sideFilesOf(objective)) {
    const { column, flag } = sides[ending]
    if (options[column] !== undefined) continue
    const [found] = (await findSideFiles(partitions.map(({ path }) => path), ending))
      .filter((path) => path !== null)
    if (found === undefined) continue
    throw new UsageError(`${found} cannot be used with --cluster or --local-workers, whose ` +
      `workers read the data alone; ${flag === null ? 'train in one process'
        : `make it a column and name that with ${flag}`}, or move the file away`)
  }
}

/** `sideNotes` of a refit: whatever positions added to scores is no part of the trees. */
export async function refitNotes(
  inputs: string | readonly string[], options: FileOptions, objective: string,
): Promise<string[]> {
  const notes = await sideNotes(inputs, options, objective)
  return notes.map((text) => !text.startsWith('positions: ') ? text
    : `not used: ${text.slice(11)}; refitting does not use positions`)
}

/** The files beside the data that a refit uses. */
export function refitSides(objective: string): readonly SideEnding[] {
  return sideFilesOf(objective).filter((ending) => ending !== 'position')
}

/**
 * A line for each file beside the data that is used, or that LightGBM would look at and this
 * training does not use.
 *
 * @param objective - canonical name
 */
export async function sideNotes(
  inputs: string | readonly string[], options: FileOptions, objective: string,
): Promise<string[]> {
  // What is wrong with the inputs is told where they are read.
  const partitions = await resolveInputs(inputs, options.format).catch(() => [])
  const paths = partitions.map(({ path }) => path)
  const used = sideFilesOf(objective)
  const notes: string[] = []
  for (const ending of endings) {
    const { text, column } = sides[ending]
    for (const path of await findSideFiles(paths, ending)) {
      if (path === null) continue
      const own = options[column]
      notes.push(!used.includes(ending)
        ? `not used: ${path}; objective = ${objective} does not use ${text}`
        : own === undefined ? `${text}: ${path}`
          : `not used: ${path}; the ${text} are in column ${String(own)}`)
    }
  }
  return notes
}
