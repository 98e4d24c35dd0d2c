import {
  findParameter, type SearchSpace, tune, type TrialOutcome, type TuneResult,
} from '@coppice/api'
import type { Command, Flag } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { readJsonFile } from '../json-file.js'
import { print } from '../output.js'
import { tableText } from '../table.js'
import { parameterFlags } from '../training/parameter-flags.js'
import { foldOptions, runStudy, shortNumber, studyFlags } from '../training/study.js'
import { requireWritable } from '../writable.js'

const group = 'Search'

const options: readonly Flag[] = [
  { name: 'space', group, takes: 'one', isRequired: true,
    describe: 'JSON file: for each parameter a list of values, or {"uniform": [min, max]}, ' +
      'loguniform, integer or loginteger' },
  { name: 'search', group, takes: 'one', choices: ['grid', 'random', 'halving'],
    default: 'grid for lists, else random',
    describe: 'All combinations, draws, or draws of which the better ones get more and more' },
  { name: 'trials', group, takes: 'one', default: '20', describe: 'Number of draws' },
  { name: 'search-seed', group, takes: 'one', default: '0', describe: 'Seed of the draws' },
  { name: 'resource', group, takes: 'one', choices: ['iterations', 'rows'], default: 'iterations',
    describe: 'What halving gives out' },
  { name: 'factor', group, takes: 'one', default: '3',
    describe: 'Of the trials of a rung of a halving, one in so many goes on' },
  { name: 'min-resource', group, takes: 'one', default: '1 iteration, 100 rows',
    describe: 'What the first rung of a halving has at least' },
  { name: 'validation-fraction', group: 'Folds', takes: 'one',
    describe: 'Judge by this share of the rows, instead of folds' },
  { name: 'validation-seed', group: 'Folds', takes: 'one', default: '0',
    describe: 'Seed of its rows' },
  ...studyFlags('Train', 'result'),
  { name: 'journal', group: 'Run', takes: 'one',
    describe: 'File that every finished trial is added to; where it exists, its search goes on' },
  { name: 'model', group: 'Run', takes: 'one', short: 'o',
    describe: 'File for a model of all rows with the best parameters' },
]

const optionNames = options.map(({ name }) => name)

/** Searches for parameters on files. */
export const tuneCommand: Command = {
  name: 'tune',
  summary: 'Search for the parameters that do best on rows that were not trained on',
  flags: [...options, ...parameterFlags(new Set(optionNames))],
  examples: [
    ['$0 tune --space space.json --data train.parquet --label y --objective binary --metric auc ' +
      '--trials 30 --model m.json', 'Thirty draws, five folds each, and a model of the best'],
    ['$0 tune ... --search halving --trials 81 --num_iterations 500 --journal trials.jsonl',
      'Few iterations for all, many for the best; started again, it goes on'],
  ],
  run: (values) => runStudy(values, optionNames, async (study) => {
    const { values: flags, note, cluster, initModel, signal } = study
    const [model, journal] = [flags.text('model'), flags.text('journal')]
    for (const file of [model, journal]) if (file !== undefined) await requireWritable(file)
    const path = flags.required('space')
    const space = await readJsonFile(path, `the search space ${path}`) as SearchSpace
    const result = await tune(study.params, space, study.data, {
      ...foldOptions(flags), ...searchOptions(flags), journal, cluster, initModel, signal,
      onNotice: note, refit: model !== undefined,
      onTrial: (outcome, nTrials) => note(trialText(outcome, nTrials)),
    })
    if (model !== undefined) {
      await result.booster!.save(model)
      note(`model of ${result.booster!.nTrees} trees saved to ${model}`)
    }
    await print(flags.isOn('json') ? resultJson(result) : resultTable(result))
    return ExitCode.ok
  }),
}

function searchOptions(values: FlagValues) {
  const halving = {
    resource: values.choice('resource', ['iterations', 'rows']),
    factor: values.integer('factor', 2, 100),
    min: values.integer('min-resource', 1),
  }
  const isGiven = Object.values(halving).some((value) => value !== undefined)
  const search = values.choice('search', ['grid', 'random', 'halving'])
  if (isGiven && search !== 'halving') {
    throw new UsageError('--resource, --factor and --min-resource do nothing without --search ' +
      'halving')
  }
  return {
    search,
    nTrials: values.integer('trials', 1),
    searchSeed: values.integer('search-seed', -Number.MAX_SAFE_INTEGER),
    validationFraction: values.fraction('validation-fraction', 0, 1),
    validationSeed: values.integer('validation-seed', -Number.MAX_SAFE_INTEGER),
    halving: isGiven ? halving : undefined,
  }
}

/** `trial 3 of 20: 0.7123 +- 0.0041 at iteration 100; num_leaves 31`. */
function trialText(outcome: TrialOutcome, nTrials: number): string {
  const { trial, rung, status, score, stdv, iteration, message } = outcome
  const what = status !== 'done' ? `${status}: ${message}`
    : score === null ? 'no score'
    : `${shortNumber(score)} +- ${shortNumber(stdv)} at iteration ${iteration}`
  const where = rung === 0 ? '' : ` in rung ${rung + 1}`
  return `trial ${trial + 1} of ${nTrials}${where}: ${what}; ${paramsText(outcome)}`
}

function paramsText({ params }: TrialOutcome): string {
  return Object.entries(params).map(([name, value]) => `${typedName(name)} ` +
    (typeof value === 'number' ? shortNumber(value) : String(value))).join(', ')
}

/** A parameter as flags and files have it: num_leaves for numLeaves. */
function typedName(name: string): string {
  return findParameter(name)?.name ?? name
}

function resultJson({ metric, trials, best, params }: TuneResult): string {
  return `${JSON.stringify({ metric, best, params, trials })}\n`
}

/** All trials, the best ones of the last rung first. */
function resultTable({ metric, trials, best }: TuneResult): string {
  const names = Object.keys(best.params)
  const rest = trials.filter((outcome) => outcome !== best)
  const rows = [best, ...rest].map((outcome) => [
    outcome === best ? 'best' : outcome.status, String(outcome.trial + 1),
    String(outcome.rung + 1), shortNumber(outcome.score), shortNumber(outcome.stdv),
    outcome.iteration === null ? '-' : String(outcome.iteration),
    ...names.map((name) => {
      const value = outcome.params[name]!
      return typeof value === 'number' ? shortNumber(value) : String(value)
    }),
  ])
  const header = ['', 'trial', 'rung', metric, 'stdv', 'iteration', ...names.map(typedName)]
  return tableText(header, rows, header.map((_, column) => column).slice(1))
}
