import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { ScanParams } from '../../src/execution/protocol.js'
import type { Kernels } from '../../src/kernels/api.js'
import { betterCandidate } from '../../src/kernels/candidate.js'
import { addUp, type FeatureSums } from './brute-force.js'
import { bitsOfBins as bitsOf, makeLeaf, type Shape, withoutMissing } from './leaf-sums.js'
import { plain, scanChecks } from './scan-checks.js'

/** The split search: bit-equal to writing down all candidates. */
export function scanContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const { scan, check } = scanChecks(make)
  const numeric = (nBins: number, missingBin = -1): Shape =>
    ({ nBins, missingBin, isCategorical: false })
  const categorical = (nBins: number): Shape => ({ nBins, missingBin: -1, isCategorical: true })
  /** Whole gradients in a narrow range and equal hessians: many equal gains. */
  const tied = (random: TestRandom) => (): [number, number] => [random.below(5) - 2, 4]
  const spread = (random: TestRandom) => (): [number, number] =>
    [random.below(2 ** 21) - 2 ** 20, random.below(2 ** 20)]

  describe('scan', () => {
    it('finds the cut of a leaf by hand', () => {
      // gradients -8, +8 with hessians 2, 2 in loss units: 64/2 + 64/2 - 0
      const one = { gradient: 1, hessian: 1 }
      const bins = [{ g: -8n, h: 2n, n: 2 }, { g: 8n, h: 2n, n: 2 }]
      const { found } = scan([{ bins, missingBin: -1, isCategorical: false }], { units: one })
      assert.deepEqual(found, {
        gain: 64, feature: 0, bin: 0, defaultLeft: true, isCategorical: false, usesCatL2: false,
        leftBins: null, left: { gradient: -8n, hessian: 2n, count: 2 },
      })
    })

    it('takes 1 to 256 bins', () => {
      for (const nBins of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 255, 256]) {
        const random = new TestRandom(nBins)
        check(makeLeaf(random, [numeric(nBins)], 300, spread(random)))
        check(makeLeaf(random, [numeric(nBins)], 300, tied(random)))
        check(makeLeaf(random, [categorical(nBins)], 600, spread(random)))
      }
    })

    it('takes a missing bin at every place, empty or not', () => {
      for (let nBins = 1; nBins <= 9; nBins++) {
        for (let missingBin = -1; missingBin < nBins; missingBin++) {
          for (const nRows of [1, 4, 40]) {
            for (const draw of [tied, spread]) {
              const random = new TestRandom(nBins * 50 + missingBin + nRows)
              check(makeLeaf(random, [numeric(nBins, missingBin)], nRows, draw(random)))
            }
          }
        }
      }
    })

    it('takes bins of two bytes, beside those of one', () => {
      const variants = [
        {}, { lambdaL1: 0.01 }, { maxDeltaStep: 0.05 }, { maxCatThreshold: 200, catSmooth: 0 },
        { maxCatToOnehot: 300 }, { extraTrees: true },
      ]
      for (const [seed, params] of variants.entries()) {
        const random = new TestRandom(seed)
        const shapes = [
          numeric(270, 269), categorical(260), numeric(20, 19), numeric(257, 130), categorical(30),
        ]
        const mask = shapes.map(({ nBins, isCategorical }) => params.extraTrees !== true ? 1
          : 1 + random.below(isCategorical ? 255 : nBins))
        const leaf = makeLeaf(random, shapes, 200, spread(random))
        check(leaf.map((feature) => seed % 2 === 0 ? feature : withoutMissing(feature)),
          { params, mask })
        check(leaf, { params, mask, range: [1, 2] })
      }
    })

    const variants: readonly (readonly [string, Partial<ScanParams>])[] = [
      ['no regularisation', {}],
      ['lambda_l1', { lambdaL1: 0.01 }],
      ['lambda_l2', { lambdaL2: 3 }],
      ['max_delta_step', { maxDeltaStep: 0.05 }],
      ['max_delta_step with lambdas', { maxDeltaStep: 0.1, lambdaL1: 0.02, lambdaL2: 1 }],
      ['min_gain_to_split', { minGainToSplit: 0.01 }],
      ['min_data_in_leaf', { minDataInLeaf: 8 }],
      ['min_data_in_leaf = 0', { minDataInLeaf: 0 }],
      ['min_sum_hessian_in_leaf', { minSumHessianInLeaf: 0.3 }],
      ['all categories one by one', { maxCatToOnehot: 256 }],
      ['all categories in order', { maxCatToOnehot: 1 }],
      ['few categories on the left', { maxCatToOnehot: 1, maxCatThreshold: 2 }],
      ['groups', { maxCatToOnehot: 1, minDataPerGroup: 9 }],
      ['cat_smooth', { maxCatToOnehot: 1, catSmooth: 4.5, catL2: 0 }],
      ['cat_smooth = 0', { maxCatToOnehot: 1, catSmooth: 0 }],
    ]
    for (const [name, params] of variants) {
      it(`equals brute force: ${name}`, () => {
        let nFound = 0
        for (let seed = 0; seed < 60; seed++) {
          const random = new TestRandom(seed)
          const shapes = [
            numeric(2 + random.below(9), random.below(3) - 1), categorical(3 + random.below(9)),
            numeric(12, 11), categorical(3), numeric(1 + random.below(40), -1),
          ]
          const draw = seed % 2 === 0 ? tied : spread
          const nRows = random.pick([2, 20, 120])
          if (check(makeLeaf(random, shapes, nRows, draw(random)), { params }) !== null) nFound++
        }
        assert.ok(nFound > 10, `${nFound} of 60 leaves had a split`)
      })
    }

    it('scores the one candidate that a mask byte names, with extra_trees', () => {
      let nFound = 0
      for (let seed = 0; seed < 300; seed++) {
        const random = new TestRandom(seed)
        const shapes = [
          numeric(2 + random.below(9), random.below(3) - 1), categorical(3 + random.below(9)),
          numeric(12, 11), categorical(3), numeric(1 + random.below(40), -1), numeric(2, 1),
          categorical(20 + random.below(40)),
        ]
        const params = {
          extraTrees: true, ...variants[seed % variants.length]![1], ...(seed % 2 === 0 ? {
            maxCatThreshold: 200 } : {}),
        }
        const mask = shapes.map(({ nBins, isCategorical }) => 1 + random.below(
          isCategorical && nBins > (params.maxCatToOnehot ?? plain.maxCatToOnehot)
            ? 255 : Math.max(1, nBins)))
        const draw = seed % 3 === 0 ? tied : spread
        const leaf = makeLeaf(random, shapes, random.pick([2, 20, 120, 500]), draw(random))
        if (check(leaf, { params, mask }) !== null) nFound++
      }
      assert.ok(nFound > 100, `${nFound} of 300 leaves had a split`)
    })

    it('tells of bins that do not add up with extra_trees too', () => {
      const bins = [{ g: -8n, h: 2n, n: 2 }, { g: 8n, h: 2n, n: 2 }]
      const { broken } = scan([{ bins, missingBin: -1, isCategorical: false }],
        { params: { extraTrees: true }, total: { g: 1n, h: 4n, n: 4 } })
      assert.equal(broken, 0)
    })

    it('equals brute force with the usual parameters and many bins', () => {
      const usual = { minDataInLeaf: 20, minSumHessianInLeaf: 1e-3 }
      let nFound = 0
      for (let seed = 0; seed < 40; seed++) {
        const random = new TestRandom(seed)
        const shapes = [
          numeric(255), numeric(2 + random.below(254)), numeric(64, 63),
          numeric(30, random.below(30)), numeric(1, 0), numeric(255, 254),
        ]
        // rows without a value of the missing bins too: those go the way of leaves without them
        const draw = seed % 3 === 0 ? tied : spread
        const leaf = makeLeaf(random, shapes, random.pick([30, 41, 400, 4000]), draw(random))
          .map((feature) => seed % 2 === 0 ? feature : withoutMissing(feature))
        const params = { ...usual, lambdaL2: random.pick([0, 0, 1.5]) }
        if (check(leaf, { params }) !== null) nFound++
      }
      assert.ok(nFound > 20, `${nFound} of 40 leaves had a split`)
    })

    it('takes sums as large as rows can make them, and hardly any hessians', () => {
      const params = { minSumHessianInLeaf: 1e-3 }
      for (const nRows of [2 ** 19 - 1, 2 ** 19]) {
        for (const hessian of [2n ** 32n - 1n, 1n, 0n]) {
          const shares = [0.3, 0.1, 0, 0.4]
          const counts = shares.map((share) => Math.floor(nRows * share))
          counts.push(nRows - counts.reduce((sum, n) => sum + n, 0))
          const bins = counts.map((n, b) => ({
            g: BigInt(n) * (b % 2 === 0 ? -(2n ** 31n) : 2n ** 31n - 1n), h: BigInt(n) * hessian, n,
          }))
          for (const unit of [2 ** -30, 1, 3e-7]) {
            check([{ bins, missingBin: -1, isCategorical: false }],
              { params, units: { gradient: unit, hessian: unit } })
          }
        }
      }
    })

    it('never scores a side with hessian + lambda of 0', () => {
      // the left side of the best-looking cut has no hessian
      const bins = [{ g: 100n, h: 0n, n: 5 }, { g: -1n, h: 5n, n: 5 }, { g: 2n, h: 5n, n: 5 }]
      for (const params of [{}, { maxDeltaStep: 1 }]) {
        const found = check([{ bins, missingBin: -1, isCategorical: false }], { params })
        assert.equal(found?.bin, 1)
      }
      const zeros = [{ g: 1n, h: 0n, n: 1 }, { g: -1n, h: 0n, n: 1 }]
      assert.equal(check([{ bins: zeros, missingBin: -1, isCategorical: false }]), null)
      assert.equal(check([{ bins: [{ g: 0n, h: 0n, n: 0 }, ...zeros], missingBin: -1,
        isCategorical: true }]), null)
    })

    it('converts sums beyond 2^53 as the nearest double', () => {
      for (let seed = 0; seed < 40; seed++) {
        const random = new TestRandom(seed)
        const leaf = makeLeaf(random, [numeric(9, 4), categorical(8)], 60, spread(random))
        const large = leaf.map((feature) => ({
          ...feature,
          bins: feature.bins.map(({ g, h, n }) => (
            { g: g * (2n ** 33n + 12345n), h: h * (2n ** 34n + 77777n), n })),
        }))
        check(large, { units: { gradient: 2 ** -40, hessian: 2 ** -40 } })
      }
    })

    it('breaks ties: with missing left the highest bin, with missing right the lowest', () => {
      // bins 1 and 2 are empty: cuts after 0, 1 and 2 are the same
      const empty = { g: 0n, h: 0n, n: 0 }
      const bins = [{ g: -9n, h: 4n, n: 4 }, empty, empty, { g: 9n, h: 4n, n: 4 }]
      const highest = check([{ bins, missingBin: -1, isCategorical: false }])
      assert.deepEqual([highest?.bin, highest?.defaultLeft], [2, true])
      // missing rows belong to the right
      const withMissing = [...bins, { g: 9n, h: 4n, n: 4 }]
      const lowest = check([{ bins: withMissing, missingBin: 4, isCategorical: false }])
      assert.deepEqual([lowest?.bin, lowest?.defaultLeft], [0, false])
      // missing rows that change nothing stay left
      const neutral = [{ g: -9n, h: 4n, n: 4 }, { g: 9n, h: 4n, n: 4 }, { g: 0n, h: 0n, n: 3 }]
      const left = check([{ bins: neutral, missingBin: 2, isCategorical: false }])
      assert.deepEqual([left?.bin, left?.defaultLeft], [0, true])
    })

    it('breaks ties of categories: the lowest bin, the front before the back', () => {
      const one = { g: 3n, h: 4n, n: 4 }
      const bins = [{ g: 0n, h: 0n, n: 0 }, one, { g: -3n, h: 4n, n: 4 }, one,
        { g: -3n, h: 4n, n: 4 }]
      const rest = check(
        [{ bins, missingBin: -1, isCategorical: true }], { params: { maxCatToOnehot: 9 } })
      assert.deepEqual(rest?.leftBins, bitsOf([1]))
      const many = check(
        [{ bins, missingBin: -1, isCategorical: true }], { params: { maxCatToOnehot: 1 } })
      assert.deepEqual(many?.leftBins, bitsOf([2, 4]))
    })

    it('takes the lower of features with equal gains, and only allowed ones', () => {
      const random = new TestRandom(8)
      const [feature] = makeLeaf(random, [numeric(6)], 50, tied(random))
      const leaf = [feature!, feature!, feature!]
      assert.equal(check(leaf)?.feature, 0)
      assert.equal(check(leaf, { mask: [0, 1, 1] })?.feature, 1)
      assert.equal(check(leaf, { range: [2, 3] })?.feature, 2)
      assert.equal(check(leaf, { range: [1, 3], mask: [1, 0, 1] })?.feature, 2)
      assert.equal(check(leaf, { mask: [0, 0, 0] }), null)
      assert.equal(check(leaf, { range: [1, 1] }), null)
    })

    it('names a feature whose bins do not add up to the totals', () => {
      const random = new TestRandom(9)
      for (const shapes of [[numeric(6), numeric(5, 4), categorical(7)]]) {
        const leaf = makeLeaf(random, shapes, 50, spread(random))
        const { g, h, n } = addUp(leaf[0]!.bins)
        assert.equal(scan(leaf).broken, -1)
        for (const total of [{ g: g + 1n, h, n }, { g, h: h - 1n, n }, { g, h, n: n + 1 }]) {
          for (let f = 0; f < leaf.length; f++) {
            assert.equal(scan(leaf, { total, range: [f, f + 1] }).broken, f)
          }
        }
        for (let f = 0; f < leaf.length; f++) {
          const bins = leaf[f]!.bins.map((sums, b) => b === 2 ? { ...sums, g: sums.g + 1n } : sums)
          const damaged = leaf.map((feature, i) => i === f ? { ...feature, bins } : feature)
          assert.equal(scan(damaged, { total: { g, h, n } }).broken, f)
        }
      }
    })

    it('finds the same over shares of the features as over all of them', () => {
      // two cuts whose gains are neighbouring doubles and become equal when the parent's is taken
      // off: the larger is in feature 1, but the first of equal gains is in feature 0
      const h = 2n ** 50n
      const scale = { gradient: 2 ** -40, hessian: 2 ** -40 }
      let nRounded = 0
      for (let seed = 0; seed < 3000; seed++) {
        const random = new TestRandom(seed)
        const gl = 2n ** 52n + (BigInt(random.word()) << 19n) + BigInt(random.below(2 ** 19))
        const total = gl / 2n + BigInt(random.below(1000))
        const cut = (g: bigint): FeatureSums => ({
          bins: [{ g, h, n: 10 }, { g: total - g, h, n: 10 }], missingBin: -1, isCategorical: false,
        })
        const sum = (g: bigint): number => {
          const [l, r] = [Number(g) * 2 ** -40, Number(total - g) * 2 ** -40]
          return (l * l * 2 ** 10 + r * r * 2 ** 10) / 2 ** 20
        }
        const leaf = [cut(gl), cut(gl + 1n)]
        const whole = check(leaf, { units: scale })
        const parts = [0, 1].map((f) => scan(leaf, { units: scale, range: [f, f + 1] }).found)
        const isRounded = parts[0]!.gain === parts[1]!.gain && sum(gl) < sum(gl + 1n)
        if (isRounded) {
          nRounded++
          assert.equal(whole!.feature, 0)
        }
        assert.deepEqual(betterCandidate(parts[0]!, parts[1]!), whole)
      }
      assert.ok(nRounded > 5, `${nRounded} pairs of sums that differ have equal gains`)
    })
  })
}
