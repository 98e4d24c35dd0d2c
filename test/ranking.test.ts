import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { partitionData } from '@coppice/data/node'
import { TestRandom } from '@coppice/testkit'
import { Booster, cv, Dataset, evaluate, GBDTRanker, LocalCluster, train } from 'coppice'
import { CommandProcess } from './support/cluster-process.js'

interface Row {
  readonly price: number | null
  readonly rating: number
  readonly city: string
  readonly query: string
  readonly w: number
  readonly grade: number
  /** In the list that people saw. */
  readonly place: number
}

/** Hotels found by searches of 1 to 25 results, graded 0 to 4. */
function makeRows(nQueries: number, seed: number): Row[] {
  const random = new TestRandom(seed)
  return Array.from({ length: nQueries }, (_, q) => {
    const w = random.uniform() + 0.2
    return Array.from({ length: 1 + random.below(25) }, (_unused, place) => {
      const [price, rating] = [random.uniform() * 300, random.below(10)]
      const city = `c${random.below(12)}`
      const signal = rating / 3 - price / 100 + city.length - place / 20 + random.normal()
      const grade = Math.max(0, Math.min(4, Math.round(signal)))
      return { price: random.below(9) === 0 ? null : price, rating, city, query: `q${q}`, w, grade,
        place }
    })
  }).flat()
}

const toCsv = (rows: readonly Row[]): string => ['price,rating,city,query,w,grade,place',
  ...rows.map(({ price, rating, city, query, w, grade, place }) =>
    [price ?? '', rating, city, query, w, grade, place].join())].join('\n')

const sha256Of = (booster: Booster): string =>
  createHash('sha256').update(booster.toString()).digest('hex')

