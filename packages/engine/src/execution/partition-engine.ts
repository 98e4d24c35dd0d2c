import { Arena } from '../kernels/arena.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { instantiateKernels } from '../kernels/load.js'
import { needsHistogram, smallerChild } from './histograms-of.js'
import type {
  CommitRequest, EngineRows, EngineSetup, MetricPart, RootRequest, RoundRequest,
} from './protocol.js'
import { Reducer } from './reducer.js'
import { RowEngine } from './row-engine.js'
import { SumsBuilder, type EnginePlace } from './sums-builder.js'

/**
 * One engine: the rows of one thread with their gradients and scores, and the reducer of one
 * share of the features. Each request has a step over rows (`compute...`) and, where histograms
 * are summed, a step over features (`reduce...`); between the two all engines must have finished
 * the first.
 */
export class PartitionEngine {
  readonly #place: EnginePlace
  readonly #reducer: Reducer
  readonly #rows: RowEngine
  readonly #sums: SumsBuilder

  constructor(
    setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[], place: EnginePlace,
  ) {
    this.#place = place
    const arena = new Arena()
    const kernels = instantiateKernels(arena.memory)
    this.#reducer = new Reducer(
      arena, kernels, setup.features, place.table, place.engine, setup.scan)
    this.#rows = new RowEngine(arena, kernels, setup, train, evalSets, place)
    this.#sums = new SumsBuilder(
      arena, kernels, place, this.#reducer.layout, setup.features.length, this.#rows.rows)
  }

  /** Exact max |gradient| over this engine's rows. */
  prepare(): number {
    return this.#rows.prepare()
  }

  /** Fixed-point gradients of all outputs. The scales are powers of two. */
  computeGradients(gradientScale: number, hessianScale: number): void {
    this.#rows.computeGradients(gradientScale, hessianScale)
    this.#reducer.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  computeRoot(request: RootRequest): void {
    this.#reducer.reset()
    this.#rows.startTree(request)
    this.#sums.build(0, this.#reducer.take(0), 0)
  }

  /** @returns the root's totals, or null when this engine's share has no features */
  reduceRoot(request: RootRequest): LeafTotals | null {
    this.#sums.gather(this.#reducer.slot(0), 0)
    const totals = this.#reducer.totals(0)
    const at = this.#place.exchange.candidateAt(this.#place.engine, 0, 0)
    if (totals !== null) {
      this.#reducer.scan(0, totals, request.mask, this.#place.exchange.candidates, at)
    } else this.#noCandidate(at)
    return totals
  }

  computeRound(request: RoundRequest): void {
    for (const node of request.released) this.#reducer.release(node)
    request.expansions.forEach((expansion, j) => {
      this.#rows.rows.split(expansion)
      if (needsHistogram(expansion)) {
        const smaller = smallerChild(expansion)
        this.#sums.build(smaller, this.#reducer.take(smaller), j)
      } else this.#reducer.release(expansion.parent)
    })
  }

  reduceRound(request: RoundRequest): void {
    request.expansions.forEach((expansion, j) => {
      const { left, right, leftMask, rightMask } = expansion
      if (needsHistogram(expansion)) {
        const smaller = smallerChild(expansion)
        this.#sums.gather(this.#reducer.slot(smaller), j)
        this.#reducer.subtract(expansion.parent, smaller, smaller === left ? right : left)
      }
      this.#scanChild(left, expansion.leftTotals, leftMask, j, 0)
      this.#scanChild(right, expansion.rightTotals, rightMask, j, 1)
    })
  }

  #scanChild(
    node: number, totals: LeafTotals, mask: Uint8Array | null, expansion: number, child: number,
  ): void {
    const { exchange, engine } = this.#place
    const at = exchange.candidateAt(engine, expansion, child)
    const { first, last } = this.#reducer.share
    if (mask === null || first === last) this.#noCandidate(at)
    else this.#reducer.scan(node, totals, mask, exchange.candidates, at)
    if (mask === null) this.#reducer.release(node)
  }

  #noCandidate(at: number): void {
    // the feature field, -1
    this.#place.exchange.candidates.fill(255, at + 8, at + 12)
  }

  /** Adds a finished tree to the scores of all rows of this engine. */
  commit(request: CommitRequest): void {
    this.#rows.commit(request)
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate(): MetricPart[] {
    return this.#rows.evaluate()
  }
}
