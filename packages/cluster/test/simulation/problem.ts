import {
  type BinnedDataset, committedIterations, type FeatureInfo,
  initialModel, InlineExecutor, mergeSummaries,
  type ResolvedParams, resolveParams, type RowSummary, summarizeRows, type TargetShape, train,
  type TrainingData,
  withExtents,
} from '@coppice/engine'
import { createPredictor, type Model, serializeModel, startChain } from '@coppice/model'
import { TestRandom, wholeNumberMapper } from '@coppice/testkit'
import type { LoadedPartitionInfo } from '../../src/protocol/messages.js'

/** Rows of a partition, as plain numbers. */
export interface TinyRows {
  readonly firstRow: number
  /** [row][feature] */
  readonly bins: readonly (readonly number[])[]
  /** Row-major where there are several outputs with labels of their own. */
  readonly label: readonly number[]
  /** [row][feature] where leaves are linear; NaN is missing. */
  readonly raw?: readonly (readonly number[])[]
  /** Where the training begins with a model. */
  initScore?: readonly number[]
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
  /** What the training begins with. */
  readonly initModel: Model | null
  readonly expected: string
  /** Chain hash after 0, 1, ... iterations. */
  readonly chain: readonly string[]
}

const problems = new Map<number, Promise<Problem>>()

/** Problems that are of one of these kinds each. */
export const specialKinds = [
  'begins', 'schedule', 'begins', 'outputs', 'ranks', 'wide', 'trees', 'trees', 'bagged trees',
  'times', 'forest',
] as const
type Kind = (typeof specialKinds)[number] | undefined
/** Problems of none of them. */
export const plainCount = 24
export const problemCount = plainCount + specialKinds.length

/** Bins of a feature whose bins take two bytes. */
const WIDE_BINS = 300
/** Outputs with labels of their own: more than grow at the same time in simulations. */
const TARGETS = 5
/** Rows of a query, shown one after the other. */
export const QUERY_ROWS = 2

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
  const kind = specialKinds[number - plainCount]
  // features are elected where there are more than two
  const votes = number % 5 === 4 && kind !== 'wide'
  const nFeatures = (votes ? 3 : 2) + random.below(2)
  const nBins = 3 + random.below(5)
  const hasTargets = kind === 'trees' || kind === 'bagged trees'
  const isLinear = number % 4 === 2 && !hasTargets
  const binsOf = (f: number): number => kind === 'wide' && f === 0 ? WIDE_BINS : nBins
  const features = Array.from({ length: nFeatures }, (_, f): FeatureInfo =>
    ({ name: `f${f}`, mapper: wholeNumberMapper(binsOf(f), 'none'), categories: null }))
  const make = (dataset: number, firstRow: number): { dataset: number, rows: TinyRows } => {
    const nRows = (4 + random.below(16)) * (kind === 'ranks' ? QUERY_ROWS : 1)
    const bins = Array.from({ length: nRows }, () =>
      Array.from({ length: nFeatures }, (_, f) => random.below(binsOf(f))))
    const targets = hasTargets ? TARGETS : 1
    const label = bins.flatMap((row) => Array.from({ length: targets }, (_, k) => {
      const value = row[k & 1]! * 2 - (row[1]! > k + 1 ? 3 : 0) + random.normal()
      // a time with ties, or that of a censored row
      if (kind === 'times') {
        return Math.max(1, Math.round(9 - value)) * (random.below(3) > 0 ? 1 : -1)
      }
      // of magnitudes that are far apart
      return kind === 'ranks' ? Math.max(0, Math.min(3, Math.round(value / 3))) : value * 1e4 ** k
    }))
    return { dataset, rows: { firstRow, bins, label,
      ...(isLinear ? { raw: rawOf(bins, Math.floor(nBins / 2), number) } : {}) } }
  }
  const partitions: { dataset: number, rows: TinyRows }[] = []
  for (const [dataset, n] of [nTraining, nEval].entries()) {
    let firstRow = 0
    for (let i = 0; i < n; i++) {
      const partition = make(dataset, firstRow)
      firstRow += partition.rows.bins.length
      partitions.push(partition)
    }
  }
  const nDatasets = nEval > 0 ? 2 : 1
  const rawParams = {
    ...(kind === 'outputs' || hasTargets ? {} : lossOf(number)),
    num_leaves: 3 + random.below(4), min_data_in_leaf: 2,
    num_iterations: 3 + random.below(5), learning_rate: 0.3, lambda_l2: 0.5,
    metric: nEval > 0 ? 'l2' : 'none', feature_pre_filter: false,
    // draws that depend on the gradients of all rows
    ...(number % 3 === 2 && !hasTargets
      ? { data_sample_strategy: 'goss', learning_rate: 0.6, top_rate: 0.3, other_rate: 0.3 } : {}),
    // iterations that change the trees of earlier ones
    ...(number % 3 === 0 ? { boosting: 'dart', skip_drop: 0.2, drop_rate: 0.6 } : {}),
    ...(isLinear ? { linear_tree: true, linear_lambda: 0.1 } : {}),
    ...(votes ? { tree_learner: 'voting', top_k: 1 } : {}),
    ...(nEval > 0 && number % 4 === 1 ? { early_stopping_round: 2 } : {}),
    ...(kind === undefined ? {} : specialParams(kind)),
  }
  const sets = (): BinnedDataset[] => Array.from({ length: nDatasets }, (_, d) => binned(
    features, partitions.filter(({ dataset }) => dataset === d).map(({ rows }) => rows),
    kind))
  const initModel = kind === 'begins' ? await modelToBeginWith(sets()[0]!) : null
  if (initModel !== null) beginWith(initModel, features, partitions)
  const [training, ...evaluated] = sets()
  const chain: string[] = []
  const { model } = await train({
    params: rawParams, train: training!,
    evalSets: evaluated.map((data) => ({ name: 'valid', data })),
    ...(initModel === null ? {} : { initModel }),
    callbacks: [(_, checkpoint) => {
      chain.push(committedIterations(checkpoint.model()).at(-1)!.chainHash)
    }],
  }, new InlineExecutor())
  return {
    params: resolveParams(rawParams), rawParams, features, partitions, nDatasets,
    infos: partitions.map((partition, p) => infoOf(p, partition, features, kind)),
    initModel,
    expected: serializeModel(model),
    chain: [startChain(model), ...chain],
  }
}

