/** What a training is asked to do: the flags over the configuration. */
import { findParameter, type ParameterInfo, parameterTable } from '@coppice/api'
import { parseValue, THREADS_MAX } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { canonicalName, type Configuration, parameterOf, requireTask, valueOf }
  from '../lightgbm/configuration.js'
import { takesList } from './parameter-flags.js'

/** Parameters of LightGBM's that are options of the process here, by canonical name. */
const optionOf: Readonly<Record<string, string>> = {
  data: 'data',
  valid: 'valid',
  output_model: 'model',
  input_model: 'init-model',
  label_column: 'label',
  weight_column: 'weight',
  group_column: 'group',
  position_column: 'position',
  ignore_column: 'ignore',
  categorical_feature: 'categorical',
  header: 'header',
}

/** Process options that a configuration file may hold under a kebab-case name of their own. */
const fileOptions = ['metrics-file', 'checkpoint', 'checkpoint-every', 'init-model',
  'missing-values', 'format', 'threads', 'log-format', 'model', 'cluster', 'token-file', 'ca-file',
  'local-workers']

export interface Settings {
  /** Raw training parameters. */
  readonly params: Readonly<Record<string, unknown>>
  /** Process options by flag name, as texts. */
  readonly options: Readonly<Record<string, unknown>>
  /** What a run of LightGBM's adds, or null. */
  readonly run: RunSettings | null
}

/** What only LightGBM's configurations have. */
export interface RunSettings {
  /** The model's file was named by output_model, or by nobody, not by --model. */
  readonly isModelOfRun: boolean
  /** Iterations between files with the model so far; 0 or less: none. */
  readonly snapshotFreq: number
  /** Keys that concern other tasks than training, as they are spelled. */
  readonly ofOtherTasks: readonly string[]
}

/**
 * Joins the flags and the configuration. A flag beats the file, under whatever alias.
 *
 * @param optionNames - flags of the command that are no training parameters
 * @throws CoppiceError 'PARAMETER' naming the file; UsageError for what is given twice
 */
export function readSettings(
  values: FlagValues, optionNames: readonly string[], configuration: Configuration | null,
): Settings {
  const params: Record<string, unknown> = {}
  const options: Record<string, unknown> = {}
  for (const name of optionNames) {
    if (values.has(name)) options[name] = values.raw(name)
  }
  const add = (name: string, value: unknown): void => {
    const option = optionOf[canonicalName(name)]
    if (option === undefined) params[name] = value
    else if (!(option in options)) options[option] = value
    else throw new UsageError(`--${option} and --${name} are the same; give one of them`)
  }
  for (const name of parameterSpellings) {
    if (optionNames.includes(name) || !values.has(name)) continue
    const info = findParameter(name)!
    const written = values.parameter(
      name, { isList: takesList(info), isTruth: info.type === 'bool' })
    add(name, written)
  }
  values.integer('threads', 1, THREADS_MAX)
  takeThreads(params, options)
  if (configuration === null) return { params, options, run: null }
  if (!configuration.isRun) {
    addConfig(configuration, params, options)
    return { params, options, run: null }
  }
  requireTask(configuration, 'train')
  const isModelOfRun = options['model'] === undefined
  const { entries, ofOtherTasks } = takeRunKeys(configuration)
  addConfig({ ...configuration, entries }, params, options)
  options['model'] ??= findParameter('output_model')!.default
  return {
    params, options,
    run: { isModelOfRun, ofOtherTasks, snapshotFreq: valueOf(configuration, 'snapshot_freq') },
  }
}

const parameterSpellings = parameterTable.flatMap(({ name, aliases }) => [name, ...aliases])

/** --threads is the short name of num_threads. */
function takeThreads(params: Record<string, unknown>, options: Record<string, unknown>): void {
  const { threads } = options
  if (threads === undefined) return
  const twin = Object.keys(params).find((name) => canonicalName(name) === 'num_threads')
  if (twin !== undefined) {
    throw new UsageError(`--threads and --${twin} are the same; give one of them`)
  }
  params['num_threads'] = threads
  delete options['threads']
}

function addConfig(
  configuration: Configuration, params: Record<string, unknown>, options: Record<string, unknown>,
): void {
  const given = new Set(Object.keys(params).map(canonicalName))
  for (const [key, value] of Object.entries(configuration.entries)) {
    const name = fileOptions.includes(key) ? key : canonicalName(key)
    const option = optionOf[name] ?? (fileOptions.includes(name) ? name : undefined)
    if (option === 'threads') {
      if (!given.has('num_threads')) params['num_threads'] = value
    } else if (option !== undefined) {
      options[option] ??= isList(option) && typeof value === 'string' ? splitList(value) : value
    } else {
      parameterOf(configuration, key, fileOptions)
      if (!given.has(name)) params[key] = value
    }
  }
}

function isList(option: string): boolean {
  return option === 'data' || option === 'valid'
}

function splitList(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

/** The keys of a training, without those that are for another task, whose values are checked. */
function takeRunKeys(configuration: Configuration): {
  readonly entries: Configuration['entries'], readonly ofOtherTasks: readonly string[],
} {
  const entries: Record<string, unknown> = {}
  const ofOtherTasks: string[] = []
  const isAlone = valueOf<number>(configuration, 'num_machines') === 1
  for (const [key, value] of Object.entries(configuration.entries)) {
    const info = findParameter(key)
    if (info !== undefined && isOfOtherTask(info, isAlone)) {
      parseValue(info, key, value)
      ofOtherTasks.push(key)
    } else if (info?.name !== 'task' && info?.name !== 'snapshot_freq') {
      entries[key] = value
    }
  }
  return { entries, ofOtherTasks }
}

/** @param isAlone - no other machines take part, so that a list of them is not read */
function isOfOtherTask({ name, group }: ParameterInfo, isAlone: boolean): boolean {
  if (group === 'predict' || name === 'convert_model' || name === 'refit_decay_rate') return true
  return isAlone && (name === 'machine_list_filename' || name === 'machines')
}
