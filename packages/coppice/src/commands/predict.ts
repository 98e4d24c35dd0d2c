import { Booster, type Cluster, CoppiceError, type PredictionType } from '@coppice/api'
import {
  type ByteSink, refuseUnreadTextOptions, resolveInputs, THREADS_MAX, writePredictions,
} from '@coppice/api/command'
import type { Command } from '../command.js'
import { dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { filesOf, type NamedFile, requireDistinct } from '../distinct-paths.js'
import { endedBy, ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { ignoredColumns, ignoreFlag } from '../ignored-columns.js'
import { Interrupt } from '../interrupt.js'
import { asNeeded, numberingFor } from '../lightgbm/flag-model.js'
import { earlyStopFlags, iterationsFlag, readEarlyStop, readIterations } from '../model-flags.js'
import { print } from '../output.js'
import { openPlace, type Place, placeFlags, readPlace } from '../training/place.js'
import { requireWritable } from '../writable.js'

const types: readonly PredictionType[] = ['probability', 'class', 'raw', 'leaf', 'contribution']

/** Predicts files. */
export const predictCommand: Command = {
  name: 'predict',
  summary: 'Predict the rows of files with a model',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file' },
    iterationsFlag,
    ...earlyStopFlags,
    dataFlag,
    ignoreFlag,
    ...formatFlags,
    { name: 'out', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write: .csv, .tsv, .parquet, .arrow or .npy; - for CSV on stdout' },
    { name: 'type', group: 'Output', takes: 'one', choices: types, default: 'probability',
      describe: 'probability: of each class (binary: one column, of the second class; ' +
        'regression: the value); class: the most probable; raw: raw scores; leaf: leaf indices; ' +
        'contribution: what each feature adds to the raw score (SHAP), and the mean' },
    { name: 'keep', group: 'Output', takes: 'many',
      describe: 'Columns of the data to write before the predictions: a,b' },
    { name: 'quiet', group: 'Output', takes: 'switch', short: 'q',
      describe: 'Say nothing but errors' },
    { name: 'threads', group: 'Cluster', takes: 'one', default: 'the cores, shared',
      describe: `Threads, 1 to ${THREADS_MAX}; with --local-workers, of each worker` },
    ...placeFlags({ verb: 'Predict', result: 'output' }),
  ],
  examples: [
    ['$0 predict --model m.json --data new.csv --out scores.csv', 'One probability per row'],
    ["$0 predict --model m.json --data 'new/*.parquet' --keep id --type class --out -",
      'The class of each row beside its id, on stdout'],
    ["$0 predict --model m.json --data '/data/new/*.parquet' --out scores.parquet " +
      '--cluster ws://10.0.0.5:7077 --token-file token',
      'Predict on many machines, which read the files, to the same bytes'],
  ],
  async run(values) {
    const type = values.choice('type', types) ?? 'probability'
    const isQuiet = values.isOn('quiet')
    const out = values.required('out')
    const note = (text: string): void => {
      if (!isQuiet) process.stderr.write(`${text}\n`)
    }
    const iterations = readIterations(values)
    const earlyStop = readEarlyStop(values)
    const keep = keptColumns(values)
    const fileOptions = formatOptions(values)
    const model = values.required('model')
    // 0 for as many as there are cores.
    const numThreads = values.integer('threads', 1, THREADS_MAX) ?? 0
    const place = readPlace(values, { numThreads })
    if (out !== '-') {
      await requireDistinct([{ flag: '--out', path: out }],
        [{ flag: '--model', path: model }, ...await inputFiles(values, place)])
    }
    const loaded = await Booster.load(model)
    const inputs = values.list('data')
    if (place.kind !== 'cluster') {
      refuseUnreadTextOptions(await resolveInputs(inputs, fileOptions.format), fileOptions)
    }
    const numbered = { ...fileOptions, ...numberingFor(loaded, undefined) }
    const booster = asNeeded(loaded)
    if (out !== '-') await requireWritable(out)
    const interrupt = new Interrupt(note)
    let cluster: Cluster | undefined
    try {
      cluster = await openPlace(place, values, { signal: interrupt.signal, onNotice: note })
      const nRows = await writePredictions({
        booster,
        inputs,
        fileOptions: { ...numbered, ...await ignoredColumns(
          values, loaded, place.kind === 'cluster' ? null : inputs, numbered) },
        out: out === '-' ? stdout : out,
        type,
        features: loaded.featureNames,
        keep,
        iterations,
        earlyStop,
        numThreads,
        signal: interrupt.signal,
        cluster,
        onNotice: note,
      })
      if (out !== '-') note(`wrote ${nRows} predictions to ${out}`)
      return ExitCode.ok
    } catch (error) {
      throw endedBy(error, interrupt.signal)
    } finally {
      await cluster?.close()
      interrupt.release()
    }
  },
}

/** The files that are read, as far as they are here. */
async function inputFiles(values: FlagValues, place: Place): Promise<readonly NamedFile[]> {
  try {
    return await filesOf('--data', values.list('data'), formatOptions(values).format)
  } catch (error) {
    // What is not here cannot be overwritten here.
    const isElsewhere = place.kind === 'cluster'
    if (isElsewhere && error instanceof CoppiceError && error.code === 'IO') return []
    throw error
  }
}

const stdout: ByteSink = { write: (bytes) => print(bytes) }

function keptColumns(values: FlagValues): string[] {
  const names = values.list('keep').flatMap((text) => text.split(','))
    .map((name) => name.trim())
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return names
  throw new UsageError(`--keep names '${twice}' twice; name each column once`)
}
