import assert from 'node:assert/strict'
import {
  type EngineRequest, type EngineSetup, InlineExecutor, sumsLayout, train, type TrainOptions,
} from '@coppice/engine'
import { serializeModel } from '@coppice/model'
import { type DataRecipe, type FeatureRecipe, makeDataset, withRawValues } from '@coppice/testkit'
import { ProtocolError } from '../../src/protocol/error.js'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { StarReducer } from '../../src/reduce/index.js'
import { SumsInspector } from '../../src/reduce/inspect-sums.js'
import { CHUNK_CELLS_MAX, sumChunks } from '../../src/wire/sum-chunks.js'
import { packMoments } from '../../src/wire/pack-moments.js'
import { packSums } from '../../src/wire/pack-sums.js'
import { sealed } from '../../src/wire/sealed-numbers.js'
import { packAnswer } from './pack-answer.js'
import { PackedExecutor } from './packed-executor.js'

const features: readonly FeatureRecipe[] = [
  { kind: 'numeric', bins: 40, missing: 'nan' },
  { kind: 'numeric', bins: 255, order: 'skewed' },
  { kind: 'categorical', categories: 30, order: 'skewed' },
  { kind: 'numeric', bins: 7, missing: 'zero' },
]

function training(
  recipe: Omit<DataRecipe, 'seed' | 'nRows' | 'features'>,
  params: Readonly<Record<string, unknown>>,
): TrainOptions {
  const make = (seed: number, nRows: number) => {
    const made = makeDataset({ features, ...recipe, seed, nRows })
    return params['linearTree'] === true ? withRawValues(made).data : made.data
  }
  const data = make(3, 1500)
  const valid = { ...make(4, 600), features: data.features }
  return {
    params: { numIterations: 4, numLeaves: 15, isProvideTrainingMetric: true, ...params },
    train: data,
    evalSets: [{ name: 'valid', data: valid }],
  }
}

const trainings: readonly (readonly [string, TrainOptions])[] = [
  ['binary, bagging, weights, auc', training({ label: 'binary', weights: 'any' }, {
    objective: 'binary', metric: ['auc', 'binary_logloss'], baggingFraction: 0.6, baggingFreq: 1,
    speculation: 4,
  })],
  ['regression with init scores, whose gradients have no bound',
    training({ label: 'heavy-tailed', initScore: true }, { metric: ['l2', 'l1'] })],
  ['a quantile of tied labels', training({ label: 'counts' }, {
    objective: 'quantile', alpha: 0.7, metric: ['quantile'], speculation: 4,
  })],
  ['percentage error with bagging', training({ label: 'heavy-tailed', weights: 'any' }, {
    objective: 'mape', metric: ['mape'], baggingFraction: 0.6, baggingFreq: 1,
  })],
  ['linear leaves', training({ label: 'regression' }, {
    linearTree: true, metric: ['l2'], numIterations: 3, numLeaves: 7,
  })],
  ['features elected by votes', training({ label: 'regression', weights: 'any' }, {
    treeLearner: 'voting', topK: 1, baggingFraction: 0.6, baggingFreq: 1, speculation: 4,
  })],
  ['three classes', training({ label: { classes: 3 } }, {
    objective: 'multiclass', numClass: 3, metric: ['multi_logloss'], speculation: 8,
  })],
]

