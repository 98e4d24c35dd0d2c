/** Messages of every type, with every kind of what they may hold. Tests and the fuzzer use them. */
import type { DatasetRecipe, JobContext, PartitionPlan, TaskResults } from '@coppice/data'
import type { BinnedTree, EngineSetup, MetricPart, RowSummary } from '@coppice/engine'
import type { Objective } from '@coppice/model'
import type { FromClient, ToClient } from '../../src/protocol/client-messages.js'
import type { Direction } from '../../src/protocol/codec.js'
import type {
  AnswerPayload, FromWorker, SourcePartition, TaskBody, TaskResult, ToWorker, WorkerState,
} from '../../src/protocol/messages.js'
import { sealed } from '../../src/wire/sealed-numbers.js'
import { fromClientSamples, predictedRows, toClientSamples } from './client-samples.js'

type ByType<M extends { readonly type: string }> = {
  readonly [T in M['type']]: readonly Extract<M, { readonly type: T }>[]
}

const job = 'flights-2024'
const hash = 'ab'.repeat(32)

function bytes(n: number, start = 0): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (start + 37 * i) & 255)
}

const plan: PartitionPlan = {
  columns: [
    { name: 'délai', type: 'float' }, { name: '航空', type: null }, { name: '', type: 'bool' },
  ],
  nRows: 5,
  units: [
    { index: 0, firstRow: 0, nRows: 3, start: 17, end: 170 },
    { index: 1, firstRow: 3, nRows: 2, start: 170, end: 1e12 },
  ],
  detail: { firstLines: [2, 5, 9, 70_000], isPlain: [true, false], schema: bytes(9), none: null },
}

const columns: JobContext['columns'] = [
  { name: 'délai', role: 'feature', isCategorical: false, forced: null, isNumeric: false,
    isDeclaredText: false },
  { name: 'constructor', role: 'label', isCategorical: true, forced: 'string', isNumeric: true,
    isDeclaredText: true },
]

const context: JobContext = {
  textOptions: { header: 'auto', missingValues: ['', 'NA', '?'] },
  columns,
  partitions: [{ name: '/data/a.csv', firstRow: 0, byteLength: 1e12, plan, columnIdx: [1, -1] }],
  scan: { sampleRule: { start: -123456789, limit: 0x1_0000_0000 }, labelKind: 'binary' },
  prediction: null,
}

const sources: SourcePartition[] = [
  { uri: 's3://bucket/a.parquet', format: 'parquet', expected: { rows: 5, hash } },
  { uri: '/data/b c.csv', format: 'csv', expected: null },
]

const recipe: DatasetRecipe = {
  nRows: 5,
  rows: Uint8Array.of(0b10011),
  textOptions: { header: true, missingValues: [], unnamed: { label: 3, unlessColumns: null } },
  columns,
  partitions: [
    { name: '/data/a.csv', format: 'csv', firstRow: 0, byteLength: 3, plan, columnIdx: [0, 1],
      expected: null },
    { name: 'b.npy', format: 'npy', firstRow: 5, byteLength: 0,
      plan: { columns: [], nRows: 0, units: [], detail: null }, columnIdx: [],
      expected: { rows: 0, hash } },
  ],
  types: ['float', 'string'],
  features: [
    { name: 'délai', categories: null,
      mapper: { kind: 'numeric', missing: 'nan', nBins: 4, zeroBin: 1, missingBin: 3,
        upperBounds: Float64Array.of(-1.5, 1e-35, Infinity) } },
    { name: 'city', categories: ['', 'Zürich', '東京'],
      mapper: { kind: 'categorical', codes: Int32Array.of(2, 0), nBins: 3 } },
    { name: 'code', categories: [-1, 0, 7],
      mapper: { kind: 'categorical', codes: new Int32Array(0), nBins: 1 } },
  ],
  classes: [false, true, 'x', 3, -0],
}

const stump: BinnedTree = {
  feature: [], leftBins: [], leftChild: [], rightChild: [], leafValue: [-0.25],
}

/** Five leaves; node 1 is left of the root, 2 right of it, 3 below 2. */
const tree: BinnedTree = {
  feature: [3, 0, 1_000_000, 2],
  leftBins: [bytes(32), bytes(8, 1), bytes(8193, 2), bytes(32, 3)],
  leftChild: [1, -1, -3, -4],
  rightChild: [2, -2, 3, -5],
  leafValue: [0.1, -0, 5e-324, -1e90, 3],
}

/** The same, with linear leaves. */
const linearTree: BinnedTree = { ...tree, linear: {
  limit: 0.25, constant: [0, -0, 1e-300, 2, -3], features: [[], [0, 3], [7], [], [1]],
  coefficients: [[], [1.5, -2e90], [5e-324], [], [-0.1]],
} }

