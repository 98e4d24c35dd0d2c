import assert from 'node:assert/strict'
import { makeDataset } from '@coppice/testkit'
import { CentralReducer } from '../../src/execution/central-reducer.js'
import { resolveParams } from '../../src/params/index.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { lanesOf } from '../../src/training/lanes.js'
import { makePlan, targetShape } from '../../src/training/make-plan.js'
import { reducerMemory } from '../../src/training/reducer-memory.js'
import { dataInParts } from '../support/dialogues.js'
import { mixedFeatures } from '../support/trainings.js'

describe('reducerMemory', () => {
  const base = { seed: 31, nRows: 300, features: mixedFeatures } as const
  const sets = {
    classes: makeDataset({ ...base, label: { classes: 40 } }).data,
    binary: makeDataset({ ...base, label: 'binary' }).data,
    numbers: makeDataset({ ...base, label: 'regression' }).data,
  }
  const traits = { ...localTraits(2), speculation: 16 }
  const classes = { objective: 'multiclass', numClass: 40, minDataPerGroup: 20 }

  it('is that of the lanes that the plan comes to', () => {
    const monotone = mixedFeatures.map(({ kind }) => kind === 'numeric' ? 1 : 0)
    const first = mixedFeatures.map((_, f) => f === 0 ? 1 : 0)
    for (const [set, own, nLanes] of [
      ['classes', {}, 16],
      ['classes', { objective: 'multiclassova', numLeaves: 4000 }, null],
      ['classes', { speculation: 3, boosting: 'dart' }, 16],
      ['classes', { linearTree: true }, 1],
      ['classes', { treeLearner: 'voting', topK: 1 }, 1],
      ['classes', { cegbPenaltyFeatureCoupled: first }, 1],
      ['classes', { cegbPenaltyFeatureLazy: first }, 1],
      ['classes', { monotoneConstraints: monotone, monotoneConstraintsMethod: 'advanced' }, 16],
      ['numbers', { objective: 'regression', numClass: 1 }, 1],
      ['numbers', { objective: 'multi_quantile', quantiles: [0.2, 0.8], numClass: 1 }, 1],
      ['binary', { objective: 'binary', numClass: 1 }, 1],
    ] as const) {
      const data = sets[set]
      const params = resolveParams({ ...classes, ...own })
      const { plan } = makePlan(params, dataInParts(data, targetShape(params), 1), traits,
        { evaluatesTraining: false, evaluates: false })
      for (const nRows of [300, 1e7]) {
        const found = reducerMemory(params, data.features, nRows, traits)
        assert.deepEqual(found, {
          nLanes: lanesOf(plan, nRows), laneBytes: CentralReducer.bytesMax(plan.engine),
        }, JSON.stringify(own))
        if (nLanes !== null && nRows === 300) assert.equal(found.nLanes, nLanes)
      }
    }
  })
})
