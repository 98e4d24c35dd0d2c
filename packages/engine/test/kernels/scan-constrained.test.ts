import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { drawOffsets } from '../../src/execution/mask.js'
import type { FeatureLayout } from '../../src/execution/protocol.js'
import {
  RULES_BYTES, RULES_FEATURE_BYTES, SCAN_SCRATCH_BYTES, WIDE_SCAN_SCRATCH_BYTES,
} from '../../src/kernels/api.js'
import { brokenFeature, candidateBytes, readCandidate } from '../../src/kernels/candidate.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { referenceKernels } from '../../src/kernels/reference.js'

/** Doubles of a plane of bounds. */
const PLANE = 512
const PLANES = 8 * PLANE

/** A leaf in a memory: sums of random rows over random features, parameters, rules. */
function makeLeaf(
  seed: number,
): { memory: WebAssembly.Memory, args: Parameters<typeof scanOf>[2] } {
  const r = new TestRandom(seed)
  // some have features whose bins take two bytes
  const isWide = seed % 7 === 0
  const memory = new WebAssembly.Memory({ initial: isWide ? 40 : 8, maximum: 64 })
  const view = new DataView(memory.buffer)
  const nFeatures = 1 + r.below(5)
  const nRows = r.pick([3, 30, 300])
  const rows = Array.from({ length: nRows }, () => seed % 3 === 0
    ? { g: r.below(5) - 2, h: 4 } : { g: r.below(2 ** 20) - 2 ** 19, h: r.below(2 ** 18) })
  const [gradients, hessians, counts, layout] = [65536, 131072, 196608, 1024]
  const features: FeatureLayout[] = []
  const offsets: number[] = []
  let offset = 0
  for (let f = 0; f < nFeatures; f++) {
    const isCategorical = r.below(3) === 0
    const nBins = isWide && r.below(2) === 0 ? 257 + r.below(200)
      : 1 + r.below(r.pick([4, 20, 256]))
    const missing = isCategorical || r.below(2) === 0 ? -1 : r.pick([nBins - 1, r.below(nBins)])
    features.push({ nBins, missingBin: missing, isCategorical })
    offsets.push(offset)
    for (const { g, h } of rows) {
      const cell = offset + r.below(nBins)
      for (const [at, value] of [[gradients + cell * 8, g], [hessians + cell * 8, h]] as const) {
        view.setBigInt64(at, view.getBigInt64(at, true) + BigInt(value), true)
      }
      view.setInt32(counts + cell * 4, view.getInt32(counts + cell * 4, true) + 1, true)
    }
    offset += nBins + 1 & ~1
  }
  const isExtra = Number(seed % 5 === 0)
  const mask = Array.from({ length: nFeatures }, () =>
    r.below(8) === 0 ? 0 : 1 + isExtra * r.below(r.pick([4, 200])))
  new Uint8Array(memory.buffer, 512, nFeatures).set(mask)
  const draws = drawOffsets(features)
  features.forEach(({ nBins, missingBin, isCategorical }, f) => {
    if (draws[f]! > 0) view.setUint16(512 + draws[f]!, Math.max(0, mask[f]! - 1), true)
    new Int32Array(memory.buffer, layout + f * 16, 4)
      .set([offsets[f]!, nBins, missingBin, Number(isCategorical) | (draws[f]! << 1)])
  })
  return { memory, args: {
    gradients, hessians, counts, layout, features, nFeatures, random: r,
    total: {
      g: BigInt(rows.reduce((sum, { g }) => sum + g, 0)),
      h: BigInt(rows.reduce((sum, { h }) => sum + h, 0)), n: nRows,
    },
    params: [
      r.pick([0, 0, 0.01]), r.pick([0, 0, 2]), r.pick([1, 1, 5]), r.pick([0, 0.5]),
      r.pick([0, 0, 0.001]), r.pick([0, 0, 0.05]), 2 ** -10, 2 ** -8, r.pick([0, 1, 3]),
      r.pick([0, 2]), r.pick([2, 32]), r.pick([1, 4, 256]), r.pick([1, 9]), isExtra,
    ],
  } }
}