const objectives: readonly Objective[] = [
  { name: 'regression' }, { name: 'regression_sqrt' }, { name: 'huber', alpha: 0.9 },
  { name: 'regression_l1' }, { name: 'quantile', alpha: 0.3 }, { name: 'mape' },
  { name: 'fair', c: 1 }, { name: 'poisson', maxDeltaStep: 0.7 }, { name: 'gamma' },
  { name: 'tweedie', variancePower: 1.5 }, { name: 'cross_entropy' },
  { name: 'cross_entropy_lambda' }, { name: 'multiclassova', numClass: 3, sigmoid: 2 },
  { name: 'expectile', alpha: 0.1 }, { name: 'pseudo_huber', slope: 2 }, { name: 'log_cosh' },
  { name: 'focal', gamma: 2, alpha: 0.25 }, { name: 'hinge' },
  { name: 'multi_quantile', quantiles: [0.1, 0.9] }, { name: 'multi_label', numTarget: 3 },
  { name: 'multi_regression', numTarget: 2 }, { name: 'squared_log_error' },
  { name: 'aft', distribution: 'extreme', scale: 0.5 }, { name: 'cox' },
  { name: 'custom', source: 'mine', link: 'softplus', numClass: 0 },
]

const setup: EngineSetup = {
  features: [
    { nBins: 65_536, missingBin: 65_535, isCategorical: false },
    { nBins: 1, missingBin: -1, isCategorical: true },
  ],
  objective: { objective: { name: 'multiclass', numClass: 3 }, binaryWeights: [1, 2.5],
    gradientBound: null, hessianBound: 0.25,
    custom: { key: 'aa11', file: 'losses.mjs', export: 'default' } },
  nOutputs: 3,
  baseScores: [0.5, -0, -1e-300],
  fixedScores: [1, 0.25, -3],
  initScoreQuantum: 2 / 0x1_0000_0000,
  scan: { lambdaL1: 0, lambdaL2: 1.5, minDataInLeaf: 20, minSumHessianInLeaf: 1e-3,
    minGainToSplit: 0, maxDeltaStep: 0, catSmooth: 10, catL2: 10, maxCatThreshold: 32,
    maxCatToOnehot: 4, minDataPerGroup: 100, extraTrees: true },
  usesBagging: true,
  usesGoss: true,
  maxExpansions: 8,
  maxLeaves: 255,
  metrics: [
    { name: 'auc', topK: 0, parameter: 0 }, { name: 'multi_error', topK: 5, parameter: 1.5 },
    { name: 'mine', topK: 1, parameter: 0, custom: {
      name: 'mine', key: 'aa11', file: 'm.mjs', export: 'mine', higherIsBetter: true,
      isWhole: false, transform: 'sqrt' } },
  ],
  evaluatesTraining: false,
}

/** Slots of an ExactSum: mostly zeros, 32-bit words, the last one negative. */
const exactSum = Array.from({ length: 70 },
  (_, i) => i < 30 ? 0 : i === 69 ? -1 : (i * 0x0a1b_2c3d) % 0x1_0000_0000)

const summary: RowSummary = {
  nRows: 2 ** 31 - 1,
  hasWeight: true,
  hasInitScore: false,
  sumWeight: exactSum,
  sumWeightedLabel: [],
  classWeights: [exactSum, exactSum],
  classCounts: [1, 2],
  maxAbsLabel: 1e90,
  maxWeight: 0.1,
  maxAbsInitScore: 0,
}

const parts: MetricPart[] = [
  { dataset: 0, metric: 'binary_logloss', sum: exactSum, ranked: null },
  { dataset: 1, metric: 'auc', sum: null, ranked: {
    negatives: Float64Array.of(-1, -0, 0, NaN), positives: new Float64Array(0),
    negativeWeights: Float64Array.of(1, 2, 3, 4), positiveWeights: null } },
]

const idle: WorkerState = {
  job: null, view: 0, hasSetup: false, iteration: 0, nRequests: 0, digest: '', mark: '', stores: [],
  tasks: [], isDraining: false, rssBytes: 0,
}

const busy: WorkerState = {
  job, view: 3, hasSetup: true, iteration: 41, nRequests: 7, digest: hash, mark: '12ab',
  stores: [
    { store: 4, partitions: [0, 2, 17], phase: 'open', iteration: 41, nRequests: 7,
      hasAnswered: true },
    { store: 9, partitions: [1], phase: 'loading', iteration: 0, nRequests: 0,
      hasAnswered: false },
  ],
  tasks: [11, 12],
  isDraining: true,
  rssBytes: 2 ** 40,
}

