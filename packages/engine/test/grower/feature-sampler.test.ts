import assert from 'node:assert/strict'
import { FeatureSampler } from '../../src/grower/feature-sampler.js'

const all = { featureFraction: 1, featureFractionBynode: 1, featureFractionSeed: 2 }
const usable = [0, 2, 3, 5, 6, 7, 9, 11]
const chosen = (mask: Uint8Array): number[] => [...mask].flatMap((byte, f) => byte ? [f] : [])
const tree = (sampling: Partial<typeof all>, iteration = 0, output = 0): FeatureSampler => {
  const sampler = new FeatureSampler({ ...all, ...sampling }, usable, 12)
  sampler.startTree(iteration, output)
  return sampler
}

describe('FeatureSampler', () => {
  it('allows all usable features without sampling, and no others', () => {
    assert.deepEqual(chosen(tree({}).mask(1)), usable)
  })

  it('draws round(n fraction) features, at least one', () => {
    for (const [featureFraction, n] of [[0.01, 1], [0.3, 2], [0.44, 4], [0.5, 4], [0.99, 8]]) {
      const own = chosen(tree({ featureFraction: featureFraction! }).mask(1))
      assert.equal(own.length, n)
      assert.ok(own.every((f) => usable.includes(f)))
    }
  })

  it('draws anew for each tree and each output, the same each time', () => {
    const draw = (iteration: number, output: number): string =>
      chosen(tree({ featureFraction: 0.5 }, iteration, output).mask(1)).join()
    assert.equal(draw(3, 1), draw(3, 1))
    const draws = Array.from({ length: 20 }, (_, i) => draw(i >> 1, i & 1))
    assert.ok(new Set(draws).size > 10)
    // within a tree all nodes have its features
    const sampler = tree({ featureFraction: 0.5 })
    assert.deepEqual(sampler.mask(1), sampler.mask(12345))
  })

  it('draws nodes from the features of the tree, by the path only', () => {
    const sampling = { featureFraction: 0.75, featureFractionBynode: 0.5 }
    const ofTree = chosen(tree({ featureFraction: 0.75 }).mask(1))
    const sampler = tree(sampling)
    const masks = Array.from({ length: 50 }, (_, key) => chosen(sampler.mask(key)))
    for (const mask of masks) {
      assert.equal(mask.length, 3)
      assert.ok(mask.every((f) => ofTree.includes(f)))
    }
    assert.ok(new Set(masks.map(String)).size > 8)
    // the order of the questions does not matter
    const other = tree(sampling)
    for (let key = 49; key >= 0; key--) assert.deepEqual(chosen(other.mask(key)), masks[key])
  })

  it('gives every feature its turn', () => {
    const counts = new Map<number, number>()
    for (let iteration = 0; iteration < 800; iteration++) {
      for (const f of chosen(tree({ featureFraction: 0.25 }, iteration).mask(1))) {
        counts.set(f, (counts.get(f) ?? 0) + 1)
      }
    }
    // 2 of 8 features in 800 trees: 200 each, deviation 12
    for (const f of usable) assert.ok(Math.abs(counts.get(f)! - 200) < 62, `${f}: ${counts.get(f)}`)
  })

  it('knows nothing to draw from without usable features', () => {
    const sampler = new FeatureSampler({ ...all, featureFraction: 0.5 }, [], 3)
    sampler.startTree(0, 0)
    assert.deepEqual(chosen(sampler.mask(1)), [])
  })
})
