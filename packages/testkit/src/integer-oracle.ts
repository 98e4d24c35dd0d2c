/**
 * The naive integer trainer: what a training must come to, to the byte.
 *
 * Written from the documented semantics (parameters page, LightGBM 4.6's split finding with true
 * counts, determinism contract), not from the engine: no WebAssembly, threads, subtraction of
 * histograms or speculation; rows are index lists and every candidate is scored one at a time.
 * Sums are whole numbers below 2^53, so plain numbers hold them exactly (nRows < 2^23).
 *
 * What has to agree to the bit is stated where it is computed: fixed point, gains, outputs, grid.
 */
import {
  modelParameters, resolveParams, type BinnedDataset, type ResolvedParams,
} from '@coppice/engine'
import { chainOf, nClassesOf, type Model, type ModelHeader, type Tree } from '@coppice/model'
import { allBins } from './datasets.js'
import { NaiveDart } from './naive-dart.js'
import { NaiveGrid } from './naive-grid.js'
import { NaiveGrower, type Scales } from './naive-grower.js'
import { drawRows, mostWeight } from './naive-sampling.js'
import { nearestEven, powerAbove } from './naive-numbers.js'
import { NaivePercentiles } from './naive-percentiles.js'
import { describeObjective } from './naive-objective.js'

/** Trains one model the slow way. Evaluation sets and early stopping are not its business. */
export function trainByIntegerOracle(
  rawParams: Readonly<Record<string, unknown>>, data: BinnedDataset,
): Model {
  const params = resolveParams(rawParams)
  const objective = describeObjective(params, data)
  const { nOutputs } = objective
  const initScore = data.initScore
  const scoreScale = Math.max(
    objective.scoreScale, ...(initScore === null ? [] : [...initScore].map(Math.abs)))
  const isForest = params.boosting === 'rf'
  const grid = gridOf(params, scoreScale)
  const percentiles = NaivePercentiles.of(objective, data, grid.quantum)
  const average = percentiles === null || !params.boostFromAverage ? objective.baseScores
    : [percentiles.find([...data.label!.keys()], () => 0)]
  const baseScores = average.map((score) => initScore === null ? grid.round(score) : 0)
  const scores = startOf(data, baseScores, scoreScale)
  grid.spend(Math.max(...baseScores.map(Math.abs)))
  const header = headerOf(params, data, objective, baseScores)
  // trees of a forest have the base scores in their leaves
  const bias = baseScores.map((base) => isForest ? base : 0)
  const trees: Tree[] = []
  const bins = allBins(data)
  const dart = new NaiveDart(params)
  const assigned: ((row: number) => number)[] = []
  const addTree = (t: number, factor: number): void => scores.forEach((own, row) => {
    own[t % nOutputs]! += factor * trees[t]!.leafValue[assigned[t]!(row)]!
  })
  for (let iteration = 0; iteration < params.numIterations; iteration++) {
    const { dropped, shrinkage, factor } = dart.step(iteration)
    const droppedTrees = dropped.flatMap((i) =>
      Array.from({ length: nOutputs }, (_, k) => i * nOutputs + k))
    for (const t of droppedTrees) addTree(t, -1)
    const derivatives = scores.map((own, row) =>
      objective.derivatives(own, data.label![row]!, data.weight?.[row] ?? 1))
    const gradientBound = objective.gradientBound ??
      derivatives.reduce((max, [[g]]) => Math.max(max, Math.abs(g!)), 0)
    if (gradientBound === 0) break
    // fixed point: 30 bits for the bound, powers of two as scales, ties to even
    const hessianBound = objective.hessianBound + (objective.hessianSlope ?? 0) * gradientBound
    const scales = scalesOf(gradientBound, hessianBound, mostWeight(params, iteration, data.nRows))
    const pairsOf = (output: number): [number, number][] => derivatives.map((pairs) =>
      [nearestEven(pairs[output]![0] * scales.g), nearestEven(pairs[output]![1] * scales.h)])
    const weights = drawRows(params, iteration, data, Array.from({ length: nOutputs }, (_, k) =>
      pairsOf(k)))
    const inBag = weights.flatMap((weight, row) => weight > 0 ? [row] : [])
    const grown: Tree[] = []
    for (let output = 0; output < nOutputs; output++) {
      const fixed = pairsOf(output).map(([g, h], row) =>
        [nearestEven(g * weights[row]!), nearestEven(h * weights[row]!)] as const)
      const rate = isForest ? 1 : shrinkage
      const grower = new NaiveGrower(
        params, data, bins, fixed, scales, grid, iteration, output, rate, bias[output]!)
      const { tree: stepped, leafOf } = grower.grow(inBag)
      const tree = percentiles === null ? stepped : renewed(stepped, (leaf) => grid.round(
        bias[output]! + rate * percentiles.find(
          inBag.filter((row) => leafOf(row) === leaf), (row) => scores[row]![output]!)))
      grown.push(tree)
      assigned.push(leafOf)
    }
    if (grown.every((tree) => tree.leafValue.length === 1)) break
    grid.spend(Math.max(...grown.flatMap((tree) => tree.leafValue.map(Math.abs))))
    for (const t of droppedTrees) {
      trees[t] = rescaled(trees[t]!, (value) => grid.rounded(value * factor))
      addTree(t, 1)
    }
    trees.push(...grown)
    if (!isForest) grown.forEach((_, k) => addTree(trees.length - nOutputs + k, 1))
  }
  return modelOf(header, trees, isForest)
}