const unit = plan.units[1]!

const taskBodies: TaskBody[] = [
  { kind: 'load', task: { kind: 'plan', partitionIdx: 0 } },
  { kind: 'load', task: { kind: 'hash', partitionIdx: 1 } },
  { kind: 'load', task: { kind: 'scan', partitionIdx: 0, unit, asText: null } },
  { kind: 'load', task: { kind: 'scan', partitionIdx: 0, unit, asText: [0, 3] } },
  { kind: 'load', task: { kind: 'parse', partitionIdx: 0, unit, column: 1, type: 'date' } },
  { kind: 'load', task: { kind: 'merge', parts: [
    { values: Float64Array.of(-1.5, 2), counts: Uint32Array.of(1, 0xffff_ffff), zeroCount: 1,
      nanCount: 2 } ] } },
  { kind: 'load', task: { kind: 'types', partitionIdx: 3, unit, columns: [0, 1] } },
  { kind: 'load', task: { kind: 'predict', partitionIdx: 3, unit, start: 10, end: 20 } },
  { kind: 'resolve', inputs: ['data/*.parquet', '/x'], format: null },
  { kind: 'resolve', inputs: [], format: 'csv' },
]

const scan: TaskResults['scan'] = {
  types: ['empty', 'bool', 'int', 'float', 'date', 'string'],
  features: [
    null,
    { kind: 'values', sampled: { values: Float64Array.of(0.5), counts: Uint32Array.of(3),
      zeroCount: 0, nanCount: 1 } },
    { kind: 'categories', values: ['b', 'a'],
      sampled: { counts: Uint32Array.of(1, 2), missingCount: 0 } },
    { kind: 'categories', values: Float64Array.of(7, -1),
      sampled: { counts: new Uint32Array(0), missingCount: 4 } },
  ],
  labels: [{ values: ['no', 'yes'], min: Infinity, max: -Infinity }],
  groups: { keys: ['q1', 2.5], lengths: [3, 4] },
  hasPositiveWeight: true,
}

const predicted = predictedRows(Uint8Array.of(0, 255))

const taskResults: TaskResult[] = [
  { kind: 'load', result: { plan, byteLength: 12 } },
  { kind: 'load', result: hash },
  { kind: 'load', result: scan },
  { kind: 'load', result: { ...scan, labels: [{ values: Float64Array.of(1), min: 1, max: 1 }],
    groups: null } },
  { kind: 'load', result: { ...scan, labels: [] } },
  { kind: 'load', result: null },
  { kind: 'load', result: { values: new Float64Array(0), counts: new Uint32Array(0), zeroCount: 0,
    nanCount: 0 } },
  { kind: 'load', result: ['empty', 'date', 'string'] },
  { kind: 'load', result: predicted },
  { kind: 'resolve', partitions: sources },
]

const payloads: AnswerPayload[] = [
  sealed({ kind: 'maximum', value: 12.5 }),
  sealed({ kind: 'counts', values: new Float64Array([0, 3, 2 ** 31]) }),
  { kind: 'sums', bytes: bytes(1000) },
  sealed({ kind: 'parts', parts }),
  { kind: 'selected', bytes: Uint8Array.of(1, 2, 3) },
  { kind: 'moments', bytes: bytes(24) },
]

