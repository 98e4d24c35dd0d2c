import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { exp } from '../../src/math/exp.js'
import { sigmoid } from '../../src/math/logistic.js'
import { objectiveFields } from '../../src/objective.js'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { validateModel } from '../../src/format/validate.js'
import { formatLightGBM } from '../../src/lightgbm/format.js'
import { createPredictor } from '../../src/predict/predictor.js'
import { chainOf } from '../../src/format/chain.js'
import type { Model, Objective } from '../../src/types.js'
import { randomModel, randomRows } from '../support/random-model.js'

const isLegal = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(
  new URL('../../../model.schema.json', import.meta.url), 'utf8')) as object)

const objectives: readonly (readonly [Objective, (score: number) => number])[] = [
  [{ name: 'multi_quantile', quantiles: [0.1, 0.5, 0.9] }, (s) => s],
  [{ name: 'multi_regression', numTarget: 2 }, (s) => s],
  [{ name: 'multi_label', numTarget: 3 }, sigmoid],
  [{ name: 'squared_log_error' }, (s) => s],
  [{ name: 'aft', distribution: 'extreme', scale: 0.5 }, exp],
  [{ name: 'cox' }, exp],
]

describe('objectives with several scores, and of times', () => {
  for (const [objective, predict] of objectives) {
    it(`are read as they were written, and predict: ${objective.name}`, () => {
      const model = randomModel(3, { objective, nIterations: 3, nFeatures: 3, plain: true })
      const text = serializeModel(model)
      assert.deepEqual(parseModel(text), model)
      assert.ok(isLegal(JSON.parse(text)))
      const predictor = createPredictor(model)
      const rows = randomRows(5, model, 20)
      const scores = predictor.predictRaw(rows)
      assert.deepEqual(predictor.predictProbabilities(rows), scores.map(predict))
      assert.equal(scores.length, 20 * predictor.nProbabilities)
      assert.throws(() => predictor.predictClasses(rows), /a regression model has no classes/)
      if (objective.name === 'squared_log_error') formatLightGBM(model)
      else assert.throws(() => formatLightGBM(model), /LightGBM has no objective/)
    })
  }

  it('are predicted in ascending order where quantiles are sorted, of forests too', () => {
    const quantiles = [0.1, 0.5, 0.9]
    const plain = randomModel(3, { objective: { name: 'multi_quantile', quantiles },
      nIterations: 3, nFeatures: 3, plain: true })
    const rows = randomRows(5, plain, 20)
    const scores = createPredictor(plain).predictRaw(rows)
    for (const averages of [false, true]) {
      const objective = { name: 'multi_quantile', quantiles, sorted: true,
        ...(averages ? { averages } : {}) } as Objective
      const header = { ...plain, objective, formatVersion: averages ? 2 : 1 } as Model
      const model = { ...header, chainHash: chainOf(header) }
      const text = serializeModel(model)
      assert.match(text, /"quantiles":\[0.1,0.5,0.9\],"sorted":true/)
      assert.deepEqual(parseModel(text), model)
      assert.ok(isLegal(JSON.parse(text)))
      const predictor = createPredictor(model)
      assert.deepEqual(predictor.predictRaw(rows), scores)
      const predicted = predictor.predictProbabilities(rows)
      let nMoved = 0
      for (let at = 0; at < scores.length; at += 3) {
        const own = [...scores.subarray(at, at + 3)].map((s) => averages ? s / 3 : s)
        const sorted = own.toSorted((a, b) => a - b)
        if (own.join() !== sorted.join()) nMoved++
        assert.deepEqual([...predicted.subarray(at, at + 3)], sorted)
      }
      assert.ok(nMoved > 5)
    }
  })

  it('may be forests, as all others may, by the schema too', () => {
    const legal: Readonly<Record<string, unknown>> = {
      quantiles: [0.2, 0.4], distribution: 'normal', variancePower: 1.5, numClass: 3, alpha: 0.5,
      numTarget: 2,
    }
    for (const [name, fields] of Object.entries(objectiveFields)) {
      if (name === 'custom' || name === 'multiclass' || name === 'multiclassova') continue
      const own = Object.fromEntries(fields.filter(({ isMark }) => isMark !== true)
        .map(({ key }) => [key, legal[key] ?? 1]))
      const objective = { name, ...own, averages: true } as unknown as Objective
      const plain = randomModel(3, { nFeatures: 2, plain: true,
        objective: { ...objective, averages: undefined } as unknown as Objective })
      const header = { ...plain, objective, formatVersion: 2 } as Model
      const model = { ...header, chainHash: chainOf(header) }
      const text = serializeModel(model)
      assert.deepEqual(parseModel(text), model, name)
      assert.ok(isLegal(JSON.parse(text)), name)
    }
  })

  it('are refused with numbers, lists and texts that they cannot have', () => {
    const refused: readonly [object, RegExp][] = [
      [{ name: 'multi_quantile', quantiles: [0.5] }, /quantiles must be a list of at least 2/],
      [{ name: 'multi_quantile', quantiles: [0.5, 0.5] }, /quantiles\[1\] must be greater than/],
      [{ name: 'multi_quantile', quantiles: [0.5, 1] }, /quantiles\[1\] must be less than 1/],
      [{ name: 'multi_quantile', quantiles: [0.5, 0.6], sorted: false }, /sorted must be true or/],
      [{ name: 'multi_regression', numTarget: 2, sorted: true }, /sorted/],
      [{ name: 'multi_quantile', quantiles: 0.5 }, /quantiles must be an array/],
      [{ name: 'multi_label', numTarget: 1 }, /numTarget must be/],
      [{ name: 'multi_regression' }, /numTarget/],
      [{ name: 'aft', distribution: 'uniform', scale: 1 }, /distribution must be one of normal/],
      [{ name: 'aft', distribution: 'normal', scale: 0 }, /scale must be greater than 0/],
    ]
    const model = randomModel(3, { nFeatures: 2, plain: true, objective: objectives[1]![0] })
    for (const [objective, message] of refused) {
      assert.throws(() => validateModel({ ...model, objective }), message)
      assert.ok(!isLegal({ ...model, objective }), JSON.stringify(objective))
    }
  })
})
