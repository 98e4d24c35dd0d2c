/** Configurations: files of `key = value` lines or JSON, and `key=value` words of a command line. */
import { readFile } from 'node:fs/promises'
import { findParameter, type ParameterInfo, parameterTable, parseConfigText } from '@coppice/api'
import { ioError, nearestName, parseValue } from '@coppice/api/command'
import { UsageError } from '../exit-codes.js'

/** What a configuration says. */
export interface Configuration {
  /** Of the file, for messages. */
  readonly name: string
  /**
   * It is one of LightGBM's command, which names the data: its defaults hold, and its rules for
   * columns without names, formats of files and files beside them.
   */
  readonly isRun: boolean
  /** Values by name as they are spelled; no parameter stands here twice. */
  readonly entries: Readonly<Record<string, unknown>>
}

/** What LightGBM's command can be asked to do. */
export const tasks = ['train', 'predict', 'refit', 'convert_model', 'save_binary'] as const
export type Task = (typeof tasks)[number]

/** The canonical name of a parameter under any of its names; other names stay as they are. */
export function canonicalName(name: string): string {
  return findParameter(name)?.name ?? name
}

/**
 * Reads a configuration file. It is a run of LightGBM's where it is no JSON and names its data.
 * @throws CoppiceError 'IO' or 'PARAMETER' naming the file, and the line where there is one
 */
export async function readConfiguration(path: string): Promise<Configuration> {
  const text = await readText(path)
  const entries = parseConfigText(text, path)
  const isJson = text.replace('\uFEFF', '').trimStart().startsWith('{')
  const names = Object.keys(entries).map(canonicalName)
  return { name: path, isRun: !isJson && names.includes('data'), entries }
}

/**
 * A configuration of LightGBM's command line: words `key=value`, which beat the file that a word
 * `config=FILE` names.
 *
 * @param file - the file of the flag --config, instead of that word
 * @throws UsageError for words of another form and names given twice
 */
export async function readCommandLine(
  words: readonly string[], file: string | undefined,
): Promise<Configuration> {
  const given = new Map<string, { readonly key: string, readonly value: string }>()
  for (const word of words) {
    const equals = word.indexOf('=')
    const key = word.slice(0, equals).trim()
    if (equals < 1 || key === '') {
      throw new UsageError(`"${word}" is not of the form key=value, such as num_trees=100`)
    }
    const name = canonicalName(key)
    const twin = given.get(name)
    if (twin !== undefined) {
      throw new UsageError(`${twin.key}=${twin.value} and ${word} set one parameter; give it once`)
    }
    given.set(name, { key, value: word.slice(equals + 1).trim() })
  }
  const named = given.get('config')?.value
  if (named !== undefined && file !== undefined) {
    throw new UsageError(`--config ${file} and config=${named} are two files; name one`)
  }
  given.delete('config')
  const path = file ?? named
  const read = path === undefined ? null : await readConfiguration(path)
  const entries: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(read?.entries ?? {})) {
    if (!given.has(canonicalName(key))) entries[key] = value
  }
  for (const { key, value } of given.values()) if (value !== '') entries[key] = value
  return { name: path ?? 'the command line', isRun: true, entries }
}

/**
 * The value of a parameter, checked, or its default.
 * @throws CoppiceError 'PARAMETER' naming the key as it is spelled
 */
export function valueOf<T>(configuration: Configuration, name: string): T {
  const info = findParameter(name)!
  const key = keyOf(configuration, name)
  return (key === null ? info.default : parseValue(info, key, configuration.entries[key])) as T
}

/** How a configuration spells a parameter; null where it does not name it. */
export function keyOf({ entries }: Configuration, name: string): string | null {
  return Object.keys(entries).find((key) => canonicalName(key) === name) ?? null
}

/** What a configuration asks for. @throws CoppiceError 'PARAMETER' for what there is not */
export function taskOf(configuration: Configuration): Task {
  return valueOf<Task>(configuration, 'task')
}

/** @throws UsageError where the task of a configuration is another command's */
export function requireTask(configuration: Configuration, task: Task): void {
  const found = taskOf(configuration)
  if (found === task) return
  throw new UsageError(`${configuration.name} has task = ${found}; run it with ` +
    `'coppice run ${configuration.name}', which does what the task says`)
}

/**
 * The parameter of a key.
 * @param others - names that are legal beside those of parameters
 * @throws UsageError with the nearest name
 */
export function parameterOf(
  { name }: Configuration, key: string, others: readonly string[] = [],
): ParameterInfo {
  const info = findParameter(key)
  if (info !== undefined) return info
  const known = parameterTable.flatMap((each) => [each.name, ...each.aliases])
  const near = nearestName(key, [...known, ...others])
  throw new UsageError(`${name}: unknown parameter "${key}"` +
    (near === null ? '' : `; did you mean "${near}"?`))
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw ioError(`cannot read the configuration ${path}`, error)
  }
}
