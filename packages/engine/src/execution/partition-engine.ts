import { Arena } from '../kernels/arena.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { instantiateKernels } from '../kernels/load.js'
import { needsHistogram, smallerChild } from './histograms-of.js'
import type {
  CommitRequest, EngineRows, EngineSetup, MetricPart, RootRequest, RoundRequest,
} from './protocol.js'
import { RowEngine } from './row-engine.js'
import { ShareReducer } from './share-reducer.js'
import { SumsBuilder, type EnginePlace } from './sums-builder.js'

/**
 * One engine: the rows of one thread with their gradients and scores, and the reducer of one
 * share of the features. Each request has a step over rows (`compute...`) and, where histograms
 * are summed, a step over features (`reduce...`); between the two all engines must have finished
 * the first.
 */
export class PartitionEngine {
  readonly #reducer: ShareReducer
  readonly #rows: RowEngine
  readonly #sums: SumsBuilder

  constructor(
    setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[], place: EnginePlace,
  ) {
    const arena = new Arena()
    const kernels = instantiateKernels(arena.memory)
    this.#reducer = new ShareReducer(arena, kernels, setup, { ...place, share: place.engine })
    this.#rows = new RowEngine(arena, kernels, setup, train, evalSets, place)
    this.#sums = new SumsBuilder(
      arena, kernels, place, this.#reducer.layout, this.#rows.rows)
  }

  /** Exact max |gradient| over this engine's rows. */
  prepare(): number {
    return this.#rows.prepare()
  }

  /** Fixed-point gradients of all outputs. The scales are powers of two. */
  computeGradients(gradientScale: number, hessianScale: number): void {
    this.#rows.computeGradients(gradientScale, hessianScale)
    this.#reducer.setScales(gradientScale, hessianScale)
  }

  computeRoot(request: RootRequest): void {
    const [slot] = this.#reducer.begin(request)
    this.#rows.startTree(request)
    this.#sums.build(0, slot!, 0)
  }

  /** @returns the root's totals, or null when this engine's share has no features */
  reduceRoot(request: RootRequest): LeafTotals | null {
    return this.#reducer.finishRoot(request, this.#gather)
  }

  computeRound(request: RoundRequest): void {
    const slots = this.#reducer.begin(request)
    let h = 0
    for (const expansion of request.expansions) {
      this.#rows.rows.split(expansion)
      if (!needsHistogram(expansion)) continue
      this.#sums.build(smallerChild(expansion), slots[h]!, h)
      h++
    }
  }

  reduceRound(request: RoundRequest): void {
    this.#reducer.finishRound(request, this.#gather)
  }

  readonly #gather = (slot: number, histogram: number): void => {
    this.#sums.gather(slot, histogram)
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
