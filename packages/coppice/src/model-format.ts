import type { Booster, LightGBMOptions } from '@coppice/api'
import { requireLightGBMObjective } from '@coppice/api/command'
import type { Flag } from './command.js'
import { UsageError } from './exit-codes.js'
import type { FlagValues } from './flag-values.js'

/** Formats of model files. */
export const modelFormats = ['coppice', 'lightgbm'] as const
export type ModelFormat = (typeof modelFormats)[number]

/** The flag for the format of the model that is written. */
export const modelFormatFlag: Flag = {
  name: 'model-format', group: 'Run', takes: 'one', choices: modelFormats,
  default: 'lightgbm where the name ends in .txt, else coppice',
  describe: 'Format of the model file: coppice (JSON), or lightgbm (the text that LightGBM loads)',
}

/** Endings of source code, and of models of other programs, which model files do not have. */
const otherEndings =
  /\.(c|h|cc|cpp|cs|go|java|js|mjs|cjs|php|py|r|rb|rs|sql|ts|onnx|pickle|pkl|pmml|pt|ubj)$/i

/**
 * @param flag - which names a format that the ending does not tell
 * @throws UsageError for a name that says that the file is something else
 */
export function requireModelEnding(path: string, flag: string): void {
  const [ending] = otherEndings.exec(path) ?? []
  if (ending === undefined) return
  throw new UsageError(`${path} ends in ${ending}, which a model file does not: end it in .json ` +
    '(Coppice) or .txt (LightGBM)' + (flag === 'format' ? ', or in .mjs or .cpp for source code'
    : `; 'coppice convert' writes source code`) + `, or say --${flag}`)
}

/**
 * The format of a model file: what the flag says, else the name's ending, else LightGBM's for
 * output_model, which is what its reader expects.
 *
 * @param isOutputModel - LightGBM's output_model names the file
 * @throws UsageError for a name that says that the file is something else
 */
export function readModelFormat(
  values: FlagValues, path: string, isOutputModel: boolean,
): ModelFormat {
  const given = values.choice('model-format', modelFormats)
  if (given !== undefined) return given
  if (path.endsWith('.json')) return 'coppice'
  if (!isOutputModel) requireModelEnding(path, 'model-format')
  return isOutputModel || path.endsWith('.txt') ? 'lightgbm' : 'coppice'
}

/**
 * The same, for a model with an objective that is known: before anything is trained.
 * @throws UsageError as above, CoppiceError 'MODEL' where LightGBM's format does not have the
 *   objective
 */
export function readModelFormatFor(
  objective: string, values: FlagValues, path: string, isOutputModel: boolean,
): ModelFormat {
  const format = readModelFormat(values, path, isOutputModel)
  if (format === 'lightgbm') requireLightGBMObjective(objective)
  return format
}

/** How a model file is written. */
export interface ModelWriting {
  readonly format: ModelFormat
  /** For 'lightgbm': the columns of the training data, where they are more than the features. */
  readonly layout: NonNullable<LightGBMOptions['layout']> | null
}

/** Writes a model, whole or not at all. @throws CoppiceError 'IO', 'MODEL' */
export async function writeModel(
  booster: Booster, path: string, { format, layout }: ModelWriting,
): Promise<void> {
  await (format === 'coppice' ? booster.save(path)
    : booster.saveLightGBM(path, layout === null ? {} : { layout }))
}
