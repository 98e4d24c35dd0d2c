import { sha256, toHex } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { Exchange } from './exchange.js'
import { shareFeatures } from './feature-shares.js'
import type { EngineRequest, EngineRows, EngineSetup } from './protocol.js'
import { StoreEngine } from './store-engine.js'
import { asksForSums } from './together.js'
import { StoreSizes, type StoreAnswer, type Stores } from './stores.js'

interface InlineStore {
  readonly engine: StoreEngine
  readonly nOutputs: number
}

/** Stores in the calling thread: small data, tests, browsers. */
export class InlineStores implements Stores {
  readonly nThreads = 1
  readonly #stores = new Map<number, InlineStore>()
  readonly #sizes = new StoreSizes()
  #isClosed = false

  async build(
    store: number, setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[],
  ): Promise<void> {
    this.#requireOpen()
    const table = shareFeatures(setup.features, 1)
    const { lanes = 1 } = setup
    const nothing = new ArrayBuffer(0)
    const exchange = new Exchange(
      table, setup.maxExpansions * lanes, { sums: nothing, candidates: nothing })
    const place = { engine: 0, nEngines: 1, table, exchange }
    this.#sizes.add(store, train, evalSets)
    try {
      // of both children of each expansion features may be elected
      const engine = new StoreEngine(
        setup, train, evalSets, place, Math.max(2, 2 * setup.maxExpansions * lanes))
      this.#stores.set(store, { engine, nOutputs: setup.nOutputs })
    } catch (error) {
      this.#sizes.remove(store)
      throw error
    }
  }

  async apply(store: number, requests: readonly EngineRequest[]): Promise<void> {
    this.#requireOpen()
    const { engine } = this.#get(store)
    for (const request of requests) engine.apply(request)
  }

  async answer(store: number, request: EngineRequest): Promise<StoreAnswer> {
    this.#requireOpen()
    const { engine } = this.#get(store)
    if (asksForSums(request)) engine.build(request, 0, true)
    return answerOf(engine, request)
  }

  async carryOut(store: number, request: EngineRequest): Promise<StoreAnswer> {
    this.#requireOpen()
    const { engine } = this.#get(store)
    if (asksForSums(request)) engine.build(request, 0, false)
    else engine.apply(request)
    return answerOf(engine, request)
  }

  async scoreDigest(store: number, first: number, nRows: number, set = 0): Promise<string> {
    this.#requireOpen()
    const { engine, nOutputs } = this.#get(store)
    this.#sizes.requireRows(store, first, nRows, set)
    const scores = new Float64Array(nRows * nOutputs)
    engine.copyScores(set, first, nRows, scores)
    return toHex(sha256(new Uint8Array(scores.buffer)))
  }

  async drop(store: number): Promise<void> {
    this.#stores.delete(store)
    this.#sizes.remove(store)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stores.clear()
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new CoppiceError('ABORTED', 'the stores were closed')
  }

  #get(store: number): InlineStore {
    this.#sizes.require(store)
    return this.#stores.get(store)!
  }
}

function answerOf(engine: StoreEngine, request: EngineRequest): StoreAnswer {
  switch (request.kind) {
    case 'prepare': return { kind: 'maximum', value: engine.prepare(request) }
    case 'tally': return { kind: 'counts', values: engine.tally(request) }
    case 'root':
    case 'round':
    case 'together':
      return { kind: 'sums', histograms: engine.histograms(request) }
    case 'evaluate': return { kind: 'parts', parts: engine.evaluate(request) }
    case 'select': return { kind: 'selected', parts: [engine.select(request)] }
    case 'moments': return { kind: 'moments', part: engine.moments(request) }
    case 'gradients':
    case 'commit':
      return { kind: 'none' }
  }
}
