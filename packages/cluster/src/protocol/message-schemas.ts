/**
 * Schemas of the messages, in the order of `messages.ts`. They are typed by it: a member that is
 * added there does not compile until it is checked here.
 */
import {
  datasetRecipe, expectedContent, jobContext, loadResult, loadTask,
} from './data-schemas.js'
import {
  binnedTree, engineSetup, errorCode, metricPart, rowSummary, targetShape,
} from './engine-schemas.js'
import {
  COMMITS_MAX, COUNTS_MAX, DATASETS_MAX, ITERATIONS_MAX, MESSAGE_TEXT_LENGTH_MAX,
  METRIC_PARTS_MAX, NAME_LENGTH_MAX, OUTPUTS_MAX, PARTITIONS_MAX, REQUEST_BYTES_MAX, STORES_MAX,
  TASKS_MAX, URI_LENGTH_MAX,
} from './limits.js'
import type {
  AnswerPayload, FromWorker, HeldStore, LoadedPartitionInfo, SourcePartition, StoreState, TaskBody,
  TaskResult, ToWorker, WireError, WorkerState,
} from './messages.js'
import {
  array, constant, count, distinct, double, flag, integer, list, nullable, object, oneOf,
  optional, type Schema, tagged, text,
} from './schema.js'

const name = text(NAME_LENGTH_MAX)
const reason = text(MESSAGE_TEXT_LENGTH_MAX)
const uri = text(URI_LENGTH_MAX)
const partition = integer(0, PARTITIONS_MAX)
const partitions = distinct(PARTITIONS_MAX)
const iteration = integer(0, ITERATIONS_MAX)

// ---- being alive

const storeState: Schema<StoreState> = object({
  store: count,
  partitions,
  phase: oneOf({ loading: true, loaded: true, open: true }),
  iteration,
  nRequests: count,
  hasAnswered: flag,
})

const workerState: Schema<WorkerState> = object({
  job: nullable(name),
  view: count,
  hasSetup: flag,
  iteration,
  nRequests: count,
  digest: name,
  mark: name,
  stores: list(storeState, STORES_MAX),
  tasks: distinct(TASKS_MAX),
  isDraining: flag,
  rssBytes: count,
})

// ---- reading

const sourcePartition: Schema<SourcePartition> = object({
  uri, format: name, expected: expectedContent,
})
const sources = list(sourcePartition, PARTITIONS_MAX)

const taskBody: Schema<TaskBody> = tagged('kind', {
  load: object({ kind: constant('load'), task: loadTask }),
  resolve: object({
    kind: constant('resolve'), inputs: list(uri, PARTITIONS_MAX), format: nullable(name),
  }),
})

const taskResult: Schema<TaskResult> = tagged('kind', {
  load: object({ kind: constant('load'), result: loadResult }),
  resolve: object({ kind: constant('resolve'), partitions: sources }),
})

const wireError: Schema<WireError> = object({ code: errorCode, message: reason })

// ---- holding rows

const heldStore: Schema<HeldStore> = object({ store: count, partitions, isActive: flag })

const loadedPartition: Schema<LoadedPartitionInfo> = object({
  partition, nRows: count, hash: name, summary: rowSummary,
})

// ---- the log

/** Hex digits of what comes beside it. */
const checksum = text(16)

const answerPayload: Schema<AnswerPayload> = tagged('kind', {
  maximum: object({ kind: constant('maximum'), value: double, checksum }),
  counts: object({
    kind: constant('counts'), values: array(Float64Array, COUNTS_MAX), checksum,
  }),
  sums: object({ kind: constant('sums'), bytes: array(Uint8Array) }),
  selected: object({ kind: constant('selected'), bytes: array(Uint8Array) }),
  moments: object({ kind: constant('moments'), bytes: array(Uint8Array) }),
  parts: object({ kind: constant('parts'), parts: list(metricPart, METRIC_PARTS_MAX), checksum }),
})

// ---- the messages

export const toWorker: Schema<ToWorker> = tagged('type', {
  'welcome': object({
    type: constant('welcome'), term: count, heartbeatMs: count, leaseMs: count,
  }),
  'reject': object({
    type: constant('reject'),
    code: oneOf({ version: true, build: true, superseded: true, name: true, full: true }),
    reason,
    retry: flag,
  }),
  'beat-ack': object({ type: constant('beat-ack') }),
  'context': object({
    type: constant('context'), job: name, context: count, sources, body: jobContext,
  }),
  'task': object({
    type: constant('task'), job: name, task: count, context: count, body: taskBody,
  }),
  'job': object({
    type: constant('job'),
    job: name,
    recipes: list(datasetRecipe, DATASETS_MAX),
    sources: list(sources, DATASETS_MAX),
    shape: targetShape,
    initModel: optional(array(Uint8Array)),
  }),
  'hold': object({
    type: constant('hold'), job: name, view: count, stores: list(heldStore, STORES_MAX),
  }),
  'setup': object({ type: constant('setup'), job: name, setup: engineSetup }),
  'trees': object({
    type: constant('trees'),
    job: name,
    from: iteration,
    iterations: list(
      list(object({ output: integer(0, OUTPUTS_MAX), tree: binnedTree }), COMMITS_MAX),
      ITERATIONS_MAX),
  }),
  'request': object({
    type: constant('request'),
    job: name,
    iteration,
    seq: count,
    nBefore: count,
    body: array(Uint8Array, REQUEST_BYTES_MAX),
  }),
  'rewind': object({ type: constant('rewind'), job: name, iteration }),
  'again': object({ type: constant('again'), job: name, store: count, iteration, seq: count }),
  'audit': object({
    type: constant('audit'), job: name, audit: count, partition, iteration, trees: name,
    isHolder: flag,
  }),
  'leave': object({ type: constant('leave'), reason, exitCode: integer(0, 255) }),
  'finished': object({ type: constant('finished'), job: name }),
})

export const fromWorker: Schema<FromWorker> = tagged('type', {
  'hello': object({
    type: constant('hello'),
    protocol: count,
    build: name,
    worker: name,
    incarnation: name,
    nThreads: integer(1, 1 << 16),
    memoryBytes: count,
    state: workerState,
  }),
  'beat': object({ type: constant('beat'), state: workerState }),
  'task-done': object({
    type: constant('task-done'), job: name, task: count, result: taskResult,
  }),
  'task-failed': object({
    type: constant('task-failed'), job: name, task: count, isFinal: flag, error: wireError,
  }),
  'loaded': object({
    type: constant('loaded'),
    job: name,
    store: count,
    partitions: list(loadedPartition, PARTITIONS_MAX),
  }),
  'store-failed': object({
    type: constant('store-failed'),
    job: name,
    store: count,
    partition: nullable(partition),
    isFinal: flag,
    error: wireError,
  }),
  'need': object({ type: constant('need'), job: name, iteration, nRequests: count }),
  'answer': object({
    type: constant('answer'),
    job: name,
    store: count,
    iteration,
    seq: count,
    mark: name,
    chunk: count,
    payload: answerPayload,
  }),
  'engine-failed': object({
    type: constant('engine-failed'), job: name, store: count, error: wireError,
  }),
  'audited': object({
    type: constant('audited'), job: name, audit: count, digest: nullable(name),
  }),
  'broken': object({ type: constant('broken'), reason }),
  'drain': object({ type: constant('drain') }),
})
