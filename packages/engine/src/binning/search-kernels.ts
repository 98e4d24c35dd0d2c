/** The kernels that search bounds, over a memory that each thread has one of. */
import type { Kernels } from '../kernels/api.js'
import { Arena } from '../kernels/arena.js'
import { instantiateKernels } from '../kernels/load.js'
import type { BinLookup } from './bin-values.js'
import { cellSearch, type SearchWay } from './cell-search.js'
import type { FloatLookup } from './number-table.js'

/** A search that lies in the memory. */
export interface PlacedSearch {
  readonly at: number
  readonly way: SearchWay
}

/** The bins of codes, in the memory. */
export interface PlacedBins {
  readonly at: number
  readonly way: 'codes'
  readonly nCodes: number
  readonly otherBin: number
}

/** Codes of a feature with a place in the memory; bins of more are looked up where they are. */
const codesMax = 4096

class SearchKernels {
  readonly #arena = new Arena()
  readonly #kernels: Kernels = instantiateKernels(this.#arena.memory)
  readonly #start = this.#arena.reserve(0)
  #bytes = 0
  #tile = 0
  #values = 0

  /**
   * Places the searches of all lookups that have one, bins of codes where they are not many, and
   * makes room for a tile of bins and the values that go into it. Nothing that was here remains.
   */
  place(
    lookups: readonly FloatLookup[], bytesOfTile: number, bytesOfValues: number,
  ): (PlacedSearch | null)[]
  place(
    lookups: readonly BinLookup[], bytesOfTile: number, bytesOfValues: number,
  ): (PlacedSearch | PlacedBins | null)[]
  place(
    lookups: readonly (BinLookup | FloatLookup)[], bytesOfTile: number, bytesOfValues: number,
  ): (PlacedSearch | PlacedBins | null)[] {
    let at = this.#start
    const bytesOf: (readonly [number, Uint8Array])[] = []
    const put = (bytes: Uint8Array): number => {
      const place = at
      bytesOf.push([place, bytes])
      at += Math.ceil(bytes.length / 64) * 64
      return place
    }
    const searches = lookups.map((lookup): PlacedSearch | PlacedBins | null => {
      if (lookup.kind === 'numeric') {
        const search = cellSearch(lookup)
        return search === null ? null : { at: put(search.bytes), way: search.way }
      }
      const { kind, bins, otherBin } = lookup
      if (kind === 'numbers' || bins instanceof Uint16Array || bins.length > codesMax) return null
      return { at: put(bins), way: 'codes', nCodes: bins.length, otherBin }
    })
    this.#tile = at
    this.#values = at + Math.ceil(bytesOfTile / 64) * 64
    this.#ensure(this.#values + bytesOfValues - this.#start)
    for (const [place, bytes] of bytesOf) this.#arena.bytes(place, bytes.length).set(bytes)
    return searches
  }

  /** The first bytes of the tile: a view. */
  tile(nBytes: number): Uint8Array {
    return this.#arena.bytes(this.#tile, nBytes)
  }

  /** Puts values where those of the last time are. */
  putValues(values: Float32Array | Float64Array): void {
    const { buffer } = this.#arena.memory
    const place = values instanceof Float32Array
      ? new Float32Array(buffer, this.#values, values.length)
      : new Float64Array(buffer, this.#values, values.length)
    place.set(values)
  }

  /** Puts codes where values are put. */
  putCodes(codes: Int32Array): void {
    new Int32Array(this.#arena.memory.buffer, this.#values, codes.length).set(codes)
  }

  /** Looks n codes up that were put; `out` and `stride` as in `searchDoubles`. */
  lookUpCodes(
    { at, nCodes, otherBin }: PlacedBins, out: number, stride: number, n: number,
  ): void {
    this.#kernels.lookUpCodes(this.#tile + out, stride, this.#values, n, at, nCodes, otherBin)
  }

  /**
   * Bins n values that were put.
   * @param out, stride - bytes of the tile: where the first bin goes, and how far the next is
   * @param first, step - bytes of the values: where the first is, and how far the next is
   */
  searchDoubles(
    { at, way }: PlacedSearch, out: number, stride: number, first: number, step: number,
    n: number,
  ): void {
    const [to, from] = [this.#tile + out, this.#values + first]
    if (way === 'short') this.#kernels.searchDoubles(to, stride, from, step, n, at)
    else if (way === 'long') this.#kernels.searchDoublesLong(to, stride, from, step, n, at)
    else this.#kernels.searchDoublesCurved(to, stride, from, step, n, at)
  }

  /** As `searchDoubles`, of floats. */
  searchFloats(
    { at, way }: PlacedSearch, out: number, stride: number, first: number, step: number,
    n: number,
  ): void {
    const [to, from] = [this.#tile + out, this.#values + first]
    if (way === 'short') this.#kernels.searchFloats(to, stride, from, step, n, at)
    else if (way === 'long') this.#kernels.searchFloatsLong(to, stride, from, step, n, at)
    else this.#kernels.searchFloatsCurved(to, stride, from, step, n, at)
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#bytes) return
    this.#arena.reserve(bytes - this.#bytes)
    this.#bytes += Math.ceil((bytes - this.#bytes) / 64) * 64
  }
}

let own: SearchKernels | null = null

/** Those of this thread. */
export function searchKernels(): SearchKernels {
  return (own ??= new SearchKernels())
}
