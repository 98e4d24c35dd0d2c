import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { partitionData } from '@coppice/data/node'
import { TestRandom } from '@coppice/testkit'
import {
  Booster, type ClusterStatus, Dataset, GBDTClassifier, LocalCluster, type Model, train,
} from 'coppice'
import { CommandProcess } from './support/cluster-process.js'

/** Columns of every kind, with gaps, categories and weights. */
function makeRows(nRows: number, seed: number) {
  const random = new TestRandom(seed)
  return Array.from({ length: nRows }, () => {
    const reading = random.uniform() * 8 - 4
    const count = random.below(12)
    const city = `c${Math.floor(random.uniform() * random.uniform() * 40)}`
    const flag = random.uniform() < 0.4
    const noise = random.uniform() * 3
    const signal = reading * (flag ? 1 : -0.5) + (count > 6 ? 1 : 0) + city.length + noise
    return {
      reading: random.uniform() < 0.1 ? null : reading,
      count, city, flag,
      day: new Date(86_400_000 * random.below(5000)),
      w: random.uniform() * 2,
      kind: signal > 4 ? 'late' : signal > 2.5 ? 'punctual' : 'early',
    }
  })
}

type Row = ReturnType<typeof makeRows>[number]

function toCsv(rows: readonly Row[]): string {
  const lines = rows.map(({ reading, count, city, flag, day, w, kind }) => [
    reading ?? '', count, city, flag, day.toISOString(), w, kind === 'late' ? 1 : 0].join())
  return `${['reading,count,city,flag,day,w,late', ...lines].join('\n')}\n`
}

function sha256Of(booster: Booster): string {
  return createHash('sha256').update(booster.toString()).digest('hex')
}

