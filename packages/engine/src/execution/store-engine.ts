import { Arena } from '../kernels/arena.js'
import { SUM_BYTES } from '../kernels/api.js'
import { instantiateKernels } from '../kernels/load.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import { haveEqualHessians } from './equal-hessians.js'
import { histogramsOf, needsHistogram, smallerChild } from './histograms-of.js'
import type {
  EngineRequest, EngineRows, EngineSetup, EvaluateRequest, MetricPart, MomentsRequest,
  PrepareRequest, RootRequest, RoundRequest, SelectRequest,
} from './protocol.js'
import type { TallyRequest } from './tally-request.js'
import { writeLayout } from './reducer.js'
import { RowEngine } from './row-engine.js'
import { SumsBuilder, type EnginePlace } from './sums-builder.js'
import { partsOf, type SumsRequest } from './together.js'
import { TravellingSums } from './travelling-sums.js'

/** Histograms [first, last) of a request, which are summed in a go. */
interface Go {
  readonly first: number
  readonly last: number
}

/**
 * One engine of a store: the rows of one thread. Requests change rows (`apply`); sums go out
 * instead of being scanned here. Histograms need two steps, `build` over rows and `finish` over
 * this engine's share of the features; before each of the two all engines of the store must have
 * ended the one before.
 */
export class StoreEngine {
  readonly #travelling: TravellingSums
  readonly #arena = new Arena()
  readonly #rows: RowEngine
  readonly #sums: SumsBuilder
  /** Histograms of a go. */
  readonly batchSize: number
  /** This engine's share of each histogram of a go; grows to the most there were. */
  readonly #slots: number[] = []

  /** @param batchSize - histograms that the exchange holds, >= 1 */
  constructor(
    setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[], place: EnginePlace,
    batchSize: number,
  ) {
    this.batchSize = batchSize
    const kernels = instantiateKernels(this.#arena.memory)
    const layout = writeLayout(this.#arena, setup.features, place.table)
    this.#rows = new RowEngine(this.#arena, kernels, setup, train, evalSets, place)
    this.#sums = new SumsBuilder(
      this.#arena, kernels, place, setup.features, layout, this.#rows.rows,
      haveEqualHessians(setup, train))
    this.#travelling = new TravellingSums(this.#arena, kernels, setup, place.table, place.engine)
  }

  /** Size of this engine's memory. */
  get memoryBytes(): number {
    return this.#arena.memory.buffer.byteLength
  }

  /** Carries a request out on the rows. No histogram is built. */
  apply(request: EngineRequest): void {
    switch (request.kind) {
      case 'gradients':
        this.#rows.computeGradients(request)
        return
      case 'root':
      case 'round':
      case 'together':
        for (const part of partsOf(request)) {
          this.#rows.enter(part.lane)
          if (part.request.kind === 'root') this.#rows.startTree(part.request, part.lane)
          else for (const expansion of part.request.expansions) this.#rows.split(expansion)
        }
        return
      case 'commit':
        this.#rows.commit(request)
        return
      case 'prepare':
      case 'tally':
      case 'evaluate':
      case 'select':
      case 'moments':
        return
    }
  }

  /**
   * In how many goes a request is built and finished; at least 1. A go holds as many histograms
   * as the exchange between the engines does.
   */
  nBatches(request: EngineRequest): number {
    return Math.max(1, Math.ceil(histogramsOf(request).length / this.batchSize))
  }

  /**
   * This engine's sums of the histograms of a go; others' shares go to the exchange.
   *
   * @param isApplied - the request was applied before; else it is now, each child being summed
   *   while its records are still in the caches
   */
  build(request: SumsRequest, batch: number, isApplied: boolean): void {
    const first = batch * this.batchSize
    const isLast = batch + 1 === this.nBatches(request)
    const go: Go = { first, last: isLast ? Infinity : first + this.batchSize }
    let h = 0
    for (const { lane, request: part } of partsOf(request)) {
      if (h >= go.last) return
      this.#rows.enter(lane)
      h = part.kind === 'round' ? this.#buildRound(part, go, h, isApplied)
        : this.#buildRoot(part, go, h, isApplied ? null : lane)
    }
  }

  /** @param lane - of the tree, which begins now; null: it was begun */
  #buildRoot(request: RootRequest, { first, last }: Go, h: number, lane: number | null): number {
    if (h >= first && h < last) {
      if (lane !== null) this.#rows.startTree(request, lane)
      this.#sums.build(0, this.#slot(h - first), h - first)
    }
    return h + 1
  }

  /** @returns the number of the histogram after the round's */
  #buildRound(
    request: RoundRequest, { first, last }: Go, before: number, isApplied: boolean,
  ): number {
    let h = before
    for (const expansion of request.expansions) {
      const isIn = h >= first && h < last
      if (isIn && !isApplied) this.#rows.split(expansion)
      if (!needsHistogram(expansion)) continue
      if (isIn) this.#sums.build(smallerChild(expansion), this.#slot(h - first), h - first)
      h++
    }
    for (const { node } of request.elected ?? []) {
      if (h >= first && h < last) this.#sums.build(node, this.#slot(h - first), h - first)
      h++
    }
    return h
  }

  #slot(i: number): number {
    while (this.#slots.length <= i) {
      this.#slots.push(this.#arena.reserve(this.#sums.share.nCells * SUM_BYTES))
    }
    return this.#slots[i]!
  }

  /**
   * Adds up this engine's share of the features of a go over all engines and writes it to its
   * cells of `output`, one histogram of the request's layout (see TravelLayouts) after the other.
   */
  finish(request: SumsRequest, batch: number, output: Uint8Array): void {
    const { nBytes } = this.#travelling.layouts.of(request)
    const first = batch * this.batchSize
    const last = Math.min(first + this.batchSize, histogramsOf(request).length)
    for (let h = first; h < last; h++) {
      this.#sums.gather(this.#slot(h - first), h - first)
      this.#travelling.write(
        this.#slot(h - first), request, h, output.subarray(h * nBytes, (h + 1) * nBytes))
    }
  }

  /**
   * The histograms of a request that was built in one go, where this engine is the only one; views
   * into its memory, if they are those of all features, valid until its next call.
   */
  histograms(request: SumsRequest): Uint8Array[] {
    const { layouts } = this.#travelling
    const { nBytes } = layouts.of(request)
    const nHistograms = histogramsOf(request).length
    if (layouts.elected === null) {
      return Array.from({ length: nHistograms }, (_, h) =>
        this.#arena.bytes(this.#slots[h]!, nBytes))
    }
    const output = new Uint8Array(nHistograms * nBytes)
    this.finish(request, 0, output)
    return Array.from({ length: nHistograms }, (_, h) =>
      output.subarray(h * nBytes, (h + 1) * nBytes))
  }

  /** Exact max |gradient| over this engine's rows; 0 without rows. */
  prepare(request: PrepareRequest): number {
    return this.#rows.prepare(request)
  }

  /** Counts of this engine's rows, see TallyRequest. */
  tally(request: TallyRequest): Float64Array {
    return this.#rows.tally(request)
  }

  /** This engine's part of what is asked about residuals. */
  select(request: SelectRequest): SelectPart {
    return this.#rows.select(request)
  }

  /** This engine's part of the sums of leaves' normal equations. */
  moments(request: MomentsRequest): MomentsPart {
    return this.#rows.moments(request)
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate(request: EvaluateRequest): MetricPart[] {
    return this.#rows.evaluate(request)
  }

  /** See RowEngine. */
  copyScores(set: number, first: number, nRows: number, target: Float64Array): void {
    this.#rows.copyScores(set, first, nRows, target)
  }
}
