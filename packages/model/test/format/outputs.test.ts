import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { exp } from '../../src/math/exp.js'
import { sigmoid } from '../../src/math/logistic.js'
import { parseModel } from '../../src/format/parse.js'
import { serializeModel } from '../../src/format/serialize.js'
import { validateModel } from '../../src/format/validate.js'
import { formatLightGBM } from '../../src/lightgbm/format.js'
import { createPredictor } from '../../src/predict/predictor.js'
import type { Objective } from '../../src/types.js'
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

  it('are refused with numbers, lists and texts that they cannot have', () => {
    const refused: readonly [object, RegExp][] = [
      [{ name: 'multi_quantile', quantiles: [0.5] }, /quantiles must be a list of at least 2/],
      [{ name: 'multi_quantile', quantiles: [0.5, 0.5] }, /quantiles\[1\] must be greater than/],
      [{ name: 'multi_quantile', quantiles: [0.5, 1] }, /quantiles\[1\] must be less than 1/],
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
