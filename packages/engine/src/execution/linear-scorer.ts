import type { Arena } from '../kernels/arena.js'
import { roundTiesToEven } from '../numeric/rounding.js'
import type { BinnedLinear, BinnedTree, EngineSetup } from './protocol.js'
import type { RawRows } from './raw-values.js'
import { quantumOf } from './score-grid.js'

/** Of the scores of each output. */
type Grids = Pick<EngineSetup, 'initScoreQuantum' | 'quanta'>

/**
 * Adds the outputs of linear leaves to the scores of one thread's rows. Which leaf a row is in is
 * written to `marks` first, by whoever knows; then the rows are gone through in their order.
 */
export class LinearScorer {
  /** Offset of a double per row: 1 + its leaf, or 0. Zeros between trees. */
  readonly marks: number
  readonly #arena: Arena
  readonly #raw: RawRows
  readonly #nRows: number
  readonly #grids: Grids

  /** @param grids - of scores: powers of two */
  constructor(arena: Arena, raw: RawRows, nRows: number, grids: Grids) {
    this.#arena = arena
    this.#raw = raw
    this.#nRows = nRows
    this.#grids = grids
    this.marks = arena.reserve(((nRows + 1) & ~1) * 8)
  }

  /** A tree that adds a row's mark to it. */
  marking(tree: BinnedTree): BinnedTree {
    const { linear: _, ...plain } = tree
    return { ...plain, leafValue: tree.leafValue.map((_value, leaf) => leaf + 1) }
  }

  /**
   * Adds what the leaves of the marked rows come to, and takes the marks away.
   *
   * @param scores - of `output`
   */
  addMarked(
    { leafValue }: BinnedTree, linear: BinnedLinear, scores: Float64Array, output: number,
  ): void {
    const marks = this.#arena.doubles(this.marks, this.#nRows)
    const { starts, columns, coefficients } = this.#flatten(linear)
    const { constant, limit } = linear
    const { nColumns } = this.#raw
    const quantum = quantumOf(this.#grids, output)
    for (const { raw, at, begin, end } of this.#raw.pieces) {
      for (let row = begin, base = at; row < end; row++, base += nColumns) {
        const mark = marks[row]!
        if (mark === 0) continue
        const leaf = mark - 1
        let sum = constant[leaf]!
        for (let i = starts[leaf]!; i < starts[mark]!; i++) {
          sum += coefficients[i]! * raw[base + columns[i]!]!
        }
        // of values that are missing, and of infinities that cancel
        const value = sum - sum !== 0 ? leafValue[leaf]! : Math.max(-limit, Math.min(limit, sum))
        scores[row]! += roundTiesToEven(value / quantum) * quantum
      }
    }
    marks.fill(0)
  }

  #flatten({ features, coefficients }: BinnedLinear): {
    readonly starts: Int32Array, readonly columns: Int32Array,
    readonly coefficients: Float64Array,
  } {
    const starts = new Int32Array(features.length + 1)
    features.forEach((own, leaf) => { starts[leaf + 1] = starts[leaf]! + own.length })
    const columns = Int32Array.from(features.flat(), (f) => this.#raw.columnOf[f]!)
    return { starts, columns, coefficients: Float64Array.from(coefficients.flat()) }
  }
}
