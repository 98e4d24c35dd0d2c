import { assert, CoppiceError } from '../errors.js'
import {
  LAYOUT_ENTRY_BYTES, SCAN_SCRATCH_BYTES, SUM_BYTES, WIDE_SCAN_SCRATCH_BYTES, type Kernels,
} from '../kernels/api.js'
import type { Arena, ArenaWindow } from '../kernels/arena.js'
import {
  brokenFeature, candidateBytes, type LeafTotals,
} from '../kernels/candidate.js'
import { isWide } from '../row-bytes.js'
import type { ShareTable, FeatureShare } from './feature-shares.js'
import type { HistogramPool } from './histogram-pool.js'
import type { LeafRules } from './leaf-rules.js'
import { drawOffsets, maskBytesMax } from './mask.js'
import type { EngineSetup, FeatureLayout, ScanParams } from './protocol.js'
import { RulesTable } from './rules-table.js'
import { scanByFeature } from './scan-by-feature.js'
import { groupedFeatures } from './voting.js'

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
  /** Of a node, see `sumBins`. */
  readonly #totals: number
  readonly #candidate: number
  readonly #candidateBytes: number
  readonly #found: ArenaWindow
  readonly #pool: HistogramPool
  readonly #features: readonly FeatureLayout[]
  /** Null where trees grow under none. */
  readonly #rules: RulesTable | null
  /** Null where no features are elected. */
  readonly #ballot: Ballot | null
  /** Offsets of the pool's slots. */
  readonly #slots: number[] = []

  constructor(
    arena: Arena, kernels: Kernels, features: readonly FeatureLayout[], table: ShareTable,
    shareIdx: number,
    { scan, rules, voting }: Pick<EngineSetup, 'scan' | 'rules' | 'voting'>, pool: HistogramPool,
  ) {
    this.#arena = arena
    this.#kernels = kernels
    this.#pool = pool
    this.share = table.shares[shareIdx]!
    this.#layout = writeLayout(arena, features, table)
    this.#mask = arena.reserve(maskBytesMax(features))
    this.#params = arena.reserve(SCAN_PARAMS * 8)
    this.setScan(scan)
    this.#scratch = arena.reserve(scanScratchBytes(features))
    this.#totals = arena.reserve(TOTALS_BYTES)
    this.#candidateBytes = candidateBytes(features)
    this.#candidate = arena.reserve(this.#candidateBytes)
    this.#found = arena.window(this.#candidate, this.#candidateBytes)
    this.#features = features
    this.#rules = rules === undefined ? null : new RulesTable(arena, rules, features)
    this.#ballot = voting === undefined ? null : this.#makeBallot()
  }

  /** Offset of the layout table: entries of all features, each relative to its own share. */
  get layout(): number {
    return this.#layout
  }

  /** The parameters of the scans from now on; units stay as they are, at first 1. */
  setScan(scan: ScanParams): void {
    const params = this.#arena.doubles(this.#params, SCAN_PARAMS)
    const [gradientUnit, hessianUnit] = [params[6]! || 1, params[7]! || 1]
    params.set(scanParams(scan))
    this.setUnits(gradientUnit, hessianUnit)
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
    const { nCells, first } = this.share
    const totals = this.#totals
    this.#kernels.sumBins(
      totals, slot, slot + nCells * 8, slot + nCells * 16, this.#features[first]!.nBins)
    const view = this.#arena.view()
    return {
      gradient: view.getBigInt64(totals, true), hessian: view.getBigInt64(totals + 8, true),
      count: view.getInt32(totals + 16, true),
    }
  }

  /**
   * Best split of a node over the share's allowed features, as `candidateBytes` at `at`.
   *
   * @param rules - of the leaf, in a training under rules
   * @throws CoppiceError 'INTERNAL' when a histogram does not add up to the leaf's totals
   */
  scan(
    node: number, totals: LeafTotals, mask: Uint8Array, rules: LeafRules | undefined,
    target: Uint8Array, at: number,
  ): void {
    const { first, last } = this.share
    this.#arena.put(this.#mask, mask)
    assert((rules === undefined) === (this.#rules === null), 'rules in a training under rules')
    if (rules !== undefined) {
      if (rules.neighbours.length > 0) {
        this.#scanByFeature(node, totals, mask, rules, target, at)
        return
      }
      this.#rules!.write(rules)
    }
    this.#scan(node, totals, first, last)
    this.#requireWhole()
    target.set(this.#found.bytes, at)
  }

  #scan(node: number, totals: LeafTotals, first: number, last: number): void {
    const { nCells } = this.share
    const slot = this.slot(node)
    const { gradient, hessian, count } = totals
    const kernels = this.#kernels
    const [sums, layout, scratch] = [slot, this.#layout, this.#scratch]
    if (this.#rules === null) {
      kernels.scan(
        this.#candidate, sums, sums + nCells * 8, sums + nCells * 16, layout, first, last,
        this.#mask, this.#params, scratch, gradient, hessian, count)
    } else {
      kernels.scanConstrained(
        this.#candidate, sums, sums + nCells * 8, sums + nCells * 16, layout, first, last,
        this.#mask, this.#params, scratch, gradient, hessian, count, this.#rules.offset)
    }
  }

  #scanByFeature(
    node: number, totals: LeafTotals, mask: Uint8Array, rules: LeafRules, target: Uint8Array,
    at: number,
  ): void {
    const { first, last } = this.share
    const scan = (f: number): void => {
      this.#scan(node, totals, f, f + 1)
      this.#requireWhole()
    }
    const allowed = Array.from({ length: last - first }, (_, i) => first + i)
      .filter((f) => mask[f] !== 0)
    scanByFeature({
      arena: this.#arena, candidate: this.#candidate, candidateBytes: this.#candidateBytes,
      table: this.#rules!, layouts: this.#features, scan,
    }, allowed, rules, target, at)
  }

  #requireWhole(): void {
    const broken = brokenFeature(this.#arena.view(), this.#candidate)
    if (broken >= 0) throw notWhole(broken)
  }

  /**
   * Votes on a node: of each of the share's allowed features the gain of its best split between
   * groups of bins, -Infinity without one or of others.
   *
   * @throws as `scan`
   */
  vote(node: number, totals: LeafTotals, mask: Uint8Array, votes: Float64Array): void {
    assert(this.#ballot !== null, 'votes in a training that votes')
    const { first, last } = this.share
    this.#arena.put(this.#mask, mask)
    votes.fill(-Infinity, first, last)
    // thresholds are drawn for those who are elected
    const extra = this.#setExtra(0)
    for (let f = first; f < last; f++) {
      if (mask[f] !== 0) votes[f] = this.#voteOf(this.#ballot, node, totals, f)
    }
    this.#setExtra(extra)
  }

  /** Returns what there was. */
  #setExtra(value: number): number {
    const params = this.#arena.doubles(this.#params, SCAN_PARAMS)
    const before = params[SCAN_PARAMS - 1]!
    params[SCAN_PARAMS - 1] = value
    return before
  }

  #voteOf({ entries, sums, groups }: Ballot, node: number, totals: LeafTotals, f: number): number {
    const { nCells, first } = this.share
    const view = this.#arena.view()
    const from = view.getInt32(this.#layout + f * LAYOUT_ENTRY_BYTES, true)
    const slot = this.slot(node)
    this.#arena.clear(sums, BALLOT_CELLS * SUM_BYTES)
    const planes = [sums, sums + BALLOT_CELLS * 8, sums + BALLOT_CELLS * 16] as const
    this.#kernels.coarsen(
      ...planes, slot + from * 8, slot + (nCells + from) * 8, slot + nCells * 16 + from * 4,
      groups[f - first]!, this.#features[f]!.nBins)
    this.#kernels.scan(
      this.#candidate, ...planes, entries, f, f + 1, this.#mask, this.#params, this.#scratch,
      totals.gradient, totals.hessian, totals.count)
    this.#requireWhole()
    const found = this.#arena.view()
    return found.getInt32(this.#candidate + 8, true) < 0 ? -Infinity
      : found.getFloat64(this.#candidate, true)
  }

  /** What voting needs: entries of features by groups, all at cell 0; sums of groups. */
  #makeBallot(): Ballot {
    const { features, groups } = groupedFeatures(this.#features)
    const { first, last } = this.share
    const entries = this.#arena.reserve(features.length * LAYOUT_ENTRY_BYTES)
    features.forEach(({ nBins, missingBin, isCategorical }, f) => {
      this.#arena.ints(entries + f * LAYOUT_ENTRY_BYTES, 4)
        .set([0, nBins, missingBin, Number(isCategorical)])
    })
    return {
      entries,
      sums: this.#arena.reserve(BALLOT_CELLS * SUM_BYTES),
      groups: groups.slice(first, last).map((own) => {
        const at = this.#arena.reserve(own.length)
        this.#arena.bytes(at, own.length).set(own)
        return at
      }),
    }
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

/** Offsets of what votes are cast with. */
interface Ballot {
  readonly entries: number
  readonly sums: number
  /** Of each feature of the share the groups of its bins. */
  readonly groups: readonly number[]
}

/** Bins of a feature, padded. */
const BALLOT_CELLS = 256
/** What `sumBins` writes. */
const TOTALS_BYTES = 20

export function notWhole(feature: number): CoppiceError {
  return new CoppiceError('INTERNAL',
    `the histogram of feature ${feature} does not add up to its leaf's totals: bad memory, a ` +
    'file that changed while it was read, or a bug; run again, and report it if it recurs')
}

/** Bytes that scans of these features work in. */
export function scanScratchBytes(features: readonly FeatureLayout[]): number {
  return features.some(({ nBins }) => isWide(nBins)) ? WIDE_SCAN_SCRATCH_BYTES
    : SCAN_SCRATCH_BYTES
}

/** Writes the layout table of the kernels and returns its offset. */
export function writeLayout(
  arena: Arena, features: readonly FeatureLayout[], table: ShareTable,
): number {
  const layout = arena.reserve(features.length * LAYOUT_ENTRY_BYTES)
  const entries = arena.ints(layout, features.length * 4)
  const draws = drawOffsets(features)
  features.forEach((feature, f) => {
    const kind = Number(feature.isCategorical) | (draws[f]! << 1)
    entries.set([table.cellOffsets[f]!, feature.nBins, feature.missingBin, kind], f * 4)
  })
  return layout
}

/** Doubles that the scan kernel's parameters are. */
export const SCAN_PARAMS = 14

/** The scan kernel's parameters, in the order of assembly/scan-types.ts. */
export function scanParams(scan: ScanParams): number[] {
  return [
    scan.lambdaL1, scan.lambdaL2, Math.max(1, scan.minDataInLeaf), scan.minSumHessianInLeaf,
    scan.minGainToSplit, scan.maxDeltaStep, 1, 1, scan.catSmooth, scan.catL2,
    scan.maxCatThreshold, scan.maxCatToOnehot, scan.minDataPerGroup, Number(scan.extraTrees),
  ]
}
