import assert from 'node:assert/strict'
import {
  committedIterations, InlineExecutor, localTraits, mergeSummaries, resolveParams,
  resumeModel, summarizeRows, targetShape, train, type TrainingInputs,
} from '@coppice/engine'
import { CoppiceError, type ModelHeader, serializeModel } from '@coppice/model'
import { makeDataset } from '@coppice/testkit'
import { checkJobName, checkSpec } from '../../src/jobs/check-spec.js'
import { parseJobPlan, requireBuild } from '../../src/jobs/job-plan.js'
import { LoadingMeter } from '../../src/jobs/loading-meter.js'
import { formatEnd, type JournaledEnd, parseEnd } from '../../src/jobs/outcome.js'
import { restoreJob } from '../../src/jobs/restored-job.js'
import { settleTraining } from '../../src/jobs/settle-training.js'
import { requireReducerMemory } from '../../src/jobs/training-order.js'
import { decodeRecord, encodeRecord } from '../../src/journal/record-codec.js'
import type { JobSpec } from '../../src/protocol/client-messages.js'

const spec: JobSpec = {
  params: { objective: 'regression' }, labelKind: 'number', inferred: null,
  train: {
    inputs: ['/data/x.csv'], format: null, header: 'auto', missingValues: null,
    roles: { label: 'y' }, schema: null, rows: null,
  },
  evalSets: [], resumeFrom: null, wantsGo: false,
}

const refuses = (what: () => unknown, code: string, message: RegExp): void =>
  assert.throws(what, (error) =>
    error instanceof CoppiceError && error.code === code && message.test(error.message))

describe('the end of a journal', () => {
  it('is read as it was written', () => {
    const ends: JournaledEnd[] = [
      { kind: 'done', stoppedBy: 'completed' }, { kind: 'done', stoppedBy: 'early-stopping' },
      { kind: 'failed', error: { code: 'DATA', message: 'a: b\nerror IO: c' } },
      { kind: 'failed', error: { code: 'INTERNAL', message: '' } },
    ]
    for (const end of ends) assert.deepEqual(parseEnd(formatEnd(end)), end)
    for (const text of ['', 'done', 'error X: y', 'toString', 'error DATA']) {
      assert.equal(parseEnd(text), null)
    }
  })
})

describe('LoadingMeter', () => {
  it('tells a few times a second, and always the end of a phase', () => {
    let now = 0
    const told: string[] = []
    const meter = new LoadingMeter(() => now, (dataset, { phase, done }) =>
      told.push(`${now} ${dataset} ${phase} ${done}`))
    for (let done = 1; done <= 1000; done++) {
      now += 1
      meter.report('training', { phase: 'scan', done, total: 1000 })
    }
    meter.report('training', { phase: 'scan', done: 1000, total: 1000 })
    meter.report('training', { phase: 'verify', done: 0, total: 0 })
    assert.deepEqual(told, [
      '1 training scan 1', '201 training scan 201', '401 training scan 401',
      '601 training scan 601', '801 training scan 801', '1000 training scan 1000',
      '1000 training verify 0',
    ])
  })
})

describe('checkSpec', () => {
  it('takes absolute paths and uris', () => {
    const inputs = ['/a', 's3://b/c', 'https://h/x', 'file:/a', 'C:\\x', 'd:/x', '\\\\host\\x']
    assert.equal(checkSpec({ ...spec, train: { ...spec.train, inputs } }).params.numLeaves, 31)
  })

  it('refuses what cannot be right whatever the data are', () => {
    const relative = { ...spec.train, inputs: ['/a', 'b/c.csv'] }
    refuses(() => checkSpec({ ...spec, train: relative }), 'DATA', /"b\/c\.csv" is a relative path/)
    const set = { name: 'v', data: relative }
    refuses(() => checkSpec({ ...spec, evalSets: [set] }), 'DATA', /relative path/)
    refuses(() => checkSpec({ ...spec, train: { ...spec.train, inputs: [] } }), 'DATA', /no input/)
    refuses(() => checkSpec({ ...spec, resumeFrom: Uint8Array.of(1) }), 'MODEL', /JSON/)
    refuses(() => checkSpec({ ...spec, params: { numLeaves: 0 } }), 'PARAMETER', /num_?[lL]eaves/)
  })
})

describe('checkJobName', () => {
  it('takes what can be a file of the journals\' folder, and nothing else', () => {
    for (const name of ['a', '0-_.x', 'f'.repeat(128)]) checkJobName(name)
    for (const name of ['', '.', '..', '../x', 'a/b', 'a\\b', 'a b', 'f'.repeat(129), 'a\n']) {
      refuses(() => checkJobName(name), 'PARAMETER', /cannot be named/)
    }
  })
})

