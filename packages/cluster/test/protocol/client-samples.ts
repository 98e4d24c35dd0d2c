/** Messages between clients and the coordinator, of every type; see samples.ts. */
import type { PackedPrediction, PredictedRows } from '@coppice/data'
import type { CommittedIteration } from '@coppice/engine'
import type { ModelHeader } from '@coppice/model'
import type { DataSpec, FromClient, ToClient } from '../../src/protocol/client-messages.js'
import { iterationRecord } from '../journal/sample-records.js'

type ByType<M extends { readonly type: string }> = {
  readonly [T in M['type']]: readonly Extract<M, { readonly type: T }>[]
}

const job = 'flights-2024'

const train: DataSpec = {
  inputs: ['/data/train/*.parquet', 's3://bucket/x.csv'],
  format: 'csv',
  header: 'auto',
  missingValues: ['', '-'],
  roles: { label: 'délai', weight: 3, ignore: ['a', 7] },
  schema: { 'prototype': 'int', 'été': 'string' },
  rows: Uint8Array.of(0b101, 0xff),
}

const header: ModelHeader = {
  objective: { name: 'multiclass', numClass: 3 },
  classes: ['a', 2, true],
  features: [
    { name: 'x', kind: 'numeric', missing: 'zero' },
    { name: 'y', kind: 'categorical', categories: ['p', 'q'] },
    { name: 'z', kind: 'categorical', categories: [-1, 2.5] },
    { name: 't', kind: 'categorical', categories: [1, 2], truncates: true },
  ],
  treesPerIteration: 3,
  baseScores: [0.1, -0.5, 0],
  parameters: { num_leaves: 31, objective: 'multiclass', metric: ['auc'], boost: false },
  earlier: [{
    iterations: 3, objective: 'multiclass num_class:3', parameters: { num_leaves: 7 },
    chainHash: '0123456789abcdef'.repeat(4),
  }],
}

/** Two rows with columns of both kinds. */
export function predictedRows(predictions: PackedPrediction): PredictedRows {
  return {
    nRows: 2,
    kept: [
      { type: 'date', values: Float64Array.of(0, NaN) },
      { type: 'string', codes: Int32Array.of(1, -1), dictionary: ['', 'Zürich'] },
    ],
    predictions,
  }
}

const { kind: _, ...record } = iterationRecord(4)

export const fromClientSamples: ByType<FromClient> = {
  submit: [
    { type: 'submit', protocol: 1, job, fromIteration: 0, spec: {
      params: { num_leaves: 31, metric: ['auc', 'binary_logloss'], nested: { deep: [null] } },
      labelKind: 'binary',
      inferred: 'num-class',
      train,
      evalSets: [{ name: 'valid', data: { ...train, format: null, header: false,
        missingValues: null, unnamed: { label: 0, unlessColumns: 28 }, roles: {},
        schema: null, rows: null } }],
      resumeFrom: Uint8Array.of(123, 125), initModel: Uint8Array.of(123, 32, 125),
      wantsGo: true,
    } },
    { type: 'submit', protocol: 1, job, fromIteration: 12, spec: {
      params: {}, labelKind: 'number', inferred: null, train, evalSets: [], resumeFrom: null,
      wantsGo: false,
    } },
  ],
  follow: [{ type: 'follow', protocol: 1, job }],
  go: [{ type: 'go', job, iteration: 4, answer: 'stop' }],
  abort: [{ type: 'abort', job }],
  predict: [
    { type: 'predict', protocol: 1, job, fromBatch: 0, spec: {
      data: train, model: Uint8Array.of(123, 125), type: 'class', iterations: null,
      keep: ['id', 'été'],
    } },
    { type: 'predict', protocol: 1, job, fromBatch: 99, spec: {
      data: train, model: new Uint8Array(0), type: 'raw', iterations: [3, 40],
        earlyStop: { freq: 7, margin: 1.5 }, keep: [],
    } },
  ],
  taken: [{ type: 'taken', job, nBatches: 12 }],
}

export const toClientSamples: ByType<ToClient> = {
  accepted: [{ type: 'accepted', job, nBefore: 2 }],
  loading: [{ type: 'loading', job, dataset: 'training', phase: 'scan', done: 3, total: 7 }],
  opened: [
    { type: 'opened', job, header },
    { type: 'opened', job, header: { ...header, classes: null, treesPerIteration: 1,
      objective: { name: 'binary', sigmoid: 1 } } },
  ],
  told: [
    { type: 'told', job, event: { kind: 'started', nRows: 10, nFeatures: 3, nIterations: 100,
      firstIteration: 0, nThreads: 8 } },
    { type: 'told', job, event: { kind: 'stopped', reason: 'early-stopping', nIterations: 40,
      bestIteration: 30 } },
    { type: 'told', job, event: { kind: 'stopped', reason: 'completed', nIterations: 100,
      bestIteration: null } },
  ],
  announced: [{ type: 'announced', job, record: record satisfies CommittedIteration, event: {
    kind: 'iteration', iteration: 4, nIterations: 100, metrics: record.metrics, nLeaves: [2],
  } }],
  notice: [{ type: 'notice', job, text: 'worker-3 was lost: its lease ran out' }],
  done: [{ type: 'done', job, stoppedBy: 'callback', model: Uint8Array.of(123, 10, 125) }],
  failed: [{ type: 'failed', job, mayResume: true,
    error: { code: 'DATA', message: 'the label is missing' } }],
  planned: [{ type: 'planned', job, nRows: 1e9, nBatches: 7, keptTypes: ['int', 'string'],
    digest: 'ab'.repeat(32) }],
  predicted: [
    Float64Array.of(0.1, NaN), Int32Array.of(70_000, 0), Uint16Array.of(300, 0),
  ].map((predictions, batch) =>
    ({ type: 'predicted', job, batch, rows: predictedRows(predictions) })),
}