function specialParams(kind: (typeof specialKinds)[number]): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'schedule': return {
      bagging_freq: 1,
      parameter_schedule: { lambda_l2: [2, 1], min_data_in_leaf: [3, 2, 4],
        bagging_fraction: [0.6, 0.8] },
    }
    case 'trees': return { objective: 'multi_regression', num_target: TARGETS, metric: 'none' }
    // all features are scanned: of one alone wrong sums would agree with themselves
    case 'bagged trees': return { ...specialParams('trees'), bagging_freq: 1,
      bagging_fraction: 0.7 }
    case 'outputs': return { objective: 'multi_quantile', quantiles: [0.2, 0.7] }
    case 'ranks': return { objective: 'lambdarank', lambdarank_norm: false, metric: 'none',
      lambdarank_position_bias_regularization: 0.1 }
    case 'times': return { objective: 'cox', metric: 'none' }
    case 'forest': return { boosting: 'rf', objective: 'regression_l1', learning_rate: 0.1,
      linear_tree: false, linear_lambda: 0, bagging_fraction: 0.7, bagging_freq: 1 }
    default: return {}
  }
}

async function modelToBeginWith(data: BinnedDataset): Promise<Model> {
  const params = { num_iterations: 2, num_leaves: 3, min_data_in_leaf: 2 }
  const { model } = await train({ params, train: data }, new InlineExecutor())
  return initialModel(model, 'gbdt')
}

function beginWith(
  model: Model, features: readonly FeatureInfo[],
  partitions: readonly { readonly rows: TinyRows }[],
): void {
  const predictor = createPredictor(model)
  for (const { rows } of partitions) {
    const values = rows.raw?.flat() ?? rows.bins.flatMap((row) =>
      row.map((bin, f) => bin - (features[f]!.mapper as { zeroBin: number }).zeroBin))
    rows.initScore = [...predictor.predictEncoded(Float64Array.from(values))]
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
  features: readonly FeatureInfo[], kind: Kind,
): LoadedPartitionInfo {
  const data = binned(features, [rows], kind)
  const summary = summarizeRows(data, shapeOf(kind), '')
  return {
    partition, nRows: data.nRows, hash: `rows of ${partition}`,
    summary: withExtents(summary, data.blocks),
  }
}

function shapeOf(kind: Kind): TargetShape {
  const shape = { objective: 'regression', nClasses: 0, nOutputs: 1 }
  switch (kind) {
    case 'ranks': return { ...shape, objective: 'lambdarank', maxLabel: 30 }
    case 'trees':
    case 'bagged trees':
      return { ...shape, objective: 'multi_regression', nOutputs: TARGETS, nLabels: TARGETS }
    case 'times': return { ...shape, objective: 'cox' }
    default: return shape
  }
}

function binned(
  features: readonly FeatureInfo[], parts: readonly TinyRows[], kind: Kind,
): BinnedDataset {
  const ranks = kind === 'ranks'
  const rows = parts.flatMap(({ bins }) => bins)
  const isWide = features.map(({ mapper }) => mapper.nBins > 256)
  const bins = rows.flatMap((row) =>
    [...row.map((bin) => bin & 255), ...row.filter((_, f) => isWide[f]).map((bin) => bin >> 8)])
  const hasRaw = parts.some(({ raw }) => raw !== undefined)
  const hasInit = parts.some(({ initScore }) => initScore !== undefined)
  return {
    nRows: rows.length,
    features,
    blocks: [{
      firstRow: 0, nRows: rows.length, bins: Uint8Array.from(bins),
      ...(hasRaw ? { raw: Float64Array.from(parts.flatMap(({ raw }) => raw!.flat())) } : {}),
    }],
    label: Float64Array.from(parts.flatMap(({ label }) => label)),
    classes: null,
    weight: null,
    initScore: hasInit ? Float64Array.from(parts.flatMap(({ initScore }) => initScore!)) : null,
    groupSizes: ranks ? new Uint32Array(rows.length / QUERY_ROWS).fill(QUERY_ROWS) : null,
    shownAt: ranks ? Float64Array.from(rows, (_, i) => i % QUERY_ROWS) : null,
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