function scanOf(
  memory: WebAssembly.Memory, kernels: ReturnType<typeof instantiateKernels>,
  leaf: {
    gradients: number, hessians: number, counts: number, layout: number, nFeatures: number,
    features: readonly FeatureLayout[],
    random: TestRandom, total: { g: bigint, h: bigint, n: number }, params: readonly number[],
  }, rules: readonly number[] | null, range: readonly [number, number] = [0, leaf.nFeatures],
) {
  const isWide = memory.buffer.byteLength > 1 << 20
  const [out, params, scratch, rulesAt] = [2048, 4096, isWide ? 1 << 19 : 8192, 32768]
  new Uint8Array(memory.buffer, out, candidateBytes(leaf.features)).fill(0)
  new Float64Array(memory.buffer, params, 14).set(leaf.params)
  const { gradients, hessians, counts, layout, total } = leaf
  const common = [
    out, gradients, hessians, counts, layout, ...range, 512, params, scratch, total.g, total.h,
    total.n,
  ] as Parameters<typeof kernels.scan>
  assert.ok(isWide ? scratch + WIDE_SCAN_SCRATCH_BYTES <= memory.buffer.byteLength
    : scratch + SCAN_SCRATCH_BYTES <= rulesAt)
  if (rules === null) kernels.scan(...common)
  else {
    new Float64Array(memory.buffer, rulesAt, rules.length).set(rules)
    kernels.scanConstrained(...common, rulesAt)
  }
  const view = new DataView(memory.buffer)
  assert.equal(brokenFeature(view, out), -1)
  return readCandidate(view, out, leaf.features)
}

function drawRules(r: TestRandom, nFeatures: number): number[] {
  const bound = (): number => (r.below(200) - 100) / 400
  const [a, b] = [bound(), bound()]
  return [
    r.pick([-Infinity, Math.min(a, b)]), r.pick([Infinity, Math.max(a, b)]), r.pick([0, 0, 4.5]),
    r.pick([NaN, bound()]), r.pick([1, 0.3, 1e-15]), r.pick([0, 0, 0.0005]),
    r.below(6) === 0 ? r.below(nFeatures) : -1, r.below(12), 0,
    PLANE * 8,
    ...Array.from({ length: nFeatures }, () =>
      [r.pick([0, 0, 1, -1]), r.pick([1, 1, 0.4, 0]), r.pick([0, 0, 0.001])]).flat(),
  ]
}

describe('scanConstrained', () => {
  it('equals its naive twin to the last bit', () => {
    let nFound = 0
    for (let seed = 0; seed < 700; seed++) {
      const { memory, args } = makeLeaf(seed)
      const rules = drawRules(args.random, args.nFeatures)
      assert.equal(rules.length * 8, RULES_BYTES + args.nFeatures * RULES_FEATURE_BYTES)
      const own = scanOf(memory, instantiateKernels(memory), args, rules)
      const naive = scanOf(memory, referenceKernels(memory), args, rules)
      assert.deepEqual(own, naive, `seed ${seed}`)
      if (own !== null) nFound++
    }
    assert.ok(nFound > 200, `${nFound} of 700 leaves had a split`)
  })

  it('equals its twin where bounds depend on the threshold', () => {
    let nFound = 0
    for (let seed = 1000; seed < 1300; seed++) {
      const { memory, args } = makeLeaf(seed)
      const r = args.random
      const rules = drawRules(r, args.nFeatures)
      rules[6] = -1
      rules[8] = 262144
      const planes = new Float64Array(memory.buffer, 262144, PLANES)
      for (let i = 0; i < PLANES; i++) {
        planes[i] = Math.floor(i / PLANE) % 2 === 0 ? -r.below(100) / 300 : r.below(100) / 300
      }
      for (let f = 0; f < args.nFeatures; f++) {
        if (args.features[f]!.isCategorical) continue
        const own = scanOf(memory, instantiateKernels(memory), args, rules, [f, f + 1])
        assert.deepEqual(own, scanOf(memory, referenceKernels(memory), args, rules, [f, f + 1]))
        if (own !== null) nFound++
      }
    }
    assert.ok(nFound > 100, `${nFound} features had a split`)
  })

  it('finds what scan finds where rules say nothing', () => {
    let nFound = 0
    for (let seed = 0; seed < 300; seed++) {
      const { memory, args: drawn } = makeLeaf(seed * 3 + 1)
      // with max_delta_step both go by outputs; min_gain_to_split is added and taken off again
      const args = { ...drawn, params: drawn.params.with(4, 0).with(5, 0.05) }
      const kernels = instantiateKernels(memory)
      const rules = [-Infinity, Infinity, 0, NaN, 1, 0, -1, 0, 0, PLANE * 8,
        ...Array.from({ length: args.nFeatures }, () => [0, 1, 0]).flat()]
      const ruled = scanOf(memory, kernels, args, rules)
      const free = scanOf(memory, kernels, args, null)
      assert.deepEqual(ruled, free, `seed ${seed}`)
      if (free !== null) nFound++
    }
    assert.ok(nFound > 100)
  })
})
