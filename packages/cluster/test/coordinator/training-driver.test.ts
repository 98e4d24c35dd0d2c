import assert from 'node:assert/strict'
import {
  decodeRequest, type EngineRequest, InlineExecutor, InlineStores, joinRows, localTraits,
  mergeSummaries, resolveParams, type StoreAnswer, summarizeRows, sumsLayout, train,
  trainingDialogue, type TrainResult,
} from '@coppice/engine'
import { serializeModel } from '@coppice/model'
import { type FeatureRecipe, makeDataset } from '@coppice/testkit'
import { Round } from '../../src/coordinator/round.js'
import { TrainingDriver } from '../../src/coordinator/training-driver.js'
import { needsAnswer } from '../../src/log/request-log.js'
import { StarReducer } from '../../src/reduce/index.js'
import { CHUNK_CELLS_MAX } from '../../src/wire/sum-chunks.js'
import { packAnswer } from '../reduce/pack-answer.js'
import { partitionRows } from '../reduce/packed-executor.js'

const numeric: FeatureRecipe = { kind: 'numeric', bins: 255 }
const { data } = makeDataset({
  features: Array.from({ length: 500 }, () => numeric), label: 'regression', seed: 6, nRows: 400,
})
const paramsOf = (objective: string) =>
  ({ objective, num_iterations: 2, num_leaves: 3, min_data_in_leaf: 5 })
const shape = { objective: 'regression', nClasses: 0, nOutputs: 1 } as const
const layout = sumsLayout(data.features.map(({ mapper }) =>
  ({ nBins: mapper.nBins, missingBin: -1, isCategorical: false })))

/** The answer with another sum in a feature of which the first chunk has a part only. */
function spoilt(answer: StoreAnswer): StoreAnswer {
  assert(answer.kind === 'sums')
  const cut = layout.cellOffsets.findLastIndex((offset) => offset < CHUNK_CELLS_MAX)
  const histogram = answer.histograms[0]!.slice()
  const view = new DataView(histogram.buffer)
  const at = layout.cellOffsets[cut]! * 8
  view.setBigInt64(at, view.getBigInt64(at, true) + 1n, true)
  return { kind: 'sums', histograms: [histogram] }
}

describe('TrainingDriver', () => {
  // the latter asks for the base score before the first iteration
  for (const objective of ['regression', 'regression_l1']) it(`begins again without a part that \
was added before its sender was found out: ${objective}`, async () => {
    const params = paramsOf(objective)
    const expected = await train({ params, train: data }, new InlineExecutor())
    const rows = [[0, 150], [150, 400]].map(([from, to]) => partitionRows(data, from!, to!, 1))
    const summary = mergeSummaries(rows.map((own) => summarizeRows(own, shape, '')))
    let requests: EngineRequest[] = []
    let restarts: string[] = []
    let result: TrainResult | null = null
    let isAnnounced = false
    let isNew = true
    const driver = new TrainingDriver(
      trainingDialogue({
        params: resolveParams(params),
        train: { nRows: data.nRows, features: data.features, classes: null, summary },
        evalSets: [], executor: localTraits(1),
      }),
      rows.map(({ nRows }, p) => ({ name: `${p}`, dataset: 0, nRows, weight: 1, source: null })),
      (setup) => new StarReducer(setup), (...args) => new Round(...args), {
        setup: () => undefined, opened: () => undefined, told: () => undefined,
        replayed: () => undefined,
        restarted: (reason) => {
          restarts = [...restarts, reason]
          requests = []
          isNew = true
        },
        requested: (seq) => requests.push(decodeRequest(driver.requests[seq]!)),
        announced: () => {
          isAnnounced = true
        },
        done: (done) => {
          result = done
        },
      })
    driver.start()
    const stores = new InlineStores()
    const rebuild = async (): Promise<void> => {
      isNew = false
      for (const [store, own] of rows.entries()) {
        await stores.drop(store)
        await stores.build(store, driver.setup!, joinRows([own], data.features.length), [])
      }
    }
    const faults: [chunk: number, text: string][] = []
    let nSpoilt = 0
    const places: (readonly Uint8Array[])[] = []
    const answer = async (request: EngineRequest, store: number): Promise<boolean> => {
      const right = await stores.carryOut(store, request)
      if (!needsAnswer(request)) return true
      const isWrong = request.kind === 'root' && store === 0 && nSpoilt++ < 2
      const { iteration, seq } = driver.round!
      if (isWrong) places.push([...driver.requests])
      const mark = driver.markAt(iteration, seq + 1)!
      const payloads = packAnswer(request, isWrong ? spoilt(right) : right, layout)
      for (const [chunk, payload] of payloads.entries()) {
        const message = { type: 'answer', job: 'a', store, iteration, seq, chunk, payload } as const
        // what comes of another log does not count, right or wrong
        assert.equal(driver.answer({ ...message, mark: 'another' }, [store]), null)
        const fault = driver.answer({ ...message, mark }, [store])
        if (fault === null) continue
        faults.push([chunk, fault.text])
        return false
      }
      return true
    }
    while (result === null) {
      if (isAnnounced) {
        isAnnounced = false
        driver.go('go')
        continue
      }
      if (isNew) await rebuild()
      const request = requests.shift()!
      for (const store of rows.keys()) if (!await answer(request, store)) break
    }
    assert.equal(restarts.length, 2)
    const centers = objective === 'regression_l1'
    assert.equal(decodeRequest(places[0]![0]!).kind, centers ? 'select' : 'prepare')
    assert.deepEqual(places[1], places[0], 'what was asked is where it was')
    assert.match(restarts[0]!, /add up/)
    assert.equal(faults.length, 1)
    assert.match(faults[0]![1], /feature \d+ has 150 rows with sums .* but feature 0 has 150 rows/)
    assert.equal(faults[0]![0], 1, 'the first chunk was added')
    assert.equal(serializeModel((result as TrainResult).model), serializeModel(expected.model))
  })
})
