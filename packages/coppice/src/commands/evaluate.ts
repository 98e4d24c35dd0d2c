import { Booster, Dataset, evaluate, type FileOptions } from '@coppice/api'
import { listNames, openRaw } from '@coppice/api/command'
import type { Command } from '../command.js'
import { columnFlags, dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { ignoredColumns, ignoreFlag } from '../ignored-columns.js'
import { Interrupt } from '../interrupt.js'
import { asNeeded, numberingFor } from '../lightgbm/flag-model.js'
import { iterationsFlag, readIterations } from '../model-flags.js'
import { print } from '../output.js'
import { sideFilesOf, sideNotes } from '../training/side-notes.js'
import { refuseUnreadGroup } from '../training/unread-group.js'

/** Metrics of a model on files. */
export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'Compute metrics of a model on labelled files, exactly',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file' },
    iterationsFlag,
    dataFlag,
    ...columnFlags.filter(({ name }) => ['label', 'weight', 'group'].includes(name)),
    ignoreFlag,
    ...formatFlags,
    { name: 'metric', group: 'Output', takes: 'many', default: 'all of the objective',
      describe: 'Metrics to compute: auc,binary_logloss, or with a rank: ndcg@10' },
    { name: 'json', group: 'Output', takes: 'switch', describe: 'One JSON object' },
  ],
  examples: [
    ["$0 evaluate --model m.json --data 'test/*.parquet' --label delayed --metric auc",
      'How well the model ranks rows it has not seen'],
  ],
  async run(values) {
    const metrics = values.list('metric').flatMap((text) => text.split(','))
    const fileOptions = { ...formatOptions(values), label: values.text('label'),
      weight: values.text('weight'), group: values.text('group') }
    const iterations = readIterations(values)
    const loaded = await Booster.load(values.required('model'))
    const booster = asNeeded(loaded)
    const { model } = booster
    refuseUnreadGroup(values, model.objective, 'leave it out')
    const inputs = values.list('data')
    const numbered = { ...fileOptions, ...numberingFor(loaded, values.text('label') ?? '') }
    const options = {
      ...numbered, ...await ignoredColumns(values, loaded, inputs, numbered),
      sideFiles: sideFilesOf(model.objective.name),
    }
    const data = await Dataset.open(inputs, options)
    if (!values.has('label')) await requireLabel(data, inputs, options)
    for (const text of await sideNotes(inputs, options, model.objective.name)) {
      if (!text.startsWith('init scores')) process.stderr.write(`${text}\n`)
    }
    const interrupt = new Interrupt((text) => void process.stderr.write(`${text}\n`))
    try {
      const evaluation = await evaluate(booster, data, {
        metrics: metrics.length === 0 ? undefined : metrics,
        iterations,
        signal: interrupt.signal,
      })
      for (const name of evaluation.omitted) {
        process.stderr.write(`${name} is left out: it is undefined, all rows are ` +
          `${booster.classes === null ? 'censored' : 'of one class'}\n`)
      }
      await print(values.isOn('json')
        ? `${JSON.stringify({ rows: evaluation.nRows, ...evaluation.metrics })}\n`
        : Object.entries(evaluation.metrics).map(([name, value]) => `${name}\t${value}\n`).join(''))
      return ExitCode.ok
    } finally {
      interrupt.release()
    }
  },
}

/** LibSVM files bring their label, others need the flag. @throws UsageError with the columns */
async function requireLabel(
  data: Dataset, inputs: readonly string[], options: FileOptions,
): Promise<void> {
  const rows = await data.source.open()
  await rows.close()
  if (rows.labels.length > 0) return
  const raw = await openRaw(inputs, options)
  await raw.close()
  throw new UsageError('--label is missing: name the column of the target, one of ' +
    listNames(raw.names))
}
