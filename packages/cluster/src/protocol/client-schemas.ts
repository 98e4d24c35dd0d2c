/**
 * Schemas of the messages between clients and the coordinator, in the order of
 * `client-messages.ts` and typed by it.
 */
import type { RoleOptions } from '@coppice/data'
import type { StopReason, TrainingEvent } from '@coppice/engine'
import type {
  DataSpec, FromClient, JobSpec, PredictionSpec, ToClient,
} from './client-messages.js'
import {
  columnType, earlyStop, iterationRange, predictedRows, predictionType, unnamedColumns,
} from './data-schemas.js'
import { errorCode } from './engine-schemas.js'
import {
  COLUMNS_MAX, DATASETS_MAX, ITERATIONS_MAX, MESSAGE_TEXT_LENGTH_MAX, NAME_LENGTH_MAX,
  PARTITIONS_MAX, TEXT_BYTES_MAX, UNITS_MAX, URI_LENGTH_MAX,
} from './limits.js'
import type { WireError } from './messages.js'
import { committedIteration, isRecordOf, iterationEvent, modelHeader } from './model-schemas.js'
import {
  array, constant, count, either, flag, integer, list, nullable, object, oneOf, opaque,
  optional, type Schema, tagged, text, where,
} from './schema.js'

const job = text(NAME_LENGTH_MAX)
const iteration = integer(0, ITERATIONS_MAX)
const cell = text(TEXT_BYTES_MAX)
const datasetName = text(URI_LENGTH_MAX)

// ---- what a job is

const roleNames: { readonly [K in keyof Required<RoleOptions>]: true } = {
  label: true, weight: true, group: true, position: true, initScore: true, ignore: true,
  categorical: true,
}

function isColumnRef(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

/** Absent members are left out on the way: an object with some of the names. */
const roles = where(
  opaque as Schema<RoleOptions>,
  (value) => isRecordOf(value, (member) => member === undefined || isColumnRef(member) ||
    (Array.isArray(member) && member.every(isColumnRef))) &&
    Object.keys(value).every((name) => Object.hasOwn(roleNames, name)),
  'roles of columns: names or indices')

const columnTypes = where(
  opaque as Schema<Readonly<Record<string, string>>>,
  (value) => isRecordOf(value, (member) => typeof member === 'string'),
  'types by column name')

const dataSpec: Schema<DataSpec> = object({
  inputs: list(text(URI_LENGTH_MAX), PARTITIONS_MAX),
  format: nullable(text(NAME_LENGTH_MAX)),
  header: either('true, false or "auto"', flag, constant('auto')),
  missingValues: nullable(list(cell, COLUMNS_MAX)),
  unnamed: optional(unnamedColumns),
  roles,
  schema: nullable(columnTypes),
  rows: nullable(array(Uint8Array)),
})

const rawParams = where(
  opaque as Schema<JobSpec['params']>, (value) => isRecordOf(value, () => true),
  'parameters by name')

/** Also of what a journal says of a job. */
export const jobSpec: Schema<JobSpec> = object({
  params: rawParams,
  labelKind: oneOf({ number: true, binary: true, class: true, bounds: true }),
  inferred: nullable(oneOf({ 'num-class': true, 'objective': true, 'num-target': true })),
  train: dataSpec,
  evalSets: list(object({ name: datasetName, data: dataSpec }), DATASETS_MAX),
  resumeFrom: nullable(array(Uint8Array)),
  initModel: optional(array(Uint8Array)),
  wantsGo: flag,
})

const predictionSpec: Schema<PredictionSpec> = object({
  data: dataSpec,
  model: array(Uint8Array),
  type: predictionType,
  iterations: iterationRange,
  earlyStop: optional(earlyStop),
  keep: list(cell, COLUMNS_MAX),
})

const batch = integer(0, UNITS_MAX)

// ---- the messages

export const fromClient: Schema<FromClient> = tagged('type', {
  submit: object({
    type: constant('submit'), protocol: count, job, spec: jobSpec, fromIteration: iteration,
  }),
  follow: object({ type: constant('follow'), protocol: count, job }),
  go: object({
    type: constant('go'), job, iteration, answer: oneOf({ go: true, stop: true }),
  }),
  abort: object({ type: constant('abort'), job }),
  predict: object({
    type: constant('predict'), protocol: count, job, spec: predictionSpec, fromBatch: batch,
  }),
  taken: object({ type: constant('taken'), job, nBatches: batch }),
})

/** Why a training stopped. */
export const stopReason: Schema<StopReason> = oneOf({
  'completed': true, 'early-stopping': true, 'no-split': true, 'aborted': true, 'callback': true,
})

const toldEvent: Schema<Exclude<TrainingEvent, { kind: 'iteration' }>> = tagged('kind', {
  started: object({
    kind: constant('started'), nRows: count, nFeatures: count, nIterations: iteration,
    firstIteration: iteration, nThreads: count,
  }),
  stopped: object({
    kind: constant('stopped'), reason: stopReason, nIterations: iteration,
    bestIteration: nullable(iteration),
  }),
})

const message = text(MESSAGE_TEXT_LENGTH_MAX)
const wireError: Schema<WireError> = object({ code: errorCode, message })

export const toClient: Schema<ToClient> = tagged('type', {
  accepted: object({ type: constant('accepted'), job, nBefore: count }),
  loading: object({
    type: constant('loading'),
    job,
    dataset: datasetName,
    phase: oneOf({ plan: true, verify: true, scan: true, bin: true }),
    done: count,
    total: count,
  }),
  opened: object({ type: constant('opened'), job, header: modelHeader }),
  told: object({ type: constant('told'), job, event: toldEvent }),
  announced: object({
    type: constant('announced'), job, event: iterationEvent, record: committedIteration,
  }),
  notice: object({ type: constant('notice'), job, text: message }),
  done: object({
    type: constant('done'), job, stoppedBy: stopReason, model: array(Uint8Array),
  }),
  failed: object({ type: constant('failed'), job, error: wireError, mayResume: flag }),
  planned: object({
    type: constant('planned'), job, nRows: count, nBatches: batch,
    keptTypes: list(columnType, COLUMNS_MAX), digest: text(NAME_LENGTH_MAX),
  }),
  predicted: object({ type: constant('predicted'), job, batch, rows: predictedRows }),
})
