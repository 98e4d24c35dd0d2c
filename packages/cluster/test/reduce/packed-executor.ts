import {
  type BinnedDataset, type BinnedTree, Booster, type Dialogue, type EngineAnswer,
  type EngineRequest, type EngineRows, type EngineSetup, type Executor, histogramsOf, InlineStores,
  type IterationRecord, joinRows, lanesOf,
  type PartitionRows, type Stores, type TrainingJob, TravelLayouts,
} from '@coppice/engine'
import { TestRandom } from '@coppice/testkit'
import { needsAnswer } from '../../src/log/request-log.js'
import { decodeMessage, encodeMessage } from '../../src/protocol/codec.js'
import type { AnswerPayload } from '../../src/protocol/messages.js'
import { StarReducer } from '../../src/reduce/index.js'
import { packSums } from '../../src/wire/pack-sums.js'
import { sumChunks } from '../../src/wire/sum-chunks.js'
import { packAnswer } from './pack-answer.js'

/** A chunk of a store's answer, and when it is added. */
interface Part {
  readonly chunk: number
  readonly payload: AnswerPayload
  readonly rank: number
}

/** How often a store's answer is counted; tests count wrongly. */
export type Counts = (request: EngineRequest, store: number) => number

/**
 * Trains as a cluster does, in one thread: rows in random order in k stores, whose answers travel
 * packed and encoded to a StarReducer.
 */
export class PackedExecutor implements Executor {
  readonly nThreads = 1
  /** Bytes of the payloads of sums, and of the sums themselves. */
  nPackedBytes = 0
  nSumBytes = 0
  /** Chunks that were whole while others were not. */
  nEarly = 0
  /** Rounds that were begun again because of a wrong sum. */
  nSpoilt = 0
  readonly #k: number
  readonly #counts: Counts
  readonly #random: TestRandom
  readonly #stores: Stores = new InlineStores()
  #setup: EngineSetup | null = null
  #reducer: StarReducer | null = null
  #booster: Booster | null = null

  /** @param spoils - the first sums of some rounds are wrong at first */
  constructor(
    k: number, seed: number, counts: Counts = () => 1, private readonly spoils = false,
  ) {
    this.#k = k
    this.#random = new TestRandom(seed)
    this.#counts = counts
  }