describe('StarReducer', () => {
  for (const [name, options] of trainings) {
    it(`gives packed answers of 1, 2, 5 stores the bytes of one thread: ${name}`, async () => {
      const expected = await train(options, new InlineExecutor())
      for (const k of [1, 2, 5]) {
        const executor = new PackedExecutor(k, 40 + k)
        const { model } = await train(options, executor)
        assert.equal(serializeModel(model), serializeModel(expected.model), `${k} stores`)
        assert.ok(executor.nPackedBytes * 2 < executor.nSumBytes)
      }
    })
  }

  it('sends a fraction of the bytes of wide data where features are elected', async () => {
    const numeric: FeatureRecipe = { kind: 'numeric', bins: 255 }
    const { data } = makeDataset({
      features: Array.from({ length: 150 }, () => numeric), label: 'regression', seed: 6,
      nRows: 4000,
    })
    const params = { numIterations: 2, numLeaves: 12, speculation: 4 }
    const bytesOf = async (more: object): Promise<number> => {
      const executor = new PackedExecutor(2, 8)
      await train({ params: { ...params, ...more }, train: data }, executor)
      return executor.nPackedBytes
    }
    const [all, elected] = [await bytesOf({}), await bytesOf({ treeLearner: 'voting', topK: 3 })]
    assert.ok(elected * 6 < all, `${elected} instead of ${all} bytes`)
  })

  it('scans what has come while others are on their way, whatever comes first', async () => {
    const numeric: FeatureRecipe = { kind: 'numeric', bins: 255 }
    const { data } = makeDataset({
      features: Array.from({ length: 28 }, () => numeric), label: 'binary', seed: 6, nRows: 4000,
    })
    const params = {
      objective: 'binary', numIterations: 3, numLeaves: 40, minDataInLeaf: 5, speculation: 16,
    }
    const expected = await train({ params, train: data }, new InlineExecutor())
    for (const spoils of [false, true]) {
      const executor = new PackedExecutor(3, 8, () => 1, spoils)
      const { model } = await train({ params, train: data }, executor)
      assert.equal(serializeModel(model), serializeModel(expected.model))
      assert.ok(executor.nEarly > 10, `${executor.nEarly} chunks were whole before the last`)
      if (spoils) assert.ok(executor.nSpoilt > 3, `${executor.nSpoilt} rounds were spoilt`)
    }
  })

  for (const times of [0, 2]) {
    it(`finds a selection that was counted ${times} times`, async () => {
      const [, options] = trainings[2]!
      for (const which of [1, 3, 7]) {
        let n = 0
        const counts = ({ kind }: EngineRequest, store: number): number =>
          (kind === 'select' && store === 1 && ++n === which ? times : 1)
        await assert.rejects(train(options, new PackedExecutor(2, 7, counts)),
          { code: 'INTERNAL', message: /does not add up/ })
      }
    })

    it(`finds an answer that was counted ${times} times`, async () => {
      const [, options] = trainings[0]!
      let nRounds = 0
      const counts = ({ kind }: EngineRequest, store: number): number =>
        (kind === 'round' && store === 1 && ++nRounds === 3 ? times : 1)
      await assert.rejects(train(options, new PackedExecutor(2, 7, counts)),
        { code: 'INTERNAL', message: /add up/ })
    })
  }
})

const setup: EngineSetup = {
  features: [
    { nBins: 10, missingBin: -1, isCategorical: false },
    { nBins: 6, missingBin: 5, isCategorical: false },
  ],
  objective: {
    objective: { name: 'binary', sigmoid: 1 }, binaryWeights: [1, 1], gradientBound: null,
    hessianBound: 0.25,
  },
  nOutputs: 1, baseScores: [0], fixedScores: null, initScoreQuantum: 1,
  scan: {
    lambdaL1: 0, lambdaL2: 0, minDataInLeaf: 1, minSumHessianInLeaf: 0, minGainToSplit: 0,
    maxDeltaStep: 0, catSmooth: 10, catL2: 10, maxCatThreshold: 32, maxCatToOnehot: 4,
    minDataPerGroup: 100, extraTrees: false,
  },
  usesBagging: false, usesGoss: false, maxExpansions: 2, maxLeaves: 4,
  metrics: [
    { name: 'auc', topK: 1, parameter: 0 }, { name: 'binary_error', topK: 1, parameter: 0 },
  ],
  evaluatesTraining: false,
}

const { nCells, nBytes } = sumsLayout(setup.features)
const root: EngineRequest = { kind: 'root', output: 0, bag: null, mask: new Uint8Array([1, 1]) }
const sums = (cells: number): AnswerPayload => ({
  kind: 'sums',
  bytes: packSums(
    [new Uint8Array(cells * 20)], cells, [{ histogram: 0, firstCell: 0, nCells: cells }]),
})
const parts = (part: object): AnswerPayload => sealed({
  kind: 'parts', parts: [{ dataset: 0, metric: 'auc', sum: null, ranked: null, ...part }],
})
const ranked = {
  negatives: new Float64Array(0), positives: new Float64Array(0), negativeWeights: null,
  positiveWeights: null,
}

