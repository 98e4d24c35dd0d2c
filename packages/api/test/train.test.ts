import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import {
  Booster, type CustomMetric, Dataset, evaluate, type Model, train, type TrainingParams,
} from '../src/index.js'
import { type BinnedDataset, resolveParams } from '@coppice/engine'
import { memoryBeside } from '../src/training/train.js'
import { Metric } from '../src/scoring/metrics.js'
import { asColumns, asCsv, draws, makeFlowers, rejects, temporaryFolder } from './support.js'

const flowers = makeFlowers(1500, 11)
const others = makeFlowers(700, 12)
const small = { numLeaves: 7, numIterations: 12 }

function dataOf(set: typeof flowers, labels: ArrayLike<number | string>, weighted = false) {
  const draw = draws(3)
  const weights = Float64Array.from(set.length, () => draw() < 0.1 ? 0 : draw())
  return Dataset.from(asColumns(set), labels, weighted ? { weights } : {})
}

describe('memoryBeside', () => {
  it('leaves out all that data sets have by row, once for each', () => {
    const doubles = new Float64Array(100)
    const data = {
      nRows: 100, features: [], blocks: [{ firstRow: 0, nRows: 100, bins: new Uint8Array(700) }],
      label: doubles, classes: null, weight: null, initScore: null, groupSizes: null,
    }
    const more = { ...data, weight: doubles, initScore: new Float64Array(300),
      groupSizes: new Uint32Array(20) }
    const left = (...sets: BinnedDataset[]): number => memoryBeside(data,
      sets.map((set) => ({ name: 'valid', data: set })), { ...resolveParams({}), maxMemoryMb: 1 })
    assert.equal(left(), 1_048_576 - 1500)
    assert.equal(left(data, more, more), 1_048_576 - 1500 - 1500 - 800 - 2400 - 80)
  })
})

