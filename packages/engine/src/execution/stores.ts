import { assert } from '../errors.js'
import type { MomentsPart } from '../linear/moments.js'
import type { SelectPart } from '../selection/answer.js'
import type { EngineRequest, EngineRows, EngineSetup, MetricPart } from './protocol.js'

/** A store's answer to a request: about its rows only, to be added to those of other stores. */
export type StoreAnswer =
  | { readonly kind: 'maximum', readonly value: number }
  /** Of a tally. */
  | { readonly kind: 'counts', readonly values: Float64Array }
  /**
   * One histogram per node of `histogramsOf(request)`, each in the layout of `sumsLayout`. Views
   * into memory that the next call overwrites: read or copy them before it.
   */
  | { readonly kind: 'sums', readonly histograms: readonly Uint8Array[] }
  | { readonly kind: 'parts', readonly parts: readonly MetricPart[] }
  /** One part per thread, in their order: see `mergeSelected`. */
  | { readonly kind: 'selected', readonly parts: readonly SelectPart[] }
  /** Of all of its threads together. */
  | { readonly kind: 'moments', readonly part: MomentsPart }
  | { readonly kind: 'none' }

/** Is told of a request's first sums while the others are still being made. */
export interface SumsWatch {
  /** Told when so many more histograms are complete; >= 1. */
  readonly every: number
  /**
   * Takes the first histograms of the answer, a multiple of `every` of them and not all: views as
   * those of the answer, with which the call ends. A store may tell of nothing.
   */
  readonly take: (histograms: readonly Uint8Array[]) => void
}

/**
 * Sets of rows, each with its engines, that carry requests out and answer with sums. What a
 * worker of a cluster holds; the other half is the CentralReducer.
 *
 * One call at a time: whoever has several pieces of work queues them. A store whose call was
 * rejected is of no more use and must be dropped; other stores go on, unless the rejection is
 * told by every call that follows.
 */
export interface Stores {
  readonly nThreads: number
  /**
   * Makes a store. The buffers of the rows are shared, not copied, where they are
   * SharedArrayBuffers. Train rows and evaluation sets may be empty.
   *
   * @param store - an id of the caller's that is not in use
   * @throws CoppiceError 'MEMORY' when the rows do not fit; then there is no such store
   */
  build(
    store: number, setup: EngineSetup, train: EngineRows, evalSets: readonly EngineRows[],
  ): Promise<void>
  /** Carries requests out, in order, without answers: to catch up. */
  apply(store: number, requests: readonly EngineRequest[]): Promise<void>
  /**
   * The answer to the last request that was applied. May be asked again until the next request is
   * applied, with equal answers.
   */
  answer(store: number, request: EngineRequest, watch?: SumsWatch): Promise<StoreAnswer>
  /** `apply` and `answer` of one request in one go. */
  carryOut(store: number, request: EngineRequest, watch?: SumsWatch): Promise<StoreAnswer>
  /**
   * SHA-256 (hex) of the raw scores (f64, little-endian, row-major, -0 as +0) of the rows at
   * positions [first, first + nRows) of a set.
   *
   * @param set - 0: the training rows (default); 1, 2, ...: the evaluation sets
   */
  scoreDigest(store: number, first: number, nRows: number, set?: number): Promise<string>
  /** Frees a store. No effect when there is none. */
  drop(store: number): Promise<void>
  /** Frees all stores and threads. Safe to call twice, and after a failure. */
  close(): Promise<void>
}

/** Row counts of a store's sets, for checks of what is asked of it. */
export class StoreSizes {
  readonly #sizes = new Map<number, readonly number[]>()

  /** @throws CoppiceError 'INTERNAL' when the id is in use */
  add(store: number, train: EngineRows, evalSets: readonly EngineRows[]): void {
    assert(!this.#sizes.has(store), `store ${store} is built once`)
    this.#sizes.set(store, [train.nRows, ...evalSets.map(({ nRows }) => nRows)])
  }

  /** @throws CoppiceError 'INTERNAL' when there is no such store */
  require(store: number): void {
    assert(this.#sizes.has(store), `there is a store ${store}`)
  }

  /** @throws CoppiceError 'INTERNAL' when the set has no such rows */
  requireRows(store: number, first: number, nRows: number, set: number): void {
    this.require(store)
    const size = this.#sizes.get(store)![set]
    assert(size !== undefined && first >= 0 && nRows >= 0 && first + nRows <= size,
      `store ${store} has rows ${first} to ${first + nRows} of set ${set}`)
  }

  /** @returns whether there was such a store */
  remove(store: number): boolean {
    return this.#sizes.delete(store)
  }
}
