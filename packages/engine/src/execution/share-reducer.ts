import type { Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import type { LeafTotals } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import { histogramsOf, needsHistogram, smallerChild } from './histograms-of.js'
import type { EngineSetup, Expansion, RootRequest, RoundRequest } from './protocol.js'
import { Reducer } from './reducer.js'

/** Which share of the features, and where its candidates go. */
export interface SharePlace {
  readonly share: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/** Puts the last sums of a histogram of the request into its slot. */
export type CompleteSums = (slot: number, histogram: number) => void

/**
 * Carries out the part of requests that concerns histograms, for one share of the features: which
 * nodes' sums are held, the subtraction, the scans. Candidates go to the exchange.
 */
export class ShareReducer {
  readonly #place: SharePlace
  readonly #reducer: Reducer
  /** Expansions of a round under way that are scanned, and those among them with sums. */
  #nScanned = 0
  #subtracted: Expansion[] = []
  /** Children of the last round that will not be split: their sums are of no use. */
  #dead: readonly number[] = []

  constructor(
    arena: Arena, kernels: Kernels, setup: Pick<EngineSetup, 'features' | 'scan'>,
    place: SharePlace,
  ) {
    this.#place = place
    this.#reducer = new Reducer(
      arena, kernels, setup.features, place.table, place.share, setup.scan)
  }

  /** Offset of the layout table: entries of all features, each relative to its own share. */
  get layout(): number {
    return this.#reducer.layout
  }

  get share(): FeatureShare {
    return this.#reducer.share
  }

  /** The scales of the gradients request: powers of two. */
  setScales(gradientScale: number, hessianScale: number): void {
    this.#reducer.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  /**
   * Frees what is of no more use. May be done again for the same request, also when it failed.
   *
   * @returns offset of the slot of each of the request's histograms; contents are undefined
   */
  begin(request: RootRequest | RoundRequest): number[] {
    if (request.kind === 'root') this.#reducer.reset()
    else {
      // a round that was given up half-way
      this.#restore()
      for (const node of [...this.#dead, ...request.released]) this.#reducer.release(node)
      for (const expansion of request.expansions) {
        if (!needsHistogram(expansion)) this.#reducer.release(expansion.parent)
      }
    }
    this.#dead = []
    this.#nScanned = 0
    this.#subtracted = []
    return histogramsOf(request).map((node) => this.#reducer.take(node))
  }

  /**
   * @param complete - called before a histogram is used: puts the last sums into its slot
   * @returns the root's totals, or null when the share has no features
   * @throws CoppiceError 'INTERNAL' when the histogram does not add up
   */
  finishRoot({ mask }: RootRequest, complete?: CompleteSums): LeafTotals | null {
    complete?.(this.#reducer.slot(0), 0)
    const totals = this.#reducer.totals(0)
    this.#scan(0, totals, mask, this.#place.exchange.candidateAt(this.#place.share, 0, 0))
    return totals
  }

  /**
   * Does as much of a round as its first n histograms allow: the rest is done by a later call, or
   * by `finishRound`.
   *
   * @param complete - called before a histogram is used: puts the last sums into its slot
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals; the
   *   parents' sums are as they were before the round, which may be begun again
   */
  advance({ expansions }: RoundRequest, nHistograms: number, complete?: CompleteSums): void {
    const { exchange, share } = this.#place
    try {
      for (; this.#nScanned < expansions.length; this.#nScanned++) {
        const expansion = expansions[this.#nScanned]!
        const { left, right, leftTotals, rightTotals, leftMask, rightMask } = expansion
        if (needsHistogram(expansion)) {
          if (this.#subtracted.length >= nHistograms) return
          this.#subtract(expansion, this.#subtracted.length, complete)
          this.#subtracted.push(expansion)
        }
        const j = this.#nScanned
        this.#scan(left, leftTotals, leftMask, exchange.candidateAt(share, j, 0))
        this.#scan(right, rightTotals, rightMask, exchange.candidateAt(share, j, 1))
      }
    } catch (error) {
      this.#restore()
      throw error
    }
  }

  /** What is left of a round. As `advance`. */
  finishRound(request: RoundRequest, complete?: CompleteSums): void {
    this.advance(request, Infinity, complete)
    this.#subtracted = []
    this.#dead = request.expansions.flatMap(({ left, right, leftMask, rightMask }) =>
      [...(leftMask === null ? [left] : []), ...(rightMask === null ? [right] : [])])
  }

  #subtract(expansion: Expansion, histogram: number, complete: CompleteSums | undefined): void {
    const smaller = smallerChild(expansion)
    complete?.(this.#reducer.slot(smaller), histogram)
    this.#reducer.subtract(expansion.parent, smaller, largerChild(expansion))
  }

  /** Takes a round back that is under way, so that it can be begun again. */
  #restore(): void {
    for (const expansion of this.#subtracted) {
      this.#reducer.restore(expansion.parent, smallerChild(expansion), largerChild(expansion))
    }
    this.#subtracted = []
    this.#nScanned = 0
  }

  #scan(node: number, totals: LeafTotals | null, mask: Uint8Array | null, at: number): void {
    const { candidates } = this.#place.exchange
    const { first, last } = this.share
    if (totals === null || mask === null || first === last) {
      // no candidate: the feature field is -1
      candidates.fill(255, at + 8, at + 12)
    } else this.#reducer.scan(node, totals, mask, candidates, at)
  }
}

function largerChild(expansion: Expansion): number {
  const { left, right } = expansion
  return smallerChild(expansion) === left ? right : left
}
