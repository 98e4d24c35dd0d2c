import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type PredictionJob, writePredictions } from '@coppice/api/command'
import { partitionData } from '@coppice/data/node'
import { TestRandom } from '@coppice/testkit'
import {
  type Booster, type Cluster, Dataset, GBDTClassifier, LocalCluster, type PredictionType, train,
} from 'coppice'
import { CommandProcess } from './support/cluster-process.js'

const header = 'id,reading,count,city,day,note,late,kind'

function makeCsv(nRows: number, seed: number): string {
  const random = new TestRandom(seed)
  const lines = Array.from({ length: nRows }, (_, row) => {
    const reading = random.uniform() * 8 - 4
    const count = random.below(12)
    const city = `c${random.below(9)}`
    const late = Number(reading + count / 3 + city.charCodeAt(1) % 3 > 2)
    const kind = ['early', 'punctual', 'late'][(late + count) % 3]
    return [`${seed}-${row}`, random.uniform() < 0.1 ? '' : reading, count, city,
      new Date(86_400_000 * random.below(5000)).toISOString(), `"n, ${row % 5}"`, late, kind].join()
  })
  return `${[header, ...lines].join('\n')}\n`
}

describe('predicting on a cluster', function () {
  this.timeout(60_000)
  let folder = ''
  let cluster: LocalCluster
  let binary: Booster
  let multi: GBDTClassifier
  const file = (name: string): string => path.join(folder, name)

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-predict-'))
    await mkdir(file('fresh'))
    for (let p = 0; p < 40; p++) {
      await writeFile(file(`fresh/${100 + p}.csv`), makeCsv(p === 17 ? 0 : 150, p + 1))
    }
    await writeFile(file('train.csv'), makeCsv(1500, 99))
    await partitionData({
      inputs: file('fresh'), out: file('parquet'), partitions: 7, outputFormat: 'parquet' })
    const ignore = ['id', 'note']
    binary = await train({ objective: 'binary', numIterations: 12, minDataPerGroup: 20 },
      await Dataset.open(file('train.csv'), { label: 'late', ignore: [...ignore, 'kind'] }))
    multi = await new GBDTClassifier({ numIterations: 5, minDataPerGroup: 20 }).fit(
      await Dataset.open(file('train.csv'), { label: 'kind', ignore: [...ignore, 'late'] }))
    await binary.save(file('binary.json'))
    cluster = await LocalCluster.start({ workers: 3, threadsPerWorker: 1 })
  })
  after(async () => {
    await cluster?.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })

  const cases: readonly (readonly [string, PredictionType, readonly string[], 'binary' | 'multi'])[]
    = [
      ['fresh', 'probability', ['id', 'note', 'day', 'city', 'reading'], 'binary'],
      ['parquet/manifest.json', 'class', ['note', 'kind', 'count'], 'multi'],
      ['parquet/manifest.json', 'leaf', ['day'], 'multi'],
      ['fresh', 'raw', [], 'binary'],
    ]
  for (const [input, type, keep, name] of cases) {
    it(`writes the bytes of one process: ${type} of ${input}, beside ${keep.length} columns`,
      async () => {
        const booster = name === 'binary' ? binary : multi.booster
        const endings = ['csv', 'parquet', 'arrow', ...keep.length === 0 ? ['npy'] : []]
        for (const ending of endings) {
          const job = (out: string): PredictionJob =>
            ({ booster, inputs: file(input), out: file(out), type, keep })
          const progress: number[] = []
          const nRows = await writePredictions(job(`here.${ending}`))
          const nThere = await writePredictions({ ...job(`there.${ending}`), cluster,
            onProgress: (done) => progress.push(done) })
          assert.equal(nRows, 39 * 150)
          assert.equal(nThere, nRows)
          assert.equal(progress.at(-1), nRows)
          assert.deepEqual(progress, progress.toSorted((a, b) => a - b))
          const [here, there] = ['here', 'there'].map((out) =>
            readFileSync(file(`${out}.${ending}`)))
          assert.ok(here!.equals(there!), ending)
          assert.ok(here!.length > nRows)
        }
      })
  }

  it('gives the same values from a program', async () => {
    const data = await Dataset.open(file('fresh'))
    const remote = Dataset.remote(file('fresh'))
    assert.deepEqual(await multi.predict(remote, { cluster }), await multi.predict(data))
    assert.deepEqual(await multi.predictProba(data, { cluster, iterations: [1, 3] }),
      await multi.predictProba(data, { iterations: [1, 3] }))
    await assert.rejects(binary.predict([[1, 2]], { cluster }),
      { code: 'PARAMETER', message: /rows in memory are predicted where they are/ })
    await assert.rejects(binary.predict(Dataset.from([[1, 2]]), { cluster }),
      { code: 'PARAMETER', message: /rows in memory are predicted where they are/ })
  })

  it('refuses a header that only workers can tell is not there', async () => {
    const parquet = Dataset.remote(file('parquet/manifest.json'), { label: 'late', header: true })
    const refusal = { code: 'PARAMETER', message: /header.*does nothing for parquet; leave it out/ }
    await assert.rejects(train({ objective: 'binary' }, parquet, { cluster }), refusal)
    await assert.rejects(multi.predict(parquet, { cluster }), refusal)
    // where one of several data sets has lines, it is read
    const ignore = ['id', 'note', 'kind']
    const lines = Dataset.remote(file('train.csv'), { label: 'late', header: true, ignore })
    const model = await train({ objective: 'binary', numIterations: 2 }, lines, { cluster,
      evalSets: [{ name: 'p', data: Dataset.remote(file('parquet/manifest.json'),
        { label: 'late', header: true, ignore }) }] })
    assert.equal(model.nTrees, 2)
  })

  it('gives the same bytes though a worker is killed in the middle', async () => {
    const job: Omit<PredictionJob, 'out'> =
      { booster: binary, inputs: file('fresh'), type: 'probability', keep: ['id'] }
    await writePredictions({ ...job, out: file('whole.csv') })
    const [victim] = cluster.workerPids
    const told: string[] = []
    let isKilled = false
    // Its batches are dealt by now, and none of them is done.
    const killing: Cluster = {
      url: cluster.url, notices: [], status: () => cluster.status(), close: () => cluster.close(),
      train: (training) => cluster.train(training),
      fetch: (id, options) => cluster.fetch(id, options),
      predict: (prediction) => cluster.predict({
        ...prediction,
        onPlanned: (outline) => {
          process.kill(victim!, 'SIGKILL')
          isKilled = true
          return prediction.onPlanned?.(outline)
        },
      }),
    }
    await writePredictions({ ...job, out: file('killed.csv'), cluster: killing,
      onNotice: (text) => told.push(text) })
    assert.ok(isKilled)
    assert.ok(readFileSync(file('killed.csv')).equals(readFileSync(file('whole.csv'))))
    assert.ok(told.some((text) => /^worker .* lost: /.test(text)), told.join('\n'))
  })

  it('tells the errors of one process, and leaves no file', async () => {
    await writeFile(file('bad.csv'), `${header}\n1,2,3,c1,,,0,late\n2,x,3,c1,,,0,late\n`)
    const errorOf = async (change: Partial<PredictionJob>): Promise<string> => {
      const job = { booster: binary, inputs: file('fresh'), out: file('none.csv') }
      const error = await writePredictions({ ...job, type: 'probability', ...change })
        .then(() => assert.fail('it is predicted'), (caught: Error & { code: string }) => caught)
      return `${error.code}: ${error.message}`
    }
    await writeFile(file('clash.csv'), 'reading,count,city,day,probability\n1,2,c1,,1\n')
    for (const change of [
      { keep: ['id', 'notes'] }, { inputs: file('bad.csv') }, { inputs: file('nothing.csv') },
      { inputs: file('bad.csv'), keep: ['reading'] }, { out: file('none.xls') },
      { inputs: file('clash.csv'), keep: ['probability'] }, { iterations: [0, 99] as const },
    ]) {
      const here = await errorOf(change)
      assert.match(here, /^(DATA|IO|PARAMETER): /)
      // of files they also tell where they were looked for
      const there = await errorOf({ ...change, cluster })
      assert.equal(there.replace(/ \(on workers local-.*those of the workers\)$/, ''), here)
    }
    assert.ok(!existsSync(file('none.csv')) && !existsSync(file('none.xls')))
  })

  it('of commands predicts on one local worker, and ends on Ctrl-C', async () => {
    const start = (name: string, args: readonly string[]): CommandProcess =>
      CommandProcess.start(args, { name, logFolder: folder })
    const predict = ['predict', '--model', file('binary.json'), '--data', file('fresh'), '--keep',
      'id,day']
    await writePredictions({ booster: binary, inputs: file('fresh'), out: file('one.csv'),
      type: 'probability', keep: ['id', 'day'] })
    const local = start('local', [...predict, '--out', file('local.csv'), '--local-workers', '1',
      '--threads', '1'])
    assert.deepEqual(await local.ended, { code: 0, signal: null }, local.tail())
    assert.ok(readFileSync(file('local.csv')).equals(readFileSync(file('one.csv'))))
    const coordinator = start('coordinator', ['coordinator', '--listen', '127.0.0.1:0',
      '--log-format', 'json'])
    try {
      const { url } = JSON.parse((await coordinator.waitFor(/"listening"/)).text) as { url: string }
      const waiting = start('waiting', [...predict, '--out', file('never.csv'), '--cluster', url])
      await waiting.waitFor(/waiting for workers/)
      const before = performance.now()
      process.kill(waiting.pid, 'SIGINT')
      assert.deepEqual(await waiting.ended, { code: 3, signal: null }, waiting.tail())
      // a second, on a machine that may be busy
      assert.ok(performance.now() - before < 5000)
      assert.ok(!existsSync(file('never.csv')))
    } finally {
      process.kill(coordinator.pid, 'SIGTERM')
      await coordinator.ended
    }
  })
})