describe('rankings', function () {
  this.timeout(60_000)
  let folder = ''
  const file = (name: string): string => path.join(folder, name)
  const rows = makeRows(300, 1)
  const judges = makeRows(60, 2)
  const roles = { label: 'grade', weight: 'w', group: 'query', ignore: 'place' }
  const withPlaces = { label: 'grade', weight: 'w', group: 'query', position: 'place' }
  const base = { numIterations: 4, numLeaves: 12, minDataPerGroup: 20, learningRate: 0.2 }
  const jobs = [
    { ...base, objective: 'lambdarank', metric: ['ndcg', 'map'], evalAt: [1, 5] },
    { ...base, objective: 'rank_xendcg', baggingFraction: 0.7, baggingFreq: 1,
      baggingByQuery: true },
  ] as const

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-ranking-'))
    await writeFile(file('all.csv'), toCsv(rows))
    await writeFile(file('judges.csv'), toCsv(judges))
    for (const partitions of [2, 7]) {
      const [written] = await partitionData({ inputs: file('all.csv'), partitions,
        out: file(`in-${partitions}`), outputFormat: 'parquet', group: 'query' })
      assert.equal(written!.partitions.length, partitions)
    }
  })

  after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

  const X = (of: readonly Row[]) => of.map(({ price, rating, city }) => ({ price, rating, city }))
  const columns = (of: readonly Row[]) => ({
    labels: of.map(({ grade }) => grade), weights: of.map(({ w }) => w),
    queryId: of.map(({ query }) => query), positions: of.map(({ place }) => place),
  })

  it('have the same bytes for any threads, files and cluster', async () => {
    const cluster = await LocalCluster.start({ workers: 3, threadsPerWorker: 1 })
    try {
      for (const params of jobs) {
        const isLambda = params.objective === 'lambdarank'
        const own = isLambda ? withPlaces : roles
        const digests: Record<string, string> = {}
        const fit = async (
          name: string, dataset: Dataset, valid: Dataset, options: object, numThreads: number,
        ): Promise<Booster> => {
          const booster = await train({ ...params, numThreads }, dataset,
            { evalSets: [{ name: 'judges', data: valid }], ...options })
          digests[name] = sha256Of(booster)
          return booster
        }
        const judge = await Dataset.open(file('judges.csv'), own)
        for (const [numThreads, name] of [[1, 'all.csv'], [2, 'in-2/manifest.json'],
          [3, 'in-7/manifest.json']] as const) {
          await fit(`${name} on ${numThreads}`, await Dataset.open(file(name), own), judge, {},
            numThreads)
        }
        const manifest = await Dataset.open(file('in-7/manifest.json'), own)
        const booster = await fit('cluster', manifest, judge, { cluster }, 0)
        const memory = (of: readonly Row[]): Dataset => {
          const { labels, weights, queryId, positions } = columns(of)
          return Dataset.from(X(of), labels,
            { weights, queryId, ...(isLambda ? { positions } : {}) })
        }
        await fit('memory', memory(rows), memory(judges), {}, 2)
        if (isLambda) {
          await fit('uploaded', memory(rows), memory(judges), { cluster }, 0)
          assert.equal(booster.positionBiases!.length, 25)
          const folds = await Promise.all([cv(params, manifest, { nFolds: 2, cluster }),
            cv(params, memory(rows), { nFolds: 2 })])
          const [there, here] = folds.map(({ boosters }) => boosters.map(sha256Of))
          assert.deepEqual(there, here)
        }
        assert.ok(Object.keys(digests).length >= 5)
        assert.equal(new Set(Object.values(digests)).size, 1, JSON.stringify(digests, null, 1))
        // what the trainer said of the rows is what they are evaluated to
        const found = await evaluate(booster, judge, { iterations: [0, 4] })
        for (const [metric, values] of Object.entries(booster.evalResult['judges']!)) {
          assert.equal(found.metrics[metric], values.at(-1), metric)
        }
      }
    } finally {
      await cluster.close()
    }
  })

  it('are fitted, scored and stopped by the estimator', async () => {
    const { labels, queryId, weights } = columns(rows)
    const judged = columns(judges)
    const model = new GBDTRanker({ numIterations: 200, numLeaves: 8, metric: 'ndcg', evalAt: [5] })
    await model.fit(X(rows), labels, {
      queryId, sampleWeight: weights, earlyStoppingRounds: 5,
      evalSet: [[X(judges), judged.labels]], evalQueryId: [judged.queryId],
      evalSampleWeight: [judged.weights],
    })
    assert.ok(model.bestIteration! < 195, `best after ${model.bestIteration}`)
    const seen = model.evalResult['valid_0']!['ndcg@5']!
    assert.equal(Math.max(...seen), seen[model.bestIteration! - 1])
    assert.equal(await model.score(X(judges), judged.labels,
      { queryId: judged.queryId, sampleWeight: judged.weights }), Math.max(...seen))
    const sizes = [...new Set(judged.queryId)].map((id) =>
      judged.queryId.filter((other) => other === id).length)
    const options = { group: sizes, sampleWeight: judged.weights, k: 3 }
    const third = await model.score(X(judges), judged.labels, options)
    const named = await evaluate(model.booster, await Dataset.open(file('judges.csv'), roles),
      { metrics: 'ndcg@3' })
    assert.deepEqual(named.metrics, { 'ndcg@3': third })
    await model.save(file('ranker.json'))
    const again = await GBDTRanker.load(file('ranker.json'))
    assert.deepEqual(await again.predict(X(judges)), await model.predict(X(judges)))
    await model.booster.saveLightGBM(file('ranker.txt'))
    assert.equal((await Booster.load(file('ranker.txt'))).model.objective.name, 'lambdarank')
  })

  it('are trained and evaluated by commands', async () => {
    const run = async (name: string, args: readonly string[]): Promise<CommandProcess> => {
      const command = CommandProcess.start(args, { name, logFolder: folder })
      assert.deepEqual(await command.ended, { code: 0, signal: null }, command.tail())
      return command
    }
    const inputs = ['--label', 'grade', '--group', 'query']
    await run('train', ['train', '--data', file('in-2/manifest.json'), ...inputs, '--objective',
      'lambdarank', '--num_iterations', '5', '--model', file('m.json'), '--valid',
      file('judges.csv'), '--eval_at', '3,10', '--ignore', 'w,place'])
    const { evalResult } = await Booster.load(file('m.json'))
    assert.deepEqual(Object.keys(evalResult['valid_0']!), ['ndcg@3', 'ndcg@10'])
    const evaluated = await run('evaluate', ['evaluate', '--model', file('m.json'), '--data',
      file('judges.csv'), ...inputs, '--metric', 'ndcg@10', '--iterations', '0:5'])
    const value = evalResult['valid_0']!['ndcg@10']!.at(-1)!
    await evaluated.waitFor(new RegExp(`ndcg@10\t${value}`))
  })

  it('are refused where a query is in two pieces', async () => {
    const { labels } = columns(rows)
    const torn = columns(rows).queryId
    torn[torn.length - 1] = 'q0'
    const ranker = new GBDTRanker({ numIterations: 2 })
    await assert.rejects(ranker.fit(X(rows), labels, { queryId: torn }),
      /query q0 begins at row 0 and comes back at row \d+/)
    await assert.rejects(ranker.fit(X(rows), labels), /have no queries.*group_column/)
    await assert.rejects(ranker.fit(X(rows), labels, { group: [3], queryId: torn }),
      /group and queryId all say which rows belong together; give one/)
    const cut = rows.findIndex(({ query }, i) => query === 'q150' && rows[i - 1]!.query === 'q150')
    await writeFile(file('a.csv'), toCsv(rows.slice(0, cut)))
    await writeFile(file('b.csv'), toCsv(rows.slice(cut)))
    await assert.rejects(
      async () => ranker.fit(await Dataset.open([file('a.csv'), file('b.csv')], roles)),
      /query q150 .* has rows in two partitions, .*a\.csv and .*b\.csv/)
  })
})
