import assert from 'node:assert/strict'
import { createPredictor } from '@coppice/model'
import { allBins, makeDataset, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { ExactSum } from '../../src/numeric/exact-sum.js'
import { fractionLimit, mixNumber, Purpose, rowDraw, startHash } from '../../src/random.js'
import { train } from '../../src/training/train.js'
import { mixedFeatures, trainWatched } from '../support/trainings.js'

const base = { seed: 41, nRows: 1500, features: mixedFeatures }

interface Job {
  readonly name: string
  readonly recipe: DataRecipe
  readonly params: Readonly<Record<string, unknown>>
}

const jobs: readonly Job[] = [
  { name: 'regression', recipe: { ...base, label: 'heavy-tailed', weights: 'any' },
    params: { metric: 'l2' } },
  { name: 'binary', recipe: { ...base, label: 'binary' },
    params: { objective: 'binary', metric: 'binary_error' } },
  { name: 'multiclass', recipe: { ...base, label: { classes: 4 } },
    params: { objective: 'multiclass', numClass: 4, metric: 'multi_error' } },
  { name: 'bagging', recipe: { ...base, label: 'regression' },
    params: { metric: 'l2', baggingFraction: 0.35, baggingFreq: 1, baggingSeed: 99 } },
]

const common = { numIterations: 6, numLeaves: 14, minDataInLeaf: 5, minDataPerGroup: 10,
  isProvideTrainingMetric: true, speculation: 3 }

/** Whether the row whose bins start at `at` goes left. */
function goesLeft(bins: Uint16Array, at: number, leftBins: Uint8Array, feature: number): boolean {
  const bin = bins[at + feature]!
  return ((leftBins[bin >> 3]! >> (bin & 7)) & 1) === 1
}

describe('conservation in a training', () => {
  for (const { name, recipe, params } of jobs) {
    describe(name, () => {
      const made = makeDataset(recipe)
      const { data, rows } = made
      const bins = allBins(data)
      const nFeatures = data.features.length
      const options = { params: { ...common, ...params }, train: data }
      const isBagged = 'baggingFraction' in params

      it('children add up to their parents, leaves to the rows in the bag', async () => {
        const { watched } = await trainWatched(options, new InlineExecutor())
        assert.ok(watched.records.length > 0)
        watched.records.forEach(({ trees }, iteration) => {
          const start = mixNumber(startHash(99, Purpose.bagging), iteration)
          const inBag = rows.filter((_, row) =>
            !isBagged || rowDraw(start, row) < fractionLimit(0.35)).length
          for (const { binned, nodeTotals, leafTotals } of trees) {
            const of = (child: number) => child >= 0 ? nodeTotals[child]! : leafTotals[~child]!
            nodeTotals.forEach((parent, i) => {
              const [left, right] = [of(binned.leftChild[i]!), of(binned.rightChild[i]!)]
              assert.equal(left.count + right.count, parent.count)
              assert.equal(left.gradient + right.gradient, parent.gradient)
              assert.equal(left.hessian + right.hessian, parent.hessian)
              assert.ok(left.count >= 5 && right.count >= 5)
            })
            assert.equal(leafTotals.reduce((sum, leaf) => sum + leaf.count, 0), inBag)
          }
        })
      })

      it('every row is in one leaf, and the leaf counts say so', async () => {
        const { model, watched } = await trainWatched(options, new InlineExecutor())
        const leaves = createPredictor(model).predictLeaves(rows)
        const grown = watched.records.flatMap((record) => record.trees)
        grown.forEach(({ binned }, t) => {
          const counts = model.trees[t]!.leafCount.map(() => 0)
          rows.forEach((_, row) => {
            const leaf = leaves[row * model.trees.length + t]!
            counts[leaf]!++
            // the model's tree over values takes the way of the tree over bins
            let node = binned.feature.length === 0 ? ~0 : 0
            while (node >= 0) {
              const isLeft = goesLeft(
                bins, row * nFeatures, binned.leftBins[node]!, binned.feature[node]!)
              node = isLeft ? binned.leftChild[node]! : binned.rightChild[node]!
            }
            assert.equal(leaf, ~node)
          })
          if (!isBagged) assert.deepEqual(counts, model.trees[t]!.leafCount)
          else assert.equal(counts.reduce((a, b) => a + b, 0), data.nRows)
        })
      })

      it('scores while training are those of the predictor, to the bit', async () => {
        const { model } = await train(options, new InlineExecutor())
        const [series] = model.evaluation
        const predictor = createPredictor(model)
        const raw = predictor.predictRaw(rows)
        const nOutputs = model.treesPerIteration
        const sum = new ExactSum()
        const weights = new ExactSum()
        rows.forEach((_, row) => {
          const own = [...raw.subarray(row * nOutputs, (row + 1) * nOutputs)]
          const y = data.label![row]!
          const w = data.weight?.[row] ?? 1
          weights.add(w)
          if (series!.metric === 'l2') sum.add((own[0]! - y) * (own[0]! - y) * w)
          else if (series!.metric === 'binary_error') sum.add(own[0]! > 0 === (y === 1) ? 0 : 1)
          else sum.add(own.filter((score) => score >= own[y]!).length > 1 ? 1 : 0)
        })
        assert.equal(series!.values.at(-1), sum.value() / weights.value())
      })
    })
  }
})
