import { Arena } from '../kernels/arena.js'
import {
  CELL_BYTES, CELLS_PER_FEATURE, SUM_BYTES, type Kernels,
} from '../kernels/api.js'
import { instantiateKernels } from '../kernels/load.js'
import {
  SPECIALISED_FEATURES_MAX, specialiseHistogram, type HistogramPass,
} from '../kernels/specialised-histogram.js'
import { bindObjective } from '../objectives/kernels.js'
import type { ObjectiveKernel } from '../objectives/objective.js'
import { EvalStore } from './eval-store.js'
import type { Exchange } from './exchange.js'
import type { ShareTable } from './feature-shares.js'
import type {
  CommitRequest, EngineRows, EngineSetup, Expansion, MetricPart, RootRequest, RoundRequest,
} from './protocol.js'
import type { LeafTotals } from '../kernels/candidate.js'
import { Reducer } from './reducer.js'
import { countRows, dealRows, type RowRun } from './row-dealing.js'
import { RowStore } from './row-store.js'
import { ScorePlanes } from './score-planes.js'
import { WalkTable } from './walk-table.js'

/** Which of the engines of a training this is; they are numbered like the reducers' shares. */
export interface EnginePlace {
  readonly engine: number
  readonly nEngines: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/**
 * One engine: the rows of one thread with their gradients and scores, and the reducer of one
 * share of the features. Each request has a step over rows (`compute...`) and, where histograms
 * are summed, a step over features (`reduce...`); between the two all engines must have finished
 * the first.
 */
export class PartitionEngine {
  readonly #place: EnginePlace
  readonly #setup: EngineSetup
  readonly #arena = new Arena()
  readonly #kernels: Kernels
  readonly #rows: RowStore
  readonly #scores: ScorePlanes
  /** Gradients of all outputs in row order; null with one output, whose go into the records. */
  readonly #gradientPlanes: number | null
  readonly #objective: ObjectiveKernel
  readonly #reducer: Reducer
  readonly #histogram: HistogramPass
  readonly #cells: number
  readonly #cellBytes: number
  /** Sums of the other reducers' shares before they are handed over, one block per share. */
  readonly #outgoing: readonly number[]
  /** Another engine's sums of this engine's share. */
  readonly #incoming: number
  readonly #walk: WalkTable
  readonly #evalStores: readonly EvalStore[]

  constructor(
    setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[], place: EnginePlace,
  ) {
    this.#setup = setup
    this.#place = place
    this.#kernels = instantiateKernels(this.#arena.memory)
    const arena = this.#arena
    const runs = dealRows(train.nRows, place.engine, place.nEngines)
    const nRows = countRows(runs)
    this.#reducer = new Reducer(
      arena, this.#kernels, setup.features, place.table, place.engine, setup.scan)
    this.#cellBytes = setup.features.length * CELLS_PER_FEATURE * CELL_BYTES
    this.#cells = arena.reserve(this.#cellBytes)
    this.#outgoing = place.table.shares.map((share, u) =>
      u === place.engine ? 0 : arena.reserve(share.nCells * SUM_BYTES))
    this.#incoming = place.nEngines > 1 ? arena.reserve(this.#reducer.share.nCells * SUM_BYTES) : 0
    this.#walk = new WalkTable(arena, setup.maxLeaves)
    this.#rows = new RowStore(arena, this.#kernels, train, runs, nRows, setup.usesBagging)
    this.#histogram = this.#histogramPass()
    this.#scores = new ScorePlanes(arena, setup, train, runs, nRows)
    this.#gradientPlanes = setup.nOutputs === 1
      ? null
      : arena.reserve(this.#scores.planeBytes * setup.nOutputs)
    this.#objective = this.#bind(train, runs, nRows)
    this.#evalStores = this.#makeEvalStores(train, evalSets, runs, nRows)
  }

  #histogramPass(): HistogramPass {
    const { stride, gradientOffset } = this.#rows
    const nFeatures = this.#setup.features.length
    if (nFeatures <= SPECIALISED_FEATURES_MAX) {
      return specialiseHistogram(this.#arena.memory, { nFeatures, stride, gradientOffset })
    }
    return (hist, rec, n) => {
      this.#kernels.histogram(hist, rec, n, stride, nFeatures, gradientOffset)
    }
  }

