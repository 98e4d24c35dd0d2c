/** Translation into source code as LightGBM's command does it: task = convert_model. */
import { Booster, type CodeLanguage } from '@coppice/api'
import { requireDistinct } from '../distinct-paths.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { requireWritable } from '../writable.js'
import { type Configuration, keyOf, requireTask, valueOf } from './configuration.js'
import { requiredText, unreadKeys } from './prediction-run.js'

const read = ['task', 'input_model', 'convert_model', 'convert_model_language', 'verbosity']

/**
 * Translates a model as a configuration says; resolves to the exit status.
 * @throws CoppiceError, UsageError
 */
export async function runConversion(
  configuration: Configuration, isSilent: boolean,
): Promise<number> {
  requireTask(configuration, 'convert_model')
  const noEffect = unreadKeys(configuration, read)
  const isQuiet = isSilent || valueOf<number>(configuration, 'verbosity') <= 0
  const note = (text: string): void => {
    if (!isQuiet) process.stderr.write(`${text}\n`)
  }
  if (noEffect.length > 0) note(`no effect in translation: ${noEffect.join(', ')}`)
  const input = requiredText(configuration, 'input_model')
  const out = valueOf<string>(configuration, 'convert_model')
  const language = languageOf(configuration)
  await requireDistinct([{ flag: 'convert_model', path: out }],
    [{ flag: 'input_model', path: input }])
  const booster = await Booster.load(input)
  await requireWritable(out)
  await booster.saveCode(out, language)
  note(`wrote ${booster.nTrees} trees to ${out}`)
  return ExitCode.ok
}

/** LightGBM knows C++ alone. @throws UsageError for what there is not */
function languageOf(configuration: Configuration): CodeLanguage {
  const language = valueOf<string>(configuration, 'convert_model_language')
  if (language === '' || language === 'cpp') return 'cpp'
  if (language === 'javascript') return language
  throw new UsageError(`${configuration.name}: ${keyOf(configuration, 'convert_model_language')} ` +
    `must be cpp or javascript, got ${JSON.stringify(language)}`)
}
