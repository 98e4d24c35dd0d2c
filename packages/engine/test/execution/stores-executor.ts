import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { joinRows, type PartitionRows } from '../../src/execution/engine-rows.js'
import { histogramsOf } from '../../src/execution/histograms-of.js'
import { LaneReducers } from '../../src/execution/lane-reducers.js'
import { tallyCounts } from '../../src/execution/tally-counts.js'
import type { BinnedTree, EngineRequest, EngineRows, EngineSetup }
  from '../../src/execution/protocol.js'
import type { StoreAnswer, Stores } from '../../src/execution/stores.js'
import { asksForSums, type SumsRequest } from '../../src/execution/together.js'
import { mergeMoments } from '../../src/linear/moments.js'
import { mergeSelected } from '../../src/selection/answer.js'
import { TravelLayouts } from '../../src/execution/travel-layout.js'
import { Booster, type Dialogue, type EngineAnswer, type IterationRecord }
  from '../../src/training/iteration.js'
import { lanesOf } from '../../src/training/lanes.js'
import { rowBytesOf } from '../../src/row-bytes.js'
import type { Executor, TrainingJob } from '../../src/training/executor.js'

/** The rows of one store. */
export interface StoreRows {
  readonly train: EngineRows
  readonly evalSets: readonly EngineRows[]
}

/** Rows [first, first + nRows) of a data set, in up to two blocks. */
export function partitionRows(
  data: BinnedDataset, first: number, nRows: number, nOutputs = 1,
): PartitionRows {
  const rowBytes = rowBytesOf(data.features)
  assert.equal(data.blocks.length, 1)
  const { bins, raw } = data.blocks[0]!
  const width = raw === undefined ? 0 : raw.length / data.nRows
  const block = (firstRow: number, n: number) => ({
    firstRow, nRows: n, bins: bins.slice(firstRow * rowBytes, (firstRow + n) * rowBytes),
    ...(raw === undefined ? {}
      : { raw: raw.slice(firstRow * width, (firstRow + n) * width) }),
  })
  const nLabels = data.label!.length / data.nRows
  const half = nRows >> 1
  return {
    nRows,
    blocks: nRows < 2 ? [block(first, nRows)]
      : [block(first, half), block(first + half, nRows - half)],
    label: data.label!.slice(first * nLabels, (first + nRows) * nLabels),
    weight: data.weight?.slice(first, first + nRows) ?? null,
    initScore: data.initScore?.slice(first * nOutputs, (first + nRows) * nOutputs) ?? null,
  }
}

/** A data set cut at random places, the partitions dealt to k stores in random order. */
export function dealPartitions(
  data: BinnedDataset, k: number, random: TestRandom, nOutputs: number,
): EngineRows[] {
  const nPartitions = 3 * k
  const cuts = Array.from({ length: nPartitions - 1 }, () => random.below(data.nRows + 1))
  const bounds = [0, ...cuts.sort((a, b) => a - b), data.nRows]
  const partitions = bounds.slice(1).map((end, i) =>
    partitionRows(data, bounds[i]!, end - bounds[i]!, nOutputs))
  for (let i = partitions.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const swapped = partitions[i]!
    partitions[i] = partitions[j]!
    partitions[j] = swapped
  }
  const rowBytes = rowBytesOf(data.features)
  return Array.from({ length: k }, (_, s) =>
    joinRows(partitions.filter((_partition, i) => i % k === s), rowBytes))
}

/** How rows come to stores: at random, one list of stores per call. */
export function randomDeal(k: number, seed: number): (job: TrainingJob) => StoreRows[] {
  return ({ plan, train, evalSets }) => {
    const random = new TestRandom(seed)
    const { nOutputs } = plan.engine
    const trains = dealPartitions(train, k, random, nOutputs)
    const evals = evalSets.map(({ data }) => dealPartitions(data, k, random, nOutputs))
    return trains.map((rows, s) => ({ train: rows, evalSets: evals.map((set) => set[s]!) }))
  }
}

/** A copy that the next call does not overwrite. */
export function copyOf(answer: StoreAnswer): StoreAnswer {
  return answer.kind === 'sums'
    ? { ...answer, histograms: answer.histograms.map((sums) => sums.slice()) }
    : answer
}

export interface StoresExecutorOptions {
  /** Where stores live; store s is in pools[s % pools.length]. Not closed. */
  readonly pools: readonly Stores[]
  readonly deal: (job: TrainingJob) => StoreRows[]
  /** Before which requests (counted over all) a store is replaced by a new one. */
  readonly replacesAt?: (request: number) => boolean
  /** Sums travel in pieces of random size. */
  readonly chunks?: boolean
}

interface HeldStore {
  readonly id: number
  readonly pool: Stores
  readonly rows: StoreRows
}

/** Trains as a cluster does: stores give sums, one reducer adds and scans them. */
export class StoresExecutor implements Executor {
  readonly nThreads = 1
  nReplaced = 0
  /** Requests of several trees. */
  nTogether = 0
  /** Histograms that were told of before the others were made. */
  nEarly = 0
  stores: HeldStore[] = []
  readonly #options: StoresExecutorOptions
  readonly #random = new TestRandom(1)
  #setup: EngineSetup | null = null
  #booster: Booster | null = null
  #reducer: LaneReducers | null = null
  #nextId = 100
  #nRequests = 0
  #done: EngineRequest[] = []
  #current: EngineRequest[] = []

  constructor(options: StoresExecutorOptions) {
    this.#options = options
  }

