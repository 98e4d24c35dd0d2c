import { assert } from '../errors.js'
import { SUM_BYTES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import type { FeatureShare, ShareTable } from './feature-shares.js'
import type { EngineSetup } from './protocol.js'
import type { SumsRequest } from './together.js'
import { TravelLayouts } from './travel-layout.js'
import type { ElectedLeaf } from './elected-leaf.js'
import { groupedFeatures } from './voting.js'

/** Planes of sums: where they begin, and how many cells each has. */
interface Planes {
  readonly at: number
  readonly nCells: number
}

/** Writes an engine's share of the sums of a node to its cells of a histogram that travels. */
export class TravellingSums {
  readonly layouts: TravelLayouts
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #features: EngineSetup['features']
  readonly #share: FeatureShare
  readonly #isFirst: boolean
  readonly #cellOffsets: Int32Array
  /** Offsets of the groups of this share's features, and room for the sums of groups. */
  readonly #groups: readonly number[]
  readonly #grouped: number

  constructor(
    arena: Arena, kernels: Kernels, setup: EngineSetup, table: ShareTable, engine: number,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#features = setup.features
    this.#share = table.shares[engine]!
    this.#isFirst = engine === 0
    this.#cellOffsets = table.cellOffsets
    this.layouts = new TravelLayouts(setup)
    this.#groups = setup.voting === undefined ? [] : this.#writeGroups()
    this.#grouped = setup.voting === undefined ? 0 : arena.reserve(this.#nOwnCells * SUM_BYTES)
  }

  #writeGroups(): number[] {
    const { groups } = groupedFeatures(this.#features)
    const { first, last } = this.#share
    return groups.slice(first, last).map((own) => {
      const at = this.#arena.reserve(own.length)
      this.#arena.bytes(at, own.length).set(own)
      return at
    })
  }

  /** Cells of this share's features in a histogram that is no elected one's: [start, end). */
  get #ownCells(): { readonly start: number, readonly end: number } {
    const { nCells, cellOffsets } = this.layouts.sums
    const { first, last } = this.#share
    return { start: cellOffsets[first] ?? nCells, end: cellOffsets[last] ?? nCells }
  }

  get #nOwnCells(): number {
    const { start, end } = this.#ownCells
    return end - start
  }

  /**
   * @param slot - this engine's share of the sums, share.nCells * 20 bytes
   * @param h - which of the request's histograms it is
   * @param target - the histogram
   */
  write(slot: number, request: SumsRequest, h: number, target: Uint8Array): void {
    const { first, last, nCells } = this.#share
    const sums = { at: slot, nCells }
    if (request.kind === 'round' && request.elected !== undefined) {
      this.#writeElected(sums, request.elected[h]!, target)
    } else if (this.#groups.length > 0) {
      this.#writeGrouped(sums, target)
    } else if (first !== last) {
      const { start, end } = this.#ownCells
      // behind the last feature there is padding, whose contents in the slot are undefined
      const used = this.#cellOffsets[last - 1]! + ((this.#features[last - 1]!.nBins + 1) & ~1)
      this.#copy(sums, 0, used, target, start, this.layouts.sums.nCells, end - start)
    }
  }

  /** Copies n cells of each plane, and zeros up to `room` cells. */
  #copy(
    from: Planes, fromCell: number, n: number, target: Uint8Array, toCell: number,
    toCells: number, room: number,
  ): void {
    let source = from.at
    let to = 0
    for (const cellBytes of [8, 8, 4]) {
      const at = to + toCell * cellBytes
      target.set(this.#arena.bytes(source + fromCell * cellBytes, n * cellBytes), at)
      target.fill(0, at + n * cellBytes, at + room * cellBytes)
      source += from.nCells * cellBytes
      to += toCells * cellBytes
    }
  }

  #writeGrouped({ at, nCells }: Planes, target: Uint8Array): void {
    const { first, last } = this.#share
    const { sums } = this.layouts
    const { start } = this.#ownCells
    const n = this.#nOwnCells
    this.#arena.bytes(this.#grouped, n * SUM_BYTES).fill(0)
    for (let f = first; f < last; f++) {
      const to = sums.cellOffsets[f]! - start
      const from = this.#cellOffsets[f]!
      this.#kernels.coarsen(
        this.#grouped + to * 8, this.#grouped + (n + to) * 8, this.#grouped + n * 16 + to * 4,
        at + from * 8, at + (nCells + from) * 8, at + nCells * 16 + from * 4,
        this.#groups[f - first]!, this.#features[f]!.nBins)
    }
    this.#copy({ at: this.#grouped, nCells: n }, 0, n, target, start, sums.nCells, n)
  }

  #writeElected(sums: Planes, { features }: ElectedLeaf, target: Uint8Array): void {
    const { elected } = this.layouts
    assert(elected !== null, 'features are elected in a training that votes')
    const { featureCells, nCells } = elected
    const { first, last } = this.#share
    features.forEach((f, i) => {
      if (f < first || f >= last) return
      const { nBins } = this.#features[f]!
      this.#copy(
        sums, this.#cellOffsets[f]!, nBins, target, i * featureCells, nCells, featureCells)
    })
    // of what nobody was elected for
    const behind = features.length * featureCells
    if (this.#isFirst) this.#copy(sums, 0, 0, target, behind, nCells, nCells - behind)
  }
}