function sha256OfFile(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

describe('training on a cluster', function () {
  this.timeout(60_000)
  let folder = ''
  const file = (name: string): string => path.join(folder, name)
  const flags = (): string[] => ['train', '--data', file('parts/manifest.json'), '--valid',
    `judge=${file('valid.csv')}`, '--label', 'late', '--weight', 'w', '--objective', 'binary',
    '--log-format', 'json']
  const params = {
    objective: 'binary', numLeaves: 15, minDataPerGroup: 20, baggingFraction: 0.8,
    baggingFreq: 1, learningRate: 0.3,
  } as const

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-cluster-'))
    await writeFile(file('all.csv'), toCsv(makeRows(6000, 1)))
    await writeFile(file('valid.csv'), toCsv(makeRows(1500, 2)))
    const [written] = await partitionData({
      inputs: file('all.csv'), out: file('parts'), partitions: 5, outputFormat: 'parquet' })
    assert.equal(written!.partitions.length, 5)
  })

  after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

  /** The model of a training in this process. */
  async function trainHere(more: object): Promise<Booster> {
    const options = { label: 'late', weight: 'w' }
    const dataset = await Dataset.open(file('parts/manifest.json'), options)
    const judge = await Dataset.open(file('valid.csv'), options)
    return train({ ...params, ...more, numThreads: 1 }, dataset,
      { evalSets: [{ name: 'judge', data: judge }] })
  }

  function start(name: string, args: readonly string[], env = {}): CommandProcess {
    return CommandProcess.start(args, { name, logFolder: folder, env })
  }

  it('of local processes gives the bytes of one thread, early stopping and all', async () => {
    const here = await trainHere({ numIterations: 300, earlyStoppingRound: 4 })
    assert.ok(here.bestIteration !== null && here.nIterations < 300)
    const there = start('local', [...flags(), '--local-workers', '2', '--threads', '1',
      '--num_leaves', '15', '--min_data_per_group', '20', '--bagging_fraction', '0.8',
      '--bagging_freq', '1', '--learning_rate', '0.3', '--num_iterations', '300',
      '--early_stopping_round', '4', '--model', file('local.json')])
    assert.deepEqual(await there.ended, { code: 0, signal: null }, there.tail())
    assert.equal(sha256OfFile(file('local.json')), sha256Of(here))
    const started = JSON.parse((await there.waitFor(/"event":"started"/)).text) as object
    assert.equal((started as { nThreads: number }).nThreads, 2)
  })

  describe('from a program', () => {
    let cluster: LocalCluster

    before(async () => {
      cluster = await LocalCluster.start({ workers: 2, threadsPerWorker: 1 })
    })
    after(() => cluster.close())

    it('fits rows in memory to the bytes of a fit here, in spite of a lost worker', async () => {
      const rows = makeRows(5000, 3)
      const judge = makeRows(1000, 4)
      const X = (of: readonly Row[]) => of.map(({ reading, count, city, flag, day }) =>
        ({ reading, count, city, flag, day }))
      const y = (of: readonly Row[]) => of.map(({ kind }) => kind)
      const fit = (options: object) => new GBDTClassifier({ numIterations: 12, numLeaves: 15 })
        .fit(X(rows), y(rows), { sampleWeight: rows.map(({ w }) => w),
          evalSet: [[X(judge), y(judge)]], ...options })
      const here = await fit({})
      assert.deepEqual(here.classes, ['early', 'late', 'punctual'])
      const told: string[] = []
      const nBefore = cluster.notices.length
      const [victim] = cluster.workerPids
      const there = await fit({
        cluster,
        onNotice: (text: string) => told.push(text),
        callbacks: [({ iteration }: { iteration: number }) => {
          if (iteration === 4) process.kill(victim!, 'SIGKILL')
        }],
      })
      assert.equal(sha256Of(there.booster), sha256Of(here.booster))
      assert.deepEqual(there.evalResult, here.evalResult)
      // Witnesses that it was lost in the middle, and started again.
      assert.ok(told.some((text) => / lost: .* at iteration \d/.test(text)), told.join('\n'))
      assert.ok(cluster.notices.length >= told.length)
      // Perhaps after the end of the training, on a busy machine; never is a time-out.
      const isBack = (text: string): boolean => / joined /.test(text)
      while (!cluster.notices.slice(nBefore).some(isBack)) await setTimeout(20)
      assert.ok(!cluster.workerPids.includes(victim!))
    })

    it('trains on rows that workers keep packed, in spite of a lost worker', async () => {
      const random = new TestRandom(7)
      const line = (): string => {
        const levels = Array.from({ length: 5 }, (_, group) => group * 30 + random.below(30))
        const late = levels.reduce((sum, level) => sum + level % 7, random.below(10)) > 20 ? 1 : 0
        return [late, ...levels.map((level) => `${level}:1`)].join(' ')
      }
      for (const name of ['a', 'b', 'c', 'd']) {
        const lines = Array.from({ length: name === 'd' ? 500 : 1000 }, line)
        await writeFile(file(`${name}.svm`), lines.join('\n'))
      }
      const fit = async (options: object): Promise<Booster> => {
        const [data, valid] = [
          await Dataset.open(['a', 'b', 'c'].map((name) => file(`${name}.svm`))),
          await Dataset.open(file('d.svm'))]
        return train({ objective: 'binary', numIterations: 8, numLeaves: 15 }, data,
          { evalSets: [valid], ...options })
      }
      const [victim] = cluster.workerPids
      const there = await fit({ cluster, callbacks: [({ iteration }: { iteration: number }) => {
        if (iteration === 3) process.kill(victim!, 'SIGKILL')
      }] })
      assert.equal(sha256Of(there), sha256Of(await fit({})))
      assert.ok(!cluster.workerPids.includes(victim!))
    })

    it('fits a sparse matrix in memory to the bytes of a fit here', async () => {
      const random = new TestRandom(8)
      const make = (nRows: number) => {
        const level = Int32Array.from({ length: nRows * 4 }, () => random.below(40))
        const csr = {
          data: level.map((own) => own % 9 === 0 ? 3 : 1),
          indices: level.map((own, i) => i % 4 * 40 + own),
          indptr: Int32Array.from({ length: nRows + 1 }, (_, row) => row * 4),
          shape: [nRows, 170],
        } as const
        return [csr, Array.from({ length: nRows }, (_, row) =>
          level.subarray(row * 4, row * 4 + 4).some((own) => own % 11 === 2) ? 'b' : 'a')] as const
      }
      const [X, y] = make(2000)
      const judge = make(300)
      const fit = (options: object) => new GBDTClassifier({ numIterations: 5, numLeaves: 8 })
        .fit(X, y, { sampleWeight: y.map((_, row) => 1 + row % 3), evalSet: [judge], ...options })
      const here = await fit({})
      const there = await fit({ cluster })
      assert.equal(sha256Of(there.booster), sha256Of(here.booster))
      assert.deepEqual(there.evalResult, here.evalResult)
    })

    it('calls back, stops, resumes to the same bytes, and tells the errors of a training here',
      async () => {
        const here = await trainHere({ numIterations: 10 })
        const dataset = await Dataset.open(file('parts/manifest.json'),
          { label: 'late', weight: 'w' })
        const judge = await Dataset.open(file('valid.csv'), { reference: dataset })
        const evalSets = [{ name: 'judge', data: judge }]
        const run = (options: object) => train({ ...params, numIterations: 10 }, dataset,
          { evalSets, cluster, ...options })
        let half: Model | null = null
        const stopped = await run({
          callbacks: [({ iteration }: { iteration: number }, { model }: { model: () => Model }) => {
            if (iteration === 3) half = model()
            return iteration === 5 ? 'stop' : undefined
          }],
        })
        assert.equal(stopped.nIterations, 6)
        const resumed = await run({ resumeFrom: half! })
        assert.equal(sha256Of(resumed), sha256Of(here))
        const wrong = await Dataset.open(file('parts/manifest.json'), { label: 'lat' })
        const errorOf = (options: object) => train(params, wrong, options)
          .then(() => assert.fail('it is trained'), (error: Error) => error.message)
        assert.equal(await errorOf({ cluster }), await errorOf({}))
      })

    it('ends when it is aborted, while training and while reading, and trains again', async () => {
      const rows = makeRows(2000, 5)
      const X = rows.map(({ reading, count, city }) => ({ reading, count, city }))
      const fit = (options: object, numIterations = 5000) =>
        new GBDTClassifier({ numIterations, numLeaves: 7 })
          .fit(X, rows.map(({ flag }) => flag), { cluster, ...options })
      const controller = new AbortController()
      let nDone = 0
      await assert.rejects(fit({
        signal: controller.signal,
        onEvent: (event: { kind: string }) => {
          if (event.kind === 'iteration' && ++nDone === 3) controller.abort(new Error('enough'))
        },
      }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ABORTED')
        assert.equal(error.message, `training was aborted after ${nDone} of 5000 iterations`)
        return true
      })
      const early = new AbortController()
      await assert.rejects(fit({ signal: early.signal, onLoad: () => early.abort() }),
        { code: 'ABORTED' })
      const here = await fit({ cluster: undefined }, 5)
      assert.equal(sha256Of((await fit({}, 5)).booster), sha256Of(here.booster))
    })
  })

  it('of commands leaves a checkpoint on Ctrl-C and goes on to the same bytes', async () => {
    await writeFile(file('token'), 'f'.repeat(64), { mode: 0o600 })
    const nIterations = 150
    const here = await trainHere({ numIterations: nIterations })
    const token = ['--token-file', file('token')]
    const coordinator = start('coordinator', ['coordinator', '--listen', '127.0.0.1:0',
      '--min-workers', '2', '--journal', file('journal'), '--log-format', 'json', ...token])
    const all = [coordinator]
    try {
      const { url } = JSON.parse((await coordinator.waitFor(/"listening"/)).text) as { url: string }
      const env = { COPPICE_COORDINATOR: url, COPPICE_TOKEN_FILE: file('token') }
      const workers = ['w1', 'w2'].map((name) =>
        start(name, ['worker', '--threads', '1'], { ...env, COPPICE_WORKER_NAME: name }))
      all.push(...workers)
      const order = [...flags(), '--cluster', url, ...token, '--num_leaves', '15',
        '--min_data_per_group', '20', '--bagging_fraction', '0.8', '--bagging_freq', '1',
        '--learning_rate', '0.3', '--num_iterations', String(nIterations)]
      const first = start('first', [...order, '--checkpoint', file('check.json'),
        '--checkpoint-every', '100000', '--model', file('first.json')])
      all.push(first)
      await first.waitFor(/"iteration":5,/)
      const status = start('status', ['status', '--json'], env)
      assert.equal((await status.ended).code, 0, status.tail())
      const { workers: seen, phase, nPartitions } =
        JSON.parse(status.lines.map(({ text }) => text).join('\n')) as ClusterStatus
      assert.deepEqual([seen.map(({ name }) => name).sort(), nPartitions], [['w1', 'w2'], 6])
      // It waits for the client's answer to every iteration.
      assert.ok(['training', 'waiting'].includes(phase), phase)
      first.kill('SIGINT')
      assert.equal((await first.ended).code, 3, first.tail())
      await first.waitFor(/"code":"ABORTED".*the trees so far are saved; go on with --resume/)
      assert.ok(!existsSync(file('first.json')))
      const { nIterations: nSaved } = await Booster.load(file('check.json'))
      assert.ok(nSaved > 5 && nSaved < nIterations, `${nSaved} iterations are saved`)
      const second = start('second', [...order, '--resume', file('check.json'), '--model',
        file('second.json')])
      all.push(second)
      assert.equal((await second.ended).code, 0, second.tail())
      await second.waitFor(new RegExp(`"firstIteration":${nSaved},`))
      assert.equal(sha256OfFile(file('second.json')), sha256Of(here))
      for (const each of workers) each.kill('SIGTERM')
      for (const each of workers) assert.equal((await each.ended).code, 0, each.tail())
      coordinator.kill('SIGTERM')
      assert.equal((await coordinator.ended).code, 0, coordinator.tail())
    } finally {
      await Promise.all(all.map((each) => each.destroy()))
    }
  })
})
