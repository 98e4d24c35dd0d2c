import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { FeatureLayout, RoundRequest } from '../../src/execution/protocol.js'
import { leftBinsOf } from '../../src/grower/left-bins.js'
import type { GrownTree } from '../../src/grower/grown-tree.js'
import type { GrowthParams } from '../../src/grower/growth-params.js'
import type { GainRange } from '../../src/grower/running-ahead.js'
import { TreeGrower } from '../../src/grower/tree-grower.js'
import type { LeafTotals, SplitCandidate } from '../../src/kernels/candidate.js'
import { finish, mixWord } from '../../src/random.js'

const features: readonly FeatureLayout[] = [
  { nBins: 10, missingBin: -1, isCategorical: false },
  { nBins: 10, missingBin: 9, isCategorical: false },
  { nBins: 6, missingBin: -1, isCategorical: true },
]
const plain: GrowthParams = {
  numLeaves: 31, maxDepth: 0, growPolicy: 'leafwise', minDataInLeaf: 1, maxExpansions: 1,
  aheadMax: 16, costs: { roundNs: 1, expansionNs: 1, rowNs: 0 },
}
const totals = (count: number): LeafTotals =>
  ({ gradient: BigInt(count * 3), hessian: BigInt(count * 7), count })

/** What the leaf with these totals and key could be cut into: a function, as a kernel is. */
type World = (own: LeafTotals, key: number) => SplitCandidate | null

/** Gains fall from a few levels, so that many are equal; shares of rows are random. */
function randomWorld(seed: number, levels: number): World {
  return (own, key) => {
    const random = new TestRandom(mixWord(seed, key))
    if (own.count < 2 || random.below(12) === 0) return null
    const count = 1 + random.below(own.count - 1)
    const feature = random.below(3)
    return {
      gain: 1 + random.below(levels), feature, bin: random.below(8),
      defaultLeft: random.below(2) === 1, isCategorical: feature === 2, usesCatL2: feature === 2,
      leftBins: feature === 2 ? Uint8Array.from({ length: 32 }, (_, i) => i === 0 ? 10 : 0) : null,
      left: { gradient: BigInt(random.below(100) - 50), hessian: BigInt(count * 5), count },
    }
  }
}

interface Grown {
  readonly tree: GrownTree
  readonly gains: GainRange | null
  readonly rounds: readonly RoundRequest[]
}

/** Grows a tree, answering as the world says. The mask tells which node is asked about. */
function grow(
  world: World, changes: Partial<GrowthParams> = {}, rootCount = 200,
  expected: GainRange | null = null,
): Grown {
  const params = { ...plain, ...changes }
  const keyOf = (mask: Uint8Array): number => new DataView(mask.buffer).getInt32(0)
  const mask = (key: number): Uint8Array => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setInt32(0, key)
    return bytes
  }
  const grower = new TreeGrower(
    params, features, mask, (own) => own.count / 4, null, expected)
  const root = totals(rootCount)
  grower.start({ totals: root, candidate: world(root, keyOf(grower.rootMask())) })
  const rounds: RoundRequest[] = []
  for (let round = grower.next(); round !== null; round = grower.next()) {
    rounds.push(round)
    grower.accept(round.expansions.map((expansion) => [
      expansion.leftMask === null ? null : world(expansion.leftTotals, keyOf(expansion.leftMask)),
      expansion.rightMask === null ? null
        : world(expansion.rightTotals, keyOf(expansion.rightMask)),
    ]))
  }
  return { tree: grower.finish(), gains: grower.gains, rounds }
}

