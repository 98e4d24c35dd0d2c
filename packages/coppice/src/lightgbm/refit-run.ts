/** Refitting as LightGBM's command does it: task = refit. */
import {
  Booster, Dataset, type FileOptions, findParameter, type Model, type RefitOptions,
} from '@coppice/api'
import { chainOf, isRanking, openRaw, readSideNumbers, resolveInputs } from '@coppice/api/command'
import { filesOf, requireDistinct } from '../distinct-paths.js'
import { ExitCode } from '../exit-codes.js'
import { Interrupt } from '../interrupt.js'
import { readModelFormatFor, writeModel } from '../model-format.js'
import { FlagValues } from '../flag-values.js'
import { refitNotes, refitSides } from '../training/side-notes.js'
import { requireWritable } from '../writable.js'
import {
  type Configuration, keyOf, requireTask, valueOf,
} from './configuration.js'
import { asNeeded } from './flag-model.js'
import { fitRows, requiredText, unreadKeys } from './prediction-run.js'

/** Parameters of leaves and losses that a configuration may change. */
const leafParameters = ['objective', 'num_class', 'is_unbalance', 'scale_pos_weight', 'sigmoid',
  'reg_sqrt', 'alpha', 'fair_c', 'poisson_max_delta_step', 'tweedie_variance_power', 'lambda_l1',
  'lambda_l2', 'max_delta_step', 'linear_lambda', 'lambdarank_truncation_level', 'lambdarank_norm',
  'label_gain', 'objective_seed']

const read = [...leafParameters, 'task', 'data', 'input_model', 'output_model', 'refit_decay_rate',
  'verbosity', 'header', 'label_column', 'weight_column', 'group_column']

/**
 * Refits as a configuration says; resolves to the exit status. What it does not say of leaves and
 * the loss is the model's.
 *
 * @throws CoppiceError, UsageError
 */
export async function runRefit(configuration: Configuration, isSilent: boolean): Promise<number> {
  requireTask(configuration, 'refit')
  const noEffect = unreadKeys(configuration, read)
  const isQuiet = isSilent || valueOf<number>(configuration, 'verbosity') <= 0
  const note = (text: string): void => {
    if (!isQuiet) process.stderr.write(`${text}\n`)
  }
  if (noEffect.length > 0) note(`no effect in refitting: ${noEffect.join(', ')}`)
  const data = requiredText(configuration, 'data')
  const input = requiredText(configuration, 'input_model')
  const out = valueOf<string>(configuration, 'output_model')
  const booster = await Booster.load(input)
  const { model, fileOptions, weight } = await fitLabelledRows(configuration, booster.model, data)
  await requireDistinct([{ flag: 'output_model', path: out }], [
    { flag: 'input_model', path: input }, ...await filesOf('data', [data], fileOptions.format),
  ])
  if (groupOf(configuration).group !== undefined && !isRanking(model.objective)) {
    note(`no effect in refitting: ${keyOf(configuration, 'group_column')}`)
  }
  const format = readModelFormatFor(model.objective.name, new FlagValues({}), out, true)
  await requireWritable(out)
  const options: FileOptions = {
    ...fileOptions, ...(weight === undefined ? {} : { weight }),
    sideFiles: refitSides(model.objective.name),
    ...groupOf(configuration),
  }
  for (const text of await refitNotes(data, options, model.objective.name)) note(text)
  const interrupt = new Interrupt(note)
  try {
    const params = Object.fromEntries(Object.entries(configuration.entries)
      .filter(([key]) => leafParameters.includes(findParameter(key)!.name)))
    const refitted = await refitAll(booster, asNeeded(new Booster(model)),
      await Dataset.open(data, options), {
        params,
        decayRate: valueOf(configuration, 'refit_decay_rate'),
        initScore: await initScoresOf(data, options),
        signal: interrupt.signal,
      })
    await writeModel(refitted, out, { format, layout: null })
    note(`wrote ${refitted.nTrees} trees to ${out}`)
    return ExitCode.ok
  } finally {
    interrupt.release()
  }
}

/**
 * Refits a model by what it is to the rows, which may lack features that it does not use, or have
 * other names for them.
 *
 * @param fitted - with the same trees
 */
export async function refitAll(
  { model }: Booster, fitted: Booster, data: Dataset, options: RefitOptions,
): Promise<Booster> {
  const { model: refitted } = await fitted.refit(data, undefined, options)
  const { origin } = model
  const whole = {
    ...refitted,
    features: model.features,
    ...(origin === undefined ? {} : { origin: { ...refitted.origin!,
      featureInfos: origin.featureInfos, monotoneConstraints: origin.monotoneConstraints } }),
    trees: refitted.trees.map(({ leafValue, linear }, t) => {
      const old = model.trees[t]!
      return { ...old, leafValue, ...(linear === undefined ? {}
        : { linear: { ...linear, features: old.linear!.features } }) }
    }),
  }
  return new Booster({ ...whole, chainHash: chainOf(whole) })
}

/** As `fitRows`, for rows that have a label: in the first column where no other is named. */
async function fitLabelledRows(
  configuration: Configuration, model: Model, data: string,
): Promise<Awaited<ReturnType<typeof fitRows>> & { readonly weight: string | undefined }> {
  const header = keyOf(configuration, 'header') === null ? 'auto' as const
    : valueOf<boolean>(configuration, 'header')
  const given = valueOf<string | number | null>(configuration, 'label_column')
  const labelIndex = typeof given === 'number' ? given : model.origin?.labelIndex ?? 0
  const { fileOptions, ...fitted } = await fitRows(model, data, { header, labelIndex })
  const unnamed = { label: labelIndex, unlessColumns: null }
  const weight = valueOf<string | number | null>(configuration, 'weight_column')
  return {
    ...fitted,
    fileOptions: { ...fileOptions, unnamed, label: given ?? labelIndex },
    weight: weight === null ? undefined : String(weight),
  }
}

/** The column of query ids, where one is named. */
function groupOf(configuration: Configuration): Pick<FileOptions, 'group'> {
  const group = valueOf<string | number | null>(configuration, 'group_column')
  return group === null ? {} : { group }
}

async function initScoresOf(
  data: string, options: FileOptions,
): Promise<Float64Array | undefined> {
  const partitions = await resolveInputs(data, options.format)
  const raw = await openRaw(data, options)
  const { rowCounts } = raw
  await raw.close()
  const found = await readSideNumbers(
    partitions.map(({ path }, i) => ({ path, nRows: rowCounts[i]! })), 'init')
  return found?.values
}
