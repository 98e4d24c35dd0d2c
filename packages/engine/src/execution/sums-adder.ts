import { assert } from '../errors.js'
import { SUM_BYTES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import type { SumsLayout } from './sums-layout.js'

interface PendingSums {
  readonly slot: number
  /** Nothing was added yet; the slot's contents are undefined. */
  isEmpty: boolean
}

/** Adds up contributions to the histograms of one request, each in the layout of all features. */
export class SumsAdder {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: Pick<SumsLayout, 'nCells' | 'nBytes'>
  /** A contribution on its way to `addSums`. */
  readonly #incoming: number
  #pending: readonly PendingSums[] = []

  constructor(
    arena: Arena, kernels: Kernels, layout: Pick<SumsLayout, 'nCells' | 'nBytes'>,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#layout = layout
    this.#incoming = arena.reserve(layout.nBytes)
  }

  /** Begins with sums of 0 in slots of `layout.nBytes` bytes, whatever they contain. */
  begin(slots: readonly number[]): void {
    this.#pending = slots.map((slot) => ({ slot, isEmpty: true }))
  }

  /**
   * Adds sums to cells [firstCell, firstCell + n) of a histogram.
   *
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

  /** All is added: what nobody had rows of is 0. */
  end(): void {
    for (const { slot, isEmpty } of this.#pending) if (isEmpty) this.#clear(slot)
    this.#pending = []
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
}
