import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { TestRandom } from '@coppice/testkit'
import {
  Booster, type CustomMetric, type CustomObjective, type CustomRows, Dataset, evaluate,
  GBDTClassifier, GBDTRegressor, LocalCluster, train, type TrainingParams,
} from 'coppice'

const examples = fileURLToPath(new URL('../../packages/api/examples/losses.mjs', import.meta.url))

const random = new TestRandom(8)
const nRows = 2600
const X = Array.from({ length: nRows }, () =>
  [random.normal(), random.normal(), Math.floor(random.uniform() * 5)])
const numbers = X.map(([a, b, c]) => a! + (c! > 2 ? b! : -b!) + random.normal() * 0.3)
const weights = X.map(() => 0.2 + random.uniform())
const dataset = (y: readonly (number | string)[], isWeighted = true): Dataset =>
  Dataset.from(X, y, isWeighted ? { weights } : {})
const small = { numIterations: 4, numLeaves: 7, learningRate: 0.5 }

const squared: CustomObjective = {
  name: 'squared',
  baseScore: 'mean',
  gradients: ({ nRows: n, labels, weights: w, scores }, gradients, hessians) => {
    for (let i = 0; i < n; i++) {
      gradients[i] = (scores[i]! - labels[i]!) * (w?.[i] ?? 1)
      hessians[i] = w?.[i] ?? 1
    }
  },
}

const softmax = ({ nRows: n, nOutputs, labels, scores, math }: CustomRows,
  gradients: Float64Array, hessians: Float64Array): void => {
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let k = 0; k < nOutputs; k++) sum += math.exp(scores[k * n + i]!)
    for (let k = 0; k < nOutputs; k++) {
      const p = math.exp(scores[k * n + i]!) / sum
      gradients[k * n + i] = p - (labels[i] === k ? 1 : 0)
      hessians[k * n + i] = 1.5 * p * (1 - p)
    }
  }
}