  #bind(train: EngineRows, runs: readonly RowRun[], nRows: number): ObjectiveKernel {
    const { labels, weights } = this.#scores.gradientInputs(train, runs)
    return bindObjective(this.#setup.objective, this.#kernels, {
      nRows,
      scores: this.#scores.offset,
      scorePlaneBytes: this.#scores.planeBytes,
      labels,
      weights,
      gradients: this.#gradientPlanes ?? this.#rows.gradients,
      gradientStride: this.#gradientPlanes === null ? this.#rows.stride : 8,
      gradientPlaneBytes: this.#scores.planeBytes,
      work: this.#arena.reserve(this.#setup.nOutputs * 16),
    })
  }

  #makeEvalStores(
    train: EngineRows, evalSets: readonly EngineRows[], runs: readonly RowRun[], nRows: number,
  ): EvalStore[] {
    const stores = evalSets.map((data) => {
      const { engine, nEngines } = this.#place
      return EvalStore.ofSet(this.#arena, this.#setup, data, dealRows(data.nRows, engine, nEngines))
    })
    if (this.#setup.evaluatesTraining) {
      stores.unshift(EvalStore.ofTraining(train, runs, nRows, this.#scores))
    }
    return stores
  }

  /** Exact max |gradient| over this engine's rows. */
  prepare(): number {
    return this.#objective.maxGradient()
  }

  /** Fixed-point gradients of all outputs. The scales are powers of two. */
  computeGradients(gradientScale: number, hessianScale: number): void {
    this.#objective.gradients(gradientScale, hessianScale)
    this.#reducer.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  computeRoot(request: RootRequest): void {
    this.#reducer.reset()
    const planes = this.#gradientPlanes
    this.#rows.startTree(
      planes === null ? null : planes + request.output * this.#scores.planeBytes, request.bag)
    this.#buildHistogram(0, 0)
  }

  /** @returns the root's totals, or null when this engine's share has no features */
  reduceRoot(request: RootRequest): LeafTotals | null {
    this.#gather(0, 0)
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
      this.#rows.split(expansion)
      if (needsHistogram(expansion)) this.#buildHistogram(smallerChild(expansion), j)
      else this.#reducer.release(expansion.parent)
    })
  }

  reduceRound(request: RoundRequest): void {
    request.expansions.forEach((expansion, j) => {
      const { left, right, leftMask, rightMask } = expansion
      if (needsHistogram(expansion)) {
        const smaller = smallerChild(expansion)
        this.#gather(smaller, j)
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

  /** This engine's sums of a node: its own share into a slot, the others' to the exchange. */
  #buildHistogram(node: number, expansion: number): void {
    const slot = this.#reducer.take(node)
    let passes = 0
    const pass = (rec: number, n: number): void => {
      this.#arena.bytes(this.#cells, this.#cellBytes).fill(0)
      this.#histogram(this.#cells, rec, n)
      this.#place.table.shares.forEach((share, u) => {
        const sums = u === this.#place.engine ? slot : this.#outgoing[u]!
        this.#kernels.widen(
          sums, sums + share.nCells * 8, sums + share.nCells * 16, this.#cells,
          this.#reducer.layout, share.first, share.last, passes > 0 ? 1 : 0)
      })
      passes++
    }
    this.#rows.scanNode(node, pass)
    // a node without rows here has sums of zero
    if (passes === 0) pass(0, 0)
    this.#handOver(expansion)
  }

  #handOver(expansion: number): void {
    const { exchange, engine, table } = this.#place
    table.shares.forEach((share, u) => {
      if (u === engine) return
      exchange.sums.set(
        this.#arena.bytes(this.#outgoing[u]!, share.nCells * SUM_BYTES),
        exchange.sumsAt(engine, expansion, u))
    })
  }

  /** Adds the other engines' sums of this share to the node's. */
  #gather(node: number, expansion: number): void {
    const { exchange, engine, nEngines } = this.#place
    const nBytes = this.#reducer.share.nCells * SUM_BYTES
    for (let from = 0; from < nEngines; from++) {
      if (from === engine) continue
      const at = exchange.sumsAt(from, expansion, engine)
      this.#arena.bytes(this.#incoming, nBytes).set(exchange.sums.subarray(at, at + nBytes))
      this.#reducer.add(node, this.#incoming)
    }
  }

  /** Adds a finished tree to the scores of all rows of this engine. */
  commit(request: CommitRequest): void {
    const { tree, leafNodes, output } = request
    const scores = this.#scores.plane(output)
    this.#walk.write(tree)
    if (leafNodes === null) this.#walkRows('all', scores)
    else {
      leafNodes.forEach((node, leaf) => {
        const value = tree.leafValue[leaf]!
        if (value !== 0) this.#rows.scatter(node, scores, value)
      })
      if (this.#setup.usesBagging) this.#walkRows('outside', scores)
    }
    for (const store of this.#evalStores) {
      store.add(this.#kernels, output, this.#walk)
    }
  }

  #walkRows(which: 'outside' | 'all', scores: number): void {
    if (this.#walk.isSingleLeaf) return
    this.#rows.walk(which, scores, this.#walk.nodes, this.#walk.values)
  }

  /** Parts of all metrics over this engine's rows of all evaluated data sets. */
  evaluate(): MetricPart[] {
    return this.#evalStores.flatMap((store, dataset) => store.evaluate(this.#setup, dataset))
  }
}

function needsHistogram(expansion: Expansion): boolean {
  return expansion.leftMask !== null || expansion.rightMask !== null
}

function smallerChild({ left, right, leftTotals, rightTotals }: Expansion): number {
  return leftTotals.count <= rightTotals.count ? left : right
}
