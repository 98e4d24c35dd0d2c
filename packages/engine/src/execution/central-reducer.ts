import { assert } from '../errors.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import { expansionsAhead } from '../grower/running-ahead.js'
import { rootFinding, roundAnswer } from './candidates.js'
import { ElectedReducer } from './elected-reducer.js'
import { Exchange } from './exchange.js'
import { shareFeatures, type ShareTable } from './feature-shares.js'
import { histogramsOf } from './histograms-of.js'
import type {
  EngineSetup, RootAnswer, RootRequest, RoundAnswer, RoundRequest, VotesAnswer,
} from './protocol.js'
import { ShareReducer } from './share-reducer.js'
import { SumsAdder } from './sums-adder.js'
import { TravelLayouts } from './travel-layout.js'
import type { ElectedLeaf } from './elected-leaf.js'
import { groupedFeatures } from './voting.js'

type ReducerSetup =
  Pick<EngineSetup, 'features' | 'scan' | 'rules' | 'voting' | 'maxExpansions'>

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
  /** The leaves whose features were elected, of the request that was begun; null: of another. */
  #ofElected: readonly ElectedLeaf[] | null = null
  readonly #exchange: Exchange
  readonly #setup: ReducerSetup
  /** Null where no features are elected. */
  readonly #elected: ElectedReducer | null

  constructor(setup: ReducerSetup) {
    const arena = new Arena()
    const kernels = instantiateKernels(arena.memory)
    // of open leaves the sums of groups of bins are held, where features are elected by them
    const features = heldFeatures(setup)
    const table = shareFeatures(features, 1)
    const layouts = new TravelLayouts(setup)
    this.#setup = setup
    // candidates are splits of bins, also where groups of them are held
    this.#exchange = candidatesExchange({ ...table, features: setup.features }, setup)
    this.#reducer = new ShareReducer(
      arena, kernels, { ...setup, features }, { share: 0, table, exchange: this.#exchange })
    this.#adder = new SumsAdder(arena, kernels, layouts.sums)
    this.#elected = layouts.elected === null ? null
      : new ElectedReducer(arena, kernels, setup, layouts.elected)
  }

  /** Bytes that the reducer of a training takes at most. */
  static bytesMax(
    setup: Pick<EngineSetup, 'features' | 'maxLeaves' | 'maxExpansions' | 'nOutputs' | 'voting'>,
  ): number {
    const { maxLeaves, maxExpansions } = setup
    const { sums, elected } = new TravelLayouts(setup)
    // an expansion has a child's sums beside the parent's; one more is for what comes in
    const slots = maxLeaves + expansionsAhead(setup) + 1
    return slots * sums.nBytes + (2 * maxExpansions + 2) * (elected?.nBytes ?? 0) + FIXED_BYTES
  }

  /** The scales of the gradients request: powers of two. */
  setUnits(gradientScale: number, hessianScale: number): void {
    this.#reducer.setScales(gradientScale, hessianScale)
    this.#elected?.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  /**
   * Begins adding up the sums of a request. A request that was begun may be begun again, also
   * when it failed to finish.
   */
  begin(request: RootRequest | RoundRequest): void {
    this.#ofElected = electedOf(request)
    if (this.#ofElected !== null) {
      this.#requireElected().begin(this.#ofElected)
      return
    }
    const scales = request.kind === 'root' ? request.scales : undefined
    if (scales !== undefined) this.setUnits(scales.gradient, scales.hessian)
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
    if (this.#ofElected === null) this.#adder.add(histogram, firstCell, sums)
    else this.#requireElected().add(histogram, firstCell, sums)
  }

  /**
   * Scans what can be scanned once all is added to the first n histograms of a round, and
   * something to each. What is left is done by later calls, or by `finishRound`.
   *
   * @throws CoppiceError 'INTERNAL' as `finishRound`
   */
  advance(request: RoundRequest, nHistograms: number): void {
    if (this.#ofElected === null) this.#reducer.advance(request, nHistograms)
  }

  /** @throws CoppiceError 'INTERNAL' when the histogram does not add up; may be begun again */
  finishRoot(request: RootRequest): RootAnswer {
    this.#adder.end()
    if (request.scan !== undefined) this.#elected?.setScan(request.scan)
    const totals = this.#reducer.finishRoot(request)!
    return { totals, ...rootFinding(this.#exchange, 1, this.#setup) }
  }

  /**
   * The candidates of the children, or the votes on them, or candidates by elected features.
   *
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals; the
   *   round may be begun again
   */
  finishRound(request: RoundRequest): RoundAnswer | VotesAnswer {
    if (this.#ofElected !== null) {
      this.#requireElected().finish(this.#ofElected, this.#exchange)
    } else {
      this.#adder.end()
      this.#reducer.finishGo(request)
    }
    return roundAnswer(this.#exchange, 1, request, this.#setup)
  }

  #requireElected(): ElectedReducer {
    assert(this.#elected !== null, 'features are elected in a training that votes')
    return this.#elected
  }
}

/** An exchange through which no sums go. */
function candidatesExchange(table: ShareTable, setup: ReducerSetup): Exchange {
  const { maxExpansions } = setup
  const { candidates, votes } = Exchange.sizes(table, maxExpansions, setup)
  return new Exchange(table, maxExpansions, {
    sums: new ArrayBuffer(0), candidates: new ArrayBuffer(candidates),
    votes: new ArrayBuffer(votes),
  })
}

function heldFeatures({ features, voting }: ReducerSetup): EngineSetup['features'] {
  return voting === undefined ? features : groupedFeatures(features).features
}

function electedOf(request: RootRequest | RoundRequest): readonly ElectedLeaf[] | null {
  return request.kind === 'round' ? request.elected ?? null : null
}

/** Layout, masks, scratch and what memory grows by at a time. */
const FIXED_BYTES = 32 * 1024 * 1024
