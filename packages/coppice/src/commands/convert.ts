import { Booster } from '@coppice/api'
import type { Command } from '../command.js'
import { requireDistinct } from '../distinct-paths.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { requireModelEnding } from '../model-format.js'
import { iterationsFlag, readIterations } from '../model-flags.js'

const formats = ['coppice', 'lightgbm', 'javascript', 'cpp'] as const

/** Models of one format as files of another. */
export const convertCommand: Command = {
  name: 'convert',
  summary: 'Convert a model between the formats of Coppice and LightGBM, or into source code',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file: of Coppice, or a text model of LightGBM' },
    { ...iterationsFlag,
      describe: 'Iterations to write: N for the first N; but for Coppice also START:END, ' +
        'counted from 0, END excluded', default: 'up to the best; for Coppice all' },
    { name: 'out', group: 'Output', takes: 'one', short: 'o', isRequired: true,
      describe: 'File to write' },
    { name: 'format', group: 'Output', takes: 'one', choices: formats,
      default: 'by the ending of --out: .txt, .js or .mjs, .cpp or .cc; else coppice',
      describe: 'coppice: JSON; lightgbm: the text that LightGBM loads; javascript: an ES module ' +
        'with predict(row) and predictRaw(row); cpp: the same as C++' },
  ],
  examples: [
    ['$0 convert --model lightgbm.txt --out model.json', 'A model of LightGBM, for Coppice'],
    ['$0 convert --model model.json --out lightgbm.txt', 'And back'],
    ['$0 convert --model model.json --out model.mjs', 'A module that needs nothing else'],
    ['$0 convert --model model.json --iterations 20 --out short.json', 'The first 20 iterations'],
  ],
  async run(values) {
    const model = values.required('model')
    const out = values.required('out')
    const iterations = readIterations(values)
    const format = values.choice('format', formats) ??
      formatOfEnding(out)
    if (format === 'coppice' && iterations !== undefined && iterations[0] > 0) {
      throw new UsageError('--iterations of a Coppice model begin with the first: give their ' +
        'number alone')
    }
    await requireDistinct([{ flag: '--out', path: out }], [{ flag: '--model', path: model }])
    const booster = await Booster.load(model)
    if (format === 'coppice') {
      await (iterations === undefined ? booster : booster.truncate(iterations[1])).save(out)
      return ExitCode.ok
    }
    const range = iterations === undefined ? {} : { iterations }
    await (format === 'lightgbm' ? booster.saveLightGBM(out, range)
      : booster.saveCode(out, format, range))
    return ExitCode.ok
  },
}

function formatOfEnding(out: string): typeof formats[number] {
  if (/\.m?js$/.test(out)) return 'javascript'
  if (/\.(cpp|cc)$/.test(out)) return 'cpp'
  requireModelEnding(out, 'format')
  return out.endsWith('.txt') ? 'lightgbm' : 'coppice'
}