/** The tree by the definition: split the best open leaf, again and again. */
function growNaively(
  world: World, { numLeaves, maxDepth, growPolicy, minDataInLeaf }: GrowthParams,
): { gains: number[], counts: number[] } {
  const open = (own: LeafTotals, key: number, depth: number) => {
    const may = (maxDepth <= 0 || depth < maxDepth) && own.count >= 2 * Math.max(1, minDataInLeaf)
    return { own, key, depth, split: may || depth === 0 ? world(own, key) : null }
  }
  const leaves = [open(totals(200), 1, 0)]
  const gains: number[] = []
  while (leaves.length < numLeaves) {
    const order = leaves.map((leaf, i) => ({ leaf, i })).filter(({ leaf }) => leaf.split !== null)
    order.sort((a, b) =>
      (growPolicy === 'depthwise' ? a.leaf.depth - b.leaf.depth : 0) ||
      b.leaf.split!.gain - a.leaf.split!.gain || a.i - b.i)
    if (order.length === 0) break
    const { leaf, i } = order[0]!
    const { left, gain } = leaf.split!
    gains.push(gain)
    const child = (own: LeafTotals, side: number) =>
      open(own, finish(mixWord(leaf.key, side)) | 0, leaf.depth + 1)
    const right = {
      gradient: leaf.own.gradient - left.gradient, hessian: leaf.own.hessian - left.hessian,
      count: leaf.own.count - left.count,
    }
    leaves[i] = child(left, 0)
    leaves.push(child(right, 1))
  }
  return { gains, counts: leaves.map(({ own }) => own.count) }
}

