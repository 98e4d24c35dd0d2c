import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { resolveParams } from '../../src/params/index.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { lanesOf } from '../../src/training/lanes.js'
import { makePlan, targetShape } from '../../src/training/make-plan.js'
import type { TrainingPlan } from '../../src/training/plan.js'
import { dataInParts } from '../support/dialogues.js'
import { mixedFeatures } from '../support/trainings.js'

const { data } = makeDataset(
  { seed: 31, nRows: 300, features: mixedFeatures, label: { classes: 40 } })
const classes = { objective: 'multiclass', numClass: 40, numLeaves: 31, minDataPerGroup: 20 }

function planOf(raw: Readonly<Record<string, unknown>>): TrainingPlan {
  const params = resolveParams(raw)
  return makePlan(params, dataInParts(data, targetShape(params), 1),
    { ...localTraits(2), speculation: 16 }, { evaluatesTraining: false, evaluates: false }).plan
}

describe('lanesOf', () => {
  it('is as many trees as there are, up to 16, of small data', () => {
    assert.equal(lanesOf(planOf(classes), 300), 16)
    const few: TrainingPlan = planOf(classes)
    assert.equal(lanesOf({ ...few, engine: { ...few.engine, nOutputs: 3 } }, 300), 3)
  })

  it('is 1 where trees depend on each other, or ask for more than sums of all features', () => {
    for (const own of [
      { linearTree: true }, { treeLearner: 'voting', topK: 1 },
      { cegbPenaltyFeatureCoupled: [1, 0, 0, 0, 0, 0, 0] },
      { cegbPenaltyFeatureLazy: [1, 0, 0, 0, 0, 0, 0] },
    ]) assert.equal(lanesOf(planOf({ ...classes, ...own }), 300), 1, JSON.stringify(own))
    assert.equal(lanesOf(planOf({ objective: 'multi_quantile', quantiles: [0.2, 0.8] }), 300), 1)
    assert.equal(lanesOf(planOf({ objective: 'regression' }), 300), 1)
  })

  it('takes half of the memory that rows take anyway, or 256 MiB', () => {
    const plan = planOf(classes)
    // a record of 7 bins takes 20 bytes, all else of a row 2 x 20 + 16 x 40 + 8
    const lanes = Math.min(16, 1 + Math.floor((2 * 20 + 16 * 40 + 8) / 2 / 20))
    assert.equal(lanesOf(plan, 1e9), lanes)
    // of few classes and many features records are most of it
    const layout = plan.engine.features[0]!
    const wide: TrainingPlan = { ...plan, engine: {
      ...plan.engine, nOutputs: 4, features: Array.from({ length: 500 }, () => layout),
    } }
    assert.equal(lanesOf(wide, 1e9), 2)
    assert.equal(lanesOf(wide, 1e6), 2)
    assert.equal(lanesOf(wide, 1e5), 4)
  })

  it('takes no more histograms than the pool of one training has', () => {
    const plan = planOf({ ...classes, numLeaves: 4000 })
    const layout = { nBins: 256, missingBin: -1, isCategorical: false }
    const of = (nFeatures: number): number => lanesOf({ ...plan, engine: {
      ...plan.engine, features: Array.from({ length: nFeatures }, () => layout),
    } }, 1000)
    // 4033 histograms of 5 KB a feature
    assert.deepEqual([of(1), of(10), of(100)], [16, 4, 1])
  })
})
