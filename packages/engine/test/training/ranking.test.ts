import assert from 'node:assert/strict'
import { createPredictor, type Model, serializeModel } from '@coppice/model'
import { recut, TestRandom } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import {
  POSITIONS_PER_TALLY, positionTally, readPositionTally,
} from '../../src/execution/position-sums.js'
import { rankingParts } from '../../src/metrics/ranking.js'
import { finishMetric } from '../../src/metrics/parts.js'
import { labelGains } from '../../src/objectives/ranking.js'
import { mixNumber, Purpose, rowDraw, startHash } from '../../src/random.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { train } from '../../src/training/train.js'
import { StoresExecutor } from '../execution/stores-executor.js'
import { queryDeal, rankingData } from '../support/rankings.js'
import { digest } from '../support/trainings.js'

const small = { numIterations: 4, numLeaves: 8, minDataPerGroup: 20, metric: ['ndcg', 'map'] }
interface JobRows { readonly weights: 'none' | 'positive', readonly hasPositions?: boolean }

const [plain, weighted] = [{ weights: 'none' }, { weights: 'positive' }] as const
const jobs: readonly (readonly [Readonly<Record<string, unknown>>, JobRows])[] = [
  [{ objective: 'lambdarank' }, plain],
  [{ objective: 'lambdarank', lambdarankNorm: false, sigmoid: 2, baggingFraction: 0.6,
    baggingFreq: 1, labelGain: [0, 1, 2, 5, 9] }, weighted],
  [{ objective: 'rank_xendcg', evalAt: [3, 10] }, plain],
  [{ objective: 'rank_xendcg', objectiveSeed: 6, baggingByQuery: true, baggingFraction: 0.5,
    baggingFreq: 2 }, weighted],
  [{ objective: 'lambdarank', lambdarankPositionBiasRegularization: 0.1,
    dataSampleStrategy: 'goss', learningRate: 0.5 }, { ...weighted, hasPositions: true }],
]

/** Columns of bin numbers are not values: predictions are looked up by row in training order. */
function fit(
  params: Readonly<Record<string, unknown>>, data: BinnedDataset,
  executor: InlineExecutor | ThreadExecutor | StoresExecutor,
) {
  const evalSet = rankingData({ seed: 9, nRows: 900 })
  const valid = { ...evalSet, features: data.features,
    weight: data.weight === null ? null : data.weight.slice(0, 900) }
  return train({
    params: { ...small, ...params, isProvideTrainingMetric: true }, train: data,
    evalSets: [{ name: 'valid', data: valid }],
  }, executor)
}

