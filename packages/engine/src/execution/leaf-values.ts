import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import type { BinnedTree } from './protocol.js'
import type { RowStore } from './row-store.js'
import type { WalkTable } from './walk-table.js'

/** Adds trees to a plane of scores of a thread's training rows. */
export class LeafValues {
  readonly #arena: Arena
  readonly #rows: RowStore
  readonly #walk: WalkTable
  readonly #usesBagging: boolean

  constructor(arena: Arena, rows: RowStore, walk: WalkTable, usesBagging: boolean) {
    this.#arena = arena
    this.#rows = rows
    this.#walk = walk
    this.#usesBagging = usesBagging
  }

  /**
   * @param leafNodes - the grower's node of each leaf; null when the tree was not grown on these
   *   rows
   * @param scores - offset of a plane of f64 in row order
   */
  add(tree: BinnedTree, leafNodes: readonly number[] | null, scores: number): void {
    const rows = this.#rows
    // a request of another tree is found out
    for (const node of leafNodes ?? []) assert(rows.hasNode(node), `no rows for node ${node}`)
    if (tree.feature.length === 0) {
      addToAll(this.#arena.doubles(scores, rows.nRows), tree.leafValue[0]!)
    } else if (leafNodes === null) this.#walkRows('all', tree, scores)
    else {
      leafNodes.forEach((node, leaf) => {
        const value = tree.leafValue[leaf]!
        if (value !== 0) rows.scatter(node, scores, value)
      })
      if (this.#usesBagging) this.#walkRows('outside', tree, scores)
    }
  }

  #walkRows(which: 'outside' | 'all', tree: BinnedTree, scores: number): void {
    this.#walk.write(tree)
    this.#rows.walk(which, scores, this.#walk.nodes, this.#walk.values)
  }
}

function addToAll(scores: Float64Array, value: number): void {
  for (let i = 0; i < scores.length; i++) scores[i]! += value
}
