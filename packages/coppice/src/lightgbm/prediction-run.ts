/** Predictions as LightGBM's command makes them: task = predict. */
import {
  type Booster, CoppiceError, type EarlyStop, type FileOptions, findParameter, type IterationRange,
  type Model, type PredictionType,
} from '@coppice/api'
import {
  hasTextColumns, mayStopEarly, openRaw, parseValue, refuseUnreadTextOptions, resolveInputs,
} from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'
import {
  type Configuration, keyOf, parameterOf, requireTask, taskOf, valueOf,
} from './configuration.js'
import { formatOfContent } from './data-format.js'
import { missingTexts } from './file-options.js'

/** What a configuration asks to predict. */
export interface PredictionRun {
  readonly data: string
  readonly model: string
  /** File for LightGBM's results, a line of numbers per row. */
  readonly out: string
  readonly type: PredictionType
  readonly startIteration: number
  /** 0 or less: all that there are. */
  readonly nIterations: number
  readonly numThreads: number
  /** When the later trees of a row are left out, where LightGBM does so; null: never. */
  readonly earlyStop: EarlyStop | null
  readonly isQuiet: boolean
  readonly header: boolean | 'auto'
  /** Place of the label in data without a header, for models that do not say it. */
  readonly labelIndex: number
  /** Keys that prediction does not read, as they are spelled. */
  readonly noEffect: readonly string[]
}

/** Parameters that this task reads. */
const read = ['task', 'data', 'input_model', 'output_result', 'predict_raw_score',
  'predict_leaf_index', 'predict_contrib', 'start_iteration_predict', 'num_iteration_predict',
  'num_threads', 'verbosity', 'header', 'label_column', 'pred_early_stop', 'pred_early_stop_freq',
  'pred_early_stop_margin']

/** Those that would change predictions, and what there is instead. */
const refused: Readonly<Record<string, string>> = {
  predict_disable_shape_check: 'rows must have the features of the model',
}

/**
 * @throws CoppiceError 'PARAMETER' for values that are wrong; UsageError for what is missing or
 *   cannot be done
 */
export function readPredictionRun(configuration: Configuration): PredictionRun {
  requireTask(configuration, 'predict')
  const noEffect = unreadKeys(configuration, read)
  for (const [name, reason] of Object.entries(refused)) {
    if (valueOf<boolean>(configuration, name) === false) continue
    throw new UsageError(`${configuration.name}: ${keyOf(configuration, name)} = true cannot be ` +
      `used: ${reason}; leave it out`)
  }
  const numThreads = valueOf<number>(configuration, 'num_threads')
  return {
    data: requiredText(configuration, 'data'),
    model: requiredText(configuration, 'input_model'),
    out: valueOf(configuration, 'output_result'),
    type: typeOf(configuration),
    startIteration: Math.max(0, valueOf(configuration, 'start_iteration_predict')),
    nIterations: valueOf(configuration, 'num_iteration_predict'),
    numThreads: Math.max(0, numThreads),
    earlyStop: valueOf<boolean>(configuration, 'pred_early_stop') ? {
      freq: valueOf(configuration, 'pred_early_stop_freq'),
      margin: valueOf(configuration, 'pred_early_stop_margin'),
    } : null,
    isQuiet: valueOf<number>(configuration, 'verbosity') <= 0,
    header: keyOf(configuration, 'header') === null ? 'auto' : valueOf(configuration, 'header'),
    labelIndex: labelIndexOf(configuration),
    noEffect,
  }
}

/** Kinds of results, by what asks for them. */
const kinds = [
  ['predict_raw_score', 'raw'], ['predict_leaf_index', 'leaf'], ['predict_contrib', 'contribution'],
] as const

/** @throws UsageError for two kinds of results */
function typeOf(configuration: Configuration): PredictionType {
  const [asked, other] = kinds.filter(([name]) => valueOf<boolean>(configuration, name))
  if (other === undefined) return asked?.[1] ?? 'probability'
  throw new UsageError(`${configuration.name}: ${asked![0]} and ${other[0]} are two kinds of ` +
    'results; set one of them')
}

/** Names are of no use in data without a header. */
function labelIndexOf(configuration: Configuration): number {
  const label = valueOf<string | number | null>(configuration, 'label_column')
  return typeof label === 'number' ? label : 0
}

/**
 * Keys that a task does not read; their names and values are checked.
 * @throws CoppiceError 'PARAMETER', UsageError for names that no parameter has
 */
