import assert from 'node:assert/strict'
import { serializeModel } from '@coppice/model'
import { makeDataset } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { committedIterations } from '../../src/training/committed-iterations.js'
import { resumeModel } from '../../src/training/resume.js'
import { train } from '../../src/training/train.js'
import { mixedFeatures } from '../support/trainings.js'

describe('committedIterations', () => {
  for (const metricFreq of [1, 2]) {
    it(`gives what resumeModel makes the model of, evaluated every ${metricFreq}`, async () => {
      const label = { classes: 3 }
      const recipe = { seed: 5, nRows: 900, features: mixedFeatures, label }
      const { data } = makeDataset(recipe)
      const valid = makeDataset({ ...recipe, seed: 6 }).data
      const { model } = await train({
        params: {
          objective: 'multiclass', numClass: 3, numIterations: 7, numLeaves: 5, metricFreq,
          earlyStoppingRound: 2, metric: ['multi_logloss', 'multi_error'], learningRate: 0.5,
        },
        train: data,
        evalSets: [{ name: 'valid', data: { ...valid, features: data.features } }],
      }, new InlineExecutor())
      const iterations = committedIterations(model)
      assert.equal(iterations.length, model.trees.length / 3)
      assert.equal(iterations.at(-1)!.chainHash, model.chainHash)
      const { format: _, formatVersion: __, ...header } = model
      assert.equal(serializeModel(resumeModel(header, iterations)), serializeModel(model))
    })
  }
})