  async open(job: TrainingJob): Promise<void> {
    // fewer than trees of an iteration: some begin when others are grown
    const lanes = Math.min(2, lanesOf(job.plan, job.train.nRows))
    const engine = { ...job.plan.engine, ...(lanes > 1 ? { lanes } : {}) }
    this.#setup = engine
    this.#booster = new Booster({ ...job.plan, engine })
    this.#reducer = new LaneReducers(engine)
    const { pools, deal } = this.#options
    for (const [s, rows] of deal(job).entries()) {
      this.stores.push(await this.#build(pools[s % pools.length]!, rows))
    }
  }

  async #build(pool: Stores, rows: StoreRows): Promise<HeldStore> {
    const id = this.#nextId++
    await pool.build(id, this.#setup!, rows.train, rows.evalSets)
    return { id, pool, rows }
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
    this.#current = []
    let step = dialogue.next(null)
    while (step.done !== true) {
      this.#current.push(step.value)
      step = dialogue.next(await this.#answer(step.value))
    }
    for (const request of this.#current) {
      if (request.kind === 'commit') this.#done.push({ ...request, leafNodes: null })
    }
    return step.value
  }

  async #answer(request: EngineRequest): Promise<EngineAnswer> {
    if (request.kind === 'gradients') {
      this.#reducer!.setUnits(request.gradientScale, request.hessianScale)
    }
    if (asksForSums(request)) return this.#sum(request)
    const answers = await this.#ask(request)
    switch (request.kind) {
      case 'prepare': return Math.max(...answers.map((a) => a.kind === 'maximum' ? a.value : NaN))
      case 'tally': {
        const counts = new Float64Array(tallyCounts(request))
        for (const answer of answers) {
          assert.ok(answer.kind === 'counts')
          answer.values.forEach((value, i) => { counts[i]! += value })
        }
        return counts
      }
      case 'evaluate': return answers.flatMap((a) => a.kind === 'parts' ? a.parts : [])
      case 'select': return mergeSelected(
        request, answers.flatMap((a) => a.kind === 'selected' ? a.parts : []))
      case 'moments': return mergeMoments(
        request, answers.flatMap((a) => a.kind === 'moments' ? [a.part] : []))
      case 'gradients':
      case 'commit':
        return null
    }
  }

  async #sum(request: SumsRequest): Promise<EngineAnswer> {
    const reducer = this.#reducer!
    reducer.begin(request)
    for (const answer of await this.#ask(request)) {
      assert.ok(answer.kind === 'sums')
      assert.equal(answer.histograms.length, histogramsOf(request).length)
      answer.histograms.forEach((sums, h) => this.#add(request, h, sums))
    }
    switch (request.kind) {
      case 'root': return reducer.finishRoot(request)
      case 'round': return reducer.finishRound(request)
      case 'together':
        this.nTogether++
        return reducer.finishTogether(request)
    }
  }

  #add(request: EngineRequest, histogram: number, sums: Uint8Array): void {
    const { nCells } = new TravelLayouts(this.#setup!).of(request)
    const isCut = this.#options.chunks === true
    for (let first = 0, n = 0; first < nCells; first += n) {
      n = isCut ? Math.min(nCells - first, 4 * (1 + this.#random.below(6))) : nCells
      this.#reducer!.add(histogram, first, cutSums(sums, nCells, first, n))
    }
  }

  async #ask(request: EngineRequest): Promise<StoreAnswer[]> {
    const replaces = this.#options.replacesAt?.(this.#nRequests++) === true
    const answers: StoreAnswer[] = []
    for (const [s, { pool, id }] of this.stores.entries()) {
      const early: Uint8Array[] = []
      const every = 1 + this.#random.below(3)
      const answer = copyOf(await pool.carryOut(id, request, {
        every,
        take: (histograms) => {
          assert.ok(histograms.length > early.length && histograms.length % every === 0)
          early.push(...histograms.slice(early.length).map((sums) => sums.slice()))
        },
      }))
      answers.push(answer)
      this.nEarly += early.length
      if (answer.kind === 'sums') {
        assert.deepEqual(early, answer.histograms.slice(0, early.length))
      } else assert.equal(early.length, 0)
      const isAgain = this.#nRequests % this.stores.length === s && request.kind !== 'evaluate'
      if (isAgain) assert.deepEqual(copyOf(await pool.answer(id, request)), answer)
    }
    if (replaces) await this.#replace(request, answers)
    return answers
  }

  /** A store built late takes over: it catches up silently and gives the same answer. */
  async #replace(request: EngineRequest, answers: readonly StoreAnswer[]): Promise<void> {
    const s = this.nReplaced++ % this.stores.length
    const old = this.stores[s]!
    const next = await this.#build(old.pool, old.rows)
    await next.pool.apply(next.id, this.#done)
    await next.pool.apply(next.id, this.#current)
    if (request.kind !== 'evaluate') {
      assert.deepEqual(copyOf(await next.pool.answer(next.id, request)), answers[s])
    }
    const digest = ({ pool, id, rows }: HeldStore, set: number): Promise<string> =>
      pool.scoreDigest(id, 0, [rows.train, ...rows.evalSets][set]!.nRows, set)
    for (let set = 0; set <= old.rows.evalSets.length; set++) {
      assert.equal(await digest(next, set), await digest(old, set))
    }
    await old.pool.drop(old.id)
    this.stores[s] = next
  }

  async close(): Promise<void> {
    for (const { pool, id } of this.stores.splice(0)) await pool.drop(id)
  }
}

/** The cells [first, first + n) of a histogram's three planes. */
export function cutSums(
  sums: Uint8Array, nCells: number, first: number, n: number,
): Uint8Array {
  const piece = new Uint8Array(n * 20)
  piece.set(sums.subarray(first * 8, (first + n) * 8))
  piece.set(sums.subarray((nCells + first) * 8, (nCells + first + n) * 8), n * 8)
  piece.set(sums.subarray(nCells * 16 + first * 4, nCells * 16 + (first + n) * 4), n * 16)
  return piece
}
