import { Arena } from '../kernels/arena.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { instantiateKernels } from '../kernels/load.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import type { BagRule } from './bag-rules.js'
import { haveEqualHessians } from './equal-hessians.js'
import { HISTOGRAM_POOL_BYTES, histogramSlots } from './histogram-pool.js'
import type {
  CommitRequest, EngineRows, EngineSetup, EvaluateRequest, GradientsRequest, MetricPart,
  MomentsRequest, PrepareRequest, RootRequest, RoundRequest, SelectRequest,
} from './protocol.js'
import type { TallyRequest } from './tally-request.js'
import { RowEngine } from './row-engine.js'
import { ShareReducer } from './share-reducer.js'
import { SumsBuilder, type EnginePlace } from './sums-builder.js'
import type { TreePlanes } from './tree-planes.js'

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

  /**
   * @param histogramPoolBytes - for the histograms of open leaves, in all engines together
   * @param arena - memory that is this engine's alone from now on
   * @param growsTrees - false where TreeEngines do: then there is no root and no round
   */
  constructor(
    setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[], place: EnginePlace,
    histogramPoolBytes = HISTOGRAM_POOL_BYTES, arena = new Arena(), growsTrees = true,
  ) {
    const kernels = instantiateKernels(arena.memory)
    this.#reducer = new ShareReducer(
      arena, kernels, setup, { ...place, share: place.engine },
      histogramSlots(place.table, histogramPoolBytes))
    this.#rows = new RowEngine(arena, kernels, setup, train, evalSets, place, growsTrees)
    this.#sums = new SumsBuilder(
      arena, kernels, place, setup.features, this.#reducer.layout, this.#rows.rows,
      haveEqualHessians(setup, train))
  }

  /** Memory of this engine's share of the histograms held so far. */
  get histogramBytes(): number {
    return this.#reducer.histogramBytes
  }

  /** Exact max |gradient| (or hessian) over this engine's rows. */
  prepare(request: PrepareRequest): number {
    return this.#rows.prepare(request)
  }

  /** Fixed-point gradients of all outputs. The scales are powers of two. */
  computeGradients(request: GradientsRequest): void {
    this.#rows.computeGradients(request)
    this.#reducer.setScales(request.gradientScale, request.hessianScale)
  }

  computeRoot(request: RootRequest): void {
    const [root] = this.#reducer.begin(request)
    this.#rows.startTree(request)
    this.#sums.build(0, root!.slot, 0)
  }

  /** @returns the root's totals, or null when this engine's share has no features */
  reduceRoot(request: RootRequest): LeafTotals | null {
    return this.#reducer.finishRoot(request, this.#gather)
  }

  /**
   * Splits the rows of the next go of a round (see ShareReducer) and sums its histograms.
   *
   * @param isFirst - of the round
   */
  computeGo(request: RoundRequest, isFirst: boolean): void {
    const builds = isFirst ? this.#reducer.begin(request) : this.#reducer.beginGo(request)
    const { begin, end } = this.#reducer.go
    let h = 0
    for (let j = begin; j < end; j++) {
      const expansion = request.expansions[j]
      if (expansion !== undefined) this.#rows.split(expansion)
      for (; builds[h]?.expansion === j; h++) {
        this.#sums.build(builds[h]!.node, builds[h]!.slot, h)
      }
    }
  }

  /** @returns whether it was the last go of the round */
  reduceGo(request: RoundRequest): boolean {
    return this.#reducer.finishGo(request, this.#gather)
  }

  readonly #gather = (slot: number, histogram: number): void => {
    this.#sums.gather(slot, histogram)
  }

  /** This engine's part of what is asked about residuals. */
  select(request: SelectRequest): SelectPart {
    return this.#rows.select(request)
  }

  /** This engine's part of the sums of leaves' normal equations. */
  moments(request: MomentsRequest): MomentsPart {
    return this.#rows.moments(request)
  }

  /** Adds a finished tree to the scores of all rows of this engine. */
  commit(request: CommitRequest): void {
    this.#rows.commit(request)
  }

  /** See RowEngine. */
  giveGradients(planes: TreePlanes, bag: BagRule | null): void {
    this.#rows.giveGradients(planes, bag)
  }

  /** See RowEngine. */
  takeTrees(planes: TreePlanes): void {
    this.#rows.takeTrees(planes)
  }

  /** Counts of this engine's rows, see TallyRequest. */
  tally(request: TallyRequest): Float64Array {
    return this.#rows.tally(request)
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate(request: EvaluateRequest): MetricPart[] {
    return this.#rows.evaluate(request)
  }
}
