/** --ignore where a model is there already: what is left out must be none of its features. */
import { type Booster, CoppiceError, type FileOptions } from '@coppice/api'
import { columnsWithOtherRoles, implicitLabel, openRaw, resolveRoles } from '@coppice/api/command'
import type { Flag } from './command.js'
import { UsageError } from './exit-codes.js'
import type { FlagValues } from './flag-values.js'

/** Columns of LibSVM files that a model was trained without. */
export const ignoreFlag: Flag = {
  name: 'ignore', group: 'Data', takes: 'many',
  describe: "Columns of LibSVM behind the model's last, which it was trained without: a,b",
}

/**
 * What --ignore says, with the other options of the files.
 *
 * @param inputs - null where only workers can read them: names are checked, not indices
 * @throws UsageError where features of the model are to be left out; CoppiceError 'DATA' for
 *   columns that are not there, except of LibSVM, where one may be in no row
 */
export async function ignoredColumns(
  values: FlagValues, { model }: Booster, inputs: readonly string[] | null, options: FileOptions,
): Promise<Pick<FileOptions, 'ignore'>> {
  const ignore = values.names('ignore')
  if (ignore === undefined) return {}
  const named = ignore.flatMap((text) => [text, ...text.replace(/^name:/, '').split(',')])
    .map((text) => text.trim())
  const found = inputs === null ? [] : await columnsOf(inputs, { ...options, ignore })
  const ignored = new Set([...named, ...found])
  const feature = model.features.find(({ name }) => ignored.has(name))
  if (feature === undefined) return { ignore }
  throw new UsageError(`--ignore names '${feature.name}', a feature of the model; leave it out`)
}

/** Names of the columns that are to be ignored. */
async function columnsOf(
  inputs: readonly string[], options: FileOptions,
): Promise<readonly string[]> {
  const raw = await openRaw(inputs, options)
  await raw.close()
  const { names, partitions } = raw
  const isSparse = partitions.some(({ format }) => format === 'libsvm')
  const { ignore, weight, group, label = implicitLabel(names, partitions) } = options
  try {
    const isFeature = new Set(resolveRoles(names, { label, ignore, weight, group }).features)
    const isRead = new Set(resolveRoles(names, { label, weight, group }).features)
    return names.filter((_, index) => isRead.has(index) && !isFeature.has(index))
  } catch (error) {
    // a column that no row stores
    const all = (ignore as readonly string[]).flatMap((text) =>
      text.replace(/^name:/, '').split(',')).map((text) => text.trim())
    const mayBeAbsent = isSparse && all.every((name) => names.includes(name) ||
      /^(Column_)?(0|[1-9]\d*)$/.test(name))
    if (!(mayBeAbsent && error instanceof CoppiceError && error.code === 'DATA')) throw error
    return columnsWithOtherRoles(names, { label, ignore })
  }
}