describe('TreeGrower', () => {
  it('runs ahead no further than it says, whatever gains come', () => {
    // children better than all there was, in a growing measure: what runs ahead does so in vain
    let gain = 0
    const rising: World = (own) => own.count < 4 ? null : {
      gain: ++gain, feature: 0, bin: 3, defaultLeft: false, isCategorical: false,
      usesCatL2: false, leftBins: null,
      left: { gradient: 0n, hessian: BigInt(own.count), count: own.count >> 1 },
    }
    for (const maxExpansions of [1, 3, 8]) {
      gain = 0
      const aheadMax = 2 * maxExpansions
      const { tree, rounds } = grow(
        rising, { numLeaves: 127, maxExpansions, aheadMax }, 100_000)
      assert.equal(tree.binned.feature.length, 126)
      assert.ok(tree.statistics.dropped <= aheadMax)
      assert.ok(maxExpansions === 1 || rounds.some(({ expansions }) => expansions.length > 1))
      assert.ok(maxExpansions === 1 || tree.statistics.dropped > maxExpansions, 'it was in vain')
    }
  })

  const policies = ['leafwise', 'depthwise'] as const
  const shapes: readonly Partial<GrowthParams>[] = [
    { numLeaves: 2 }, { numLeaves: 3 }, { numLeaves: 8 }, { numLeaves: 31 }, { numLeaves: 1000 },
    { maxDepth: 1 }, { maxDepth: 3 }, { numLeaves: 20, maxDepth: 5, minDataInLeaf: 7 },
  ]

  it('splits the best open leaf again and again, ties by the lower leaf', () => {
    for (const growPolicy of policies) {
      for (const shape of shapes) {
        for (let seed = 0; seed < 30; seed++) {
          const world = randomWorld(seed, 4)
          const { tree } = grow(world, { ...shape, growPolicy })
          const expected = growNaively(world, { ...plain, ...shape, growPolicy })
          assert.deepEqual(tree.splits.map(({ gain }) => gain), expected.gains)
          assert.deepEqual(tree.leafTotals.map(({ count }) => count), expected.counts)
        }
      }
    }
  })

  it('grows the same tree for speculation 1 to 16, and counts what was dropped', () => {
    let dropped = 0
    for (const growPolicy of policies) {
      for (const shape of shapes) {
        for (let seed = 0; seed < 20; seed++) {
          const world = randomWorld(seed, 3)
          const strict = grow(world, { ...shape, growPolicy })
          assert.equal(strict.tree.statistics.dropped, 0)
          assert.equal(strict.tree.statistics.rounds, strict.tree.splits.length)
          for (let maxExpansions = 2; maxExpansions <= 16; maxExpansions++) {
            const { tree, rounds } = grow(world, { ...shape, growPolicy, maxExpansions })
            const plainTree = (own: GrownTree) => ({ ...own, leafNodes: null, statistics: null })
            assert.deepEqual(plainTree(tree), plainTree(strict.tree))
            const asked = rounds.reduce((sum, round) => sum + round.expansions.length, 0)
            assert.deepEqual(tree.statistics, {
              rounds: rounds.length, expansions: asked, dropped: asked - tree.splits.length,
            })
            assert.ok(rounds.every((round) => round.expansions.length <= maxExpansions))
            assert.ok(rounds.length <= strict.rounds.length)
            dropped += tree.statistics.dropped
          }
        }
      }
    }
    assert.ok(dropped > 100, `${dropped} expansions came to nothing`)
  })

  it('grows the same tree whatever gains it is told to expect', () => {
    for (const growPolicy of policies) {
      for (let seed = 0; seed < 40; seed++) {
        const world = randomWorld(seed, 50)
        const strict = grow(world, { growPolicy })
        const random = new TestRandom(seed)
        for (const factor of [0, 1e-3, 1, 1e3, Infinity]) {
          const expected = { least: random.below(50) * factor, left: random.below(50) * factor }
          const { tree } = grow(world, {
            growPolicy, maxExpansions: 1 + random.below(12), aheadMax: 1 + random.below(40),
            costs: { roundNs: random.below(500), expansionNs: 1, rowNs: random.below(3) },
          }, 200, expected)
          const plainTree = (own: GrownTree) => ({ ...own, leafNodes: null, statistics: null })
          assert.deepEqual(plainTree(tree), plainTree(strict.tree))
        }
      }
    }
  })

  it('expands less in vain, in as few rounds, where it knows the gains of such a tree', () => {
    const costs = { roundNs: 150_000, expansionNs: 25_000, rowNs: 1.5 }
    const shape = { numLeaves: 64, maxExpansions: 8, aheadMax: 64, costs }
    const sums = { blind: { rounds: 0, dropped: 0 }, seeing: { rounds: 0, dropped: 0 } }
    for (let seed = 0; seed < 40; seed++) {
      // gains of splits are shares of what is left, as rows are
      const world: World = (own, key) => {
        const split = randomWorld(seed, 1)(own, key)
        return split === null ? null : { ...split, gain: own.count * (1 + (key & 15)) }
      }
      const blind = grow(world, shape, 1_000_000)
      const seeing = grow(world, shape, 1_000_000, blind.gains)
      for (const [name, { tree: { statistics } }] of Object.entries({ blind, seeing })) {
        const sum = sums[name as keyof typeof sums]
        sum.rounds += statistics.rounds
        sum.dropped += statistics.dropped
      }
    }
    assert.ok(sums.seeing.dropped < 0.7 * sums.blind.dropped, JSON.stringify(sums))
    assert.ok(sums.seeing.rounds <= 1.1 * sums.blind.rounds, JSON.stringify(sums))
  })

  it('saves rounds although it expects what is no longer so', () => {
    const costs = { roundNs: 150_000, expansionNs: 25_000, rowNs: 1.5 }
    const shape = { maxExpansions: 8, aheadMax: 64, costs }
    const sums = { blind: 0, after: 0 }
    for (let seed = 0; seed < 20; seed++) {
      const world = (scale: number): World => (own, key) => {
        const split = randomWorld(seed, 1)(own, key)
        return split === null ? null : { ...split, gain: scale * own.count * (1 + (key & 15)) }
      }
      const few = grow(world(1), { ...shape, numLeaves: 8 }, 1_000_000).gains
      const many = { ...shape, numLeaves: 100 }
      // the leaves become more, and gains fall
      const after = grow(world(0.01), many, 1_000_000, few).tree
      sums.blind += grow(world(0.01), many, 1_000_000).tree.statistics.rounds
      sums.after += after.statistics.rounds
    }
    // without thinking again it is one expansion a round, 1980 in all
    assert.ok(sums.after < 2 * sums.blind, JSON.stringify(sums))
  })

  it('tells where the gains of its splits ended', () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = randomWorld(seed, 50)
      const { tree, gains } = grow(world, { numLeaves: 12, maxExpansions: 7 })
      const own = tree.splits.map(({ gain }) => gain)
      if (own.length === 0) assert.equal(gains, null)
      else if (gains!.left === 0) assert.equal(gains!.least, 0)
      else {
        assert.equal(own.length, 11)
        assert.ok(gains!.least === Math.min(...own) && gains!.left <= own.at(-1)!)
      }
      assert.deepEqual(grow(world, { numLeaves: 12 }).gains, gains, 'with nothing ahead, too')
    }
  })

  it('asks for a node once, and only for children of nodes it knows', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { rounds, tree } = grow(randomWorld(seed, 3), { maxExpansions: 5 })
      const known = new Set([0])
      const split = new Set<number>()
      const released = new Set<number>()
      for (const round of rounds) {
        for (const node of round.released) {
          assert.ok(known.has(node) && !split.has(node) && !released.has(node))
          released.add(node)
        }
        for (const { parent, left, right } of round.expansions) {
          assert.ok(known.has(parent) && !split.has(parent) && !released.has(parent))
          split.add(parent)
          for (const child of [left, right]) assert.ok(!known.has(child))
          known.add(left).add(right)
        }
      }
      for (const leaf of tree.leafNodes) assert.ok(known.has(leaf))
      assert.equal(new Set(tree.leafNodes).size, tree.leafNodes.length)
    }
  })

  it('sends totals of children that add up to the parent', () => {
    const { rounds } = grow(randomWorld(1, 3), { maxExpansions: 3 })
    const of = new Map([[0, totals(200)]])
    for (const { parent, left, right, leftTotals, rightTotals } of
      rounds.flatMap((round) => round.expansions)) {
      const whole = of.get(parent)!
      assert.equal(leftTotals.count + rightTotals.count, whole.count)
      assert.equal(leftTotals.gradient + rightTotals.gradient, whole.gradient)
      assert.equal(leftTotals.hessian + rightTotals.hessian, whole.hessian)
      of.set(left, leftTotals).set(right, rightTotals)
    }
  })

  it('asks for no candidates of children that cannot be split', () => {
    // depth, rows, and the last split of a full tree
    const atDepth = grow(randomWorld(2, 3), { maxDepth: 1 }).rounds.flatMap((r) => r.expansions)
    assert.deepEqual(atDepth.map((e) => [e.leftMask, e.rightMask]), [[null, null]])
    const last = grow(randomWorld(2, 3), { numLeaves: 4 }).rounds.at(-1)!.expansions
    assert.deepEqual(last.map((e) => [e.leftMask, e.rightMask]), [[null, null]])
    const few = grow(randomWorld(3, 3), { minDataInLeaf: 10 }).rounds.flatMap((r) => r.expansions)
    for (const { leftTotals, leftMask } of few.slice(0, -1)) {
      if (leftTotals.count < 20) assert.equal(leftMask, null)
    }
  })

  it('is one leaf when the root cannot be split', () => {
    const { tree, rounds } = grow(() => null)
    assert.equal(rounds.length, 0)
    assert.deepEqual(tree.binned.leafValue, [50])
    assert.deepEqual([tree.leafNodes, tree.binned.feature], [[0], []])
    assert.deepEqual(tree.statistics, { rounds: 0, expansions: 0, dropped: 0 })
  })

  it('refuses to go on while a round is outstanding or an answer is short', () => {
    const world = randomWorld(4, 3)
    const grower = new TreeGrower(plain, features, () => new Uint8Array(3), () => 0)
    grower.start({ totals: totals(50), candidate: world(totals(50), 3) ??
      world(totals(50), 4) })
    assert.ok(grower.next() !== null)
    assert.throws(() => grower.next(), /outstanding/)
    assert.throws(() => grower.accept([]), /answer for each/)
  })
})

describe('leftBinsOf', () => {
  const bitsOf = (bytes: Uint8Array): number[] =>
    Array.from({ length: 256 }, (_, b) => b).filter((b) => (bytes[b >> 3]! >> (b & 7)) & 1)

  it('is every bin up to the split, the missing bin by default_left', () => {
    for (const nBins of [1, 2, 8, 9, 255, 256]) {
      for (const missingBin of [-1, 0, nBins >> 1, nBins - 1]) {
        for (const bin of [0, 3, nBins - 1]) {
          for (const defaultLeft of [false, true]) {
            const feature = { nBins, missingBin, isCategorical: false }
            const bits = bitsOf(leftBinsOf({ bin, defaultLeft, leftBins: null }, feature))
            assert.deepEqual(bits, Array.from({ length: nBins }, (_, b) => b).filter((b) =>
              b === missingBin ? defaultLeft : b <= bin))
          }
        }
      }
    }
  })
})
