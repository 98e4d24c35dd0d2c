import { assert } from '../errors.js'
import { SUM_BYTES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import type { LeafTotals } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import { HistogramPool } from './histogram-pool.js'
import { needsHistogram, smallerChild } from './histograms-of.js'
import type { LeafRules } from './leaf-rules.js'
import type { EngineSetup, Expansion, RootRequest, RoundRequest } from './protocol.js'
import { Reducer } from './reducer.js'
import { electedMask } from './voting.js'

/** Which share of the features, and where its candidates go. */
export interface SharePlace {
  readonly share: number
  readonly table: ShareTable
  readonly exchange: Exchange
}

/** A histogram that has to be summed from rows. */
export interface HistogramBuild {
  /**
   * Which of the request's expansions made its node, or behind them which of the leaves that are
   * scanned again it is of; 0 for the root.
   */
  readonly expansion: number
  readonly node: number
  /** Offset of its sums. */
  readonly slot: number
}

/** A leaf that is scanned from the sums there are. */
interface ScannedLeaf {
  readonly node: number
  readonly totals: LeafTotals
  readonly mask: Uint8Array
  readonly rules?: LeafRules
}

/** Puts the last sums of a histogram of the go into its slot. */
export type CompleteSums = (slot: number, histogram: number) => void

/**
 * Carries out the part of requests that concerns histograms, for one share of the features: which
 * nodes' sums are held, the subtraction, the scans. Candidates go to the exchange.
 *
 * A round is done in *goes*: as many of its expansions at once as the exchange and the pool of
 * histograms have room for. All of them in a pool without limit. Where a parent's histogram was
 * lost, the children that may be split are both summed from their rows. Goes and what is summed in
 * them are the same in all threads.
 */
export class ShareReducer {
  readonly #place: SharePlace
  readonly #reducer: Reducer
  readonly #pool: HistogramPool
  /** Features are elected: what is found of children are votes. */
  readonly #votes: boolean
  /** The go under way: expansions [begin, end) of the round, and histograms to be summed. */
  #begin = 0
  #end = 0
  #builds: readonly HistogramBuild[] = []
  /** The expansion to be scanned next, and how many of the go's histograms were used by then. */
  #next = 0
  #nUsed = 0
  /** Expansions of the go whose parents' sums have become a child's. */
  #subtracted: Expansion[] = []

  /** @param slotsMax - histograms to hold at most, see `histogramSlots`; without it any number */
  constructor(
    arena: Arena, kernels: Kernels,
    setup: Pick<EngineSetup, 'features' | 'scan' | 'rules' | 'voting'>, place: SharePlace,
    slotsMax = Infinity,
  ) {
    this.#place = place
    this.#pool = new HistogramPool(slotsMax)
    this.#reducer = new Reducer(
      arena, kernels, setup.features, place.table, place.share, setup, this.#pool)
    this.#votes = setup.voting !== undefined
  }

  /** Offset of the layout table: entries of all features, each relative to its own share. */
  get layout(): number {
    return this.#reducer.layout
  }

  get share(): FeatureShare {
    return this.#reducer.share
  }

  /** Memory of the histograms held so far. */
  get histogramBytes(): number {
    return this.#pool.nSlots * this.share.nCells * SUM_BYTES
  }

  /**
   * Items of the go under way: [begin, end) of the round's expansions and, behind them, the leaves
   * that it scans again.
   */
  get go(): { readonly begin: number, readonly end: number } {
    return { begin: this.#begin, end: this.#end }
  }

  /** The scales of the gradients request: powers of two. */
  setScales(gradientScale: number, hessianScale: number): void {
    this.#reducer.setUnits(1 / gradientScale, 1 / hessianScale)
  }

  /**
   * Begins a request: frees what is of no more use and begins the first go. In a pool without
   * limit it may be done again for the same request, also when that failed.
   *
   * @returns the histograms to be summed in it; contents of their slots are undefined
   */
  begin(request: RootRequest | RoundRequest): readonly HistogramBuild[] {
    if (request.kind === 'root') {
      const { scales } = request
      if (scales !== undefined) this.setScales(scales.gradient, scales.hessian)
      this.#pool.reset()
      this.#subtracted = []
      this.#end = 0
      this.#builds = [{ expansion: 0, node: 0, slot: this.#reducer.take(0, Infinity) }]
      return this.#builds
    }
    // a round that was given up half-way
    this.#restore()
    for (const node of request.released) this.#pool.release(node)
    for (const expansion of request.expansions) {
      if (!needsHistogram(expansion)) this.#pool.release(expansion.parent)
    }
    this.#end = 0
    return this.beginGo(request)
  }

  /**
   * Begins the next go of a round.
   *
   * @returns the histograms to be summed in it; contents of their slots are undefined
   */
  beginGo(request: RoundRequest): readonly HistogramBuild[] {
    const { expansions } = request
    const rescans = this.#rescansOf(request)
    const builds: HistogramBuild[] = []
    const nItems = expansions.length + rescans.length
    const { room } = this.#place.exchange
    this.#begin = this.#end
    this.#next = this.#end
    this.#nUsed = 0
    this.#pool.unpin()
    const begin = this.#begin
    this.#pool.want(() => [
      ...expansions.slice(begin).map(({ parent }) => parent),
      ...rescans.slice(Math.max(0, begin - expansions.length)).map(({ node }) => node),
    ])
    let nTaken = 0
    for (; this.#end < expansions.length; this.#end++) {
      const expansion = expansions[this.#end]!
      const isHeld = this.#pool.slotOf(expansion.parent) !== undefined
      const nodes = isHeld ? [smallerChild(expansion)] : childrenToScan(expansion)
      if (needsHistogram(expansion)) {
        nTaken += nodes.length + (isHeld ? 1 : 0)
        if (builds.length + nodes.length > room || nTaken > this.#pool.slotsMax) break
        this.#pool.pin(expansion.parent)
        for (const node of nodes) {
          this.#pool.pin(node)
          const slot = this.#reducer.take(node, rowsOf(expansion, node))
          builds.push({ expansion: this.#end, node, slot })
        }
      }
    }
    for (; this.#end >= expansions.length && this.#end < nItems; this.#end++) {
      const { node, totals } = rescans[this.#end - expansions.length]!
      const isHeld = this.#pool.slotOf(node) !== undefined
      if (++nTaken > this.#pool.slotsMax || (!isHeld && builds.length >= room)) break
      this.#pool.pin(node)
      if (isHeld) continue
      builds.push({ expansion: this.#end, node, slot: this.#reducer.take(node, totals.count) })
    }
    assert(this.#end > this.#begin || nItems === 0, 'room for the histograms of one expansion')
    this.#builds = builds
    return builds
  }

  /**
   * @param complete - called before a histogram is used: puts the last sums into its slot
   * @returns the root's totals, or null when the share has no features
   * @throws CoppiceError 'INTERNAL' when the histogram does not add up
   */
  finishRoot(
    { mask, rules, scan }: RootRequest, complete?: CompleteSums,
  ): LeafTotals | null {
    if (scan !== undefined) this.#reducer.setScan(scan)
    complete?.(this.#reducer.slot(0), 0)
    const totals = this.#reducer.totals(0)
    if (this.#votes) {
      this.#vote(0, totals, mask, this.#place.exchange.votesOn(0, 0))
      return totals
    }
    this.#scan(0, totals, mask, rules, this.#place.exchange.candidateAt(this.#place.share, 0, 0))
    return totals
  }

  /**
   * Does as much of a go as its first n histograms allow: the rest is done by a later call, or by
   * `finishGo`.
   *
   * @param complete - called before a histogram is used: puts the last sums into its slot
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals. In a
   *   pool without limit the parents' sums are as they were before the round, which may be begun
   *   again
   */
  advance(request: RoundRequest, nHistograms: number, complete?: CompleteSums): void {
    const { exchange, share } = this.#place
    const { expansions } = request
    const rescans = this.#rescansOf(request)
    try {
      for (; this.#next < this.#end; this.#next++) {
        const j = this.#next
        const end = this.#buildsEnd(j)
        if (end > nHistograms) return
        for (; this.#nUsed < end; this.#nUsed++) {
          complete?.(this.#builds[this.#nUsed]!.slot, this.#nUsed)
        }
        const at = exchange.candidateAt(share, j, 0)
        if (j >= expansions.length) {
          const { node, totals, mask, rules } = rescans[j - expansions.length]!
          this.#scan(node, totals, mask, rules, at)
          continue
        }
        const expansion = expansions[j]!
        const { left, right, leftTotals, rightTotals, leftMask, rightMask, rules } = expansion
        if (this.#pool.slotOf(expansion.parent) !== undefined) this.#subtract(expansion)
        if (this.#votes) {
          this.#vote(left, leftTotals, leftMask, exchange.votesOn(j, 0))
          this.#vote(right, rightTotals, rightMask, exchange.votesOn(j, 1))
          continue
        }
        this.#scan(left, leftTotals, leftMask, rules?.[0], at)
        this.#scan(right, rightTotals, rightMask, rules?.[1], exchange.candidateAt(share, j, 1))
      }
    } catch (error) {
      this.#restore()
      throw error
    }
  }

  /**
   * What is left of a go. As `advance`.
   *
   * @returns whether it was the round's last
   */
  finishGo(request: RoundRequest, complete?: CompleteSums): boolean {
    this.advance(request, Infinity, complete)
    this.#subtracted = []
    const { expansions } = request
    for (let j = this.#begin; j < Math.min(this.#end, expansions.length); j++) {
      const { left, right, leftMask, rightMask } = expansions[j]!
      // what will not be split needs no sums
      if (leftMask === null) this.#pool.release(left)
      if (rightMask === null) this.#pool.release(right)
    }
    return this.#end === expansions.length + this.#rescansOf(request).length
  }

  /** Behind the go's next histograms that are of one expansion. */
  #buildsEnd(expansion: number): number {
    let end = this.#nUsed
    while (end < this.#builds.length && this.#builds[end]!.expansion === expansion) end++
    return end
  }

  #subtract(expansion: Expansion): void {
    const larger = largerChild(expansion)
    this.#reducer.subtract(
      expansion.parent, smallerChild(expansion), larger, rowsOf(expansion, larger))
    this.#subtracted.push(expansion)
  }

  /** Takes a go back that is under way, so that it can be begun again. */
  #restore(): void {
    for (const expansion of this.#subtracted) {
      this.#reducer.restore(
        expansion.parent, smallerChild(expansion), largerChild(expansion),
        expansion.leftTotals.count + expansion.rightTotals.count)
    }
    this.#subtracted = []
    this.#next = this.#begin
    this.#nUsed = 0
  }

  /** Leaves that a round scans from the sums there are, not being children of its expansions. */
  #rescansOf({ rescans = [], elected }: RoundRequest): readonly ScannedLeaf[] {
    if (elected === undefined) return rescans
    const nFeatures = this.#place.table.cellOffsets.length
    return elected.map((leaf) => ({ ...leaf, mask: electedMask(leaf, nFeatures) }))
  }

  #vote(
    node: number, totals: LeafTotals | null, mask: Uint8Array | null, votes: Float64Array,
  ): void {
    const { first, last } = this.share
    if (totals === null || mask === null) votes.fill(-Infinity, first, last)
    else this.#reducer.vote(node, totals, mask, votes)
  }

  #scan(
    node: number, totals: LeafTotals | null, mask: Uint8Array | null,
    rules: LeafRules | undefined, at: number,
  ): void {
    const { candidates } = this.#place.exchange
    const { first, last } = this.share
    if (totals === null || mask === null || first === last) {
      // no candidate: the feature field is -1
      candidates.fill(255, at + 8, at + 12)
    } else this.#reducer.scan(node, totals, mask, rules, candidates, at)
  }
}

/** The children that may be split. */
function childrenToScan({ left, right, leftMask, rightMask }: Expansion): number[] {
  return [...(leftMask === null ? [] : [left]), ...(rightMask === null ? [] : [right])]
}

/** Rows of a child, over all threads. */
function rowsOf({ left, leftTotals, rightTotals }: Expansion, node: number): number {
  return node === left ? leftTotals.count : rightTotals.count
}

function largerChild(expansion: Expansion): number {
  const { left, right } = expansion
  return smallerChild(expansion) === left ? right : left
}
