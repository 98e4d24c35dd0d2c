import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tableFromArrays } from 'apache-arrow'
import {
  Booster, Dataset, GBDTClassifier, GBDTRegressor, type Model, train, type TrainingEvent,
} from '../../src/index.js'
import { ConnectedCluster } from '../../src/cluster/connected-cluster.js'
import {
  asArrays, asColumns, asCsv, asObjects, draws, makeFlowers, rejects, temporaryFolder,
} from '../support.js'
import { FakeClient } from './fake-client.js'

const flowers = makeFlowers(6000, 31)
const others = makeFlowers(1500, 32)
const small = { numLeaves: 15, numIterations: 12 }

describe('a training on a cluster', () => {
  const file = temporaryFolder()
  let client: FakeClient
  let cluster: ConnectedCluster

  before(() => {
    mkdirSync(file('spool'))
  })
  beforeEach(() => {
    client = new FakeClient(file('spool'))
    cluster = new ConnectedCluster('ws://127.0.0.1:7077', client)
  })

  /** Rows with every type of column, gaps in all of them, and a column that is one gap. */
  function motley(nRows: number, seed: number) {
    const draw = draws(seed)
    const gap = <T>(value: T): T | null => draw() < 0.1 ? null : value
    return Array.from({ length: nRows }, (_, row) => ({
      ratio: gap(draw() * 8 - 4),
      count: gap(Math.floor(draw() * 12)),
      flag: gap(draw() < 0.4),
      when: gap(new Date(Math.floor(draw() * 1e12))),
      city: gap(['', 'Ålesund', 'a,"b"', 'true', 'x\ny'][Math.floor(draw() * 5)]!),
      huge: gap(row % 7 === 0 ? 1e300 : row),
      big: gap(BigInt(row) * 1_000_000_007n % 9007199254740991n),
      never: null,
      infinite: row % 50 === 0 ? Infinity : row % 51 === 0 ? -Infinity : draw(),
    }))
  }
  const target = (rows: ReturnType<typeof motley>) => rows.map(({ ratio, count, flag, city }) =>
    (ratio ?? 1) * (flag === true ? 1 : -0.5) + (count ?? 0) / 4 + (city ?? '').length)

  it('sends rows of any types in partitions; the bytes are those of a training here', async () => {
    const rows = motley(5000, 1)
    const params = { ...small, minDataPerGroup: 10, baggingFraction: 0.7, baggingFreq: 1 }
    const here = await new GBDTRegressor(params).fit(rows, target(rows))
    const there = await new GBDTRegressor(params).fit(rows, target(rows), { cluster })
    assert.equal(there.booster.toString(), here.booster.toString())
    assert.ok(client.nPartitions[0]! >= 4, `${client.nPartitions[0]} partitions`)
    assert.ok(here.booster.featureImportances().filter((splits) => splits > 0).length >= 6)
  })

  it('takes every kind of rows and of labels, with weights and init scores', async () => {
    const draw = draws(7)
    const sampleWeight = Float64Array.from(flowers.length, () => draw() < 0.1 ? 0 : draw())
    const initScore = Float64Array.from(flowers.length, () => draw() - 0.5)
    const names = ['lily', 'rose']
    const labels: [string, ArrayLike<number | string | boolean>][] = [
      ['numbers', flowers.label], ['texts', flowers.label.map((y) => names[y]!)],
      ['booleans', flowers.label.map((y) => y === 1)],
      ['other integers', Int16Array.from(flowers.label, (y) => 7 - 9 * y)],
      ['three classes', flowers.colour],
    ]
    const kinds = [asArrays(flowers), asObjects(flowers), asColumns(flowers),
      tableFromArrays(asColumns(flowers))]
    for (const [i, [kind, y]] of labels.entries()) {
      const rows = kinds[i % kinds.length]!
      const options = { sampleWeight, ...(kind === 'three classes' ? {} : { initScore }),
        ...(i === 0 ? { featureNames: ['length', 'label', 'weight'] } : {}) }
      const here = await new GBDTClassifier(small).fit(rows, y, options)
      const there = await new GBDTClassifier(small).fit(rows, y, { ...options, cluster })
      assert.equal(there.booster.toString(), here.booster.toString(), kind)
      assert.deepEqual(there.classes, here.classes)
    }
  })

  it('gives evaluation sets without names those of the training data', async () => {
    writeFileSync(file('train.csv'), asCsv(flowers))
    const trainings = [Dataset.from(asArrays(flowers), flowers.label),
      await Dataset.open(file('train.csv'), { label: 'species' })]
    for (const dataset of trainings) {
      const fit = (options: object) => new GBDTClassifier({ ...small, numIterations: 60 })
        .fit(dataset, { evalSet: [[asArrays(others), others.label], dataset],
          evalNames: ['others', 'same'], evalSampleWeight: [others.length, undefined],
          earlyStoppingRounds: 2, ...options })
      const here = await fit({})
      const there = await fit({ cluster })
      assert.equal(there.booster.toString(), here.booster.toString())
      assert.deepEqual(there.evalResult, here.evalResult)
    }
    const fit = (options: object) => new GBDTClassifier(small).fit(trainings[0]!,
      { evalSet: [[[[1, 2]], [1]]], ...options })
    await rejects(fit({}), 'DATA', '2 columns', '3 feature names')
    await rejects(fit({ cluster }), 'DATA', '2 columns', '3 feature names')
  })

  it('names files by absolute paths and uris as they are', async () => {
    writeFileSync(file('rows.csv'), asCsv(flowers))
    const before = process.cwd()
    process.chdir(file('.'))
    try {
      const dataset = await Dataset.open(['rows.*'], { label: 'species', format: 'csv',
        header: true, missingValues: ['-'], schema: { length: 'float' } })
      await train({ ...small, objective: 'binary' }, dataset, { cluster })
    } finally {
      process.chdir(before)
    }
    assert.deepEqual(client.jobs[0]!.train, { inputs: [file('rows.*')], format: 'csv',
      header: true, missingValues: ['-'], roles: { label: 'species' },
      schema: { length: 'float' }, rows: null })
    assert.equal(client.uploads.length, 0)
    const remote = Dataset.remote(['/only/there.csv', 's3://bucket/*.parquet'], { label: 'y' })
    await rejects(train({}, remote, { cluster }), 'IO')
    assert.deepEqual(client.jobs[1]!.train.inputs, ['/only/there.csv', 's3://bucket/*.parquet'])
    await rejects(() => Dataset.remote('x', { reference: remote } as object), 'PARAMETER',
      'reference')
  })

  it('infers objective and number of classes where a training here does', async () => {
    const dataset = Dataset.from(asColumns(flowers), flowers.colour)
    await new GBDTClassifier(small).fit(dataset, { cluster })
    await train({ ...small, objective: 'multiclass' }, dataset, { cluster })
    await train({ ...small, objective: 'multiclass', numClass: 3 }, dataset, { cluster })
    await train({ ...small, objective: 'binary' },
      Dataset.from(asColumns(flowers), flowers.label), { cluster })
    assert.deepEqual(client.jobs.map(({ inferred, labelKind }) => [inferred, labelKind]),
      [['objective', 'class'], ['num-class', 'class'], [null, 'class'], [null, 'binary']])
    assert.deepEqual(client.jobs[0]!.params, small)
  })

  it('tells the events, calls back, stops, resumes', async () => {
    const dataset = Dataset.from(asColumns(flowers), flowers.label)
    const evalSets = [{ name: 'others', data: Dataset.from(asColumns(others), others.label) }]
    const run = async (options: object) => {
      const told: unknown[] = []
      const loaded = new Set<string>()
      let half: Model | null = null
      const booster = await train({ ...small, objective: 'binary' }, dataset, {
        evalSets, ...options,
        onEvent: (event: TrainingEvent) => told.push(event),
        onLoad: ({ dataset: name }) => loaded.add(name),
        callbacks: [async ({ iteration }, { model }) => {
          await Promise.resolve()
          told.push(['called', iteration])
          if (iteration === 4) half = model()
          return iteration === 7 ? 'stop' : undefined
        }],
      })
      return { booster, told, loaded: [...loaded], half: half! }
    }
    const here = await run({})
    const there = await run({ cluster })
    assert.equal(there.booster.toString(), here.booster.toString())
    assert.deepEqual(there.told, here.told)
    assert.equal(there.booster.nIterations, 8)
    assert.deepEqual(there.loaded, ['training', 'others'])
    assert.equal(client.jobs[0]!.wantsGo, true)
    const whole = await train({ ...small, objective: 'binary' }, dataset, { evalSets })
    for (const resumeFrom of [there.half, new Booster(there.half)]) {
      const resumed = await train({ ...small, objective: 'binary' }, dataset,
        { evalSets, resumeFrom, cluster })
      assert.equal(resumed.toString(), whole.toString())
    }
    assert.equal(client.jobs.at(-1)!.wantsGo, false)
  })

  it('rejects as a training here does when it is aborted, and when a callback throws', async () => {
    const dataset = Dataset.from(asColumns(flowers), flowers.label)
    const run = (options: object) => train({ ...small, objective: 'binary' }, dataset,
      { cluster, ...options })
    const controller = new AbortController()
    const { signal } = controller
    const onEvent = (event: TrainingEvent): void => {
      if (event.kind === 'iteration' && event.iteration === 2) controller.abort(new Error('enough'))
    }
    await assert.rejects(run({ signal, onEvent }), { code: 'ABORTED', cause: new Error('enough'),
      message: 'training was aborted after 3 of 12 iterations' })
    await rejects(run({ signal }), 'ABORTED', 'before it began')
    const mine = { name: 'RangeError', message: 'mine' }
    const throws = () => {
      throw new RangeError('mine')
    }
    await assert.rejects(run({ callbacks: [throws] }), mine)
    await assert.rejects(run({ callbacks: [() => Promise.reject(new RangeError('mine'))] }), mine)
    let nTold = 0
    await assert.rejects(run({ onEvent: () => {
      nTold++
      throws()
    } }), mine)
    assert.ok(nTold < 5, 'the training ends at the first error')
    await assert.rejects(run({ onLoad: throws }), mine)
    await rejects(run({ callbacks: [() => 'halt'] }), 'PARAMETER', '"halt"')
  })

  it('tells what became of the workers', async () => {
    client.notices = ['worker w1 lost']
    const told: string[] = []
    await train({ ...small, objective: 'binary', numIterations: 2 },
      Dataset.from(asColumns(flowers), flowers.label),
      { cluster, onNotice: (text) => told.push(text) })
    assert.deepEqual(told, ['worker w1 lost', 'worker w1 lost'])
    assert.deepEqual(cluster.notices, told)
    await new GBDTClassifier({ ...small, numIterations: 1 }).fit(asColumns(flowers),
      flowers.label, { cluster, onNotice: (text) => told.push(text) })
    assert.equal(told.length, 3)
    assert.deepEqual(await cluster.status(), { phase: 'waiting' })
    await cluster.close()
    assert.ok(client.isClosed)
  })

  describe('ends with the errors of a training here', () => {
    const column = (value: unknown) => flowers.label.map((_, row) => row === 4321 ? value : row)
    const cases: [what: string, X: object, y: ArrayLike<unknown>, options?: object][] = [
      ['text among numbers', { x: column('many') }, flowers.label],
      ['dates among numbers', { x: column(new Date(0)) }, flowers.label],
      ['a missing label', asColumns(flowers), column(null)],
      ['a label that is no class', asColumns(flowers), flowers.length],
      ['one class', asColumns(flowers), flowers.label.map(() => 'x')],
      ['too few labels', asColumns(flowers), [1, 0]],
      ['no rows', { x: [] }, []],
      ['a negative weight', asColumns(flowers), flowers.label,
        { sampleWeight: flowers.label.map((_, row) => row === 5000 ? -1 : 1) }],
      ['too few weights', asColumns(flowers), flowers.label, { sampleWeight: [1] }],
      ['an init score that is none', asColumns(flowers), flowers.label,
        { initScore: flowers.label.map((_, row) => row === 5000 ? NaN : 0) }],
      ['too few init scores', asColumns(flowers), flowers.label, { initScore: [1, 2, 3] }],
      ['an unknown categorical column', asColumns(flowers), flowers.label,
        { categorical: ['colours'] }],
      ['too many names', asArrays(flowers), flowers.label, { featureNames: ['a'] }],
      ['an object as a value', { x: column({}) }, flowers.label],
      ['labels of an evaluation set that are no class', asColumns(flowers), flowers.label,
        { evalSet: [[asColumns(others), others.label.map(() => 5)]] }],
      ['an evaluation set without a column', asColumns(flowers), flowers.label,
        { evalSet: [[{ length: others.length }, others.label]] }],
      ['text in an evaluation set', asColumns(flowers), flowers.label,
        { evalSet: [[{ ...asColumns(others), width: others.colour }, others.label]] }],
      ['the same name twice', asColumns(flowers), flowers.label,
        { evalSet: [[asColumns(others), others.label], [asColumns(others), others.label]],
          evalNames: ['a', 'a'] }],
      ['early stopping without evaluation', asColumns(flowers), flowers.label,
        { earlyStoppingRounds: 3 }],
    ]
    for (const [what, X, y, options = {}] of cases) {
      it(what, async () => {
        const fit = (where: object) => new GBDTClassifier(small)
          .fit(X as never, y as never, { ...options, ...where })
          .then(() => assert.fail('it is accepted'), (error: Error) => error)
        const here = await fit({})
        const there = await fit({ cluster })
        assert.equal(there.message, here.message)
        assert.deepEqual(there, here)
      })
    }
  })

  it('takes columns of texts with some numbers, as a training here does', async () => {
    const mixed = flowers.colour.map((name, row) => row % 3 === 0 ? row % 2 : name)
    const X = { ...asColumns(flowers), mixed, kind: flowers.label.map((_, row) => row % 5) }
    const options = { categorical: ['kind', 'mixed'] }
    const here = await new GBDTClassifier(small).fit(X, flowers.label, options)
    const there = await new GBDTClassifier(small).fit(X, flowers.label, { ...options, cluster })
    assert.equal(there.booster.toString(), here.booster.toString())
    const dataset = Dataset.from({ ...X, y: flowers.label, junk: flowers.colour },
      null, { label: 'y', ignore: 'junk', categorical: 'mixed',
        schema: { kind: 'string', length: 'float' } })
    const first = await train({ ...small, objective: 'binary' }, dataset)
    const second = await train({ ...small, objective: 'binary' }, dataset, { cluster })
    assert.equal(second.toString(), first.toString())
  })

  it('refuses threads and memory of here, what is no cluster, text without Unicode', async () => {
    const dataset = Dataset.from(asColumns(flowers), flowers.label)
    const run = (options: object) => train({ ...small, objective: 'binary' }, dataset, options)
    await rejects(train({ objective: 'binary', numThreads: 2 }, dataset, { cluster }),
      'PARAMETER', 'numThreads = 2', 'threadsPerWorker')
    await rejects(train({ objective: 'binary', maxMemoryMb: 200 }, dataset, { cluster }),
      'PARAMETER', 'max_memory_mb = 200 does nothing on a cluster')
    await train({ ...small, objective: 'binary', numThreads: 0 }, dataset, { cluster })
    await rejects(run({ cluster: 'ws://x' }), 'PARAMETER', 'connect(url)', 'string')
    await rejects(run({ cluster: Promise.resolve(cluster) }), 'PARAMETER', 'await it')
    await rejects(run({ cluster: null }), 'PARAMETER', 'connect(url)')
    const colour = flowers.colour.map((name, row) => row === 4000 ? 'x\ud800' : name)
    await rejects(new GBDTClassifier(small).fit({ ...asColumns(flowers), colour }, flowers.label,
      { cluster }), 'DATA', "'colour'", 'surrogate')
  })
})
