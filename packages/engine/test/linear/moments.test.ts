import assert from 'node:assert/strict'
import type { MomentsRequest } from '../../src/execution/protocol.js'
import { linearSetup, outputLimit, planLinear } from '../../src/linear/linear-plan.js'
import {
  joinMoments, leafLength, mergeMoments, MOMENTS_MAX, momentsBatches, momentsFault, momentsLength,
} from '../../src/linear/moments.js'

const request: MomentsRequest = { kind: 'moments', output: 0, leaves: [
  { node: 3, features: [0, 2], count: 10 }, { node: 4, features: [], count: 5 },
] }

function partOf(nFirst: number, nSecond: number, fill = 1n): BigInt64Array {
  const part = new BigInt64Array(momentsLength(request)).fill(fill)
  const second = leafLength(2)
  part.set([BigInt(nFirst), BigInt(nFirst)])
  part.set([BigInt(nSecond), 0n], second)
  return part
}

describe('sums of linear leaves', () => {
  it('have a head, products and gradients of each leaf, in two units', () => {
    assert.equal(leafLength(0), 2 + 2 * (1 + 1))
    assert.equal(leafLength(2), 2 + 2 * (6 + 3))
    assert.equal(momentsLength(request), leafLength(2) + leafLength(0))
  })

  it('add up, and are refused where rows are missing or counted twice', () => {
    const parts = [partOf(4, 5), partOf(6, 0, 7n)]
    const sums = mergeMoments(request, parts)
    assert.equal(sums[0], 10n)
    assert.equal(sums[5], 8n)
    assert.deepEqual(sums, joinMoments([...parts].reverse()))
    for (const wrong of [[parts[0]!], [...parts, parts[1]!]]) {
      assert.throws(() => mergeMoments(request, wrong), /sums of node 3 do not add up: .* 10$/)
    }
  })

  it('of other lengths, or with more fitted rows than there are, are none', () => {
    assert.equal(momentsFault(request, partOf(4, 5)), null)
    assert.match(momentsFault(request, partOf(4, 5).slice(1))!, /numbers came/)
    assert.match(momentsFault(request, partOf(11, 5))!, /node 3 11 rows of 11/)
    const part = partOf(4, 5)
    part[1] = 5n
    assert.match(momentsFault(request, part)!, /node 3 5 rows of 4/)
    part[1] = -1n
    assert.ok(momentsFault(request, part) !== null)
  })

  it('are asked for in as many requests as they need, in the order of the leaves', () => {
    const wide = Array.from({ length: 300 }, (_, f) => f)
    const leaves = Array.from({ length: 12 }, (_, node) =>
      ({ node, features: node === 5 ? [] : wide, count: 1 }))
    const batches = momentsBatches(leaves)
    assert.deepEqual(batches.flat(), leaves)
    assert.ok(batches.length > 1)
    for (const batch of batches) {
      assert.ok(momentsLength({ ...request, leaves: batch }) <= MOMENTS_MAX)
    }
    const huge = Array.from({ length: 700 }, (_, f) => f)
    assert.equal(momentsBatches([{ node: 0, features: huge, count: 1 }]).length, 1)
  })
})

describe('linearSetup', () => {
  const feature = { nBins: 9, missingBin: -1, isCategorical: false }
  const growth = { numLeaves: 31, depths: [-1] }

  it('has units in which no sum of any number of rows overflows', () => {
    for (const nRows of [1, 2, 3, 4096, 4097, 1e6, 2 ** 31 - 1]) {
      const { coarse, fine } = linearSetup({ features: [feature], nRows, extents: [1] }, growth)
      // products up to 2^30, and what is left of them up to half a coarse unit
      assert.ok(nRows * 2 ** (30 - coarse) <= 2 ** 62, `${nRows} rows in coarse units`)
      assert.ok(nRows * 2 ** (coarse - 1 - fine) <= 2 ** 62, `${nRows} rows in fine units`)
      assert.ok(30 - coarse < 51 && coarse - fine <= 51, 'the kernel can round to them')
      assert.ok(fine <= -31, 'to a part in 2^61 of the largest product')
    }
  })

  it('scales values to at most 1; categories and single bins have none', () => {
    const features = [feature, { ...feature, isCategorical: true }, feature,
      { ...feature, nBins: 1 }, feature, feature]
    const { exponents, maxFeatures } = linearSetup(
      { features, nRows: 5, extents: [1, 1.5, 0, 1e-200] }, growth)
    assert.deepEqual(exponents, [0, 0, 1, 0, 0, -500])
    assert.equal(maxFeatures, 4)
  })

  it('refuses paths of too many features, with the way out', () => {
    const data = { features: new Array(3000).fill(feature), nRows: 5, extents: [] }
    assert.throws(() => linearSetup(data, { numLeaves: 4000, depths: [9, 0] }),
      /num_leaves = 4000 .* 3000 features; .* max_depth/)
    assert.equal(linearSetup(data, { numLeaves: 4000, depths: [9, 3] }).maxFeatures, 9)
    assert.equal(linearSetup(data, { numLeaves: 15, depths: [-1] }).maxFeatures, 14)
  })
})

describe('outputLimit', () => {
  it('is of the scale of each score, where they have their own', () => {
    const plan = planLinear(0, 1024, null, [4, 1024])
    assert.deepEqual([0, 1].map((output) => outputLimit(plan, 3, output)), [256, 65536])
  })

  it('keeps all outputs together within 2^12 scales', () => {
    const scale = 1024
    const plan = planLinear(0, scale, null)
    let sum = 0
    for (let t = 0; t < 1 << 20; t++) sum += outputLimit(plan, t, 0)
    assert.ok(sum < 4096 * scale)
    for (const n of [1, 100, 1000]) {
      assert.ok(n * outputLimit(planLinear(0, scale, n), n - 1, 0) <= 4096 * scale)
    }
  })
})
