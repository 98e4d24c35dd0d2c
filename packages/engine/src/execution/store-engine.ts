import { Arena } from '../kernels/arena.js'
import { SUM_BYTES } from '../kernels/api.js'
import { instantiateKernels } from '../kernels/load.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import { histogramsOf, needsHistogram, smallerChild } from './histograms-of.js'
import type {
  EngineRequest, EngineRows, EngineSetup, EvaluateRequest, MetricPart, MomentsRequest,
  PrepareRequest,
  RootRequest, RoundRequest, SelectRequest, TallyRequest,
} from './protocol.js'
import { writeLayout } from './reducer.js'
import { RowEngine } from './row-engine.js'
import { SumsBuilder, type EnginePlace } from './sums-builder.js'
import { sumsLayout, type SumsLayout } from './sums-layout.js'

/**
 * One engine of a store: the rows of one thread. Requests change rows (`apply`); sums go out
 * instead of being scanned here. Histograms need two steps, `build` over rows and `finish` over
 * this engine's share of the features; before each of the two all engines of the store must have
 * ended the one before.
 */
export class StoreEngine {
  readonly #features: EngineSetup['features']
  readonly #arena = new Arena()
  readonly #rows: RowEngine
  readonly #sums: SumsBuilder
  readonly #full: SumsLayout
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
    this.#features = setup.features
    this.#full = sumsLayout(setup.features)
    const kernels = instantiateKernels(this.#arena.memory)
    const layout = writeLayout(this.#arena, setup.features, place.table)
    this.#rows = new RowEngine(this.#arena, kernels, setup, train, evalSets, place)
    this.#sums = new SumsBuilder(
      this.#arena, kernels, place, setup.features, layout, this.#rows.rows)
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
        this.#rows.startTree(request)
        return
      case 'round':
        for (const expansion of request.expansions) this.#rows.split(expansion)
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
  build(request: RootRequest | RoundRequest, batch: number, isApplied: boolean): void {
    if (request.kind === 'root') {
      if (!isApplied) this.apply(request)
      this.#sums.build(0, this.#slot(0), 0)
      return
    }
    const first = batch * this.batchSize
    const isLast = batch + 1 === this.nBatches(request)
    const last = isLast ? Infinity : first + this.batchSize
    let h = 0
    for (const expansion of request.expansions) {
      const isIn = h >= first && h < last
      if (isIn && !isApplied) this.#rows.split(expansion)
      if (!needsHistogram(expansion)) continue
      if (isIn) this.#sums.build(smallerChild(expansion), this.#slot(h - first), h - first)
      h++
    }
  }

  #slot(i: number): number {
    while (this.#slots.length <= i) {
      this.#slots.push(this.#arena.reserve(this.#sums.share.nCells * SUM_BYTES))
    }
    return this.#slots[i]!
  }

  /**
   * Adds up this engine's share of the features of a go over all engines and writes it to its
   * cells of `output`, one histogram of all features after the other.
   */
  finish(request: RootRequest | RoundRequest, batch: number, output: Uint8Array): void {
    const { nBytes } = this.#full
    const first = batch * this.batchSize
    const last = Math.min(first + this.batchSize, histogramsOf(request).length)
    for (let h = first; h < last; h++) {
      this.#sums.gather(this.#slot(h - first), h - first)
      this.#write(this.#slot(h - first), output.subarray(h * nBytes, (h + 1) * nBytes))
    }
  }

  /** Copies the three planes of the share to their places among all features. */
  #write(slot: number, target: Uint8Array): void {
    const { nCells, cellOffsets } = this.#full
    const { first, last, nCells: nShareCells } = this.#sums.share
    if (first === last) return
    const start = cellOffsets[first]!
    const isLast = last === this.#features.length
    const used = (isLast ? lastCell(this.#full, this.#features) : cellOffsets[last]!) - start
    let from = slot
    let to = 0
    for (const cellBytes of [8, 8, 4]) {
      const at = to + start * cellBytes
      target.set(this.#arena.bytes(from, used * cellBytes), at)
      // the padding behind the last feature
      if (isLast) target.fill(0, at + used * cellBytes, to + nCells * cellBytes)
      from += nShareCells * cellBytes
      to += nCells * cellBytes
    }
  }

  /**
   * The histograms of a request that was built in one go, where this engine is the only one:
   * views into its memory, valid until its next call.
   */
  views(request: EngineRequest): Uint8Array[] {
    return histogramsOf(request).map((_, h) =>
      this.#arena.bytes(this.#slots[h]!, this.#full.nBytes))
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

/** Cell behind the last feature's last pair of bins. */
function lastCell({ cellOffsets }: SumsLayout, features: EngineSetup['features']): number {
  const f = features.length - 1
  return cellOffsets[f]! + ((features[f]!.nBins + 1) & ~1)
}