export function unreadKeys(configuration: Configuration, names: readonly string[]): string[] {
  const unread: string[] = []
  for (const [key, value] of Object.entries(configuration.entries)) {
    const info = parameterOf(configuration, key)
    if (names.includes(info.name) || info.name in refused) continue
    parseNeutral(key, value)
    unread.push(key)
  }
  return unread
}

/** Values of what is not built may be of a form that is not known here. */
function parseNeutral(key: string, value: unknown): void {
  const info = findParameter(key)!
  if (info.status !== 'unbuilt') parseValue(info, key, value)
}

/** @throws UsageError where a file is not named */
export function requiredText(configuration: Configuration, name: string): string {
  const value = valueOf<string>(configuration, name)
  if (value !== '') return value
  throw new UsageError(`${configuration.name}: ${name} is missing, which task = ` +
    `${taskOf(configuration)} needs; add a line ${name} = FILE`)
}

/** The iterations in use, as far as the model has them. */
export function iterationsOf(
  { nIterations: nAll, bestIteration }: Booster,
  { startIteration, nIterations }: Pick<PredictionRun, 'startIteration' | 'nIterations'>,
): IterationRange {
  const last = nIterations > 0 ? startIteration + nIterations : bestIteration ?? nAll
  const start = Math.min(startIteration, nAll)
  return [start, Math.max(start, Math.min(last, nAll))]
}

/**
 * When predictions stop early. As LightGBM, those that cannot are made of all trees; it is told.
 * (Of random forests LightGBM divides what some trees gave by the number of all.)
 */
export function earlyStopOf(
  { model: { objective } }: Booster, { type, earlyStop }: PredictionRun,
  note: (text: string) => void,
): EarlyStop | undefined {
  if (earlyStop === null) return undefined
  const isOfScores = type !== 'leaf' && type !== 'contribution'
  if (isOfScores && mayStopEarly(objective)) return earlyStop
  note('pred_early_stop has no effect: ' + (isOfScores ? 'all trees of this objective count'
    : 'these results are of all trees'))
  return undefined
}

/** Rows as LightGBM sees them: the model and how the file is read, so that columns fit. */
export interface FittedRows {
  readonly model: Model
  readonly fileOptions: FileOptions
}

/**
 * Columns are found by name where the file has a header, else by place, as LightGBM finds them: a
 * file of as many columns as the model has features has no label, others have it where the
 * training data had it.
 *
 * @param labelIndex - for models that do not say where it was
 * @throws CoppiceError 'DATA' for another number of columns, 'PARAMETER' for a header that is not
 *   read
 */
export async function fitRows(
  model: Model, data: string, { header, labelIndex }: Pick<PredictionRun, 'header' | 'labelIndex'>,
): Promise<FittedRows> {
  const nColumns = columnsOf(model)
  const format = await formatOfContent(data)
  const files = await resolveInputs(data, format)
  refuseUnreadTextOptions(files, { header })
  const fileOptions: FileOptions = {
    header, format,
    ...(hasTextColumns(files) ? { missingValues: missingTexts } : {}),
    unnamed: { label: model.origin?.labelIndex ?? labelIndex, unlessColumns: nColumns },
  }
  const raw = await openRaw(data, fileOptions)
  const { names } = raw
  await raw.close()
  if (!names.every((name) => /^(Column_\d+|label|qid)$/.test(name))) return { model, fileOptions }
  const isText = format === 'csv' || format === 'tsv'
  if (isText && names.length !== nColumns && names.length !== nColumns + 1) {
    throw new CoppiceError('DATA', `${data} has ${names.length} columns, but the model has ` +
      `${nColumns} features: give it those, in their order, with the label or without`)
  }
  return { model: hasNumbers(model) ? model : withNumberedFeatures(model), fileOptions }
}

/** Whether the names of the features are places in the data. */
function hasNumbers({ features }: Model): boolean {
  return features.every(({ name }) => /^Column_\d+$/.test(name))
}

/** Columns of the training data but the label, as far as the model knows. */
function columnsOf(model: Model): number {
  if (!hasNumbers(model)) return model.features.length
  return 1 + Math.max(...model.features.map(({ name }) => Number(name.slice(7))))
}

/** The model with its features named by their places, as columns without names are. */
function withNumberedFeatures(model: Model): Model {
  return {
    ...model,
    features: model.features.map((feature, f) => ({ ...feature, name: `Column_${f}` })),
  }
}
