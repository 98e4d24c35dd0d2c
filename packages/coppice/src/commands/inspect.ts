import { Booster, type ImportedObjective, type Model } from '@coppice/api'
import { treeColumns, treeText } from '@coppice/api/command'
import type { Command } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { FlagValues } from '../flag-values.js'
import { print } from '../output.js'
import { tableText } from '../table.js'

/** What a model is and which features it uses. */
export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Show what a model is, which features it uses, and its trees',
  flags: [
    { name: 'model', group: 'Model', takes: 'one', short: 'm', isRequired: true,
      describe: 'Model file' },
    { name: 'tree', group: 'Output', takes: 'one', describe: 'One tree as text, counted from 0' },
    { name: 'dot', group: 'Output', takes: 'switch',
      describe: 'With --tree: as a graph for Graphviz (dot -Tsvg)' },
    { name: 'table', group: 'Output', takes: 'switch',
      describe: "All trees as CSV, a line for each node and leaf, with LightGBM's columns" },
    { name: 'parameters', group: 'Output', takes: 'switch',
      describe: 'The parameters that the model was trained with' },
    { name: 'json', group: 'Output', takes: 'switch',
      describe: 'One JSON object; bounds of scores that have none are "-Infinity" and "Infinity"' },
  ],
  examples: [
    ['$0 inspect --model m.json', 'Objective, size and importances'],
    ['$0 inspect --model m.json --tree 0', 'The first tree'],
    ['$0 inspect --model m.json --tree 0 --dot | dot -Tsvg > tree.svg', 'And its picture'],
  ],
  async run(values) {
    const tree = values.integer('tree', 0)
    refuseTwo(values)
    const booster = await Booster.load(values.required('model'))
    if (values.isOn('table')) await print(tableCsv(booster))
    else if (tree !== undefined && values.isOn('dot')) await print(booster.treeGraph(tree))
    else if (tree !== undefined) {
      await print(values.isOn('json') ? treeJson(booster, tree) : treeText(booster.model, tree))
    } else if (values.isOn('json')) {
      await print(`${JSON.stringify(summarise(booster), null, 2)}\n`)
    } else {
      await print(summaryText(booster, values.isOn('parameters')))
    }
    return ExitCode.ok
  },
}

/** @throws UsageError for two forms of output */
function refuseTwo(values: FlagValues): void {
  const isTree = values.has('tree')
  if (values.isOn('dot') && !isTree) {
    throw new UsageError('--dot draws one tree: say which one with --tree')
  }
  const forms = [...(values.isOn('table') && isTree ? ['tree'] : []),
    ...['dot', 'table', 'json', 'parameters'].filter((name) => values.isOn(name))]
  const [first, second] = forms.filter((name) => name !== 'parameters' || forms.includes('table'))
  if (second === undefined) return
  throw new UsageError(`--${first!} and --${second} are two forms of output; give one of them`)
}

/** Fields with a comma or a quote in quotes, nothing for what there is not. */
function tableCsv(booster: Booster): string {
  const lines = booster.treesToRows().map((row) => treeColumns.map(([key]) => {
    const text = String(row[key] ?? '')
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
  }).join(','))
  return [treeColumns.map(([, name]) => name).join(','), ...lines, ''].join('\n')
}

function treeJson(booster: Booster, index: number): string {
  // The text checks that there is such a tree.
  treeText(booster.model, index)
  return `${JSON.stringify(booster.model.trees[index], null, 2)}\n`
}

/** Everything but the trees, as plain data. */
function summarise(booster: Booster) {
  const { model, nIterations, nTrees, bestIteration, classes } = booster
  const gain = booster.featureImportances('gain')
  const split = booster.featureImportances('split')
  return {
    objective: model.objective,
    classes,
    iterations: nIterations,
    trees: nTrees,
    bestIteration,
    ...(model.earlier === undefined ? {} : { earlier: model.earlier }),
    scoreBounds: scoreBoundsOf(booster),
    chainHash: model.chainHash,
    features: model.features.map(({ name, kind }, f) =>
      ({ name, kind, gain: gain[f]!, split: split[f]! })),
    evaluation: shownValues(model),
    parameters: model.parameters,
  }
}

/** Per output; JSON has no infinity, so that what has no bound is a text that `Number` reads. */
function scoreBoundsOf(booster: Booster) {
  const { lower, upper } = booster.scoreBounds()
  const readable = (values: Float64Array) =>
    Array.from(values, (value) => Number.isFinite(value) ? value : String(value))
  return { lower: readable(lower), upper: readable(upper) }
}

/** Metrics of the best iteration where there is one, else of the last, by data set. */
function shownValues({ evaluation, bestIteration }: Model) {
  const shown: Record<string, Record<string, number>> = {}
  for (const { dataset, metric, iterations, values } of evaluation) {
    // Iterations are 0-based, the best one is a number of iterations.
    const best = bestIteration === null ? -1 : iterations.indexOf(bestIteration - 1)
    const ofDataset = shown[dataset] ??= {}
    ofDataset[metric] = values.at(best)!
  }
  return shown
}

/** In the words of the library that it comes from. */
function describeImported({ source, averages }: ImportedObjective): string {
  return `${source === '' ? 'none: raw scores' : source} (LightGBM${averages ? ', forest' : ''})`
}

function summaryText(booster: Booster, showsParameters: boolean): string {
  const { objective, classes, iterations, trees, bestIteration, features, evaluation, parameters,
    chainHash, earlier = [] } = summarise(booster)
  const leaves = booster.model.trees.reduce((sum, tree) => sum + tree.leafValue.length, 0)
  const lines = [
    `objective   ${objective.name === 'imported' ? describeImported(objective)
      : objective.name === 'custom' ? `custom (${objective.source})` : objective.name}`,
    ...(classes === null ? [] : [`classes     ${classes.map(String).join(', ')}`]),
    `trees       ${trees} in ${iterations} iterations, ${leaves} leaves`,
    ...earlier.map((training) =>
      `begun with  ${training.iterations} iterations of ${training.objective || 'another model'}`),
    ...(bestIteration === null ? [] : [`best        iteration ${bestIteration}`]),
    ...Object.entries(evaluation).map(([name, metrics]) => `evaluation  ${name}: ` +
      Object.entries(metrics).map(([metric, value]) =>
        `${metric} ${Number(value.toPrecision(6))}`).join(', ') + (bestIteration === null
        ? ' (last iteration)' : ` (iteration ${bestIteration}, the best)`)),
    `chain hash  ${chainHash}`,
  ]
  const rows = [...features].sort((a, b) => b.gain - a.gain).map(({ name, kind, gain, split }) =>
    [name, kind, String(Number(gain.toPrecision(6))), String(split)])
  const table = tableText(['feature', 'kind', 'gain', 'splits'], rows, [2, 3])
  const shown = showsParameters ? `\n${tableText(['parameter', 'value'],
    Object.entries(parameters).map(([name, value]) => [name, String(value)]), [])}` : ''
  return `${lines.join('\n')}\n\n${table}${shown}`
}
