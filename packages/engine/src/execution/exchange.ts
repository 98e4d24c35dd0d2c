import { SUM_BYTES } from '../kernels/api.js'
import { candidateBytes } from '../kernels/candidate.js'
import type { ShareTable } from './feature-shares.js'
import type { EngineSetup, FeatureLayout } from './protocol.js'

/** Before the sums of a histogram by an engine; a cache line. */
export const HEADER_BYTES = 64

/**
 * The memory through which the engines of one process hand each other histograms and candidates.
 * Engine `from` writes its sums of another reducer's share; the reducer reads them after a
 * barrier. No pointer crosses: every byte is copied out of one memory and into another.
 *
 *   sums:       [engine][histogram] a header, then [share] blocks of nCells * 20 bytes, or rows
 *   candidates: [share][expansion or rescan][left, right] blocks of `candidateBytes`
 */
export class Exchange {
  /** Of the sums of one histogram by one engine, without the header. */
  readonly histogramBytes: number
  readonly sums: Uint8Array
  readonly candidates: Uint8Array
  /** Of the candidates. */
  readonly candidateView: DataView
  /** Votes: [expansion][left, right] blocks of a double per feature; empty where none are cast. */
  readonly #votes: Float64Array
  readonly #nFeatures: number
  /** Histograms, and expansions, that it holds at once. */
  readonly room: number
  readonly features: readonly FeatureLayout[]
  readonly candidateBytes: number
  readonly #shareOffsets: number[] = []
  readonly #headers: Int32Array
  /** Expansions, and leaves scanned again, that there is room for candidates of. */
  readonly #candidateRoom: number

  constructor(
    table: ShareTable, room: number,
    buffers: { sums: ArrayBufferLike, candidates: ArrayBufferLike, votes?: ArrayBufferLike },
  ) {
    let offset = 0
    for (const share of table.shares) {
      this.#shareOffsets.push(offset)
      offset += share.nCells * SUM_BYTES
    }
    this.histogramBytes = offset
    this.room = room
    this.features = table.features
    this.candidateBytes = candidateBytes(table.features)
    this.sums = new Uint8Array(buffers.sums)
    this.#headers = new Int32Array(buffers.sums)
    this.candidates = new Uint8Array(buffers.candidates)
    this.candidateView = new DataView(buffers.candidates)
    this.#votes = new Float64Array(buffers.votes ?? new ArrayBuffer(0))
    this.#nFeatures = table.cellOffsets.length
    this.#candidateRoom = Math.floor(
      this.candidates.length / Math.max(1, table.shares.length * 2 * this.candidateBytes))
  }

  /** Room for rounds of so many expansions; at least for both children of one. */
  static roomFor(maxExpansions: number): number {
    return Math.max(2, maxExpansions)
  }

  /**
   * Bytes of the two buffers. With one engine nothing is handed over and sums are empty.
   *
   * @param setup - with what there is beside expansions: leaves that a round scans again, votes
   */
  static sizes(
    table: ShareTable, room: number,
    { rules, voting }: Pick<EngineSetup, 'rules' | 'voting'> = {},
  ): { sums: number, candidates: number, votes: number } {
    // of both children of each expansion features are elected
    const rescansMax = voting === undefined ? rules?.rescansMax ?? 0 : 2 * room
    const nEngines = table.shares.length
    const cells = table.shares.reduce((sum, share) => sum + share.nCells, 0)
    return {
      sums: nEngines === 1 ? 0 : nEngines * room * (HEADER_BYTES + cells * SUM_BYTES),
      candidates: nEngines * (room + rescansMax) * 2 * candidateBytes(table.features),
      votes: voting === undefined ? 0 : room * 2 * table.cellOffsets.length * 8,
    }
  }

  /** Where engine `from` puts its sums of `share` for a histogram. */
  sumsAt(from: number, histogram: number, share: number): number {
    return this.rowsAt(from, histogram) + this.#shareOffsets[share]!
  }

  /** Where engine `from` puts rows of a histogram, instead of sums: histogramBytes at most. */
  rowsAt(from: number, histogram: number): number {
    return this.#headerAt(from, histogram) + HEADER_BYTES
  }

  /** Engine `from` puts this many rows of a histogram, or, if null, sums. */
  announce(from: number, histogram: number, nRows: number | null): void {
    this.#headers[this.#headerAt(from, histogram) / 4] = nRows ?? -1
  }

  /** How many rows engine `from` has put for a histogram; null where it was sums. */
  rowsOf(from: number, histogram: number): number | null {
    const n = this.#headers[this.#headerAt(from, histogram) / 4]!
    return n < 0 ? null : n
  }

  /** Votes on a child (0 left or root, 1 right), by feature: a view. */
  votesOn(expansion: number, child: number): Float64Array {
    const at = (expansion * 2 + child) * this.#nFeatures
    return this.#votes.subarray(at, at + this.#nFeatures)
  }

  #headerAt(from: number, histogram: number): number {
    return (from * this.room + histogram) * (HEADER_BYTES + this.histogramBytes)
  }

  /** Where the reducer of `share` puts the candidate of a child (0 left or root, 1 right). */
  candidateAt(share: number, expansion: number, child: number): number {
    return ((share * this.#candidateRoom + expansion) * 2 + child) * this.candidateBytes
  }
}
