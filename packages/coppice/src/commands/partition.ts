import { partitionData } from '@coppice/api/command'
import type { Command } from '../command.js'
import { columnFlags, dataFlag, formatFlags, formatOptions } from '../data-flags.js'
import { filesOf, requireDistinct, requireOutside } from '../distinct-paths.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { Interrupt } from '../interrupt.js'

/** Cuts data into partitions. */
export const partitionCommand: Command = {
  name: 'partition',
  summary: 'Cut data into partitions with a manifest, and into train and test',
  flags: [
    dataFlag,
    ...formatFlags.map((flag) => flag.name !== 'format' ? flag
      : { ...flag, name: 'input-format', describe: 'Format of the input files' }),
    ...columnFlags.filter(({ name }) => name === 'categorical'),
    { name: 'out', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'Folder to write to; must be empty or not exist' },
    { name: 'partitions', group: 'Output', takes: 'one', default: '1',
      describe: 'Number of partitions (of each part, when split)' },
    { name: 'format', group: 'Output', takes: 'one', choices: ['parquet', 'arrow'],
      default: 'parquet', describe: 'Format of the partitions' },
    { name: 'split', group: 'Output', takes: 'one',
      describe: 'Share of the rows for OUT/train, such as 0.8; the others go to OUT/test' },
    { name: 'seed', group: 'Output', takes: 'one', default: '0', describe: 'Seed of the split' },
    { name: 'group', group: 'Output', takes: 'one',
      describe: 'Column of query ids: a query stays in one piece' },
    { name: 'quiet', group: 'Output', takes: 'switch', short: 'q',
      describe: 'Say nothing but errors' },
  ],
  examples: [
    ['$0 partition --data big.csv --out parts --partitions 16', 'Sixteen Parquet files'],
    ['$0 partition --data all.parquet --out parts --split 0.8 --seed 7',
      'parts/train and parts/test, the same rows every time'],
  ],
  async run(values) {
    if (values.has('seed') && !values.has('split')) {
      throw new UsageError('--seed does nothing without --split, which it draws the rows of')
    }
    const isQuiet = values.isOn('quiet')
    const { header, missingValues } = formatOptions(values)
    const format = values.choice('input-format',
      ['parquet', 'arrow', 'csv', 'tsv', 'libsvm', 'npy'])
    const out = { flag: '--out', path: values.required('out') }
    const inputs = values.list('data')
    await requireDistinct([out], await filesOf('--data', inputs, format))
    await requireOutside(out, '--data', inputs)
    const interrupt = new Interrupt((text) => void process.stderr.write(`${text}\n`))
    try {
      const written = await partitionData({
        inputs,
        header,
        missingValues,
        format,
        out: out.path,
        partitions: values.integer('partitions', 1) ?? 1,
        outputFormat: values.choice('format', ['parquet', 'arrow']),
        split: values.fraction('split', 0, 1),
        seed: values.integer('seed', Number.MIN_SAFE_INTEGER),
        group: values.text('group'),
        categorical: values.names('categorical'),
        signal: interrupt.signal,
      })
      for (const { manifest, partitions } of written) {
        const nRows = partitions.reduce((sum, { rows }) => sum + rows, 0)
        if (!isQuiet) {
          process.stderr.write(`wrote ${nRows} rows in ${partitions.length} partitions; ` +
            `their manifest is ${manifest}\n`)
        }
      }
      return ExitCode.ok
    } finally {
      interrupt.release()
    }
  },
}
