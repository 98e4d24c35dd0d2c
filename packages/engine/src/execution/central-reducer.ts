import { assert } from '../errors.js'
import { SUM_BYTES, type Kernels } from '../kernels/api.js'
import { Arena } from '../kernels/arena.js'
import {
  CANDIDATE_BYTES, readCandidate, type LeafTotals, type SplitCandidate,
} from '../kernels/candidate.js'
import { instantiateKernels } from '../kernels/load.js'
import { shareFeatures } from './feature-shares.js'
import { histogramsOf, needsHistogram, smallerChild } from './histograms-of.js'
import type {
  EngineSetup, Expansion, RootAnswer, RootRequest, RoundAnswer, RoundRequest,
} from './protocol.js'
import { Reducer } from './reducer.js'
import { sumsLayout, type SumsLayout } from './sums-layout.js'

/**
 * The coordinator's reducer: adds the sums that stores send, subtracts them from the parent's,
 * and scans for the best splits, as the engines' reducers do among threads.
 *
 *   per tree: begin(root), add ..., finishRoot; begin(round), add ..., finishRound; ...
 *
 * Counting every row exactly once is the caller's business; what does not add up is found here.
 */
export class CentralReducer {
  readonly #arena = new Arena()
  readonly #kernels: Kernels
  readonly #reducer: Reducer
  readonly #layout: SumsLayout
  /** A contribution on its way to `addSums`. */
  readonly #incoming: number
  readonly #candidate = new Uint8Array(CANDIDATE_BYTES)
  readonly #view = new DataView(this.#candidate.buffer)
  /** Where sums are being added up. */
  #pending: PendingSums[] = []

  constructor({ features, scan }: Pick<EngineSetup, 'features' | 'scan'>) {
    this.#kernels = instantiateKernels(this.#arena.memory)
    this.#reducer = new Reducer(
      this.#arena, this.#kernels, features, shareFeatures(features, 1), 0, scan)
    this.#layout = sumsLayout(features)
    this.#incoming = this.#arena.reserve(this.#layout.nBytes)
  }

  /** Bytes that the reducer of a training takes at most: one slot per open leaf. */
  static bytesMax(
    { features, maxLeaves, maxExpansions }:
    Pick<EngineSetup, 'features' | 'maxLeaves' | 'maxExpansions'>,
  ): number {
    // what runs ahead of the tree is one round at most, and each expansion has a child's sums
    // beside the parent's
    const slots = maxLeaves + 2 * maxExpansions
    return (slots + 1) * sumsLayout(features).nBytes + FIXED_BYTES
  }

  /** The scales of the gradients request: powers of two. */
  setUnits(gradientScale: number, hessianScale: number): void {
    this.#reducer.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  /**
   * Begins adding up the sums of a request. A request that was begun may be begun again, also
   * when it failed to finish.
   */
  begin(request: RootRequest | RoundRequest): void {
    if (request.kind === 'root') this.#reducer.reset()
    else for (const node of request.released) this.#reducer.release(node)
    this.#pending = histogramsOf(request).map((node) =>
      ({ slot: this.#reducer.take(node), isEmpty: true }))
  }

  /**
   * Adds sums to cells [firstCell, firstCell + n) of a histogram of the request.
   *
   * @param histogram - its number in `histogramsOf(request)`
   * @param firstCell - a multiple of 4
   * @param sums - three planes of n cells each, 20 n bytes; n is a multiple of 4
   */
  add(histogram: number, firstCell: number, sums: Uint8Array): void {
    const pending = this.#pending[histogram]
    const { nCells, nBytes } = this.#layout
    const n = sums.length / SUM_BYTES
    assert(pending !== undefined, `histogram ${histogram} is one of ${this.#pending.length}`)
    assert(n % 4 === 0 && firstCell % 4 === 0 && firstCell >= 0 && firstCell + n <= nCells,
      `${sums.length} bytes from cell ${firstCell} on are cells of ${nCells}`)
    const { slot, isEmpty } = pending
    pending.isEmpty = false
    if (n === nCells) {
      // the first contribution needs no sum
      this.#arena.bytes(isEmpty ? slot : this.#incoming, nBytes).set(sums)
      if (!isEmpty) this.#kernels.addSums(slot, this.#incoming, nCells)
      return
    }
    if (isEmpty) this.#clear(slot)
    this.#addLongs(slot + firstCell * 8, sums.subarray(0, n * 8))
    this.#addLongs(slot + (nCells + firstCell) * 8, sums.subarray(n * 8, n * 16))
    this.#addInts(slot + nCells * 16 + firstCell * 4, sums.subarray(n * 16))
  }

  #clear(slot: number): void {
    this.#arena.bytes(slot, this.#layout.nBytes).fill(0)
  }

  // The kernel adds a run of i64 and, right behind it, a run of i32 a quarter as long. A part of
  // one plane is one of the two runs; to what the other one covers, in the same slot, 0 is added.

  #addLongs(target: number, values: Uint8Array): void {
    const incoming = this.#arena.bytes(this.#incoming, values.length * 2)
    incoming.set(values)
    incoming.fill(0, values.length)
    this.#kernels.addSums(target, this.#incoming, values.length / 16)
  }

  #addInts(target: number, values: Uint8Array): void {
    const nBefore = values.length * 4
    const incoming = this.#arena.bytes(this.#incoming, nBefore + values.length)
    incoming.fill(0, 0, nBefore)
    incoming.set(values, nBefore)
    this.#kernels.addSums(target - nBefore, this.#incoming, values.length / 4)
  }

