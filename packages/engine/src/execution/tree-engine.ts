import { assert } from '../errors.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import { rootFinding, roundAnswer } from './candidates.js'
import { haveEqualHessians } from './equal-hessians.js'
import { Exchange } from './exchange.js'
import { shareFeatures } from './feature-shares.js'
import { histogramSlots } from './histogram-pool.js'
import { LeafValues } from './leaf-values.js'
import type {
  CommitRequest, EngineRows, EngineSetup, RootAnswer, RootRequest, RoundAnswer, RoundRequest,
  VotesAnswer,
} from './protocol.js'
import { dealRuns } from './row-dealing.js'
import { RowStore } from './row-store.js'
import { ShareReducer } from './share-reducer.js'
import { SumsBuilder } from './sums-builder.js'
import type { TreePlanes } from './tree-planes.js'
import { WalkTable } from './walk-table.js'

/** What grows a tree asks for. */
export type TreeRequest = RootRequest | RoundRequest | CommitRequest

/**
 * Grows whole trees in one thread, over the rows of all threads: nobody is waited for before the
 * tree is done. Gradients come from the planes, by output, and there goes what the tree adds to
 * the scores, which are elsewhere. Rounds have one expansion: nothing is summed in vain.
 */
export class TreeEngine {
  readonly #arena: Arena
  readonly #setup: EngineSetup
  readonly #planes: TreePlanes
  readonly #rows: RowStore
  readonly #reducer: ShareReducer
  readonly #sums: SumsBuilder
  readonly #exchange: Exchange
  readonly #values: LeafValues
  /** Gradient pairs; later what the tree adds to scores. */
  readonly #plane: number
  /** Of rows that are drawn by their labels or gradients; 0 until there are some. */
  #marks = 0

  /**
   * @param train - all rows
   * @param histogramPoolBytes - for the histograms of open leaves of this thread
   * @param arena - memory that is this engine's alone from now on
   */
  constructor(
    setup: EngineSetup, train: EngineRows, histogramPoolBytes: number, planes: TreePlanes,
    arena = new Arena(),
  ) {
    this.#arena = arena
    const kernels = instantiateKernels(arena.memory)
    const table = shareFeatures(setup.features, 1)
    const room = Exchange.roomFor(1)
    const { candidates, votes } = Exchange.sizes(table, room, setup)
    this.#setup = setup
    this.#planes = planes
    this.#exchange = new Exchange(table, room, {
      sums: new ArrayBuffer(0), candidates: new ArrayBuffer(candidates),
      votes: new ArrayBuffer(votes),
    })
    const place = { engine: 0, nEngines: 1, table, exchange: this.#exchange }
    this.#reducer = new ShareReducer(
      arena, kernels, setup, { ...place, share: 0 }, histogramSlots(table, histogramPoolBytes))
    const runs = dealRuns(train, 0, 1)
    this.#rows = new RowStore(
      arena, kernels, setup.features, train, runs, train.nRows, setup.usesBagging)
    this.#sums = new SumsBuilder(
      arena, kernels, place, setup.features, this.#reducer.layout, this.#rows,
      haveEqualHessians(setup, train))
    const walk = new WalkTable(arena, kernels, setup.maxLeaves, this.#rows)
    this.#values = new LeafValues(arena, this.#rows, walk, setup.usesBagging)
    this.#plane = arena.reserve(train.nRows * 8)
  }

  /** Of the gradients of the iteration: powers of two. */
  setScales(gradientScale: number, hessianScale: number): void {
    this.#reducer.setScales(gradientScale, hessianScale)
  }

  /** The answer to a request of the tree that is grown. */
  answer(request: TreeRequest): RootAnswer | RoundAnswer | VotesAnswer | null {
    switch (request.kind) {
      case 'root': return this.#root(request)
      case 'round': return this.#round(request)
      case 'commit': return this.#commit(request)
    }
  }

  #root(request: RootRequest): RootAnswer {
    const [root] = this.#reducer.begin(request)
    const nRows = this.#rows.nRows
    this.#planes.getPairs(request.output, this.#arena.ints(this.#plane, nRows * 2))
    this.#rows.startTree(this.#plane, request.bag, () => this.#getMarks())
    this.#sums.build(0, root!.slot, 0)
    const totals = this.#reducer.finishRoot(request)
    assert(totals !== null, 'a training has a feature')
    return { totals, ...rootFinding(this.#exchange, 1, this.#setup) }
  }

  #getMarks(): number {
    const nRows = this.#rows.nRows
    if (this.#marks === 0) this.#marks = this.#arena.reserve(nRows)
    this.#planes.getMarks(this.#arena.bytes(this.#marks, nRows))
    return this.#marks
  }

  #round(request: RoundRequest): RoundAnswer | VotesAnswer {
    assert(request.expansions.length <= 1, 'one expansion in a round')
    for (let isFirst = true, isDone = false; !isDone; isFirst = false) {
      const builds = isFirst ? this.#reducer.begin(request) : this.#reducer.beginGo(request)
      const { begin, end } = this.#reducer.go
      for (const expansion of request.expansions.slice(begin, end)) this.#rows.split(expansion)
      builds.forEach(({ node, slot }, h) => this.#sums.build(node, slot, h))
      isDone = this.#reducer.finishGo(request)
    }
    return roundAnswer(this.#exchange, 1, request, this.#setup)
  }

  #commit({ tree, leafNodes, output }: CommitRequest): null {
    const { nRows } = this.#rows
    this.#arena.clear(this.#plane, nRows * 8)
    this.#values.add(tree, leafNodes, this.#plane)
    this.#planes.putAdditions(output, this.#arena.doubles(this.#plane, nRows))
    return null
  }
}