export const toWorkerSamples: ByType<ToWorker> = {
  'welcome': [{ type: 'welcome', term: 2, heartbeatMs: 500, leaseMs: 3000 }],
  'reject': [{ type: 'reject', code: 'build', reason: 'another build: 1.0 and 1.1', retry: false }],
  'beat-ack': [{ type: 'beat-ack' }],
  'context': [
    { type: 'context', job, context: 1, sources, body: context },
    { type: 'context', job, context: 2, sources: [],
      body: { ...context, textOptions: { header: false, missingValues: [] }, scan: null } },
    { type: 'context', job, context: 3, sources,
      body: { ...context, scan: { sampleRule: null, labelKind: null } } },
    { type: 'context', job, context: 4, sources, body: { ...context, scan: null, prediction: {
      model: bytes(40), modelHash: hash, iterations: [0, 10],
      earlyStop: { freq: 3, margin: 0.25 }, type: 'leaf',
      types: ['number', 'string', null], kept: [1, 0] } } },
    { type: 'context', job, context: 5, sources: [], body: { ...context, prediction: {
      model: bytes(0), modelHash: '', iterations: null, type: 'probability', types: [],
      kept: [] } } },
  ],
  'task': taskBodies.map((body, i) => ({ type: 'task', job, task: i, context: 1, body })),
  'job': [
    { type: 'job', job, recipes: [recipe, recipe], sources: [sources, []],
      shape: { objective: 'binary', nClasses: 2, nOutputs: 1 } },
    { type: 'job', job, recipes: [{ ...recipe, keepsRaw: true }], sources: [sources],
      initModel: Uint8Array.of(123, 125),
      shape: { objective: 'binary', nClasses: 2, nOutputs: 1 } },
  ],
  'hold': [{ type: 'hold', job, view: 2, stores: [
    { store: 1, partitions: [0, 5], isActive: true }, { store: 2, partitions: [], isActive: false },
  ] }],
  'setup': [
    { type: 'setup', job, setup },
    { type: 'setup', job, setup: { ...setup, linear: {
      exponents: [-500, 0], coarse: -20, fine: -71, maxFeatures: 14 } } },
    { type: 'setup', job, setup: { ...setup, objective: { ...setup.objective,
      objective: { name: 'binary', sigmoid: 1 }, gradientBound: 1 } } },
    ...objectives.map((objective) => ({ type: 'setup', job, setup: { ...setup,
      objective: { ...setup.objective, objective } } } as const)),
  ],
  'trees': [{ type: 'trees', job, from: 3,
    iterations: [[{ output: 0, tree }, { output: 2, tree: stump }], [],
      [{ output: 1, tree: linearTree }]] }],
  'request': [{ type: 'request', job, iteration: 4, seq: 0, nBefore: 12, body: bytes(77) }],
  'rewind': [{ type: 'rewind', job, iteration: 3 }],
  'again': [{ type: 'again', job, store: 1, iteration: 4, seq: 9 }],
  'audit': [{ type: 'audit', job, audit: 5, partition: 3, iteration: 10,
    trees: 'd10', isHolder: true }],
  'leave': [{ type: 'leave', reason: 'drained', exitCode: 43 }],
  'finished': [{ type: 'finished', job }],
}

export const fromWorkerSamples: ByType<FromWorker> = {
  'hello': [idle, busy].map((state) => ({ type: 'hello', protocol: 1, build: hash,
    worker: 'worker-ü', incarnation: 'i9', nThreads: 16, memoryBytes: 2 ** 38, state })),
  'beat': [{ type: 'beat', state: busy }, { type: 'beat', state: idle }],
  'task-done': taskResults.map((result, task) => ({ type: 'task-done', job, task, result })),
  'task-failed': [{ type: 'task-failed', job, task: 3, isFinal: true,
    error: { code: 'DATA', message: "column 'x', line 7: 'abc' is no number" } }],
  'loaded': [{ type: 'loaded', job, store: 2, partitions: [
    { partition: 0, nRows: 3, hash, summary },
    { partition: 7, nRows: 0, hash, summary: { ...summary, sumWeight: [] } },
    { partition: 8, nRows: 1, hash, summary: { ...summary, extents: [0, 1e300, 0.5] } } ] }],
  'store-failed': [
    { type: 'store-failed', job, store: 2, partition: 7, isFinal: true,
      error: { code: 'IO', message: 'no such file' } },
    { type: 'store-failed', job, store: 2, partition: null, isFinal: false,
      error: { code: 'MEMORY', message: 'too small' } },
  ],
  'need': [{ type: 'need', job, iteration: 4, nRequests: 2 }],
  'answer': payloads.map((payload, chunk) =>
    ({ type: 'answer', job, store: 1, iteration: 4, seq: 9, mark: '12ab', chunk, payload })),
  'engine-failed': [{ type: 'engine-failed', job, store: 1,
    error: { code: 'INTERNAL', message: 'internal error: sums do not add up' } }],
  'audited': [
    { type: 'audited', job, audit: 5, digest: hash },
    { type: 'audited', job, audit: 6, digest: null },
  ],
  'broken': [{ type: 'broken', reason: 'it cannot understand “hold”' }],
  'drain': [{ type: 'drain' }],
}

/** A message with the way it travels. */
export interface Sample {
  readonly direction: Direction
  readonly message: ToWorker | FromWorker | ToClient | FromClient
}

function samplesOf(
  direction: Direction, samples: { readonly [type: string]: readonly Sample['message'][] },
): Sample[] {
  return Object.values(samples).flat().map((message) => ({ direction, message }))
}

/** Every sample, also of the messages of clients. */
export const allSamples: readonly Sample[] = [
  ...samplesOf('to-worker', toWorkerSamples),
  ...samplesOf('from-worker', fromWorkerSamples),
  ...samplesOf('to-client', toClientSamples),
  ...samplesOf('from-client', fromClientSamples),
]
