import {
  type BinnedBlock, type BinnedDataset, committedIterations, type FeatureInfo,
  InlineExecutor, mergeSummaries,
  type ResolvedParams, resolveParams, type RowSummary, summarizeRows, train, type TrainingData,
  withExtents,
} from '@coppice/engine'
import { serializeModel, startChain } from '@coppice/model'
import { TestRandom, wholeNumberMapper } from '@coppice/testkit'
import type { LoadedPartitionInfo } from '../../src/protocol/messages.js'

/** Rows of a partition, as plain numbers. */
export interface TinyRows {
  readonly firstRow: number
  /** [row][feature] */
  readonly bins: readonly (readonly number[])[]
  readonly label: readonly number[]
  /** [row][feature] where leaves are linear; NaN is missing. */
  readonly raw?: readonly (readonly number[])[]
}

/** A training small enough to run thousands of times, and the model it has to end in. */
export interface Problem {
  readonly params: ResolvedParams
  readonly rawParams: Readonly<Record<string, unknown>>
  readonly features: readonly FeatureInfo[]
  /** Partitions of all data sets; the training set's first. */
  readonly partitions: readonly { readonly dataset: number, readonly rows: TinyRows }[]
  readonly nDatasets: number
  readonly infos: readonly LoadedPartitionInfo[]
  readonly expected: string
  /** Chain hash after 0, 1, ... iterations. */
  readonly chain: readonly string[]
}

const problems = new Map<number, Promise<Problem>>()

/** One of a few problems: which, and nothing else of it, depends on the number. */
export function problemOf(number: number): Promise<Problem> {
  const known = problems.get(number)
  if (known !== undefined) return known
  const made = makeProblem(number)
  problems.set(number, made)
  return made
}

async function makeProblem(number: number): Promise<Problem> {
  const random = new TestRandom(9000 + number)
  const nTraining = 1 + random.below(7)
  const nEval = number % 3 === 0 ? 0 : 1 + random.below(2)
  const nFeatures = 2 + random.below(2)
  const nBins = 3 + random.below(5)
  const isLinear = number % 4 === 2
  const features = Array.from({ length: nFeatures }, (_, f): FeatureInfo =>
    ({ name: `f${f}`, mapper: wholeNumberMapper(nBins, 'none'), categories: null }))
  const make = (dataset: number, firstRow: number): { dataset: number, rows: TinyRows } => {
    const nRows = 4 + random.below(16)
    const bins = Array.from({ length: nRows }, () =>
      Array.from({ length: nFeatures }, () => random.below(nBins)))
    const label = bins.map((row) => row[0]! * 2 - (row[1]! > 1 ? 3 : 0) + random.normal())
    return { dataset, rows: { firstRow, bins, label,
      ...(isLinear ? { raw: rawOf(bins, Math.floor(nBins / 2), number) } : {}) } }
  }
  const partitions: { dataset: number, rows: TinyRows }[] = []
  for (const [dataset, n] of [nTraining, nEval].entries()) {
    let firstRow = 0
    for (let i = 0; i < n; i++) {
      const partition = make(dataset, firstRow)
      firstRow += partition.rows.label.length
      partitions.push(partition)
    }
  }
  const nDatasets = nEval > 0 ? 2 : 1
  const rawParams = {
    ...lossOf(number), num_leaves: 3 + random.below(4), min_data_in_leaf: 2,
    num_iterations: 3 + random.below(5), learning_rate: 0.3, lambda_l2: 0.5,
    metric: nEval > 0 ? 'l2' : 'none', feature_pre_filter: false,
    // draws that depend on the gradients of all rows
    ...(number % 3 === 2
      ? { data_sample_strategy: 'goss', learning_rate: 0.6, top_rate: 0.3, other_rate: 0.3 } : {}),
    // iterations that change the trees of earlier ones
    ...(number % 3 === 0 ? { boosting: 'dart', skip_drop: 0.2, drop_rate: 0.6 } : {}),
    ...(isLinear ? { linear_tree: true, linear_lambda: 0.1 } : {}),
    ...(nEval > 0 && number % 4 === 1 ? { early_stopping_round: 2 } : {}),
  }
  const sets = Array.from({ length: nDatasets }, (_, d) =>
    binned(features, partitions.filter(({ dataset }) => dataset === d).map(({ rows }) => rows)))
  const chain: string[] = []
  const { model } = await train({
    params: rawParams, train: sets[0]!,
    evalSets: sets.slice(1).map((data) => ({ name: 'valid', data })),
    callbacks: [(_, checkpoint) => {
      chain.push(committedIterations(checkpoint.model()).at(-1)!.chainHash)
    }],
  }, new InlineExecutor())
  return {
    params: resolveParams(rawParams), rawParams, features, partitions, nDatasets,
    infos: partitions.map((partition, p) => infoOf(p, partition)),
    expected: serializeModel(model),
    chain: [startChain(model), ...chain],
  }
}

/** Values in the bins of whole numbers, a few of them missing. */
function rawOf(
  bins: readonly (readonly number[])[], zeroBin: number, number: number,
): number[][] {
  const random = new TestRandom(number + bins.length)
  return bins.map((row) => row.map((bin) =>
    random.below(12) === 0 ? NaN : bin - zeroBin + (random.below(49) - 24) / 64))
}

/** In half of the problems leaves and base score are percentiles. */
function lossOf(number: number): { readonly objective: string, readonly alpha?: number } {
  switch (number % 8) {
    case 1: return { objective: 'mape' }
    case 3: return { objective: 'quantile', alpha: 0.8 }
    case 5:
    case 7: return { objective: 'regression_l1' }
    default: return { objective: 'regression' }
  }
}

function infoOf(
  partition: number, { rows }: { readonly dataset: number, readonly rows: TinyRows },
): LoadedPartitionInfo {
  const summary = summarizeRows({
    nRows: rows.label.length, label: Float64Array.from(rows.label), weight: null, initScore: null,
  }, { objective: 'regression', nClasses: 0, nOutputs: 1 }, '')
  return {
    partition, nRows: rows.label.length, hash: `rows of ${partition}`,
    summary: withExtents(summary, [blockOf(rows.bins, rows.raw?.flat() ?? null)]),
  }
}

function blockOf(
  bins: readonly (readonly number[])[], raw: readonly number[] | null,
): BinnedBlock {
  return {
    firstRow: 0, nRows: bins.length, bins: Uint8Array.from(bins.flat()),
    ...(raw === null ? {} : { raw: Float64Array.from(raw) }),
  }
}

function binned(features: readonly FeatureInfo[], parts: readonly TinyRows[]): BinnedDataset {
  const bins = parts.flatMap((part) => part.bins)
  return {
    nRows: bins.length,
    features,
    blocks: [blockOf(bins, parts.some(({ raw }) => raw !== undefined)
      ? parts.flatMap(({ raw }) => raw!.flat()) : null)],
    label: Float64Array.from(parts.flatMap(({ label }) => label)),
    classes: null,
    weight: null,
    initScore: null,
    groupSizes: null,
  }
}

/** The data set as the trainer sees it, from what its partitions told. */
export function trainingData(
  { features, partitions }: Problem, dataset: number, infos: readonly LoadedPartitionInfo[],
): TrainingData {
  const own = infos.filter(({ partition }) => partitions[partition]!.dataset === dataset)
  const summary: RowSummary = mergeSummaries(own.map((info) => info.summary))
  return { nRows: summary.nRows, features, classes: null, summary }
}
