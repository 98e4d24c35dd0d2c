/** What `coppice cv` and `coppice tune` have in common: many trainings on one data set. */
import {
  Booster, checkParams, type Cluster, Dataset, type FileOptions, type FoldOptions, paramsFrom,
  type TrainingParams,
} from '@coppice/api'
import { formatOfName, THREADS_MAX } from '@coppice/api/command'
import type { Flag } from '../command.js'
import { columnFlags, dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { endedBy, UsageError } from '../exit-codes.js'
import { FlagValues } from '../flag-values.js'
import { Interrupt } from '../interrupt.js'
import { readConfiguration } from '../lightgbm/configuration.js'
import { openPlace, placeFlags, readPlace } from './place.js'
import { readSettings } from './settings.js'

const group = 'Folds'

/** How rows are cut. */
export const foldFlags: readonly Flag[] = [
  { name: 'folds', group, takes: 'one', default: '5', describe: 'Number of folds' },
  { name: 'stratified', group, takes: 'truth', default: 'true for classes',
    describe: 'Every fold has the same shares of classes' },
  { name: 'shuffle', group, takes: 'truth', default: 'true',
    describe: 'Rows are drawn to folds; false: folds are runs of rows' },
  { name: 'fold-seed', group, takes: 'one', default: '0', describe: 'Seed of the draws' },
  { name: 'fold-group', group, takes: 'one',
    describe: 'Column whose equal values stay in one fold; it is no feature' },
  { name: 'time', group, takes: 'truth',
    describe: 'Folds of an expanding window: true, where rows are in the order of time, or a ' +
      'column of numbers or dates' },
  { name: 'gap', group, takes: 'one', default: '0',
    describe: 'With --time: rows left out between training and judging' },
  { name: 'max-train-rows', group, takes: 'one', default: 'all',
    describe: 'With --time: rows to train on at most, the latest' },
]

/** @param verb, result - for the flags of places */
export function studyFlags(verb: string, result: string): readonly Flag[] {
  return [
    { ...dataFlag, isRequired: false },
    ...columnFlags,
    ...formatFlags,
    ...foldFlags,
    { name: 'threads', group: 'Run', takes: 'one', default: 'all cores',
      describe: `Threads, 1 to ${THREADS_MAX} (of each worker with --local-workers); the ` +
        `${result} is the same for any number` },
    { name: 'config', group: 'Run', takes: 'one',
      describe: 'File with parameters, key = value (LightGBM) or JSON; flags beat it' },
    { name: 'init-model', group: 'Run', takes: 'one',
      describe: 'Model that every training begins with, on rows that it does not know' },
    { name: 'json', group: 'Output', takes: 'switch', describe: 'The result as one JSON object' },
    { name: 'quiet', group: 'Run', takes: 'switch', short: 'q',
      describe: 'Say nothing but errors' },
    ...placeFlags({ verb, result }),
  ]
}

/** A study before a file is touched. */
export interface Study {
  readonly values: FlagValues
  readonly params: TrainingParams
  readonly data: Dataset
  readonly cluster: Cluster | undefined
  readonly initModel: Booster | undefined
  readonly signal: AbortSignal
  /** Says something on stderr, unless --quiet. */
  readonly note: (text: string) => void
}

/**
 * Reads the flags, opens data and place, and does the work.
 *
 * @param optionNames - flags of the command that are no training parameters
 * @throws UsageError, CoppiceError
 */
export async function runStudy(
  given: FlagValues, optionNames: readonly string[], work: (study: Study) => Promise<number>,
): Promise<number> {
  const config = given.text('config')
  const { params: raw, options } = readSettings(
    given, optionNames, config === undefined ? null : await readConfiguration(config))
  const stray = Object.keys(options).find((name) => !optionNames.includes(name))
  if (stray !== undefined) {
    throw new UsageError(`the configuration says "${stray}", which this command does not take; ` +
      'leave it out')
  }
  const values = new FlagValues(options, undefined)
  const inputs = values.list('data')
  if (inputs.length === 0) throw new UsageError('--data is missing: name the files to train on')
  const resolved = checkParams(raw)
  requireLabel(values, inputs)
  const place = readPlace(values, resolved)
  const { numThreads: _numThreads, ...rest } = paramsFrom(raw)
  const params = place.kind === 'here' ? paramsFrom(raw) : rest
  const isQuiet = values.isOn('quiet') || resolved.verbosity <= 0
  const note = (text: string): void => {
    if (!isQuiet) process.stderr.write(`${text}\n`)
  }
  if (resolved.noEffect.length > 0) note(`no effect here: ${resolved.noEffect.join(', ')}`)
  const interrupt = new Interrupt(note)
  let cluster: Cluster | undefined
  try {
    const data = await Dataset.open(inputs, fileOptionsOf(values))
    const path = values.text('init-model')
    const initModel = path === undefined ? undefined : await Booster.load(path)
    cluster = await openPlace(place, values, { signal: interrupt.signal, onNotice: note })
    return await work({
      values, params, data, cluster, initModel, signal: interrupt.signal, note,
    })
  } catch (error) {
    throw endedBy(error, interrupt.signal)
  } finally {
    await cluster?.close()
    interrupt.release()
  }
}

function fileOptionsOf(values: FlagValues): FileOptions {
  const beside = [values.text('fold-group'), timeColumn(values)]
    .filter((name): name is string => name !== undefined)
  refuseOtherRole(values, beside)
  const ignore = [...values.names('ignore') ?? [], ...beside]
  return {
    ...formatOptions(values),
    label: values.text('label'),
    weight: values.text('weight'),
    group: values.text('group'),
    position: values.text('position'),
    ignore: ignore.length === 0 ? undefined : ignore,
    categorical: values.names('categorical'),
  }
}

/** @throws UsageError where a column that rows are cut by has a role, which it would lose */
function refuseOtherRole(values: FlagValues, beside: readonly string[]): void {
  for (const role of ['label', 'weight', 'group', 'position']) {
    const name = values.text(role)
    if (name === undefined || !beside.includes(name)) continue
    const flag = values.text('fold-group') === name ? '--fold-group' : '--time'
    throw new UsageError(`${flag} and --${role} name the same column, '${name}'; ` +
      (role === 'group' && flag === '--fold-group'
        ? 'queries are never cut: leave --fold-group out' : 'name another one'))
  }
}

/** @throws UsageError where no label is named, as far as names of files tell: LibSVM has one */
function requireLabel(values: FlagValues, inputs: readonly string[]): void {
  if (values.has('label')) return
  const format = values.text('format')
  const hasOwn = inputs.every((input) => [null, 'libsvm'].includes(format ?? formatOfName(input)))
  if (hasOwn) return
  throw new UsageError('--label is missing: name the column of the target, by its name or index')
}

/** The column of --time; undefined where it is true, or not given. */
function timeColumn(values: FlagValues): string | undefined {
  const written = values.written('time')
  return written === undefined || written === 'true' ? undefined : values.text('time')
}

/** The options of `cv` that the flags say. @throws UsageError */
export function foldOptions(values: FlagValues): FoldOptions {
  const truth = (name: string): boolean | undefined => {
    const written = values.written(name)
    if (written === undefined || written === 'true' || written === 'false') {
      return written === undefined ? undefined : written === 'true'
    }
    throw new UsageError(`--${name} must be true or false, got "${String(written)}"`)
  }
  return {
    nFolds: values.integer('folds', 2),
    stratified: truth('stratified'),
    shuffle: truth('shuffle'),
    seed: values.integer('fold-seed', -Number.MAX_SAFE_INTEGER),
    groups: values.text('fold-group'),
    time: values.has('time') ? timeColumn(values) ?? true : undefined,
    gap: values.integer('gap', 0),
    maxTrainRows: values.integer('max-train-rows', 1),
  }
}

/** A number as tables show it. */
export function shortNumber(value: number | null): string {
  return value === null ? '-' : String(Number(value.toPrecision(6)))
}
