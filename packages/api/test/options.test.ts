import { Dataset, evaluate, GBDTClassifier, GBDTRegressor, train } from '../src/index.js'
import { asArrays, asColumns, makeFlowers, rejects } from './support.js'

const flowers = makeFlowers(300, 5)
const small = { numLeaves: 5, numIterations: 3 }

describe('options', () => {
  const dataset = Dataset.from(asColumns(flowers), flowers.label)

  it('that are misspelt are refused with the nearest name', async () => {
    const booster = await train({ ...small, objective: 'binary' }, dataset)
    const rows = asArrays(flowers)
    const classifier = await new GBDTClassifier(small).fit(rows, flowers.label)
    const regressor = await new GBDTRegressor(small).fit(rows, flowers.length)
    const typo = { iteration: [0, 1] } as object
    const cases: [name: string, () => unknown][] = [
      ['label', () => Dataset.open('x.csv', { labell: 'y' } as object)],
      ['weights', () => Dataset.from(rows, null, { weigths: [] } as object)],
      ['evalSets', () => train(small, dataset, { evalSet: [] } as object)],
      ['metrics', () => evaluate(booster, dataset, { metric: 'auc' } as object)],
      ['iterations', () => booster.predict(rows, typo)],
      ['iterations', () => booster.featureImportances('gain', typo)],
      ['iterations', () => classifier.predict(rows, typo)],
      ['iterations', () => classifier.predictProba(rows, typo)],
      ['iterations', () => classifier.predictRaw(rows, typo)],
      ['iterations', () => classifier.predictLeaves(rows, typo)],
      ['iterations', () => regressor.predict(rows, typo)],
      ['evalSet', () => classifier.fit(rows, flowers.label, { evalSets: [] } as object)],
    ]
    for (const [name, attempt] of cases) {
      await rejects(attempt, 'PARAMETER', `did you mean "${name}"?`)
    }
    await rejects(booster.predict(rows, [0, 1] as object), 'PARAMETER', 'must be an object')
    await rejects(booster.predict(rows, { type: 'rawx' as 'raw' }), 'PARAMETER', '"rawx"',
      'probability, class, raw, leaf')
    await rejects(() => booster.featureImportances('gains' as 'gain'), 'PARAMETER', 'split, gain')
  })

  it('refuse callbacks that answer anything but stop', async () => {
    const answers = (answer: unknown) => train({ ...small, objective: 'binary' }, dataset,
      { callbacks: [() => answer as 'stop'] })
    await rejects(answers('STOP'), 'PARAMETER', '"STOP"', "'stop'")
    await rejects(answers(true), 'PARAMETER', 'callbacks[0]', 'true')
    await rejects(answers(Promise.resolve(false)), 'PARAMETER', 'false')
    await rejects(train(small, dataset, { callbacks: ['stop' as never] }), 'PARAMETER',
      'callbacks[0]')
    await answers('stop')
    await answers(undefined)
  })
})
