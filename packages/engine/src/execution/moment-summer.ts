import { gatheredWidth, ROUNDING, ROWS_AT_ONCE } from '../linear/gathered-rows.js'
import { momentsLength, type MomentsPart, takeMoments } from '../linear/moments.js'
import type { Arena } from '../kernels/arena.js'
import type { Kernels } from '../kernels/api.js'
import { powerOfTwo } from '../numeric/exact-sum.js'
import type { LinearSetup, MomentsLeaf, MomentsRequest } from './protocol.js'
import { RAW_MAX, type RawRows } from './raw-values.js'
import { ROW_ID_OFFSET } from './record-layout.js'
import type { RowStore } from './row-store.js'

/** Sums the normal equations of leaves over one thread's rows. */
export class MomentSummer {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #rows: RowStore
  readonly #raw: RawRows
  readonly #setup: LinearSetup
  /** Of gathered rows and of sums; as large as they had to be. */
  #gathered = { offset: 0, bytes: 0 }
  #sums = { offset: 0, bytes: 0 }

  constructor(
    arena: Arena, kernels: Kernels, rows: RowStore, raw: RawRows, setup: LinearSetup,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#rows = rows
    this.#raw = raw
    this.#setup = setup
  }

  sum(request: MomentsRequest): MomentsPart {
    const part = new BigInt64Array(momentsLength(request))
    let at = 0
    for (const leaf of request.leaves) at = this.#sumLeaf(leaf, part, at)
    return part
  }

  /** @returns where the next leaf's numbers go */
  #sumLeaf({ node, features }: MomentsLeaf, part: MomentsPart, start: number): number {
    const k = features.length
    const width = gatheredWidth(k)
    const nCells = (k + 2) * width
    this.#gathered = this.#room(this.#gathered, ROWS_AT_ONCE * (width + 2) * 8)
    this.#sums = this.#room(this.#sums, 2 * nCells * 8)
    const sums = this.#sums.offset
    this.#arena.bytes(sums, 2 * nCells * 8).fill(0)
    const { n } = this.#rows.rangeOf(node)
    const high = ROUNDING * powerOfTwo(this.#setup.coarse)
    const low = ROUNDING * powerOfTwo(this.#setup.fine)
    let nFitted = 0
    for (let first = 0; first < n; first += ROWS_AT_ONCE) {
      const nRows = this.#gather(node, features, first, Math.min(ROWS_AT_ONCE, n - first))
      nFitted += nRows
      this.#kernels.linearMoments(sums, this.#gathered.offset, nRows, k, high, low)
    }
    part[start] = BigInt(n)
    part[start + 1] = BigInt(nFitted)
    const cells = new BigInt64Array(this.#arena.memory.buffer, sums, 2 * nCells)
    return takeMoments(cells, k, part, start)
  }

  #room(
    { offset, bytes }: { offset: number, bytes: number }, wanted: number,
  ): { offset: number, bytes: number } {
    if (bytes >= wanted) return { offset, bytes }
    const grown = Math.max(wanted, 2 * bytes)
    return { offset: this.#arena.reserve(grown), bytes: grown }
  }

  /** Gathers rows [first, first + n) of a node, without those that lack a value. */
  #gather(node: number, features: readonly number[], first: number, n: number): number {
    const { columnOf, nColumns } = this.#raw
    const k = features.length
    const width = gatheredWidth(k)
    const columns = Int32Array.from(features, (f) => columnOf[f]!)
    const scales = Float64Array.from(features, (f) => powerOfTwo(-this.#setup.exponents[f]!))
    const stride = this.#rows.layout.sideStride / 4
    const { sides } = this.#rows.rangeOf(node)
    const from = sides + first * stride * 4
    const words = this.#arena.ints(from, (n - 1) * stride + 3)
    const out = this.#arena.doubles(this.#gathered.offset, ROWS_AT_ONCE * (width + 2))
    let at = 0
    let piece = this.#raw.pieces[0]!
    let { raw } = piece
    for (let i = 0; i < n; i++) {
      const side = i * stride
      const row = words[side + ROW_ID_OFFSET / 4]!
      // mostly the one of the row before: there are few
      if (row < piece.begin || row >= piece.end) {
        piece = this.#raw.pieceOf(row)
        raw = piece.raw
      }
      const base = piece.at + (row - piece.begin) * nColumns
      let j = 0
      for (; j < k; j++) {
        const value = raw[base + columns[j]!]!
        // NaN fails too
        if (!(Math.abs(value) <= RAW_MAX)) break
        out[at + 2 + j] = value * scales[j]!
      }
      if (j < k) continue
      out[at] = words[side]!
      // at most 2^30
      out[at + 1] = words[side + 1]!
      out[at + 2 + k] = 1
      if (width > k + 1) out[at + 3 + k] = 0
      at += width + 2
    }
    return at / (width + 2)
  }
}
