/** The data that a training reads, as its flags name them. */
import { CoppiceError, Dataset, type FileOptions, type NamedDataset } from '@coppice/api'
import { resolveInputs } from '@coppice/api/command'
import { filesOf, type NamedFile, requireDistinct } from '../distinct-paths.js'
import type { FlagValues } from '../flag-values.js'

/** What is read, and how. */
export interface TrainingInputs {
  readonly data: readonly string[]
  readonly valid: readonly EvalInputs[]
  readonly fileOptions: FileOptions
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
  { data, valid, fileOptions, isElsewhere }: TrainingInputs,
): Promise<{ readonly data: Dataset, readonly evalSets: readonly NamedDataset[] }> {
  const open = (inputs: string | readonly string[]): Promise<Dataset> | Dataset =>
    isElsewhere ? Dataset.remote(inputs, fileOptions) : Dataset.open(inputs, fileOptions)
  const train = await open(data)
  const evalSets: NamedDataset[] = []
  for (const { name, inputs } of valid) evalSets.push({ name, data: await open(inputs) })
  return { data: train, evalSets }
}

/** @throws UsageError when a file would be written that is read, or written twice */
export async function requireDistinctFiles(
  values: FlagValues, { data, valid, fileOptions: { format }, isElsewhere }: TrainingInputs,
): Promise<void> {
  const named = (...names: readonly string[]): NamedFile[] => names.flatMap((name) =>
    values.has(name) ? [{ flag: `--${name}`, path: values.required(name) }] : [])
  const find = async (flag: string, inputs: readonly string[]): Promise<NamedFile[]> => {
    try {
      return await filesOf(flag, inputs, format)
    } catch (error) {
      // What is not here cannot be overwritten here.
      if (isElsewhere && error instanceof CoppiceError && error.code === 'IO') return []
      throw error
    }
  }
  const inputs = [...await find('--data', data), ...named('config', 'resume')]
  for (const set of valid) inputs.push(...await find('--valid', [set.inputs]))
  // A training that goes on keeps its checkpoint in the same file.
  await requireDistinct(named('model', 'checkpoint', 'metrics-file'), inputs,
    [['--checkpoint', '--resume']])
}
