/** The data that a training reads, as its flags name them. */
import { CoppiceError, Dataset, type FileOptions, type NamedDataset } from '@coppice/api'
import { hasTextColumns, refuseUnreadTextOptions, resolveInputs } from '@coppice/api/command'
import { filesOf, type NamedFile, requireDistinct } from '../distinct-paths.js'
import type { FlagValues } from '../flag-values.js'
import { formatOfContent } from '../lightgbm/data-format.js'
import { missingTexts } from '../lightgbm/file-options.js'
import { refuseSideFiles, sideNotes } from './side-notes.js'

/** What is read, and how. */
export interface TrainingInputs {
  readonly data: readonly string[]
  readonly valid: readonly EvalInputs[]
  readonly fileOptions: FileOptions
  /** The content of a file says its format, not its name. */
  readonly goesByContent: boolean
  /** Only the workers of a cluster have to find the files. */
  readonly isElsewhere: boolean
}

export interface EvalInputs {
  readonly name: string
  readonly inputs: string
}

/** `PATHS` or `NAME=PATHS`; a path may hold `=` too, as in `year=2001/part.csv`. */
export async function findEvalSets(
  given: readonly string[], { format }: FileOptions,
): Promise<EvalInputs[]> {
  const sets: EvalInputs[] = []
  for (const [i, text] of given.entries()) {
    const name = /^([A-Za-z_][\w.-]*)=(.+)$/.exec(text)
    // What exists under the whole text is meant by it.
    const isWhole = name === null ||
      await resolveInputs(text, format).then(() => true, () => false)
    sets.push(isWhole ? { name: `valid_${i}`, inputs: text }
      : { name: name[1]!, inputs: name[2]! })
  }
  return sets
}

/** The data sets. @throws CoppiceError 'IO' or 'DATA' for files that have to be here and are not */
export async function openInputs(
  { data, valid, isElsewhere, ...how }: TrainingInputs,
): Promise<{ readonly data: Dataset, readonly evalSets: readonly NamedDataset[] }> {
  if (!isElsewhere) await refuseUnread([data, ...valid.map(({ inputs }) => inputs)], how)
  const open = async (inputs: string | readonly string[]): Promise<Dataset> => {
    const options = await optionsOf(inputs, how)
    return isElsewhere ? Dataset.remote(inputs, options)
      : Dataset.open(inputs, await withoutUnread(inputs, options))
  }
  const train = await open(data)
  const evalSets: NamedDataset[] = []
  for (const { name, inputs } of valid) evalSets.push({ name, data: await open(inputs) })
  return { data: train, evalSets }
}

/** How some inputs are read. @throws CoppiceError 'DATA' for content that cannot be */
export async function optionsOf(
  inputs: string | readonly string[],
  { fileOptions, goesByContent }: Pick<TrainingInputs, 'fileOptions' | 'goesByContent'>,
): Promise<FileOptions> {
  if (!goesByContent || fileOptions.format !== undefined) return fileOptions
  const [first] = typeof inputs === 'string' ? [inputs] : inputs
  return { ...fileOptions, format: await formatOfContent(first!) }
}

/**
 * The options without those of text files, for files of which none is.
 * @throws CoppiceError 'IO' or 'DATA'
 */
async function withoutUnread(
  inputs: string | readonly string[], options: FileOptions,
): Promise<FileOptions> {
  if (hasTextColumns(await resolveInputs(inputs, options.format))) return options
  const { header: _header, missingValues: _missingValues, ...rest } = options
  return rest
}

/**
 * Refuses flags of text files where none of the data sets has any.
 * @throws CoppiceError 'PARAMETER'
 */
async function refuseUnread(
  sets: readonly (string | readonly string[])[],
  how: Pick<TrainingInputs, 'fileOptions' | 'goesByContent'>,
): Promise<void> {
  const files = []
  for (const inputs of sets) {
    files.push(...await resolveInputs(inputs, (await optionsOf(inputs, how)).format))
  }
  const { header, missingValues } = how.fileOptions
  // what a run of LightGBM's takes for missing nobody has asked for
  refuseUnreadTextOptions(files,
    { header, ...(missingValues === missingTexts ? {} : { missingValues }) })
}

/** @throws UsageError when a file would be written that is read, or written twice */
export async function requireDistinctFiles(
  values: FlagValues, { data, valid, isElsewhere, ...how }: TrainingInputs,
): Promise<void> {
  const named = (...names: readonly string[]): NamedFile[] => names.flatMap((name) =>
    values.has(name) ? [{ flag: `--${name}`, path: values.required(name) }] : [])
  const find = async (flag: string, inputs: readonly string[]): Promise<NamedFile[]> => {
    try {
      return await filesOf(flag, inputs, (await optionsOf(inputs, how)).format)
    } catch (error) {
      // What is not here cannot be overwritten here.
      if (isElsewhere && error instanceof CoppiceError && error.code === 'IO') return []
      throw error
    }
  }
  const inputs = [...await find('--data', data), ...named('config', 'resume', 'init-model')]
  for (const set of valid) inputs.push(...await find('--valid', [set.inputs]))
  // A training that goes on keeps its checkpoint in the same file.
  await requireDistinct(named('model', 'checkpoint', 'metrics-file'), inputs,
    [['--checkpoint', '--resume']])
}

/**
 * What is to be said of the files beside the data, see `sideNotes`.
 * @throws UsageError for those that cannot be used where the work is done
 */
export async function notesOfInputs(
  { data, valid, ...how }: TrainingInputs, objective: string, isHere: boolean,
): Promise<string[]> {
  const notes: string[] = []
  for (const inputs of [data, ...valid.map((set) => set.inputs)]) {
    const options = await optionsOf(inputs, how)
    if (!isHere) await refuseSideFiles(inputs, options, objective)
    notes.push(...await sideNotes(inputs, options, objective))
  }
  return notes
}