describe('train', () => {
  const file = temporaryFolder()

  it('goes on from a model to the same bytes', async () => {
    const dataset = dataOf(flowers, flowers.label)
    const evalSets = [{ name: 'other', data: dataOf(others, others.label) }]
    const params = { ...small, objective: 'binary' as const, baggingFraction: 0.7, baggingFreq: 1 }
    let half: Model | null = null
    const whole = await train(params, dataset, {
      evalSets,
      callbacks: [({ iteration }, { model }) => {
        if (iteration === 4) half = model()
      }],
    })
    const resumed = await train(params, dataset, { evalSets, resumeFrom: new Booster(half!) })
    assert.equal(resumed.toString(), whole.toString())
    await rejects(train({ ...params, learningRate: 0.2 }, dataset, { evalSets, resumeFrom: half! }),
      'MODEL', 'learning_rate')
  })

  it('reads data sets again that it has released, to the same bytes', async () => {
    const dataset = dataOf(others, others.label, true)
    const evalSets = [dataset, dataset.select([1, 5, 200])]
    const fit = (releaseData: boolean, validationFraction?: number) =>
      train({ ...small, numIterations: 3, objective: 'binary' }, dataset,
        validationFraction === undefined ? { releaseData, evalSets }
          : { releaseData, validationFraction })
    const kept = [await fit(false), await fit(false, 0.2)].map(String)
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([await fit(true), await fit(true, 0.2)].map(String), kept)
    }
  })

  it('finds the number of classes of the multiclass objective', async () => {
    const dataset = dataOf(flowers, flowers.colour)
    const booster = await train({ ...small, objective: 'multiclass' }, dataset)
    assert.deepEqual(booster.classes, ['blue', 'red', 'white'])
    assert.equal(booster.nTrees, 3 * booster.nIterations)
    const given = await train({ ...small, objective: 'multiclass', numClass: 3 }, dataset)
    assert.equal(given.toString(), booster.toString())
    await rejects(train({ objective: 'multiclass', numClass: 2 }, dataset), 'DATA', '3 classes')
  })

  it('names the first row with a class too many, on any number of threads', async () => {
    const names = flowers.colour.map((name, row) => row === 1400 ? 'black' : name)
    const [third] = ['blue', 'red', 'white'].map((name) => flowers.colour.indexOf(name))
      .sort((a, b) => b - a)
    const numbers = flowers.label.map((_, row) => row === 1200 ? 7 : row === 1300 ? 2 : row % 3)
    const path = file('classes.csv')
    writeFileSync(path, asCsv({ ...flowers, label: numbers }))
    const signed = numbers.map((y, row) => row === 50 ? -1 : y % 3)
    const one = { objective: 'multiclass' as const, numIterations: 1 }
    for (const numThreads of [1, 2]) {
      for (const [numClass, data, says] of [
        [3, dataOf(flowers, names), 'labels: the first that is one too many is black, in row 1400'],
        [2, dataOf(flowers, flowers.colour), `one too many is ${flowers.colour[third!]}, in row ` +
          String(third)],
        [3, dataOf(flowers, numbers), 'the first that is not from 0 to 2 is 7, in row 1200'],
        [3, dataOf(flowers, signed), 'the first that is not from 0 to 2 is -1, in row 50'],
        [3, await Dataset.open(path, { label: 'species' }), `is 7, in row 1201 of ${path}`],
      ] as const) {
        await rejects(train({ ...one, numThreads, numClass }, data), 'DATA', says)
      }
      const binary = { ...one, objective: 'binary' as const, numThreads }
      for (const bad of [2, -1, 0.5]) {
        const labels = flowers.label.map((y, row) => row === 700 ? bad : y)
        await rejects(train(binary, dataOf(flowers, labels)), 'DATA', `but is ${bad} in row 700`)
      }
    }
  })

  it('refuses a metric that is no number at once, instead of a model that cannot be written',
    async () => {
      const numbers = flowers.length.map((x) => 1 + Math.round(x * 5))
      const from = (score: number) => Dataset.from(asColumns(flowers), numbers,
        { initScores: numbers.map(() => score) })
      const mine = (more: Partial<CustomMetric>) => ({
        objective: 'regression' as const, metric: 'None' as const,
        customMetrics: [{ name: 'mine', higherIsBetter: true, ...more }],
      })
      const fill = (loss: number): Partial<CustomMetric> =>
        ({ losses: (_rows, losses) => { losses.fill(loss) } })
      for (const numThreads of [1, 2]) {
        for (const [params, score, says] of [
          [{ objective: 'poisson' as const }, 1000, 'metric "poisson" of data set "far" is Inf'],
          [{ objective: 'gamma' as const }, -1000, 'metric "gamma" of data set "far" is Infinity'],
          [mine(fill(1e308)), 0, 'metric "mine" of data set "far" is Infinity'],
          [mine({ ...fill(-1), transform: 'sqrt' }), 0, 'metric "mine" of data set "far" is NaN'],
          [mine({ value: () => -Infinity }), 0, 'mine gives -Infinity for the rows of a set'],
        ] as const) {
          // functions of a program are called in its own thread
          if ('customMetrics' in params && numThreads > 1) continue
          let n = 0
          await rejects(train({ numThreads, numIterations: 3, ...params }, from(0), {
            evalSets: [{ name: 'far', data: from(score) }], callbacks: [() => { n++ }],
          }), 'DATA', says)
          assert.equal(n, 0)
        }
      }
    })

  it('gives the same bytes on one thread and on several', async () => {
    const many = makeFlowers(20_000, 13)
    const dataset = dataOf(many, many.label)
    const models = []
    for (const numThreads of [1, 2, 3]) {
      const booster = await train({ ...small, objective: 'binary', numThreads }, dataset, {
        onEvent: (event) => event.kind === 'started' && assert.equal(event.nThreads, numThreads),
      })
      models.push(booster.toString())
    }
    assert.equal(models[1], models[0])
    assert.equal(models[2], models[0])
  })

  it('takes one thread for small data unless asked for more', async () => {
    const dataset = dataOf(flowers, flowers.label)
    for (const [numThreads, wanted] of [[0, 1], [2, 2]] as const) {
      let found = 0
      await train({ ...small, objective: 'binary', numThreads }, dataset, {
        onEvent: (event) => {
          if (event.kind === 'started') found = event.nThreads
        },
      })
      assert.equal(found, wanted)
    }
  })

  it('reads a data set once for equal binning parameters', async () => {
    writeFileSync(file('once.csv'), asCsv(flowers))
    const dataset = await Dataset.open(file('once.csv'), { label: 'species' })
    let nReads = 0
    const onLoad = (): void => void nReads++
    const first = await train({ ...small, objective: 'binary' }, dataset, { onLoad })
    const nOnce = nReads
    assert.ok(nOnce > 0)
    const { readMs, binMs, trainMs } = first.trainingTimes!
    assert.ok(readMs > 0 && binMs > 0 && trainMs > 0)
    assert.equal(new Booster(first.model).trainingTimes, null)
    const again =
      await train({ ...small, objective: 'binary', learningRate: 0.3 }, dataset, { onLoad })
    assert.equal(nReads, nOnce)
    assert.equal(again.trainingTimes!.binMs, 0)
    await train({ ...small, objective: 'binary', maxBin: 15 }, dataset, { onLoad })
    assert.ok(nReads > nOnce)
  })

  it('takes the options of a reference for evaluation files', async () => {
    writeFileSync(file('other.csv'), asCsv(others))
    const dataset = await Dataset.open(file('once.csv'), { label: 'species' })
    const reference = await Dataset.open(file('other.csv'), { reference: dataset })
    const booster = await train({ ...small, objective: 'binary' }, dataset,
      { evalSets: [reference] })
    assert.deepEqual(Object.keys(booster.evalResult), ['valid_0'])
  })

  it('refuses what is no data set, and roles among the parameters', async () => {
    await rejects(train({}, [[1]] as never), 'DATA', 'Dataset.from')
    await rejects(train({ label: 'y' } as never, dataOf(flowers, flowers.label)), 'PARAMETER',
      'label')
    await rejects(Dataset.open(file('nothing-*.csv')), 'IO', 'nothing-*.csv')
  })

  it('reads back what it writes, as text and as JSON', async () => {
    const booster = await train({ ...small, objective: 'binary' }, dataOf(flowers, flowers.label))
    assert.equal(Booster.parse(booster.toString()).toString(), booster.toString())
    assert.equal(Booster.parse(JSON.stringify(booster)).toString(), booster.toString())
  })
})

