import assert from 'node:assert/strict'
import { drawOffsets, maskBytesMax } from '../../src/execution/mask.js'
import type { ScanParams } from '../../src/execution/protocol.js'
import {
  SCAN_SCRATCH_BYTES, WIDE_SCAN_SCRATCH_BYTES, type Kernels,
} from '../../src/kernels/api.js'
import {
  brokenFeature, candidateBytes, readCandidate, type SplitCandidate,
} from '../../src/kernels/candidate.js'
import {
  addUp, bruteForceScan, type BestSplit, type FeatureSums, type ScanUnits, type Sums,
} from './brute-force.js'
import { bitsOf as bitsOfSet } from '../../src/bin-set.js'
import { isWide } from '../../src/row-bytes.js'
import { Lab } from './lab.js'
import { bitsOfBins as bitsOf } from './leaf-sums.js'

/** The parameters where none are given. */
export const plain: ScanParams = {
  lambdaL1: 0, lambdaL2: 0, minDataInLeaf: 1, minSumHessianInLeaf: 0, minGainToSplit: 0,
  maxDeltaStep: 0, catSmooth: 1, catL2: 2, maxCatThreshold: 32, maxCatToOnehot: 4,
  minDataPerGroup: 1, extraTrees: false,
}
const units: ScanUnits = { gradient: 2 ** -10, hessian: 2 ** -8 }

/** A leaf's parameters and what is scanned of it. */
export interface ScanOptions {
  readonly params?: Partial<ScanParams>
  readonly total?: Sums
  readonly range?: readonly [number, number]
  readonly mask?: readonly number[]
  readonly units?: ScanUnits
}

/** Scans leaves by the kernel, and compares with writing down all candidates. */
export function scanChecks(make: (memory: WebAssembly.Memory) => Kernels): {
  /** What the kernel finds. */
  readonly scan: (
    leaf: readonly FeatureSums[], options?: ScanOptions,
  ) => { found: SplitCandidate | null, broken: number }
  /** The same, if it is as it should be. */
  readonly check: (leaf: readonly FeatureSums[], options?: ScanOptions) => SplitCandidate | null
} {
  const lab = new Lab(make)

  /** Runs the kernel over a leaf. */
  function scan(
    leaf: readonly FeatureSums[], options: ScanOptions = {},
  ): { found: SplitCandidate | null, broken: number } {
    lab.clear()
    const p = { ...plain, ...options.params }
    const u = options.units ?? units
    const offsets: number[] = []
    let nCells = 0
    for (const { bins } of leaf) {
      offsets.push(nCells)
      nCells += bins.length + 1 & ~1
    }
    const [g, h, c] = [lab.reserve(nCells * 8), lab.reserve(nCells * 8), lab.reserve(nCells * 4)]
    const features = leaf.map(({ bins, missingBin, isCategorical }) =>
      ({ nBins: bins.length, missingBin, isCategorical }))
    const draws = drawOffsets(features)
    const layout = lab.reserve(leaf.length * 16)
    leaf.forEach(({ bins, missingBin, isCategorical }, f) => {
      new Int32Array(lab.memory.buffer, layout + f * 16, 4)
        .set([offsets[f]!, bins.length, missingBin, Number(isCategorical) | (draws[f]! << 1)])
      bins.forEach((sums, b) => {
        const i = offsets[f]! + b
        lab.view.setBigInt64(g + i * 8, sums.g, true)
        lab.view.setBigInt64(h + i * 8, sums.h, true)
        lab.view.setInt32(c + i * 4, sums.n, true)
      })
    })
    const mask = lab.reserve(maskBytesMax(features))
    for (const [f, allowed] of (options.mask ?? leaf.map(() => 1)).entries()) {
      lab.bytes(mask + f, 1)[0] = draws[f] === 0 ? allowed : Math.min(1, allowed)
      if (draws[f]! > 0) lab.view.setUint16(mask + draws[f]!, Math.max(0, allowed - 1), true)
    }
    const params = lab.putDoubles([
      p.lambdaL1, p.lambdaL2, Math.max(1, p.minDataInLeaf), p.minSumHessianInLeaf,
      p.minGainToSplit, p.maxDeltaStep, u.gradient, u.hessian, p.catSmooth, p.catL2,
      p.maxCatThreshold, p.maxCatToOnehot, p.minDataPerGroup, Number(p.extraTrees),
    ])
    const isWideLeaf = features.some(({ nBins }) => isWide(nBins))
    const scratch = lab.reserve(isWideLeaf ? WIDE_SCAN_SCRATCH_BYTES : SCAN_SCRATCH_BYTES)
    const out = lab.reserve(candidateBytes(features))
    const [first, last] = options.range ?? [0, leaf.length]
    const total = options.total ?? addUp(leaf[0]!.bins)
    lab.run([out, scratch], (k) => k.scan(
      out, g, h, c, layout, first, last, mask, params, scratch, total.g, total.h, total.n))
    return { found: readCandidate(lab.view, out, features), broken: brokenFeature(lab.view, out) }
  }

  function assertFound(
    found: SplitCandidate | null, best: BestSplit | null, leaf: readonly FeatureSums[],
  ): void {
    if (best === null) {
      assert.equal(found, null)
      return
    }
    assert.ok(found !== null, `a split is found: ${best.gain}`)
    const { feature, gain, leftBins, left } = best
    const { bins, missingBin, isCategorical } = leaf[feature]!
    const own = isCategorical ? bitsOfSet(found.leftBins!, bins.length)
      : bitsOf(bins.map((_, b) => b).filter((b) =>
        b === missingBin ? found.defaultLeft : b <= found.bin), bins.length)
    assert.deepEqual(
      [found.feature, found.gain, found.left.gradient, found.left.hessian, found.left.count],
      [feature, gain, left.g, left.h, left.n])
    assert.deepEqual(own, bitsOf(leftBins, bins.length))
    assert.equal(found.isCategorical, isCategorical)
    assert.equal(found.usesCatL2, best.usesCatL2)
    if (!isCategorical) assert.equal(found.defaultLeft, best.defaultLeft)
  }

  function check(leaf: readonly FeatureSums[], options: ScanOptions = {}): SplitCandidate | null {
    const [first, last] = options.range ?? [0, leaf.length]
    const allowed = leaf.map((feature, f) =>
      f >= first && f < last && (options.mask?.[f] ?? 1) !== 0
        ? { ...feature, ...(options.params?.extraTrees === true
          ? { only: (options.mask?.[f] ?? 1) - 1 } : {}) }
        : null)
    const { found, broken } = scan(leaf, options)
    assert.equal(broken, -1)
    assertFound(found, bruteForceScan(
      allowed, addUp(leaf[0]!.bins), { ...plain, ...options.params }, options.units ?? units), leaf)
    return found
  }

  return { scan, check }
}