describe('rankings: one model, whatever did the work', () => {
  for (const [params, rows] of jobs) {
    it(`gives the same bytes on threads and stores: ${JSON.stringify(params)}`, async () => {
      const data = rankingData(rows)
      const { model } = await fit(params, data, new InlineExecutor())
      assert.equal(model.positionBiases?.some((bias) => bias !== 0), rows.hasPositions)
      const expected = digest(model)
      assert.ok(model.trees.length === 4 && model.trees.every((t) => t.leafValue.length > 1))
      for (const { metric, dataset, values } of model.evaluation) {
        assert.ok(values.every((value) => value > 0 && value <= 1), `${dataset} ${metric}`)
        // what is lambdarank's own
        const isAimedAt = dataset === 'training' && /ndcg@(3|5|10)/.test(metric)
        if (isAimedAt) assert.ok(values.at(-1)! > values[0]!, metric)
      }
      for (const threads of [2, 3]) {
        const { model: other } = await fit(
          params, recut(data, [7, 2047, 3, 1001]), new ThreadExecutor(threads))
        assert.equal(digest(other), expected, `${threads} threads`)
      }
      const pools = [new InlineStores(), new InlineStores()]
      const stores = new StoresExecutor({
        pools, deal: queryDeal(3, 4), replacesAt: (request) => request % 5 === 2, chunks: true,
      })
      const { model: distributed } = await fit(params, data, stores)
      assert.ok(stores.nReplaced > 5)
      assert.equal(digest(distributed), expected, 'stores')
    })
  }

  it('a training with positions goes on with the biases that it ended with', async () => {
    const data = rankingData({ nRows: 900, hasPositions: true })
    const params = { ...small, objective: 'lambdarank', boosting: 'dart', dropRate: 0.5 }
    const models: Model[] = []
    const whole = await train({
      params, train: data, callbacks: [(_, { model }) => { models.push(model()) }],
    }, new InlineExecutor())
    for (const resumeFrom of models.slice(0, 3)) {
      const { model } = await train({ params, train: data, resumeFrom }, new InlineExecutor())
      assert.equal(serializeModel(model), serializeModel(whole.model))
    }
    const { positionBiases: _, ...without } = models[1]!
    const resumed = train({ params, train: data, resumeFrom: without }, new InlineExecutor())
    await assert.rejects(resumed, /biases of 0 positions, the rows were shown at \d+/)
  })

  it('positions of more rows than a tally has room for', () => {
    const random = new TestRandom(3)
    const shownAt = Int32Array.from({ length: 3000 }, () => random.below(1000))
    const pairs = new DataView(new ArrayBuffer(shownAt.length * 12))
    const sums = Array.from({ length: 1000 }, () => ({ gradient: 0n, hessian: 0n, nRows: 0 }))
    shownAt.forEach((position, row) => {
      const extreme = random.below(3) === 0
      const gradient = extreme ? -0x4000_0000 : random.below(0x7fff_ffff) - 0x3fff_ffff
      const hessian = extreme ? 0x4000_0000 : random.below(0x3fff_ffff)
      pairs.setInt32(row * 12, gradient, true)
      pairs.setUint32(row * 12 + 4, hessian, true)
      const sum = sums[position]!
      sums[position] = { gradient: sum.gradient + BigInt(gradient),
        hessian: sum.hessian + BigInt(hessian), nRows: sum.nRows + 1 }
    })
    for (let first = 0; first < 1000; first += POSITIONS_PER_TALLY) {
      const n = Math.min(POSITIONS_PER_TALLY, 1000 - first)
      const part = (begin: number, end: number): Float64Array => positionTally({
        memory: pairs.buffer, pairs: begin * 12, stride: 12, shownAt: shownAt.subarray(begin, end),
      }, first)
      const [a, b] = [part(0, 1234), part(1234, 3000)]
      const added = readPositionTally(a.map((value, i) => value + b[i]!), n)
      assert.deepEqual(added, sums.slice(first, first + n))
    }
  })

  it('bagging_by_query keeps queries whole, others each iteration', async () => {
    const data = rankingData({ nRows: 2000 })
    const countOf = async (params: object): Promise<readonly number[]> => {
      const { model } = await train({ params: { ...small, objective: 'lambdarank', ...params,
        numLeaves: 2 }, train: data }, new InlineExecutor())
      return model.trees.map(({ leafCount }) => leafCount.reduce((sum, n) => sum + n, 0))
    }
    const bag = { baggingFraction: 0.5, baggingFreq: 1 }
    const byQuery = await countOf({ ...bag, baggingByQuery: true })
    const byRow = await countOf(bag)
    assert.notDeepEqual(byQuery, byRow)
    assert.ok(new Set(byQuery).size > 1)
    // sums of the sizes of queries whose first row is drawn
    const starts = [...data.groupSizes!].reduce<number[]>(
      (all, size) => [...all, all.at(-1)! + size], [0])
    byQuery.forEach((count, iteration) => {
      const start = mixNumber(startHash(3, Purpose.bagging), iteration)
      const expected = [...data.groupSizes!].reduce((sum, size, q) =>
        sum + (rowDraw(start, starts[q]!) < 0x8000_0000 ? size : 0), 0)
      assert.equal(count, expected)
    })
  })

  it('draws of rank_xendcg depend on the seed', async () => {
    const of = async (objectiveSeed: number): Promise<string> => {
      const { model } = await fit(
        { objective: 'rank_xendcg', objectiveSeed }, rankingData(), new InlineExecutor())
      return JSON.stringify(model.trees)
    }
    assert.notEqual(await of(5), await of(7))
    assert.equal(await of(5), await of(5))
  })
})

describe('rankings: what is refused', () => {
  const refuses = async (
    params: Readonly<Record<string, unknown>>, data: BinnedDataset, message: RegExp,
  ): Promise<void> => {
    await assert.rejects(
      train({ params: { objective: 'lambdarank', ...params }, train: data }, new InlineExecutor()),
      (error: { message: string }) => message.test(error.message))
  }

  it('labels without a gain, rows without queries, sizes that do not add up', async () => {
    const data = rankingData({ nRows: 200 })
    const { groupSizes } = data
    const labelled = (y: number): BinnedDataset => {
      const label = data.label!.slice()
      label[17] = y
      return { ...data, label }
    }
    await refuses({}, labelled(31), /label of row 17 is 31; .* from 0 to 30/)
    await refuses({}, labelled(1.5), /label of row 17 is 1.5/)
    await refuses({}, labelled(-1), /label of row 17 is -1/)
    await refuses({ labelGain: [0, 1] }, data, /from 0 to 1/)
    await refuses({}, { ...data, groupSizes: null }, /have no queries/)
    await refuses({}, { ...data, groupSizes: groupSizes!.subarray(1) }, /must add up/)
  })

  it('parameters that nothing reads, and gains that descend', async () => {
    const data = rankingData({ nRows: 200 })
    await refuses({ labelGain: [0, 2, 1] }, data, /label_gain has 1 for label 2 after 2/)
    await refuses({ objective: 'regression', labelGain: [0, 1] }, data, /label_gain .*contradicts/)
    await refuses({ objective: 'regression', evalAt: [3] }, data, /eval_at .*contradicts/)
    await refuses({ objective: 'rank_xendcg', lambdarankNorm: false }, data, /lambdarank_norm/)
    await refuses({ objective: 'rank_xendcg', sigmoid: 2 }, data, /sigmoid/)
    await refuses({ numClass: 3 }, data, /num_class/)
    await refuses({ baggingByQuery: true }, data, /bagging_by_query = true does nothing/)
    await refuses({ baggingByQuery: true, baggingFraction: 0.5 }, data, /bagging_freq is 0/)
    const byQuery = { baggingByQuery: true, baggingFraction: 0.5, baggingFreq: 1 }
    await refuses({ ...byQuery, objective: 'regression' }, data, /which has no queries/)
    await refuses({ baggingByQuery: true, dataSampleStrategy: 'goss' }, data, /strategy = goss/)
    await refuses({ metric: 'auc', isProvideTrainingMetric: true }, data, /use ndcg, map/)
  })
})

