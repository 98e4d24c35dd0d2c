import { assert, CoppiceError } from '../errors.js'
import {
  LAYOUT_ENTRY_BYTES, SCAN_SCRATCH_BYTES, SUM_BYTES, type Kernels,
} from '../kernels/api.js'
import type { Arena } from '../kernels/arena.js'
import { brokenFeature, CANDIDATE_BYTES, type LeafTotals } from '../kernels/candidate.js'
import type { ShareTable, FeatureShare } from './feature-shares.js'
import type { HistogramPool } from './histogram-pool.js'
import type { FeatureLayout, ScanParams } from './protocol.js'

/**
 * Holds the summed histograms of a share of the features, adds, subtracts and scans them.
 * Which nodes have one is the pool's business.
 */
export class Reducer {
  readonly share: FeatureShare
  readonly #arena: Arena
  readonly #kernels: Kernels
  readonly #layout: number
  readonly #mask: number
  readonly #params: number
  readonly #scratch: number
  readonly #candidate: number
  readonly #pool: HistogramPool
  /** Offsets of the pool's slots. */
  readonly #slots: number[] = []

  constructor(
    arena: Arena, kernels: Kernels, features: readonly FeatureLayout[], table: ShareTable,
    shareIdx: number, scan: ScanParams, pool: HistogramPool,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#pool = pool
    this.share = table.shares[shareIdx]!
    this.#layout = writeLayout(arena, features, table)
    this.#mask = arena.reserve(features.length)
    this.#params = arena.reserve(SCAN_PARAMS * 8)
    arena.doubles(this.#params, SCAN_PARAMS).set(scanParams(scan))
    this.#scratch = arena.reserve(SCAN_SCRATCH_BYTES)
    this.#candidate = arena.reserve(CANDIDATE_BYTES)
  }

  /** Offset of the layout table: entries of all features, each relative to its own share. */
  get layout(): number {
    return this.#layout
  }

  /** What one unit of the fixed-point sums is worth; powers of two. */
  setUnits(gradientUnit: number, hessianUnit: number): void {
    const params = this.#arena.doubles(this.#params, SCAN_PARAMS)
    params[6] = gradientUnit
    params[7] = hessianUnit
  }

  /** Gives a node a slot for its sums, if it has none; the contents are undefined. */
  take(node: number, rows: number): number {
    return this.#offset(this.#pool.take(node, rows))
  }

  /** Turns the parent's sums into those of its larger child: parent - smaller. */
  subtract(parent: number, smaller: number, larger: number, rows: number): void {
    this.#kernels.subtractSums(this.slot(parent), this.slot(smaller), this.share.nCells)
    this.#pool.move(parent, larger, rows)
  }

  /** Takes `subtract` back: the larger child's sums plus the smaller's are the parent's. */
  restore(parent: number, smaller: number, larger: number, rows: number): void {
    this.#kernels.addSums(this.slot(larger), this.slot(smaller), this.share.nCells)
    this.#pool.move(larger, parent, rows)
  }

  /** Totals of a node, from the bins of the share's first feature. */
  totals(node: number): LeafTotals | null {
    if (this.share.first === this.share.last) return null
    const slot = this.slot(node)
    const view = this.#arena.view()
    const nBins = view.getInt32(this.#layout + this.share.first * LAYOUT_ENTRY_BYTES + 4, true)
    const { nCells } = this.share
    let gradient = 0n
    let hessian = 0n
    let count = 0
    for (let b = 0; b < nBins; b++) {
      gradient += view.getBigInt64(slot + b * 8, true)
      hessian += view.getBigInt64(slot + nCells * 8 + b * 8, true)
      count += view.getInt32(slot + nCells * 16 + b * 4, true)
    }
    return { gradient, hessian, count }
  }

  /**
   * Best split of a node over the share's allowed features, as CANDIDATE_BYTES at `at`.
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to the leaf's totals
   */
  scan(node: number, totals: LeafTotals, mask: Uint8Array, target: Uint8Array, at: number): void {
    const { first, last, nCells } = this.share
    this.#arena.bytes(this.#mask, mask.length).set(mask)
    const slot = this.slot(node)
    this.#kernels.scan(
      this.#candidate, slot, slot + nCells * 8, slot + nCells * 16, this.#layout, first, last,
      this.#mask, this.#params, this.#scratch, totals.gradient, totals.hessian, totals.count)
    const broken = brokenFeature(this.#arena.view(), this.#candidate)
    if (broken >= 0) {
      throw new CoppiceError('INTERNAL',
        `the histogram of feature ${broken} does not add up to its leaf's totals: bad memory, a ` +
        'file that changed while it was read, or a bug; run again, and report it if it recurs')
    }
    target.set(this.#arena.bytes(this.#candidate, CANDIDATE_BYTES), at)
  }

  /** Offset of a node's sums, share.nCells * 20 bytes. */
  slot(node: number): number {
    const slot = this.#pool.slotOf(node)
    assert(slot !== undefined, `no histogram for node ${node}`)
    return this.#offset(slot)
  }

  /** Memory for a slot is reserved when it is first taken. */
  #offset(slot: number): number {
    while (this.#slots.length <= slot) {
      this.#slots.push(this.#arena.reserve(Math.max(this.share.nCells * SUM_BYTES, 16)))
    }
    return this.#slots[slot]!
  }
}

/** Writes the layout table of the kernels and returns its offset. */
export function writeLayout(
  arena: Arena, features: readonly FeatureLayout[], table: ShareTable,
): number {
  const layout = arena.reserve(features.length * LAYOUT_ENTRY_BYTES)
  const entries = arena.ints(layout, features.length * 4)
  features.forEach((feature, f) => {
    entries.set(
      [table.cellOffsets[f]!, feature.nBins, feature.missingBin, Number(feature.isCategorical)],
      f * 4)
  })
  return layout
}

/** Doubles that the scan kernel's parameters are. */
const SCAN_PARAMS = 14

/** The scan kernel's parameters, in the order of assembly/scan-types.ts. */
function scanParams(scan: ScanParams): number[] {
  return [
    scan.lambdaL1, scan.lambdaL2, Math.max(1, scan.minDataInLeaf), scan.minSumHessianInLeaf,
    scan.minGainToSplit, scan.maxDeltaStep, 1, 1, scan.catSmooth, scan.catL2,
    scan.maxCatThreshold, scan.maxCatToOnehot, scan.minDataPerGroup, Number(scan.extraTrees),
  ]
}