  /** @throws CoppiceError 'INTERNAL' when the histogram does not add up; may be begun again */
  finishRoot(request: RootRequest): RootAnswer {
    this.#clearEmpty()
    const totals = this.#reducer.totals(0)!
    return { totals, candidate: this.#scan(0, totals, request.mask) }
  }

  /**
   * The candidates of the children.
   *
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals; then
   *   all is as it was before `begin`, except for the released nodes, and the round may be begun
   *   again
   */
  finishRound(request: RoundRequest): RoundAnswer {
    this.#clearEmpty()
    const answer: [SplitCandidate | null, SplitCandidate | null][] = []
    const subtracted: Expansion[] = []
    try {
      for (const expansion of request.expansions) {
        if (needsHistogram(expansion)) {
          this.#reducer.subtract(expansion.parent, smallerChild(expansion), largerChild(expansion))
          subtracted.push(expansion)
        }
        answer.push([
          this.#scanChild(expansion.left, expansion.leftTotals, expansion.leftMask),
          this.#scanChild(expansion.right, expansion.rightTotals, expansion.rightMask),
        ])
      }
    } catch (error) {
      for (const expansion of subtracted) {
        this.#reducer.restore(expansion.parent, smallerChild(expansion), largerChild(expansion))
      }
      throw error
    }
    this.#releaseChildren(request)
    return answer
  }

  /** What nobody had rows of is 0. */
  #clearEmpty(): void {
    for (const { slot, isEmpty } of this.#pending) if (isEmpty) this.#clear(slot)
    this.#pending = []
  }

  #scanChild(node: number, totals: LeafTotals, mask: Uint8Array | null): SplitCandidate | null {
    return mask === null ? null : this.#scan(node, totals, mask)
  }

  #scan(node: number, totals: LeafTotals, mask: Uint8Array): SplitCandidate | null {
    this.#reducer.scan(node, totals, mask, this.#candidate, 0)
    return readCandidate(this.#view, 0)
  }

  /** What will not be split needs no sums; only now is it certain that the round stands. */
  #releaseChildren({ expansions }: RoundRequest): void {
    for (const expansion of expansions) {
      const { parent, left, right, leftMask, rightMask } = expansion
      if (leftMask === null) this.#reducer.release(left)
      if (rightMask === null) this.#reducer.release(right)
      if (!needsHistogram(expansion)) this.#reducer.release(parent)
    }
  }
}

interface PendingSums {
  readonly slot: number
  /** Nothing was added yet; the slot's contents are undefined. */
  isEmpty: boolean
}

/** Layout, masks, scratch and what memory grows by at a time. */
const FIXED_BYTES = 32 * 1024 * 1024

function largerChild(expansion: Expansion): number {
  const { left, right } = expansion
  return smallerChild(expansion) === left ? right : left
}
