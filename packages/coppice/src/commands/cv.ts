import { cv, type CvResult, type FoldIteration } from '@coppice/api'
import type { Command, Flag } from '../command.js'
import { ExitCode } from '../exit-codes.js'
import { print } from '../output.js'
import { tableText } from '../table.js'
import { parameterFlags } from '../training/parameter-flags.js'
import { foldOptions, runStudy, shortNumber, studyFlags } from '../training/study.js'
import { requireWritable } from '../writable.js'

const options: readonly Flag[] = [
  ...studyFlags('Train', 'result'),
  { name: 'state', group: 'Run', takes: 'one',
    describe: 'File for what is trained so far; where it exists, its cross-validation goes on' },
]

const optionNames = options.map(({ name }) => name)

/** Cross-validates parameters on files. */
export const cvCommand: Command = {
  name: 'cv',
  summary: 'Cross-validate: how well parameters do on rows that were not trained on',
  flags: [...options, ...parameterFlags(new Set(optionNames))],
  examples: [
    ["$0 cv --data 'train/*.parquet' --label delayed --objective binary --metric auc",
      'Five folds, each with the same share of classes'],
    ['$0 cv ... --num_iterations 1000 --early_stopping_round 20 --state cv.json',
      'Stop where the mean is best; started again, it goes on'],
    ['$0 cv ... --time day --folds 4', 'Train on the past, judge by what follows'],
  ],
  run: (values) => runStudy(values, optionNames, async (study) => {
    const { note, cluster, initModel, signal } = study
    const state = study.values.text('state')
    if (state !== undefined) await requireWritable(state)
    const result = await cv(study.params, study.data, {
      ...foldOptions(study.values), state, cluster, initModel, signal, onNotice: note,
      onIteration: (iteration, nIterations) => note(iterationText(iteration, nIterations)),
    })
    await print(study.values.isOn('json') ? resultJson(result) : resultTable(result))
    return ExitCode.ok
  }),
}

/** `[12/100] valid auc 0.7123 +- 0.0041`. */
function iterationText({ iteration, metrics }: FoldIteration, nIterations: number): string {
  const texts = metrics.map(({ dataset, metric, mean, stdv }) =>
    `${dataset} ${metric} ${shortNumber(mean)} +- ${shortNumber(stdv)}`)
  return `[${iteration + 1}/${nIterations}] ${texts.join(', ')}`
}

function resultJson({ metrics, foldMetrics, iterations, bestIteration }: CvResult): string {
  return `${JSON.stringify({ bestIteration, iterations, metrics, foldMetrics })}\n`
}

/** The last iteration that counts: a line per metric, with the folds. */
function resultTable({ metrics, foldMetrics, iterations, boosters }: CvResult): string {
  const header = ['metric', 'iteration', 'mean', 'stdv', ...boosters.map((_, k) => `fold ${k + 1}`)]
  const rows = Object.entries(foldMetrics).map(([name, folds]) => [
    name, String(iterations.at(-1)), shortNumber(metrics[`${name}-mean`]!.at(-1)!),
    shortNumber(metrics[`${name}-stdv`]!.at(-1)!),
    ...folds.map((fold) => shortNumber(fold.at(-1)!)),
  ])
  return tableText(header, rows, header.map((_, column) => column).slice(1))
}
