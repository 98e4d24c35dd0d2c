import { assert } from '../errors.js'
import type { Arena } from '../kernels/arena.js'
import type { LeafValues } from './leaf-values.js'
import type { BinnedTree, CommitRequest } from './protocol.js'
import { TALLY_COUNTS, type AskedTally } from './tally-request.js'
import { ROW_ID_OFFSET } from './record-layout.js'
import type { RowStore } from './row-store.js'

/**
 * Which of one thread's training rows were asked for which features: where costs of features are
 * paid by row (cegb_penalty_feature_lazy). A row is asked for the features on its way through
 * every committed tree, in the bag or not, so this is a function of the trees alone: whoever takes
 * rows over finds it by committing them again.
 *
 * Of each row and feature the trees that asked are counted, so that one can be taken back.
 */
export class AskedRows {
  readonly #arena: Arena
  readonly #rows: RowStore
  /** Features that cost something, ascending. */
  readonly #asked: readonly number[]
  /** Of each row, in its order, the trees that asked it for each of those. */
  readonly #counts: Uint32Array
  /** Offset of a double per row: 1 + its leaf. Zeros between trees. */
  readonly #marks: number

  constructor(arena: Arena, rows: RowStore, asked: readonly number[]) {
    this.#arena = arena
    this.#rows = rows
    this.#asked = asked
    this.#counts = new Uint32Array(rows.nRows * asked.length)
    this.#marks = arena.reserve(((rows.nRows + 1) & ~1) * 8)
  }

  /** Notes what a tree asks for, or takes that back. */
  take({ tree, leafNodes, takesBack }: CommitRequest, values: LeafValues): void {
    const ofLeaf = this.#askedByLeaf(tree)
    if (ofLeaf.every((own) => own.length === 0)) return
    const { linear: _, ...plain } = tree
    const marking = { ...plain, leafValue: tree.leafValue.map((_value, leaf) => leaf + 1) }
    values.add(marking, leafNodes, this.#marks)
    const step = takesBack === true ? -1 : 1
    const marks = this.#arena.doubles(this.#marks, this.#rows.nRows)
    const width = this.#asked.length
    for (let row = 0; row < marks.length; row++) {
      for (const i of ofLeaf[marks[row]! - 1] ?? []) this.#counts[row * width + i]! += step
    }
    marks.fill(0)
  }

  /** Of each leaf, which of the features lead to it. */
  #askedByLeaf({ feature, leftChild, rightChild, leafValue }: BinnedTree): number[][] {
    const places = new Map(this.#asked.map((f, i) => [f, i]))
    const paths = Array.from({ length: leafValue.length }, (): number[] => [])
    const visit: { readonly at: number, readonly path: readonly number[] }[] =
      feature.length === 0 ? [] : [{ at: 0, path: [] }]
    for (let next = visit.pop(); next !== undefined; next = visit.pop()) {
      const { at, path } = next
      if (at < 0) {
        paths[~at] = [...path]
        continue
      }
      const place = places.get(feature[at]!)
      const below = place === undefined || path.includes(place) ? path : [...path, place]
      visit.push({ at: leftChild[at]!, path: below }, { at: rightChild[at]!, path: below })
    }
    return paths
  }

  /** Rows of a node that no committed tree has asked, by feature; see AskedTally. */
  tally({ node, first }: AskedTally): Float64Array {
    assert(first < this.#asked.length, 'features that cost something')
    const counts = new Float64Array(TALLY_COUNTS)
    const width = this.#asked.length
    const n = Math.min(TALLY_COUNTS, width - first)
    const { sides, n: nRows } = this.#rows.rangeOf(node)
    const { sideStride } = this.#rows.layout
    const view = this.#arena.view()
    for (let i = 0, id = sides + ROW_ID_OFFSET; i < nRows; i++, id += sideStride) {
      const at = view.getUint32(id, true) * width + first
      for (let f = 0; f < n; f++) if (this.#counts[at + f] === 0) counts[f]!++
    }
    return counts
  }
}