describe('StarReducer, given what no store sends', () => {
  const refuses = (
    request: EngineRequest, chunk: number, payload: AnswerPayload, message: RegExp,
  ): void => {
    const reducer = new StarReducer(setup)
    reducer.begin(request)
    assert.throws(() => reducer.add(chunk, payload),
      (error) => error instanceof ProtocolError && message.test(error.message))
  }

  it('names the kind that was due', () => {
    refuses(root, 0, sealed({ kind: 'maximum', value: 1 }), /"maximum" .* root .* "sums" was due/)
    refuses({ kind: 'prepare' }, 0, sums(nCells), /"sums" .* prepare .* "maximum" was due/)
    refuses({ kind: 'evaluate' }, 0, sums(nCells), /"parts" was due/)
    refuses({ kind: 'gradients', gradientScale: 1, hessianScale: 1 }, 0, sums(nCells), /has none/)
  })

  it('names the chunk that there is not, and sizes', () => {
    refuses(root, 1, sums(nCells), /chunk 1 .* which has 1/)
    refuses(root, -1, sums(nCells), /chunk -1/)
    refuses({ kind: 'prepare' }, 1, sealed({ kind: 'maximum', value: 1 }), /chunk 1 .* which has 1/)
    refuses(root, 0, sums(nCells + 4), new RegExp(`${nCells + 4} cells; ${nCells} were due`))
    refuses(root, 0, { kind: 'sums', bytes: new Uint8Array(nBytes) }, /packed sums/)
  })

  it('refuses maxima and parts that mean nothing', () => {
    refuses({ kind: 'prepare' }, 0, sealed({ kind: 'maximum', value: NaN }), /told to be NaN/)
    refuses({ kind: 'prepare' }, 0, sealed({ kind: 'maximum', value: -1 }), /told to be -1/)
    const moments: EngineRequest = { kind: 'moments', output: 0,
      leaves: [{ node: 0, features: [], count: 9 }] }
    refuses(moments, 0, { kind: 'moments', bytes: packMoments(new BigInt64Array(5)) }, /sums of/)
    refuses(moments, 0, { kind: 'moments', bytes: new Uint8Array(8) }, /checksum/)
    refuses(moments, 0, sealed({ kind: 'maximum', value: 1 }), /"moments" was due/)
    const tally: EngineRequest = { kind: 'tally', digit: 0, prefix: 0 }
    refuses(tally, 0, sealed({ kind: 'counts', values: new Float64Array(3) }), /numbers of rows/)
    refuses(
      tally, 0, sealed({ kind: 'counts', values: new Float64Array(2048).fill(0.5) }), /of rows/)
    refuses(tally, 0, sealed({ kind: 'maximum', value: 1 }), /"counts" was due/)
    const evaluate: EngineRequest = { kind: 'evaluate' }
    refuses(evaluate, 0, parts({ metric: 'l2', sum: [1] }), /"l2" .* auc, binary_error/)
    refuses(evaluate, 0, parts({ sum: [1] }), /"auc" is not ranked scores/)
    refuses(evaluate, 0, parts({ metric: 'binary_error', ranked }), /"binary_error" is not a sum/)
  })

  it('tells what is wrong with the sums of one store', () => {
    const reducer = new StarReducer(setup)
    reducer.begin(root)
    const { cellOffsets } = sumsLayout(setup.features)
    let store = 0
    const inspect = (change: (view: DataView) => void): string | null => {
      const planes = new Uint8Array(nBytes)
      const view = new DataView(planes.buffer)
      for (const offset of cellOffsets) {
        view.setBigInt64((offset + 1) * 8, -9n, true)
        view.setBigInt64((nCells + offset + 1) * 8, 5n, true)
        view.setInt32(nCells * 16 + (offset + 1) * 4, 3, true)
      }
      change(view)
      const bytes = packSums([planes], nCells, [{ histogram: 0, firstCell: 0, nCells }])
      return reducer.inspect(++store, 0, { kind: 'sums', bytes })
    }
    const at = cellOffsets[1]!
    assert.equal(inspect(() => undefined), null)
    assert.match(inspect((view) => view.setInt32(nCells * 16 + at * 4, 1, true))!,
      /feature 1 has 4 rows .* feature 0 has 3 rows/)
    assert.match(inspect((view) => view.setInt32(nCells * 16 + at * 4, -1, true))!,
      /bin 0 of feature 1 has -1 rows/)
    assert.match(inspect((view) => view.setBigInt64(at * 8, 1n, true))!, /sums -8 and 5/)
    assert.throws(
      () => reducer.inspect(0, 0, sealed({ kind: 'maximum', value: 1 })), /"sums" was due/)
  })

  it('finds sums in cells of no bin', () => {
    const odd = [3, 2].map((nBins) => ({ nBins, missingBin: -1, isCategorical: false }))
    const layout = sumsLayout(odd)
    for (const at of [3 * 8, (layout.nCells + 7) * 8, layout.nCells * 16 + 6 * 4]) {
      const planes = new Uint8Array(layout.nBytes)
      const range = { histogram: 0, firstCell: 0, nCells: layout.nCells }
      assert.equal(new SumsInspector(odd, layout).inspect(range, planes), null)
      planes[at] = 1
      const fault = new SumsInspector(odd, layout).inspect(range, planes)
      assert.match(fault!, /cell [367] is of no bin/)
    }
  })

  it('tells what is wrong with features that are cut, of any number of them', () => {
    for (const nFeatures of [300, 500]) {
      const wide = Array.from({ length: nFeatures }, () => (
        { nBins: 255, missingBin: -1, isCategorical: false }))
      const layout = sumsLayout(wide)
      const chunks = sumChunks(layout.nCells, 1)
      const cut = wide.findIndex((_, f) => chunks.flat().some(({ firstCell }) =>
        firstCell > layout.cellOffsets[f]! && firstCell < layout.cellOffsets[f]! + 255))
      assert.ok(cut > 200)
      const reducer = new StarReducer({ ...setup, features: wide })
      reducer.begin({ kind: 'root', output: 0, bag: null, mask: new Uint8Array(nFeatures) })
      let store = 0
      /** What is found chunk by chunk, each of which comes twice, the last one first. */
      const inspect = (change: (view: DataView, firstCell: number) => void): (string | null)[] => {
        const planes = new Uint8Array(layout.nBytes)
        const view = new DataView(planes.buffer)
        for (const [f, offset] of layout.cellOffsets.entries()) {
          if (f < nFeatures) view.setBigInt64((offset + f % 255) * 8, -7n, true)
        }
        change(view, layout.cellOffsets[cut]!)
        store++
        return [...chunks.entries()].reverse().flatMap(([chunk, ranges]) => {
          const bytes = packSums([planes], layout.nCells, ranges)
          return [0, 1].map(() => reducer.inspect(store, chunk, { kind: 'sums', bytes }))
        })
      }
      assert.ok(inspect(() => undefined).every((found) => found === null))
      for (const bin of [0, 254]) {
        const found = inspect((view, first) => view.setBigInt64((first + bin) * 8, 9n, true))
        const text = found.find((fault) => fault !== null)!
        assert.match(text, new RegExp(`feature \\d+ has 0 rows with sums .* but feature`))
        assert.match(text, new RegExp(`feature ${cut} has`))
      }
      const odd = inspect((view, first) =>
        view.setInt32(layout.nCells * 16 + (first + 254) * 4, -1, true))
      assert.ok(odd.includes(`bin 254 of feature ${cut} has -1 rows and hessian sum 0`))
    }
  })

  it('begins a request anew', () => {
    const reducer = new StarReducer(setup)
    for (const value of [7, 3]) {
      assert.equal(reducer.begin({ kind: 'prepare' }), 1)
      reducer.add(0, sealed({ kind: 'maximum', value }))
      assert.equal(reducer.finish(), value)
    }
    assert.equal(reducer.begin({ kind: 'evaluate' }), 1)
    reducer.add(0, parts({ ranked }))
    assert.equal((reducer.finish() as unknown[]).length, 1)
    reducer.begin({ kind: 'evaluate' })
    assert.deepEqual(reducer.finish(), [])
  })
})

