import { assert } from '../errors.js'
import { LAYOUT_ENTRY_BYTES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { brokenFeature, candidateBytes } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import { shareFeatures } from './feature-shares.js'
import type { EngineSetup, ScanParams } from './protocol.js'
import { notWhole, SCAN_PARAMS, scanParams, scanScratchBytes, writeLayout } from './reducer.js'
import { SumsAdder } from './sums-adder.js'
import type { ElectedLayout } from './travel-layout.js'
import type { ElectedLeaf } from './elected-leaf.js'

/** Adds up and scans the sums of the features that were elected of some leaves. */
export class ElectedReducer {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: ElectedLayout
  readonly #adder: SumsAdder
  readonly #nFeatures: number
  readonly #entries: number
  readonly #mask: number
  readonly #params: number
  readonly #scratch: number
  readonly #candidate: number
  readonly #candidateBytes: number
  readonly #slots: number[] = []

  constructor(
    arena: Arena, kernels: Kernels, { features, scan }: Pick<EngineSetup, 'features' | 'scan'>,
    layout: ElectedLayout,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#layout = layout
    this.#adder = new SumsAdder(arena, kernels, layout)
    this.#nFeatures = features.length
    this.#entries = writeLayout(arena, features, shareFeatures(features, 1))
    this.#mask = arena.reserve(features.length)
    this.#params = arena.reserve(SCAN_PARAMS * 8)
    arena.doubles(this.#params, SCAN_PARAMS).set(scanParams(scan))
    this.#scratch = arena.reserve(scanScratchBytes(features))
    this.#candidateBytes = candidateBytes(features)
    this.#candidate = arena.reserve(this.#candidateBytes)
  }

  /** As of Reducer. */
  setUnits(gradientUnit: number, hessianUnit: number): void {
    this.#arena.doubles(this.#params + 48, 2).set([gradientUnit, hessianUnit])
  }

  /** As of Reducer. */
  setScan(scan: ScanParams): void {
    const params = this.#arena.doubles(this.#params, SCAN_PARAMS)
    const units = [params[6]!, params[7]!]
    params.set(scanParams(scan))
    params.set(units, 6)
  }

  /** Begins adding up; may be done again. */
  begin(elected: readonly ElectedLeaf[]): void {
    while (this.#slots.length < elected.length) {
      this.#slots.push(this.#arena.reserve(this.#layout.nBytes))
    }
    this.#adder.begin(this.#slots.slice(0, elected.length))
  }

  /** As CentralReducer. */
  add(histogram: number, firstCell: number, sums: Uint8Array): void {
    this.#adder.add(histogram, firstCell, sums)
  }

  /**
   * Scans: candidates go to the exchange.
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to its leaf's totals
   */
  finish(elected: readonly ElectedLeaf[], exchange: Exchange): void {
    this.#adder.end()
    elected.forEach((leaf, i) => {
      this.#scan(leaf, this.#slots[i]!)
      exchange.candidates.set(
        this.#arena.bytes(this.#candidate, this.#candidateBytes), exchange.candidateAt(0, i, 0))
    })
  }

  #scan({ totals, features }: ElectedLeaf, sums: number): void {
    const { nCells, featureCells } = this.#layout
    assert(features.length > 0, 'some feature was elected')
    const mask = this.#arena.bytes(this.#mask, this.#nFeatures)
    mask.fill(0)
    const view = this.#arena.view()
    features.forEach((f, i) => {
      mask[f] = 1
      view.setInt32(this.#entries + f * LAYOUT_ENTRY_BYTES, i * featureCells, true)
    })
    this.#kernels.scan(
      this.#candidate, sums, sums + nCells * 8, sums + nCells * 16, this.#entries, features[0]!,
      features.at(-1)! + 1, this.#mask, this.#params, this.#scratch, totals.gradient,
      totals.hessian, totals.count)
    const broken = brokenFeature(this.#arena.view(), this.#candidate)
    if (broken >= 0) throw notWhole(broken)
  }
}