describe('CUSTOM.md', () => {
  it('shows code that is tested', () => {
    const page = readFileSync(path.join(examples, '../../CUSTOM.md'), 'utf8')
    const blocks = [...page.matchAll(/```js\n([^`]*)```/g)].map(([, code]) =>
      code!.replace(/^\/\/.*\n/, ''))
    assert.equal(blocks.length, 2)
    for (const block of blocks) assert.ok(readFileSync(examples, 'utf8').includes(block))
  })
})

describe('objectives of one\'s own', () => {
  it('give the trees of the objective that they repeat', async () => {
    for (const isWeighted of [true, false]) {
      const own = await train({ ...small, objective: squared }, dataset(numbers, isWeighted))
      const here = await train(small, dataset(numbers, isWeighted))
      assert.equal(JSON.stringify(own.model.trees), JSON.stringify(here.model.trees))
      assert.deepEqual(own.model.baseScores, here.model.baseScores)
      assert.deepEqual(own.model.objective,
        { name: 'custom', source: 'squared', link: 'identity', numClass: 0 })
    }
    const kinds = numbers.map((y) => y > 0.8 ? 'high' : y > -0.4 ? 'middle' : 'low')
    const objective = { name: 'own', numClass: 3, baseScore: 'mean', gradients: softmax } as const
    const evalSets = [dataset(kinds, false)]
    const own = await new GBDTClassifier({ ...small, objective, metric: 'multi_logloss' })
      .fit(dataset(kinds, false), { evalSet: evalSets })
    const here = await new GBDTClassifier(small).fit(dataset(kinds, false), { evalSet: evalSets })
    assert.deepEqual(own.classes, here.classes)
    const near = (a: ArrayLike<number>, b: ArrayLike<number>): void => assert.ok(
      a.length === b.length && Array.from(a).every((x, i) => Math.abs(x - b[i]!) < 1e-6))
    near(await own.predictProba(X), await here.predictProba(X))
    near(own.evalResult['valid_0']!['multi_logloss']!,
      here.evalResult['valid_0']!['multi_logloss']!)
  })

  it('predict by their link, from the file too', async () => {
    const counts = numbers.map((y) => Math.max(0, Math.round(y + 2)))
    const objective: CustomObjective = {
      name: 'counts', link: 'exp', baseScore: 'mean',
      gradients: ({ nRows: n, labels, scores, math }, gradients, hessians) => {
        for (let i = 0; i < n; i++) {
          hessians[i] = math.exp(scores[i]!)
          gradients[i] = hessians[i]! - labels[i]!
        }
      },
    }
    const model = await new GBDTRegressor({ ...small, objective }).fit(X, counts)
    const folder = mkdtempSync(path.join(tmpdir(), 'custom-'))
    try {
      await model.save(path.join(folder, 'model.json'))
      const loaded = await Booster.load(path.join(folder, 'model.json'))
      const raw = await loaded.predict(X, { type: 'raw' })
      const means = await model.predict(X)
      assert.ok(means.every((mean, i) => Math.abs(mean - Math.exp(raw[i]!)) < 1e-9 * mean))
      const { metrics } = await evaluate(loaded, Dataset.from(X, counts))
      assert.ok(metrics['poisson']! < 2 && metrics['rmse']! > 0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('are told what is wrong', async () => {
    const fails = (objective: unknown, message: RegExp, more: TrainingParams = {}) =>
      assert.rejects(train({ ...small, objective: objective as CustomObjective, ...more },
        dataset(numbers)), { message })
    const byRow = (of: (row: number, n: number) => [number, number]) => ({
      name: 'bad', gradients: ({ nRows: n }: CustomRows, g: Float64Array, h: Float64Array) => {
        for (let i = 0; i < n; i++) [g[i], h[i]] = of(i, n)
      },
    })
    await fails(byRow((i) => [i === 7 ? NaN : 1, 1]), /a gradient of NaN for row 7 \(label -?\d/)
    await fails(byRow((i) => [1, i === 9 ? -1 : 1]), /a hessian of -1 for row 9 /)
    await fails(byRow((_, n) => [n, 1]), /not row-wise: of row \d+ it gives gradient 2600/)
    await fails(byRow(() => [1, 0]), /all hessians of the objective bad are 0/)
    await fails(() => undefined, /a gradient of NaN for row 0/)
    await fails(() => { throw new Error('no luck') }, /failed: no luck/)
    await fails({ name: 'x' }, /gradients of the objective x must be a function/)
    await fails({ ...squared, link: 'softmax' }, /link of the objective squared must be one of id/)
    await fails({ ...squared, links: 1 }, /has a member "links"/)
    await fails({ ...squared, numClass: 1 }, /numClass .* must be 0 .*, or at least 2; got 1/)
    await fails(squared, /num_threads = 2 cannot be used: squared is a function of this program/,
      { numThreads: 2 })
    await fails('custom', /needs custom_objective/)
    await fails('regression', /contradicts objective = regression/,
      { customObjective: `${examples}#lopsided` })
    await fails('custom', /losses.mjs#nothing is not exported; .* focal, lopsided/,
      { customObjective: `${examples}#nothing` })
    await fails('custom', /absent\.mjs/, { customObjective: 'absent.mjs#x' })
    await fails(squared, /has a metric named "l2"/, { isProvideTrainingMetric: true,
      customMetrics: { name: 'l2', losses: () => undefined } })
  })
})