describe('packAnswer', () => {
  it('cuts large histograms into chunks that add up to them', () => {
    const wide = Array.from({ length: 900 }, () => (
      { nBins: 256, missingBin: -1, isCategorical: false }))
    const layout = sumsLayout(wide)
    const histogram = new Uint8Array(layout.nBytes)
    const view = new DataView(histogram.buffer)
    for (const f of wide.keys()) {
      // 100 rows in bin f % 256 of every feature
      const cell = layout.cellOffsets[f]! + (f & 255)
      view.setBigInt64(cell * 8, -5n, true)
      view.setBigInt64((layout.nCells + cell) * 8, 77n, true)
      view.setInt32(layout.nCells * 16 + cell * 4, 100, true)
    }
    const request: EngineRequest = { kind: 'root', output: 0, bag: null, mask: new Uint8Array(900) }
    const payloads = packAnswer(request, { kind: 'sums', histograms: [histogram] }, layout)
    assert.equal(payloads.length, Math.ceil(layout.nCells / CHUNK_CELLS_MAX))
    assert.equal(payloads.length, sumChunks(layout.nCells, 1).length)
    const reducer = new StarReducer({ ...setup, features: wide })
    reducer.begin({ kind: 'gradients', gradientScale: 1, hessianScale: 1 })
    assert.equal(reducer.begin(request), payloads.length)
    for (let store = 0; store < 2; store++) {
      payloads.forEach((payload, chunk) => reducer.add(chunk, payload))
    }
    const { totals } = reducer.finish() as { totals: unknown }
    assert.deepEqual(totals, { gradient: -10n, hessian: 154n, count: 200 })
  })

  it('has nothing to send where nothing is asked', () => {
    assert.deepEqual(
      packAnswer({ kind: 'gradients', gradientScale: 1, hessianScale: 1 }, { kind: 'none' },
        { nCells }), [])
  })
})
