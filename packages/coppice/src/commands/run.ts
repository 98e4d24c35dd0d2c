/** LightGBM's command line: a configuration, and words key=value that beat it. */
import { Booster } from '@coppice/api'
import { writePredictions } from '@coppice/api/command'
import type { Command } from '../command.js'
import { filesOf, requireDistinct } from '../distinct-paths.js'
import { endedBy, ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { Interrupt } from '../interrupt.js'
import { type Configuration, readCommandLine, taskOf } from '../lightgbm/configuration.js'
import { asNeeded } from '../lightgbm/flag-model.js'
import {
  earlyStopOf, fitRows, iterationsOf, readPredictionRun,
} from '../lightgbm/prediction-run.js'
import { runConversion } from '../lightgbm/conversion-run.js'
import { runRefit } from '../lightgbm/refit-run.js'
import { requireWritable } from '../writable.js'
import { runTraining, trainingOptions } from './train.js'

const ofTraining = trainingOptions.filter(({ name, group }) =>
  group !== 'Data' && name !== 'model' && name !== 'config' && name !== 'threads')

/** Does what a configuration of LightGBM's says. */
export const runCommand: Command = {
  name: 'run',
  summary: "Do what a configuration of LightGBM's command says: train, predict, refit or convert",
  words: {
    name: 'key=value ...',
    describe: 'Parameters under any of their names; they beat the configuration',
  },
  flags: [
    { name: 'config', group: 'Run', takes: 'one', short: 'c',
      describe: 'The configuration: key = value lines, with # comments' },
    ...ofTraining,
  ],
  examples: [
    ['$0 run config=train.conf', 'As lightgbm config=train.conf'],
    ['$0 run config=train.conf num_trees=10 output_model=small.txt', 'Words beat the file'],
    ['$0 run config=predict.conf', 'task = predict writes a line of numbers per row'],
    ['$0 run config=train.conf --local-workers 4', 'On many processes, or machines: --cluster'],
  ],
  async run(values) {
    const configuration = await readCommandLine(values.words, values.text('config'))
    if (Object.keys(configuration.entries).length === 0) {
      throw new UsageError('nothing is said of what to do; name a configuration: ' +
        'coppice run config=train.conf')
    }
    const task = taskOf(configuration)
    switch (task) {
      case 'train': return runTraining(values, configuration)
      case 'predict':
        refuseTrainingFlags(values, task)
        return runPrediction(configuration, values.isOn('quiet'))
      case 'refit':
        refuseTrainingFlags(values, task)
        return runRefit(configuration, values.isOn('quiet'))
      case 'convert_model':
        refuseTrainingFlags(values, task)
        return runConversion(configuration, values.isOn('quiet'))
      case 'save_binary': throw refusedTask(configuration)
    }
  },
}

function refusedTask({ name }: Configuration): UsageError {
  return new UsageError(`${name}: task = save_binary cannot be done: rows are binned as they are ` +
    "read; 'coppice partition' writes Parquet, which is read fast")
}

/** @throws UsageError for flags that do nothing */
function refuseTrainingFlags(values: FlagValues, task: string): void {
  const given = ofTraining.find(({ name }) => name !== 'quiet' && values.has(name))
  if (given === undefined) return
  throw new UsageError(`--${given.name} does nothing with task = ${task}; leave it out`)
}

/**
 * Predicts as a configuration says; resolves to the exit status.
 * @throws CoppiceError, UsageError
 */
export async function runPrediction(
  configuration: Configuration, isSilent: boolean,
): Promise<number> {
  const run = readPredictionRun(configuration)
  const note = (text: string): void => {
    if (!isSilent && !run.isQuiet) process.stderr.write(`${text}\n`)
  }
  if (run.noEffect.length > 0) note(`no effect in prediction: ${run.noEffect.join(', ')}`)
  const booster = await Booster.load(run.model)
  const { model, fileOptions } = await fitRows(booster.model, run.data, run)
  await requireDistinct([{ flag: 'output_result', path: run.out }], [
    { flag: 'input_model', path: run.model },
    ...await filesOf('data', [run.data], fileOptions.format),
  ])
  await requireWritable(run.out)
  const interrupt = new Interrupt(note)
  try {
    const nRows = await writePredictions({
      booster: asNeeded(model === booster.model ? booster : new Booster(model)),
      inputs: run.data,
      fileOptions,
      out: run.out,
      outFormat: 'lightgbm-result',
      type: run.type,
      features: model.features.map(({ name }) => name),
      iterations: iterationsOf(booster, run),
      earlyStop: earlyStopOf(booster, run, note),
      numThreads: run.numThreads,
      signal: interrupt.signal,
    })
    note(`wrote ${nRows} predictions to ${run.out}`)
    return ExitCode.ok
  } catch (error) {
    throw endedBy(error, interrupt.signal)
  } finally {
    interrupt.release()
  }
}