describe('requireReducerMemory', () => {
  const { data: { features } } = makeDataset({
    seed: 1, nRows: 300, label: 'regression', features: [{ kind: 'numeric', bins: 20 }],
  })

  it('refuses with both figures', () => {
    const params = resolveParams({ num_leaves: 100_000 })
    requireReducerMemory(features, 300, resolveParams({}), 2 ** 33)
    refuses(() => requireReducerMemory(features, 300, params, 2 ** 26), 'MEMORY',
      /the sums of 100000 leaves of \d+ features take \d+ MB at the coordinator, there are 64 MB/)
  })

  it('counts the sums of all trees that grow at the same time', () => {
    const raw = { num_leaves: 10_000, num_class: 5 }
    const multiclass = resolveParams({ ...raw, objective: 'multiclass' })
    // of one label trees grow one by one
    requireReducerMemory(features, 300, resolveParams({ num_leaves: 10_000 }), 2 ** 26)
    refuses(() => requireReducerMemory(features, 300, multiclass, 2 ** 26), 'MEMORY',
      /the sums of 5 trees at a time, each of 10000 leaves .* take \d{3} MB .*, there are 64 MB/)
    requireReducerMemory(features, 300, multiclass, 2 ** 28)
  })
})

describe('restoreJob', () => {
  it('refuses what another version wrote, and never throws anything else', () => {
    assert.equal(restoreJob([]), null)
    const job = { kind: 'job', job: 'j', spec: { spec, place: 3 } } as const
    assert.deepEqual(restoreJob([job]), {
      job: 'j', spec, place: 3, plan: null, iterations: [], end: null,
    })
    const wrong: unknown[] = [null, 1, {}, { spec, place: -1 }, { spec: { ...spec, more: 1 } }]
    for (const value of wrong) {
      refuses(() => restoreJob([{ ...job, spec: value }]), 'IO', /the journal cannot be used/)
    }
    for (const plan of [null, 'x', [], { recipes: [] }, { build: 'b', recipes: 1, sources: [],
      shape: {}, infos: [], header: {} }]) {
      refuses(() => restoreJob([job, { kind: 'plan', plan }]), 'IO', /plan cannot be used/)
    }
    refuses(() => restoreJob([job, { kind: 'end', reason: 'because' }]), 'IO', /"because"/)
  })

  it('reads a plan as it was written', () => {
    const shape = targetShape(resolveParams({}))
    const header: ModelHeader = {
      objective: { name: 'multiclass', numClass: 3 }, classes: ['a', 'b', 'c'],
      features: [
        { name: 'x', kind: 'numeric', missing: 'nan' },
        { name: 'y', kind: 'categorical', categories: [1, 2.5] },
      ],
      treesPerIteration: 3, baseScores: [0, -1, 0.5], parameters: { metric: ['auc'], seed: 1 },
    }
    const summary = summarizeRows({
      nRows: 2, label: Float64Array.of(1, 2), weight: null, initScore: null,
    }, shape, '')
    const plan = {
      build: 'abc', recipes: [], sources: [[{ uri: '/x', format: 'csv', expected: null }]], shape,
      infos: [{ partition: 0, nRows: 2, hash: 'h', summary }], header,
    }
    const record = decodeRecord(encodeRecord({ kind: 'plan', plan }))
    assert.ok(record.kind === 'plan')
    const read = parseJobPlan(record.plan)
    assert.deepEqual(read, plan)
    requireBuild(read, 'abc')
    refuses(() => requireBuild(read, 'abd'), 'IO', /written by build abc of Coppice, this is abd/)
  })
})

describe('settleTraining', () => {
  it('ends a training where the records end, without a row', async () => {
    const { data } = makeDataset({
      seed: 3, nRows: 400, label: 'heavy-tailed',
      features: [{ kind: 'numeric', bins: 12, missing: 'nan' }, { kind: 'numeric', bins: 7 }],
    })
    const params = { num_iterations: 6, num_leaves: 4, objective: 'regression' }
    const checkpoints: string[] = []
    const { model: { format: _, formatVersion: __, ...header }, model } = await train({
      params, train: data,
      callbacks: [(_event, state) => { checkpoints.push(serializeModel(state.model())) }],
    }, new InlineExecutor())
    const records = committedIterations(model)
    const resolved = resolveParams(params)
    const summary = mergeSummaries([summarizeRows(data, targetShape(resolved), '')])
    const inputs = (n: number): TrainingInputs => ({
      params: resolved, evalSets: [],
      train: { nRows: data.nRows, features: data.features, classes: null, summary },
      executor: localTraits(1),
      resumeFrom: resumeModel(header, records.slice(0, n)),
    })
    for (const [n, stoppedBy, expected] of [
      [2, 'aborted', 'aborted'], [4, 'callback', 'callback'], [6, 'callback', 'callback'],
      [6, 'aborted', 'completed'],
    ] as const) {
      const result = settleTraining(inputs(n), stoppedBy)
      assert.equal(result.stoppedBy, expected)
      assert.equal(serializeModel(result.model), checkpoints[n - 1])
    }
  })
})
