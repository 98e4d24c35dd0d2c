import { assert } from '../errors.js'
import { LAYOUT_ENTRY_BYTES, type Kernels } from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { brokenFeature, candidateBytes } from '../kernels/candidate.js'
import type { Exchange } from './exchange.js'
import { shareFeatures } from './feature-shares.js'
import { maskBytesMax } from './mask.js'
import type { EngineSetup, FeatureLayout, ScanParams } from './protocol.js'
import { notWhole, SCAN_PARAMS, scanParams, scanScratchBytes, writeLayout } from './reducer.js'
import { RulesTable } from './rules-table.js'
import { scanByFeature } from './scan-by-feature.js'
import { SumsAdder } from './sums-adder.js'
import type { ElectedLayout } from './travel-layout.js'
import type { ElectedLeaf } from './elected-leaf.js'
import { electedMask } from './voting.js'

/** Adds up and scans the sums of the features that were elected of some leaves. */
export class ElectedReducer {
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: ElectedLayout
  readonly #adder: SumsAdder
  readonly #features: readonly FeatureLayout[]
  /** Null where trees grow under none. */
  readonly #rules: RulesTable | null
  readonly #entries: number
  readonly #mask: number
  readonly #params: number
  readonly #scratch: number
  readonly #candidate: number
  readonly #candidateBytes: number
  readonly #slots: number[] = []

  constructor(
    arena: Arena, kernels: Kernels,
    { features, scan, rules }: Pick<EngineSetup, 'features' | 'scan' | 'rules'>,
    layout: ElectedLayout,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#layout = layout
    this.#adder = new SumsAdder(arena, kernels, layout)
    this.#entries = writeLayout(arena, features, shareFeatures(features, 1))
    this.#mask = arena.reserve(maskBytesMax(features))
    this.#features = features
    this.#rules = rules === undefined ? null : new RulesTable(arena, rules, features)
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
      this.#scan(leaf, this.#slots[i]!, exchange.candidates, exchange.candidateAt(0, i, 0))
    })
  }

  #scan(leaf: ElectedLeaf, sums: number, target: Uint8Array, at: number): void {
    const { features, rules } = leaf
    const { featureCells } = this.#layout
    assert(features.length > 0, 'some feature was elected')
    const mask = electedMask(leaf, this.#features.length)
    this.#arena.bytes(this.#mask, mask.length).set(mask)
    const view = this.#arena.view()
    features.forEach((f, i) => {
      view.setInt32(this.#entries + f * LAYOUT_ENTRY_BYTES, i * featureCells, true)
    })
    assert((rules === undefined) === (this.#rules === null), 'rules in a training under rules')
    if (rules !== undefined && rules.neighbours.length > 0) {
      scanByFeature({
        arena: this.#arena, candidate: this.#candidate, candidateBytes: this.#candidateBytes,
        table: this.#rules!, layouts: this.#features,
        scan: (f) => this.#scanRange(leaf, sums, f, f + 1),
      }, features, rules, target, at)
      return
    }
    if (rules !== undefined) this.#rules!.write(rules)
    this.#scanRange(leaf, sums, features[0]!, features.at(-1)! + 1)
    target.set(this.#arena.bytes(this.#candidate, this.#candidateBytes), at)
  }

  #scanRange(
    { totals: { gradient, hessian, count } }: ElectedLeaf, sums: number, first: number,
    last: number,
  ): void {
    const { nCells } = this.#layout
    const inputs = [
      this.#candidate, sums, sums + nCells * 8, sums + nCells * 16, this.#entries, first, last,
      this.#mask, this.#params, this.#scratch, gradient, hessian, count,
    ] as const
    if (this.#rules === null) this.#kernels.scan(...inputs)
    else this.#kernels.scanConstrained(...inputs, this.#rules.offset)
    const broken = brokenFeature(this.#arena.view(), this.#candidate)
    if (broken >= 0) throw notWhole(broken)
  }
}
