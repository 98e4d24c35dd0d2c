import assert from 'node:assert/strict'
import { makeDataset, TestRandom, type DataRecipe } from '@coppice/testkit'
import { engineRows } from '../../src/execution/engine-rows.js'
import { TreeEngine, type TreeRequest } from '../../src/execution/tree-engine.js'
import { TreePlanes } from '../../src/execution/tree-planes.js'
import { FIXED_POINT_BITS } from '../../src/kernels/api.js'
import { powerOfTwo } from '../../src/numeric/exact-sum.js'
import { resolveParams } from '../../src/params/index.js'
import { localTraits } from '../../src/training/executor-traits.js'
import { Booster } from '../../src/training/iteration.js'
import { makePlan, targetShape } from '../../src/training/make-plan.js'
import { dataInParts } from '../support/dialogues.js'
import { mixedFeatures } from '../support/trainings.js'

const recipe: DataRecipe = {
  seed: 8, nRows: 9000, features: mixedFeatures, label: { classes: 3 },
}
const raw = { objective: 'multiclass', numClass: 3, numLeaves: 40, minDataPerGroup: 20 }

describe('TreeEngine', () => {
  for (const usesBagging of [false, true]) {
    it(`gives each row the value of its leaf${usesBagging ? ', out of the bag too' : ''}`, () => {
      const { data } = makeDataset(recipe)
      const params = resolveParams({
        ...raw, ...(usesBagging ? { baggingFraction: 0.5, baggingFreq: 1 } : {}),
      })
      const { plan } = makePlan(params, dataInParts(data, targetShape(params), 1),
        localTraits(1), { evaluatesTraining: false, evaluates: false })
      const { nRows } = data
      const { maxLeaves, features } = plan.engine
      const sizes = { nRows, nOutputs: 3, maxLeaves, features }
      const planes = new TreePlanes(sizes, TreePlanes.buffers(sizes, false))
      const engine = new TreeEngine(plan.engine, engineRows(data), 2 ** 28, planes)
      const random = new TestRandom(3)
      const unit = powerOfTwo(FIXED_POINT_BITS)
      const pairs = Int32Array.from({ length: nRows * 2 }, (_, i) =>
        Math.floor((i % 2 === 0 ? random.uniform() - 0.5 : 0.1) * unit))
      const runs = [{ position: 0, firstRow: 0, localRow: 0, nRows }]
      planes.putPairs(1, pairs, runs)
      engine.setScales(unit, unit)
      const bag = usesBagging
        ? { kind: 'rows', hashStart: 5, limit: 2 ** 31 } as const : null
      const dialogue = new Booster(plan).growTree({
        iteration: 0, output: 1, bag, shrinkage: 1, leafLimits: [8192],
        scales: [{ gradient: unit, hessian: unit }],
      }, null)
      let step = dialogue.next(null)
      while (step.done !== true) step = dialogue.next(engine.answer(step.value as TreeRequest))
      const { binned, leafTotals } = step.value
      const scores = new Float64Array(nRows).fill(7)
      new Float64Array(planes.additions(1, 0, nRows).slice().buffer)
        .forEach((value, row) => { scores[row]! += value })
      const expected = Array.from({ length: nRows }, (_, row) => 7 + valueOf(binned, data, row))
      assert.deepEqual([...scores], expected)
      assert.ok(binned.leafValue.length > 10)
      const nBagged = leafTotals.reduce((sum, { count }) => sum + count, 0)
      assert.ok(usesBagging ? nBagged > 0.45 * nRows && nBagged < 0.55 * nRows : nBagged === nRows)
    })
  }
})

/** The naive walk of one row. */
function valueOf(
  { feature, leftBins, leftChild, rightChild, leafValue }: {
    readonly feature: readonly number[], readonly leftBins: readonly Uint8Array[]
    readonly leftChild: readonly number[], readonly rightChild: readonly number[]
    readonly leafValue: readonly number[]
  },
  { blocks, features }: ReturnType<typeof makeDataset>['data'], row: number,
): number {
  const { bins, firstRow } = blocks.findLast((block) => block.firstRow <= row)!
  let node = 0
  while (node >= 0) {
    const bin = bins[(row - firstRow) * features.length + feature[node]!]!
    const isLeft = (leftBins[node]![bin >> 3]! >> (bin & 7) & 1) === 1
    node = isLeft ? leftChild[node]! : rightChild[node]!
  }
  return leafValue[~node]!
}