/** Scores before the first tree: base scores, or init scores on the grid. */
function startOf(
  { nRows, initScore }: BinnedDataset, baseScores: readonly number[], scoreScale: number,
): number[][] {
  const grid = new NaiveGrid(scoreScale)
  const n = baseScores.length
  return Array.from({ length: nRows }, (_, row) => baseScores.map((base, k) =>
    initScore === null ? base : grid.round(initScore[row * n + k]!)))
}

function rescaled(tree: Tree, change: (value: number) => number): Tree {
  return {
    ...tree, leafValue: tree.leafValue.map(change), nodeValue: tree.nodeValue.map(change),
  }
}

/** The grid of leaf values: sums over a forest are larger. */
function gridOf({ boosting, numIterations }: ResolvedParams, scoreScale: number): NaiveGrid {
  const room = boosting === 'rf' ? Math.max(1, powerAbove(numIterations) / 128) : 1
  return new NaiveGrid(scoreScale * room)
}

/** Fixed point: 30 bits for the bounds of weighted gradients, powers of two as scales. */
function scalesOf(gradientBound: number, hessianBound: number, weight: number): Scales {
  return {
    g: 1073741824 / powerAbove(gradientBound * weight),
    h: 1073741824 / powerAbove(hessianBound * weight),
  }
}

function modelOf(header: ModelHeader, trees: readonly Tree[], isForest: boolean): Model {
  const model = {
    format: 'coppice-model', formatVersion: isForest ? 2 : 1, ...header, trees, bestIteration: null,
    evaluation: [],
  } as const
  return { ...model, chainHash: chainOf(model) }
}

/** What a model says before its trees. */
function headerOf(
  params: ResolvedParams, data: BinnedDataset, objective: ReturnType<typeof describeObjective>,
  baseScores: readonly number[],
): ModelHeader {
  const { nOutputs } = objective
  const isForest = params.boosting === 'rf'
  return {
    objective: isForest ? { ...objective.objective, averages: true } : objective.objective,
    classes: nClassesOf(objective.objective) === 0 ? null
      : data.classes ?? Array.from({ length: Math.max(2, nOutputs) }, (_, k) => k),
    features: data.features.map(({ name, mapper, categories }) => mapper.kind === 'numeric'
      ? { name, kind: 'numeric' as const, missing: mapper.missing }
      : { name, kind: 'categorical' as const, categories: categories! }),
    treesPerIteration: nOutputs,
    baseScores: isForest ? baseScores.map(() => 0) : baseScores,
    parameters: modelParameters(params),
  }
}

/** The tree with other values of its leaves; one that could not split adds nothing. */
function renewed(tree: Tree, valueOf: (leaf: number) => number): Tree {
  return tree.leafValue.length === 1 ? tree
    : { ...tree, leafValue: tree.leafValue.map((_, leaf) => valueOf(leaf)) }
}