  async open({ plan, train, evalSets }: TrainingJob): Promise<void> {
    const lanes = lanesOf(plan, train.nRows)
    const engine = { ...plan.engine, ...(lanes > 1 ? { lanes } : {}) }
    this.#setup = engine
    this.#booster = new Booster({ ...plan, engine })
    this.#reducer = new StarReducer(engine)
    const { nOutputs } = engine
    const trains = this.#deal(train, nOutputs)
    const evals = evalSets.map(({ data }) => this.#deal(data, nOutputs))
    for (let s = 0; s < this.#k; s++) {
      await this.#stores.build(s, engine, trains[s]!, evals.map((set) => set[s]!))
    }
  }

  /** Cuts at random places; stores may get several partitions or none. */
  #deal(data: BinnedDataset, nOutputs: number): EngineRows[] {
    const cuts = Array.from({ length: 2 * this.#k }, () => this.#random.below(data.nRows + 1))
    const bounds = [0, ...cuts.sort((a, b) => a - b), data.nRows]
    const owners = bounds.slice(1).map(() => this.#random.below(this.#k))
    return Array.from({ length: this.#k }, (_, s) => joinRows(
      bounds.slice(1).flatMap((end, i) =>
        owners[i] === s ? [partitionRows(data, bounds[i]!, end, nOutputs)] : []),
      data.features.length))
  }

  center(): Promise<readonly number[]> {
    return this.#run(this.#booster!.center())
  }

  async replay(iterations: readonly (readonly BinnedTree[])[]): Promise<void> {
    for (const trees of iterations) await this.#run(this.#booster!.replay(trees))
  }

  iterate(iteration: number, evaluates: boolean): Promise<IterationRecord> {
    return this.#run(this.#booster!.iterate(iteration, evaluates))
  }

  async #run<Result>(dialogue: Dialogue<Result>): Promise<Result> {
    let step = dialogue.next(null)
    while (step.done !== true) step = dialogue.next(await this.#answer(step.value))
    return step.value
  }

  async #answer(request: EngineRequest): Promise<EngineAnswer> {
    const reducer = this.#reducer!
    const layout = new TravelLayouts(this.#setup!).of(request)
    const nChunks = reducer.begin(request)
    const parts: Part[] = []
    for (let s = 0; s < this.#k; s++) {
      const answer = await this.#stores.carryOut(s, request)
      if (!needsAnswer(request)) continue
      const payloads = packAnswer(request, answer, layout)
      if (payloads.length !== nChunks) throw new Error(`${payloads.length} of ${nChunks} chunks`)
      this.#weigh(payloads)
      this.nSumBytes += histogramsOf(request).length * layout.nBytes
      for (let n = this.#counts(request, s); n > 0; n--) {
        payloads.forEach((payload, chunk) =>
          parts.push({
            chunk, payload: this.travelled(request, s, chunk, overTheWire(payload, chunk)),
            rank: this.#random.word(),
          }))
      }
    }
    if (!needsAnswer(request)) return null
    if (this.spoils && request.kind === 'round' && nChunks > 2) this.#addSpoilt(request, parts)
    this.#addAll(parts)
    return reducer.finish()
  }

  protected get reducer(): StarReducer | null {
    return this.#reducer
  }

  /** What comes of a part of an answer; tests look at it. */
  protected travelled(
    _request: EngineRequest, _store: number, _chunk: number, payload: AnswerPayload,
  ): AnswerPayload {
    return payload
  }

  /** Adds parts in any order; chunks are completed as the last of their parts is added. */
  #addAll(parts: readonly Part[]): void {
    const reducer = this.#reducer!
    const left = new Map<number, number>()
    for (const { chunk } of parts) left.set(chunk, (left.get(chunk) ?? 0) + 1)
    for (const { chunk, payload } of [...parts].sort((a, b) => a.rank - b.rank)) {
      reducer.add(chunk, payload)
      left.set(chunk, left.get(chunk)! - 1)
      if (left.get(chunk)! > 0) continue
      left.delete(chunk)
      reducer.complete(chunk)
      if (left.size > 0) this.nEarly++
    }
  }

  /** A wrong sum is told of at the end; then the round may be begun again. */
  #addSpoilt(request: EngineRequest, parts: readonly Part[]): void {
    const planes = new Uint8Array(new TravelLayouts(this.#setup!).of(request).nBytes)
    planes[0] = 1
    const nCells = planes.length / 20
    const chunk = sumChunks(nCells, histogramsOf(request).length)[0]!
    const nothing = new Uint8Array(planes.length)
    const wrong = packSums(chunk.map((_, i) => (i === 0 ? planes : nothing)), nCells, chunk)
    this.#addAll([...parts, { chunk: 0, payload: { kind: 'sums', bytes: wrong }, rank: -1 }])
    let told = ''
    try {
      this.#reducer!.finish()
    } catch (error) {
      told = String(error)
    }
    if (!told.includes('does not add up')) throw new Error(`a wrong sum was not told of: ${told}`)
    this.nSpoilt++
    this.#reducer!.begin(request)
  }

  #weigh(payloads: readonly AnswerPayload[]): void {
    for (const payload of payloads) {
      if (payload.kind === 'sums') this.nPackedBytes += payload.bytes.length
    }
  }

  async close(): Promise<void> {
    await this.#stores.close()
  }
}

function overTheWire(payload: AnswerPayload, chunk: number): AnswerPayload {
  const bytes = encodeMessage(
    { type: 'answer', job: 'job', store: 1, iteration: 0, seq: 0, mark: '', chunk, payload })
  const message = decodeMessage(bytes, 'from-worker')
  if (message.type !== 'answer') throw new Error(`an answer came out as ${message.type}`)
  return message.payload
}

/** Rows [first, end) of a data set, as those of a partition. */
export function partitionRows(
  data: BinnedDataset, first: number, end: number, nOutputs: number,
): PartitionRows {
  const nFeatures = data.features.length
  const { bins, raw } = data.blocks[0]!
  const width = (raw?.length ?? 0) / data.nRows
  return {
    nRows: end - first,
    blocks: [{
      firstRow: first, nRows: end - first, bins: bins.slice(first * nFeatures, end * nFeatures),
      ...(raw === undefined ? {} : { raw: raw.slice(first * width, end * width) }),
    }],
    label: data.label!.slice(first, end),
    weight: data.weight?.slice(first, end) ?? null,
    initScore: data.initScore?.slice(first * nOutputs, end * nOutputs) ?? null,
  }
}