describe('rankingParts', () => {
  const gains = labelGains([])

  /** NDCG and MAP as they are defined, in plain numbers. */
  function naive(name: string, k: number, labels: readonly number[], scores: readonly number[]) {
    const order = labels.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
    const ranked = order.map((i) => labels[i]!)
    if (name === 'ndcg') {
      const dcg = (list: readonly number[]): number => list.slice(0, k)
        .reduce((sum, y, rank) => sum + (2 ** y - 1) / Math.log2(rank + 2), 0)
      const best = dcg([...labels].sort((a, b) => b - a))
      return best > 0 ? dcg(ranked) / best : 1
    }
    const positives = labels.filter((y) => y > 0).length
    const precision = (rank: number): number =>
      ranked.slice(0, rank + 1).filter((y) => y > 0).length / (rank + 1)
    const sum = ranked.slice(0, k).reduce((total, y, rank) =>
      y > 0 ? total + precision(rank) : total, 0)
    return positives === 0 ? 1 : sum / Math.min(positives, k, labels.length)
  }

  it('is NDCG and MAP of each query by its mean weight', () => {
    const random = new TestRandom(2)
    for (let run = 0; run < 60; run++) {
      const sizes = Array.from({ length: 1 + random.below(8) }, () => 1 + random.below(12))
      const n = sizes.reduce((sum, size) => sum + size, 0)
      const labels = Array.from({ length: n }, () => random.below(run % 2 === 0 ? 2 : 4))
      const scores = Array.from({ length: n }, () => random.below(6) / 2)
      const weights = run % 3 === 0 ? null : Array.from({ length: n }, () => random.uniform() + 0.1)
      const specs = ['ndcg', 'map'].flatMap((name) => [1, 2, 5, 100].map((topK) =>
        ({ name: `${name}@${topK}`, topK, parameter: 0 })))
      const starts = [0]
      for (const size of sizes) starts.push(starts.at(-1)! + size)
      const sums = rankingParts(specs, {
        starts: Int32Array.from(starts), scores: Float64Array.from(scores),
        labels: Float64Array.from(labels),
        weights: weights === null ? null : Float64Array.from(weights),
      }, gains)
      const means = sizes.map((size, q) => weights === null ? 1
        : weights.slice(starts[q]!, starts[q + 1]).reduce((sum, w) => sum + w, 0) / size)
      const sumQueryWeight = means.reduce((sum, w) => sum + w, 0)
      for (const [m, { name, topK }] of specs.entries()) {
        const expected = sizes.reduce((sum, _, q) => sum + means[q]! * naive(
          name.split('@')[0]!, topK, labels.slice(starts[q]!, starts[q + 1]),
          scores.slice(starts[q]!, starts[q + 1])), 0) / sumQueryWeight
        const found = finishMetric(name, [{ sum: sums[m]!, ranked: null }],
          { nRows: n, sumWeight: 0, sumQueryWeight })
        assert.ok(Math.abs(found - expected) < 1e-12, `${name}: ${found}, ${expected}`)
      }
    }
  })

  it('learns an order that can be learnt', async () => {
    const data = rankingData({ nRows: 3000 })
    // the grade is a feature's bin
    data.label!.forEach((_, row) => {
      data.label![row] = data.blocks[0]!.bins[row * data.features.length + 4]!
    })
    for (const objective of ['lambdarank', 'rank_xendcg']) {
      const { model } = await train({
        params: { objective, numIterations: 30, numLeaves: 8, isProvideTrainingMetric: true,
          evalAt: [5], metric: 'ndcg', minDataPerGroup: 1 },
        train: data,
      }, new InlineExecutor())
      const last = model.evaluation[0]!.values.at(-1)!
      assert.ok(last > 0.99, `${objective} ends at ${last}`)
      assert.equal(createPredictor(model).nTrees, 30)
    }
  })
})
