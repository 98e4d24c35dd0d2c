import { Booster } from '@coppice/api'
import type { Command } from '../command.js'
import { requireDistinct } from '../distinct-paths.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { iterationsFlag, readIterations } from '../model-flags.js'

const formats = ['coppice', 'lightgbm'] as const

/** Models of one format as files of another. */
export const convertCommand: Command = {
  name: 'convert',
  summary: 'Convert a model between the formats of Coppice and LightGBM',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file: of Coppice, or a text model of LightGBM' },
    { ...iterationsFlag,
      describe: 'Iterations to write: N for the first N; for LightGBM also START:END, counted ' +
        'from 0, END excluded', default: 'up to the best for LightGBM, else all' },
    { name: 'out', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write' },
    { name: 'format', group: 'Output', takes: 'one', choices: formats,
      default: 'lightgbm where --out ends in .txt, else coppice',
      describe: 'coppice: JSON; lightgbm: the text that LightGBM loads' },
  ],
  examples: [
    ['$0 convert --model lightgbm.txt --out model.json', 'A model of LightGBM, for Coppice'],
    ['$0 convert --model model.json --out lightgbm.txt', 'And back'],
    ['$0 convert --model model.json --iterations 20 --out short.json', 'The first 20 iterations'],
  ],
  async run(values) {
    const model = values.required('model')
    const out = values.required('out')
    const iterations = readIterations(values)
    const format = values.choice('format', formats) ??
      (out.endsWith('.txt') ? 'lightgbm' : 'coppice')
    if (format === 'coppice' && iterations !== undefined && iterations[0] > 0) {
      throw new UsageError('--iterations of a Coppice model begin with the first: give their ' +
        'number alone')
    }
    await requireDistinct([{ flag: '--out', path: out }], [{ flag: '--model', path: model }])
    const booster = await Booster.load(model)
    if (format === 'coppice') {
      await (iterations === undefined ? booster : booster.truncate(iterations[1])).save(out)
    } else await booster.saveLightGBM(out, iterations === undefined ? {} : { iterations })
    return ExitCode.ok
  },
}
