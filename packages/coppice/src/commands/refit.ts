/** New leaf values for old models. */
import { Booster, Dataset, type FileOptions } from '@coppice/api'
import type { Command } from '../command.js'
import { columnFlags, dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { filesOf, requireDistinct } from '../distinct-paths.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { ignoredColumns, ignoreFlag } from '../ignored-columns.js'
import { Interrupt } from '../interrupt.js'
import { asNeeded, numberingFor } from '../lightgbm/flag-model.js'
import { refitAll } from '../lightgbm/refit-run.js'
import { modelFormatFlag, readModelFormatFor, writeModel } from '../model-format.js'
import { refitNotes, refitSides } from '../training/side-notes.js'
import { refuseUnreadGroup } from '../training/unread-group.js'
import { requireWritable } from '../writable.js'

/** Lets the leaves of a model follow other rows. */
export const refitCommand: Command = {
  name: 'refit',
  summary: 'Let the leaf values of a model follow new rows; its splits stay',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file: of Coppice, or a text model of LightGBM' },
    { name: 'decay-rate', group: 'Model', takes: 'one', default: '0.9',
      describe: 'Share of the old leaf values that is kept, from 0 to 1 (refit_decay_rate)' },
    dataFlag,
    ...columnFlags.filter(({ name }) => ['label', 'weight', 'group'].includes(name)),
    ignoreFlag,
    ...formatFlags,
    { name: 'out', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write the new model to' },
    { ...modelFormatFlag, group: 'Output' },
    { name: 'quiet', group: 'Output', takes: 'switch', short: 'q',
      describe: 'Say nothing but errors' },
  ],
  examples: [
    ['$0 refit --model m.json --data may.csv --label y --out may.json',
      'Follow the rows of May, a tenth of the way'],
    ['$0 refit --model lightgbm.txt --data may.csv --label y --decay-rate 0.5 --out may.txt',
      'A model of LightGBM stays one'],
  ],
  async run(values) {
    const path = values.required('model')
    const out = values.required('out')
    const decayRate = readDecayRate(values)
    const inputs = values.list('data')
    const given: FileOptions = { ...formatOptions(values), label: values.text('label'),
      weight: values.text('weight'), group: values.text('group') }
    await requireDistinct([{ flag: '--out', path: out }],
      [{ flag: '--model', path }, ...await filesOf('--data', inputs, given.format)])
    const booster = await Booster.load(path)
    refuseUnreadGroup(values, booster.model.objective, 'leave it out')
    const numbered = { ...given, ...numberingFor(booster, values.text('label') ?? '') }
    const fileOptions: FileOptions = { ...numbered,
      ...await ignoredColumns(values, booster, inputs, numbered),
      sideFiles: refitSides(booster.model.objective.name) }
    const format = readModelFormatFor(booster.model.objective.name, values, out, false)
    await requireWritable(out)
    const note = (text: string): void => {
      if (!values.isOn('quiet')) process.stderr.write(`${text}\n`)
    }
    for (const text of await refitNotes(inputs, fileOptions, booster.model.objective.name)) {
      if (text.startsWith('init scores: ')) {
        throw new UsageError(`${text.slice(13)} cannot be used: 'coppice run' with task = refit ` +
          'reads it; move it away otherwise')
      }
      note(text)
    }
    const interrupt = new Interrupt(note)
    try {
      const data = await Dataset.open(inputs, fileOptions)
      const refitted = await refitAll(booster, asNeeded(booster), data,
        { decayRate, signal: interrupt.signal })
      await writeModel(refitted, out, { format, layout: null })
      note(`wrote ${refitted.nTrees} trees to ${out}`)
      return ExitCode.ok
    } finally {
      interrupt.release()
    }
  },
}

function readDecayRate(values: FlagValues): number {
  const text = values.text('decay-rate') ?? '0.9'
  const rate = /^\d*\.?\d+(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN
  if (rate >= 0 && rate <= 1) return rate
  throw new UsageError(`--decay-rate must be a number from 0 to 1, got "${text}"`)
}