describe('evaluate', () => {
  const colours = (set: typeof flowers) => set.colour
  type LabelsOf = (set: typeof flowers) => ArrayLike<number | string>
  const cases: readonly [string, TrainingParams, LabelsOf, string[]][] = [
    ['regression', { objective: 'regression', metric: ['l2', 'rmse', 'l1'] },
      (set) => set.length.map((x, row) => x * 100 + set.width[row]!), ['l2', 'rmse', 'l1']],
    ['binary',
      { objective: 'binary', sigmoid: 1.5, metric: ['auc', 'binary_logloss', 'binary_error'] },
      (set) => set.label, ['auc', 'binary_logloss', 'binary_error']],
    ['multiclass', { objective: 'multiclass', metric: ['multi_logloss', 'multi_error'] },
      colours, ['multi_logloss', 'multi_error']],
  ]
  for (const [name, params, labels, metrics] of cases) {
    for (const weighted of [false, true]) {
      it(`gives the trainer's numbers, to the bit: ${name}${weighted ? ', weighted' : ''}`,
        async () => {
          const valid = dataOf(others, labels(others), weighted)
          const booster = await train({ ...small, ...params },
            dataOf(flowers, labels(flowers)), { evalSets: [valid] })
          const { metrics: found, nRows } = await evaluate(booster, valid,
            { metrics, iterations: [0, 12] })
          const wanted = Object.fromEntries(Object.entries(booster.evalResult['valid_0']!)
            .map(([metric, series]) => [metric, series.at(-1)]))
          assert.deepEqual(found, wanted)
          assert.equal(nRows, 700)
        })
    }
  }

  it('refuses metrics of another objective and data without labels', async () => {
    const booster = await train({ ...small, objective: 'binary' }, dataOf(flowers, flowers.label))
    const valid = dataOf(others, others.label)
    await rejects(evaluate(booster, valid, { metrics: 'l2' }), 'PARAMETER', 'l2', 'auc')
    await rejects(evaluate(booster, Dataset.from(asColumns(others))), 'DATA', 'label')
    await rejects(evaluate(booster, dataOf(others, others.colour)), 'DATA', 'row 0')
  })
})

describe('Metric', () => {
  const objective = { name: 'binary', sigmoid: 1 } as const
  const model = { objective, treesPerIteration: 1, parameters: {} }

  it('counts ordered pairs for auc, ties half, whatever the batches', () => {
    const draw = draws(21)
    for (let round = 0; round < 40; round++) {
      const n = 2 + Math.floor(draw() * 30)
      const scores = Float64Array.from({ length: n }, () => Math.floor(draw() * 6))
      const labels = Float64Array.from({ length: n }, () => Number(draw() < 0.4))
      const weights = round % 2 === 0 ? null
        : Float64Array.from({ length: n }, () => Math.floor(draw() * 4))
      let right = 0
      let pairs = 0
      for (let p = 0; p < n; p++) {
        for (let q = 0; q < n; q++) {
          if (labels[p] !== 1 || labels[q] !== 0) continue
          const weight = (weights?.[p] ?? 1) * (weights?.[q] ?? 1)
          pairs += weight
          right += weight * (scores[p]! > scores[q]! ? 1 : scores[p] === scores[q] ? 0.5 : 0)
        }
      }
      const metric = new Metric('auc', model)
      const cut = Math.floor(n / 3)
      metric.add(scores.slice(0, cut), labels.slice(0, cut), weights?.slice(0, cut) ?? null)
      metric.add(scores.slice(cut), labels.slice(cut), weights?.slice(cut) ?? null)
      assert.equal(metric.value(), pairs === 0 ? 1 : right / pairs, `round ${round}`)
    }
  })
})
