import { Booster, type ImportedObjective, type Model } from '@coppice/api'
import { treeText } from '@coppice/api/command'
import type { Command } from '../command.js'
import { ExitCode } from '../exit-codes.js'
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
    { name: 'parameters', group: 'Output', takes: 'switch',
      describe: 'The parameters that the model was trained with' },
    { name: 'json', group: 'Output', takes: 'switch', describe: 'One JSON object' },
  ],
  examples: [
    ['$0 inspect --model m.json', 'Objective, size and importances'],
    ['$0 inspect --model m.json --tree 0', 'The first tree'],
  ],
  async run(values) {
    const tree = values.integer('tree', 0)
    const booster = await Booster.load(values.required('model'))
    if (tree !== undefined) {
      await print(values.isOn('json') ? treeJson(booster, tree) : treeText(booster.model, tree))
    } else if (values.isOn('json')) {
      await print(`${JSON.stringify(summarise(booster), null, 2)}\n`)
    } else {
      await print(summaryText(booster, values.isOn('parameters')))
    }
    return ExitCode.ok
  },
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
    chainHash: model.chainHash,
    features: model.features.map(({ name, kind }, f) =>
      ({ name, kind, gain: gain[f]!, split: split[f]! })),
    evaluation: shownValues(model),
    parameters: model.parameters,
  }
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