describe('modules with objectives and metrics', function () {
  this.timeout(60_000)
  let cluster: LocalCluster

  before(async () => {
    cluster = await LocalCluster.start(
      { workers: 2, threadsPerWorker: 1, allowModules: [examples] })
  })
  after(() => cluster.close())

  const lopsided: TrainingParams = {
    ...small, objective: 'custom', customObjective: `${examples}#lopsided`, metric: ['l2'],
    customMetrics: `${examples}#lopsidedError`,
  }

  it('give the same bytes on threads, on a cluster and as objects', async () => {
    const evalSets = [{ name: 'again', data: dataset(numbers) }]
    const run = (params: TrainingParams, options = {}) =>
      train(params, dataset(numbers), { evalSets, ...options })
    const one = await run(lopsided)
    const losses = await import(examples) as Readonly<Record<string, unknown>>
    const texts = [
      (await run({ ...lopsided, numThreads: 1 })).toString(),
      (await run({ ...lopsided, numThreads: 3 })).toString(),
      (await run(lopsided, { cluster })).toString(),
      (await run({ ...small, metric: ['l2'], objective: losses['lopsided'] as CustomObjective,
        customMetrics: [losses['lopsidedError'] as CustomMetric] })).toString(),
    ]
    for (const text of texts) assert.equal(text, one.toString())
    const [l2, error] = one.model.evaluation
    assert.deepEqual([l2!.metric, error!.metric], ['l2', 'lopsided_error'])
    const predictions = await one.predict(X, { type: 'probability', iterations: [0, 4] })
    const cost = numbers.reduce((sum, y, i) =>
      sum + weights[i]! * (predictions[i]! < y ? 3 : 1) * (predictions[i]! - y) ** 2, 0)
    const expected = Math.sqrt(cost / weights.reduce((sum, w) => sum + w, 0))
    assert.ok(Math.abs(error!.values.at(-1)! - expected) < 1e-9)
    const low = numbers.filter((y, i) => predictions[i]! < y).length
    assert.ok(low < 0.45 * nRows, 'predictions are rather too high')
  })

  it('train classifiers, resume, and stop early by a metric that should grow', async () => {
    const labels = numbers.map((y) => y > 0 ? 1 : 0)
    const focal: TrainingParams = { ...small, objective: 'custom',
      customObjective: `${examples}#focal`, metric: ['auc', 'binary_logloss'] }
    const whole: CustomMetric = { name: 'share_right', higherIsBetter: true,
      value: ({ nRows: n, labels: y, predictions }) => y.reduce((sum, label, i) =>
        sum + (predictions[2 * i + label]! > 0.5 ? 1 : 0), 0) / n }
    const evalSets = [{ name: 'again', data: dataset(labels) }]
    const options = { evalSets }
    const full = await train(focal, dataset(labels), options)
    assert.ok(full.model.evaluation[0]!.values.at(-1)! > 0.9)
    const half = await train(focal, dataset(labels),
      { ...options, callbacks: [({ iteration }) => iteration === 1 ? 'stop' : undefined] })
    assert.equal(half.nIterations, 2)
    const resumed = await train(focal, dataset(labels), { ...options, resumeFrom: half })
    assert.equal(resumed.toString(), full.toString())
    const elsewhere = await train(focal, dataset(labels),
      { ...options, resumeFrom: half, cluster })
    assert.equal(elsewhere.toString(), full.toString())
    const watched = await train({ ...focal, metric: 'None', customMetrics: whole,
      earlyStoppingRound: 2, numIterations: 30 }, dataset(labels), options)
    const { values } = watched.model.evaluation[0]!
    assert.equal(values[watched.bestIteration! - 1], Math.max(...values))
    await assert.rejects(train({ ...focal, customMetrics: whole }, dataset(labels),
      { ...options, cluster }), /cluster cannot be used: share_right is a function/)
  })

  it('are refused where they are not allowed, or differ', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'custom-'))
    try {
      const other = path.join(folder, 'losses.mjs')
      writeFileSync(other, `${readFileSync(examples, 'utf8')}\n// changed\n`)
      await assert.rejects(
        train({ ...lopsided, customObjective: `${other}#lopsided` }, dataset(numbers),
          { cluster, evalSets: [dataset(numbers)] }),
        /needs the module losses\.mjs \(SHA-256 [0-9a-f]{64}\), which is not allowed/)
      const importing = path.join(folder, 'importing.mjs')
      writeFileSync(importing, 'import "./losses.mjs"\nexport const a = 1\n')
      await assert.rejects(
        train({ ...lopsided, customObjective: `${importing}#a` }, dataset(numbers)),
        /module importing\.mjs cannot be loaded.*imports nothing/s)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
