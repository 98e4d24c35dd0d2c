import {
  Booster, checkParams, type Cluster, CoppiceError, type Dataset, type FileOptions,
  type NamedDataset, paramsFrom, type ResolvedParams, train, type TrainingParams,
} from '@coppice/api'
import { formatOfName, THREADS_MAX } from '@coppice/api/command'
import type { Command, Flag } from '../command.js'
import { columnFlags, dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { endedBy, ExitCode, UsageError } from '../exit-codes.js'
import { FlagValues } from '../flag-values.js'
import { Interrupt } from '../interrupt.js'
import { type Configuration, readConfiguration } from '../lightgbm/configuration.js'
import { Checkpoint } from '../training/checkpoint.js'
import { metricsInVain, requireEffect } from '../training/effects.js'
import {
  findEvalSets, notesOfInputs, openInputs, optionsOf, requireDistinctFiles, type TrainingInputs,
} from '../training/inputs.js'
import { layoutOf } from '../lightgbm/layout.js'
import { runFileOptions } from '../lightgbm/file-options.js'
import {
  type ModelFormat, modelFormatFlag, type ModelWriting, readModelFormatFor, writeModel,
}
  from '../model-format.js'
import { MetricsFile } from '../training/metrics-file.js'
import { openReporter } from '../training/open-reporter.js'
import { parameterFlags } from '../training/parameter-flags.js'
import { openPlace, type Place, placeFlags, readPlace } from '../training/place.js'
import { fetchCommand, type Reporter } from '../training/reporter.js'
import { readSettings, type RunSettings, type Settings } from '../training/settings.js'
import { withFilesRead } from '../training/structure-files.js'
import { sideFilesOf } from '../training/side-notes.js'
import { snapshotCallback } from '../training/snapshots.js'
import { groupOrIgnored } from '../training/unread-group.js'
import { requireWritable } from '../writable.js'

const group = 'Run'

/** The flags of a training that are no parameters. */
export const trainingOptions: readonly Flag[] = [
  { ...dataFlag, isRequired: false },
  { name: 'valid', group: 'Data', takes: 'repeated',
    describe: 'Evaluation data, as --data; may come several times, each PATHS or NAME=PATHS' },
  ...columnFlags,
  ...formatFlags,
  { name: 'validation-fraction', group: 'Data', takes: 'one',
    describe: 'Share of the rows that is not trained on but evaluated, as "validation"; drawn, ' +
      'of classes each its share' },
  { name: 'validation-seed', group: 'Data', takes: 'one', default: '0',
    describe: 'Seed of its rows' },
  { name: 'model', group, takes: 'one', short: 'o', describe: 'File to write the model to' },
  modelFormatFlag,
  { name: 'threads', group, takes: 'one', default: 'all cores',
    describe: `Threads, 1 to ${THREADS_MAX} (of each worker with --local-workers); the model is ` +
      'the same for any number' },
  { name: 'config', group, takes: 'one',
    describe: "File with parameters, key = value or JSON; flags beat it. One of LightGBM's that " +
      "names its data is run as LightGBM runs it, see 'coppice run'" },
  { name: 'checkpoint', group, takes: 'one',
    describe: 'File to save the trees so far to, every --checkpoint-every iterations and when ' +
      'interrupted' },
  { name: 'checkpoint-every', group, takes: 'one', default: '10',
    describe: 'Iterations between checkpoints' },
  { name: 'resume', group, takes: 'one',
    describe: 'Checkpoint to go on from; the result is that of an uninterrupted training' },
  { name: 'init-model', group, takes: 'one',
    describe: "Model to begin with, ours or LightGBM's text, on any data with its features: its " +
      'trees come first, num_iterations new ones follow' },
  { name: 'metrics-file', group, takes: 'one',
    describe: 'File for the metrics, a JSON object per line' },
  { name: 'log-format', group, takes: 'one', choices: ['text', 'json'], default: 'text',
    describe: 'Progress (on stderr) as text, or as a JSON object per line' },
  { name: 'quiet', group, takes: 'switch', short: 'q', describe: 'Say nothing but errors' },
  ...placeFlags({ verb: 'Train', result: 'model' }),
]

const optionNames = trainingOptions.map(({ name }) => name)

/** Trains a model on files. */
export const trainCommand: Command = {
  name: 'train',
  summary: 'Train a model on files and write it to a file',
  flags: [...trainingOptions, ...parameterFlags(new Set(optionNames))],
  examples: [
    ["$0 train --data 'train/*.parquet' --label delayed --objective binary --model m.json",
      'Train on all Parquet files of a folder'],
    ['$0 train --data a.csv --valid b.csv --label y --early_stopping_round 20 --model m.json',
      'Stop when the metric on b.csv gets no better'],
    ['$0 train --config train.conf --num_leaves 63 --model m.json',
      "Take LightGBM's configuration, but other leaves"],
    ['$0 train ... --checkpoint c.json --resume c.json', 'Go on with an interrupted training'],
    ['$0 train --data new.csv --init-model old.json ...', 'Add trees to a finished model'],
    ['$0 train ... --cluster ws://10.0.0.5:7077 --token-file token',
      'Train on many machines, to the same bytes'],
    ['$0 train ... --local-workers 4', 'Train in four processes of this machine'],
  ],
  async run(values) {
    const config = values.text('config')
    return runTraining(values, config === undefined ? null : await readConfiguration(config))
  },
}

/**
 * Trains as flags and a configuration say; resolves to the exit status.
 * @throws CoppiceError, UsageError
 */
export async function runTraining(
  values: FlagValues, configuration: Configuration | null,
): Promise<number> {
  const settings = readSettings(values, optionNames, configuration)
  const job = readJob({ ...settings, params: await withFilesRead(settings.params) })
  const reporter = openReporter(job.values, job.isQuiet)
  const interrupt = new Interrupt((text) => reporter.note(text))
  try {
    return await runJob(job, reporter, interrupt.signal)
  } catch (error) {
    throw endedBy(error, interrupt.signal)
  } finally {
    reporter.close()
    interrupt.release()
  }
}

interface Job {
  readonly place: Place
  readonly params: TrainingParams
  readonly values: FlagValues
  readonly data: readonly string[]
  readonly model: string
  readonly fileOptions: FileOptions
  readonly isQuiet: boolean
  readonly noEffect: readonly string[]
  readonly run: RunSettings | null
  readonly format: ModelFormat
  readonly objective: string
  readonly numIterations: number
}

/** Everything that can be wrong before a file is touched. */
function readJob({ params: raw, options: given, run }: Settings): Job {
  const values = new FlagValues(given)
  const data = values.list('data')
  if (data.length === 0) throw new UsageError('--data is missing: name the files to train on')
  const model = values.required('model')
  const checkpointEvery = values.has('checkpoint-every')
  if (checkpointEvery && !values.has('checkpoint')) {
    throw new UsageError('--checkpoint-every does nothing without --checkpoint FILE')
  }
  // First as the user spelled them, so that messages do too.
  const resolved = checkParams(raw)
  requireEffect(resolved, values)
  if (run === null) requireLabel(values, data)
  const roles = groupOrIgnored(values, resolved.objective, run !== null)
  const place = withModules(readPlace(values, resolved), resolved)
  const { numThreads: _numThreads, ...rest } = paramsFrom(raw)
  return {
    place,
    // Threads are those of the workers where there are any.
    params: place.kind === 'here' ? paramsFrom(raw) : rest,
    values,
    data,
    model,
    fileOptions: {
      ...formatOptions(values),
      ...(run === null ? { label: values.text('label') }
        : runFileOptions(values.text('label'), values)),
      weight: values.text('weight'),
      ...roles,
      position: values.text('position'),
      categorical: values.names('categorical'),
      sideFiles: sideFilesOf(resolved.objective),
    },
    isQuiet: values.isOn('quiet') || resolved.verbosity <= 0,
    noEffect: [...resolved.noEffect, ...metricsInVain(raw, resolved, values),
      ...(values.has('group') && roles.group === undefined ? ['group_column'] : [])],
    run,
    format: readModelFormatFor(
      resolved.objective, values, model, run?.isModelOfRun === true),
    objective: resolved.objective,
    numIterations: resolved.numIterations,
  }
}

/** Workers that are started for a training may run what it names. */
function withModules(
  place: Place, { customObjective, customMetrics }: ResolvedParams,
): Place {
  if (place.kind !== 'local') return place
  const addresses = [customObjective, ...customMetrics.split(',')]
  const files = addresses.map((text) => text.trim().replace(/#[^#]*$/, '')).filter((text) => text)
  return { ...place, allowModules: [...new Set(files)] }
}

/** @throws UsageError where no label is named, as far as names of files tell: LibSVM has one */
function requireLabel(values: FlagValues, data: readonly string[]): void {
  if (values.has('label')) return
  const format = values.text('format')
  const needsLabel = (input: string): boolean => {
    const found = format ?? formatOfName(input)
    return found !== null && found !== 'libsvm'
  }
  if (!data.some(needsLabel)) return
  throw new UsageError('--label is missing: name the column of the target, by its name or index')
}

/** Opens what is read, and finds out what can be written. */
async function openJob(job: Job, reporter: Reporter): Promise<{
  readonly resumeFrom: Booster | undefined
  readonly initModel: Booster | undefined
  readonly data: Dataset
  readonly evalSets: readonly NamedDataset[]
  readonly writing: ModelWriting
}> {
  const { values, fileOptions, run, format, place } = job
  const inputs: TrainingInputs = {
    data: job.data,
    valid: await findEvalSets(values.list('valid'), fileOptions),
    fileOptions,
    goesByContent: run !== null,
    isElsewhere: place.kind === 'cluster',
  }
  await requireDistinctFiles(values, inputs)
  for (const file of [job.model, values.text('checkpoint')]) {
    if (file !== undefined) await requireWritable(file)
  }
  const loadFrom = async (path: string | undefined): Promise<Booster | undefined> =>
    path === undefined ? undefined : Booster.load(path)
  const resumeFrom = await loadFrom(values.text('resume'))
  const initModel = await loadFrom(values.text('init-model'))
  const opened = await openInputs(inputs)
  const notes = await notesOfInputs(inputs, job.objective, place.kind === 'here')
  for (const note of notes) reporter.note(note)
  return {
    resumeFrom,
    initModel,
    ...opened,
    writing: { format, layout: format === 'lightgbm' ? await findLayout(inputs, reporter) : null },
  }
}

async function runJob(job: Job, reporter: Reporter, signal: AbortSignal): Promise<number> {
  const { values, model: path } = job
  const noEffect = [...job.noEffect, ...(job.run?.ofOtherTasks ?? [])]
  if (noEffect.length > 0) reporter.note(`no effect here: ${noEffect.join(', ')}`)
  const { data, evalSets, resumeFrom, initModel, writing } = await openJob(job, reporter)
  const saved = values.text('checkpoint')
  const every = values.integer('checkpoint-every', 1) ?? 10
  const checkpoint = saved === undefined ? null
    : new Checkpoint(saved, every, (file, nTrees) => reporter.saved('checkpoint', file, nTrees))
  const metricsPath = values.text('metrics-file')
  const metrics = metricsPath === undefined ? null
    : new MetricsFile(metricsPath, resumeFrom?.model ?? null)
  const snapshotFreq = job.run?.snapshotFreq ?? 0
  // Iterations of the model to begin with are used up to its best one.
  const nInitial = initModel === undefined ? 0 : initModel.bestIteration ?? initModel.nIterations
  let nDone = (resumeFrom?.nIterations ?? nInitial) - nInitial
  let fetchText: string | null = null
  let cluster: Cluster | undefined
  try {
    cluster = await openPlace(job.place, values,
      { signal, onNotice: (text) => reporter.notice(text) })
    const booster = await train(job.params, data, {
      evalSets,
      validationFraction: values.fraction('validation-fraction', 0, 1),
      validationSeed: values.integer('validation-seed', -Number.MAX_SAFE_INTEGER),
      callbacks: [
        ...(checkpoint === null ? [] : [checkpoint.callback]),
        ...(snapshotFreq > 0 ? [snapshotCallback(path, writing, snapshotFreq, nInitial)] : []),
      ],
      signal,
      resumeFrom,
      initModel,
      cluster,
      releaseData: true,
      onLoad: (progress) => reporter.onLoad(progress),
      onNotice: (text) => reporter.notice(text),
      onJob: (name) => {
        if (job.place.kind !== 'cluster') return
        fetchText = fetchCommand(name, job.place.url)
        reporter.job(name, job.place.url)
      },
      onEvent: (event) => {
        if (event.kind === 'iteration') nDone = event.iteration + 1 - nInitial
        metrics?.onEvent(event)
        reporter.onEvent(event)
      },
    })
    const savedFromMs = performance.now()
    await writeModel(booster, path, writing)
    reporter.saved('model', path, booster.nTrees)
    reporter.took({ ...booster.trainingTimes!, saveMs: performance.now() - savedFromMs })
    if (booster.nIterations === nInitial) {
      warnOfNoTree(values, path, nInitial > 0, job.numIterations === 0)
    }
    return ExitCode.ok
  } catch (error) {
    if (signal.aborted && error instanceof CoppiceError && error.code === 'ABORTED') {
      throw await interrupted({ checkpoint, saved, fetchText }, nDone, error)
    }
    await keepTrees(checkpoint, saved, reporter)
    if (checkpoint === null && fetchText !== null && isGivenUp(error)) {
      reporter.note('nothing is saved here: with --checkpoint FILE, the same command goes on ' +
        'with --resume FILE')
    }
    throw error
  } finally {
    metrics?.close()
    await cluster?.close()
  }
}

/**
 * The columns of the data, all of them in a run of LightGBM's, and where the label is; null where
 * only workers can read them.
 */
async function findLayout(
  inputs: TrainingInputs, reporter: Reporter,
): Promise<ModelWriting['layout']> {
  try {
    const layout = await layoutOf(inputs.data, await optionsOf(inputs.data, inputs))
    return inputs.goesByContent ? layout : { ...layout, columns: null }
  } catch (error) {
    if (!inputs.isElsewhere || !(error instanceof CoppiceError) || error.code !== 'IO') throw error
    reporter.note('the data cannot be read here: columns that are no features will not be in the ' +
      'model for LightGBM')
    return null
  }
}

/** A cluster gave the training up; where a signal ended it, that was told before. */
function isGivenUp(error: unknown): boolean {
  return error instanceof CoppiceError && error.code === 'ABORTED'
}

/** A model that knows nothing is worth a line even where no other is wanted. */
function warnOfNoTree(
  values: FlagValues, path: string, hasInitial: boolean, isAsked: boolean,
): void {
  const text = `warning: the model ${path} has no ` +
    (hasInitial ? 'tree but those of --init-model' : 'tree and predicts a constant') +
    (isAsked ? ': num_iterations is 0'
      : ': no leaf could be split; try a smaller min_data_in_leaf, or look at the features')
  process.stderr.write(values.text('log-format') === 'json'
    ? `${JSON.stringify({ event: 'warning', text })}\n` : `${text}\n`)
}

/** What was trained before a failure is worth keeping; the failure is what is told last. */
async function keepTrees(
  checkpoint: Checkpoint | null, path: string | undefined, reporter: Reporter,
): Promise<void> {
  const isSaved = await checkpoint?.save().catch(() => false)
  if (isSaved === true) {
    reporter.note(`the trees so far are saved; go on with --resume ${path}, by the same command`)
  }
}

/** Saves what was trained before Ctrl-C, and says so. */
async function interrupted(
  { checkpoint, saved, fetchText }: {
    readonly checkpoint: Checkpoint | null, readonly saved: string | undefined,
    /** The command that gets what a cluster has trained, or null. */
    readonly fetchText: string | null,
  }, nDone: number, error: CoppiceError,
): Promise<CoppiceError> {
  const isSaved = checkpoint !== null && await checkpoint.save()
  const state = isSaved ? `the trees so far are saved; go on with --resume ${saved}`
    : nDone === 0 ? 'nothing was trained yet'
    : checkpoint === null && fetchText !== null ? `the job is ended; '${fetchText}' gets the ` +
      'trees so far'
    : checkpoint === null ? 'nothing is saved (use --checkpoint FILE)'
    : 'no tree was added'
  const { cause } = error
  const what = cause instanceof Error ? cause.message : 'interrupted'
  return new CoppiceError('ABORTED', `${what} after ${nDone} iterations; ${state}`)
}
