import { assert } from '../errors.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import { expansionsAhead } from '../grower/tree-grower.js'
import { bestOfShares, roundAnswer } from './candidates.js'
import { Exchange } from './exchange.js'
import { shareFeatures, type ShareTable } from './feature-shares.js'
import { histogramsOf } from './histograms-of.js'
import type {
  EngineSetup, RootAnswer, RootRequest, RoundAnswer, RoundRequest,
} from './protocol.js'
import { ShareReducer } from './share-reducer.js'
import { SumsAdder } from './sums-adder.js'
import { sumsLayout } from './sums-layout.js'

/**
 * The coordinator's reducer: adds the sums that stores send, subtracts them from the parent's,
 * and scans for the best splits, as the engines' reducers do among threads.
 *
 *   per tree: begin(root), add ..., finishRoot; begin(round), add ..., finishRound; ...
 *
 * Counting every row exactly once is the caller's business; what does not add up is found here.
 */
export class CentralReducer {
  readonly #reducer: ShareReducer
  readonly #adder: SumsAdder
  readonly #exchange: Exchange

  constructor(setup: Pick<EngineSetup, 'features' | 'scan' | 'rules' | 'maxExpansions'>) {
    const arena = new Arena()
    const kernels = instantiateKernels(arena.memory)
    const table = shareFeatures(setup.features, 1)
    this.#exchange = candidatesExchange(
      table, setup.maxExpansions, setup.rules?.rescansMax)
    this.#reducer = new ShareReducer(
      arena, kernels, setup, { share: 0, table, exchange: this.#exchange })
    this.#adder = new SumsAdder(arena, kernels, sumsLayout(setup.features))
  }

  /** Bytes that the reducer of a training takes at most. */
  static bytesMax(
    { features, maxLeaves, maxExpansions }:
    Pick<EngineSetup, 'features' | 'maxLeaves' | 'maxExpansions'>,
  ): number {
    // an expansion has a child's sums beside the parent's; one more is for what comes in
    const slots = maxLeaves + expansionsAhead(maxExpansions) + 1
    return slots * sumsLayout(features).nBytes + FIXED_BYTES
  }

  /** The scales of the gradients request: powers of two. */
  setUnits(gradientScale: number, hessianScale: number): void {
    this.#reducer.setScales(gradientScale, hessianScale)
  }

  /**
   * Begins adding up the sums of a request. A request that was begun may be begun again, also
   * when it failed to finish.
   */
  begin(request: RootRequest | RoundRequest): void {
    const builds = this.#reducer.begin(request)
    assert(builds.length === histogramsOf(request).length, 'all parents have their sums')
    this.#adder.begin(builds.map(({ slot }) => slot))
  }

  /**
   * Adds sums to cells [firstCell, firstCell + n) of a histogram of the request.
   *
   * @param histogram - its number in `histogramsOf(request)`
   * @param firstCell - a multiple of 4
   * @param sums - three planes of n cells each, 20 n bytes; n is a multiple of 4
   */
  add(histogram: number, firstCell: number, sums: Uint8Array): void {
    this.#adder.add(histogram, firstCell, sums)
  }

  /**
   * Scans what can be scanned once all is added to the first n histograms of a round, and
   * something to each. What is left is done by later calls, or by `finishRound`.
   *
   * @throws CoppiceError 'INTERNAL' as `finishRound`
   */
  advance(request: RoundRequest, nHistograms: number): void {
    this.#reducer.advance(request, nHistograms)
  }

  /** @throws CoppiceError 'INTERNAL' when the histogram does not add up; may be begun again */
  finishRoot(request: RootRequest): RootAnswer {
    this.#adder.end()
    const totals = this.#reducer.finishRoot(request)!
    return { totals, candidate: bestOfShares(this.#exchange, 1, 0, 0) }
  }

  /**
   * The candidates of the children.
   *
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals; the
   *   round may be begun again
   */
  finishRound(request: RoundRequest): RoundAnswer {
    this.#adder.end()
    this.#reducer.finishGo(request)
    return roundAnswer(this.#exchange, 1, request)
  }
}

/** An exchange through which no sums go. */
function candidatesExchange(
  table: ShareTable, maxExpansions: number, rescansMax: number | undefined,
): Exchange {
  const { candidates } = Exchange.sizes(table, maxExpansions, rescansMax)
  return new Exchange(
    table, maxExpansions, { sums: new ArrayBuffer(0), candidates: new ArrayBuffer(candidates) })
}

/** Layout, masks, scratch and what memory grows by at a time. */
const FIXED_BYTES = 32 * 1024 * 1024
