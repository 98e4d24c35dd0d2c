/** What a training is asked to do: the flags over the configuration file. */
import { readFile } from 'node:fs/promises'
import { findParameter, parameterTable, parseConfigText } from '@coppice/api'
import { ioError, nearestName, THREADS_MAX } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'

/** Parameters of LightGBM's that are options of the process here, by canonical name. */
const optionOf: Readonly<Record<string, string>> = {
  data: 'data',
  valid: 'valid',
  output_model: 'model',
  label_column: 'label',
  weight_column: 'weight',
  group_column: 'group',
  ignore_column: 'ignore',
  categorical_feature: 'categorical',
  header: 'header',
}

/** Process options that a configuration file may hold under a kebab-case name of their own. */
const fileOptions = ['metrics-file', 'checkpoint', 'checkpoint-every', 'missing-values', 'format',
  'threads', 'log-format', 'model', 'cluster', 'token-file', 'ca-file', 'local-workers']

export interface Settings {
  /** Raw training parameters. */
  readonly params: Readonly<Record<string, unknown>>
  /** Process options by flag name, as texts. */
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * Joins the flags and the file of --config. A flag beats the file, under whatever alias.
 *
 * @param optionNames - flags of the command that are no training parameters
 * @throws CoppiceError 'IO' or 'PARAMETER' naming the file; UsageError for what is given twice
 */
export async function readSettings(
  values: FlagValues, optionNames: readonly string[],
): Promise<Settings> {
  const params: Record<string, unknown> = {}
  const options: Record<string, unknown> = {}
  for (const name of optionNames) {
    if (values.has(name)) options[name] = values.raw(name)
  }
  const add = (name: string, value: unknown): void => {
    const option = optionOf[canonical(name)]
    if (option === undefined) params[name] = value
    else if (!(option in options)) options[option] = value
    else throw new UsageError(`--${option} and --${name} are the same; give one of them`)
  }
  for (const name of parameterSpellings) {
    if (optionNames.includes(name) || !values.has(name)) continue
    const written = values.parameter(name, findParameter(name)?.type === 'bool')
    add(name, written)
  }
  values.integer('threads', 1, THREADS_MAX)
  takeThreads(params, options)
  const config = values.text('config')
  if (config !== undefined) await addConfig(config, params, options)
  return { params, options }
}

const parameterSpellings = parameterTable.flatMap(({ name, aliases }) => [name, ...aliases])

function canonical(name: string): string {
  return findParameter(name)?.name ?? name
}

/** --threads is the short name of num_threads. */
function takeThreads(params: Record<string, unknown>, options: Record<string, unknown>): void {
  const { threads } = options
  if (threads === undefined) return
  const twin = Object.keys(params).find((name) => canonical(name) === 'num_threads')
  if (twin !== undefined) {
    throw new UsageError(`--threads and --${twin} are the same; give one of them`)
  }
  params['num_threads'] = threads
  delete options['threads']
}

async function addConfig(
  path: string, params: Record<string, unknown>, options: Record<string, unknown>,
): Promise<void> {
  const config = parseConfigText(await readText(path), path)
  const given = new Set(Object.keys(params).map(canonical))
  for (const [key, value] of Object.entries(config)) {
    const name = fileOptions.includes(key) ? key : canonical(key)
    const option = optionOf[name] ?? (fileOptions.includes(name) ? name : undefined)
    if (option === 'threads') {
      if (!given.has('num_threads')) params['num_threads'] = value
    } else if (option !== undefined) {
      options[option] ??= isList(option) && typeof value === 'string' ? value.split(',') : value
    } else {
      if (findParameter(key) === undefined) throw unknownKey(path, key)
      if (!given.has(name)) params[key] = value
    }
  }
}

function isList(option: string): boolean {
  return option === 'data' || option === 'valid'
}

function unknownKey(path: string, key: string): UsageError {
  const near = nearestName(key, [...parameterSpellings, ...fileOptions])
  return new UsageError(`${path}: unknown parameter "${key}"` +
    (near === null ? '' : `; did you mean "${near}"?`))
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the configuration ${path}`, error)
  }
}
