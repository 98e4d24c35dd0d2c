import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import type { ScanParams } from '../../src/execution/protocol.js'
import type { Kernels } from '../../src/kernels/api.js'
import { betterCandidate } from '../../src/kernels/candidate.js'
import { addUp, type FeatureSums, type Sums } from './brute-force.js'
import { makeLeaf } from './leaf-sums.js'
import { scanChecks } from './scan-checks.js'

/** What training with defaults comes to: leaves of a side without rows or hessian are none. */
const usual: Partial<ScanParams> = { minDataInLeaf: 1, minSumHessianInLeaf: 1e-3 }

/** The sums of a feature of which some rows have the bin 1, the others 0. */
function flagOf(rows: readonly Sums[], isSet: (row: number) => boolean): FeatureSums {
  const sums = [false, true].map((set) => addUp(rows.filter((_, i) => isSet(i) === set)))
  return { bins: sums, missingBin: -1, isCategorical: false }
}

function drawRows(random: TestRandom, nRows: number, isTied: boolean): Sums[] {
  return Array.from({ length: nRows }, () => isTied
    ? { g: BigInt(random.below(5) - 2), h: 4n, n: 1 }
    : { g: BigInt(random.below(2 ** 31) - 2 ** 30), h: BigInt(random.below(2 ** 30)), n: 1 })
}

/** Flags of random shares of the rows; some are set in the same rows as the one before. */
function drawFlags(random: TestRandom, rows: readonly Sums[], nFlags: number): FeatureSums[] {
  const flags: FeatureSums[] = []
  for (let f = 0; f < nFlags; f++) {
    const share = random.pick([0, 10, 200, 500, 1000])
    const set = rows.map(() => random.below(1000) < share)
    flags.push(f > 0 && random.below(4) === 0 ? flags[f - 1]! : flagOf(rows, (i) => set[i]!))
  }
  return flags
}

/** Many features of two bins, most of which a kernel may pass over. */
export function scanFlagsContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const { scan, check } = scanChecks(make)

  describe('scan of flags', () => {
    it('equals brute force, whatever is between them', () => {
      let nFound = 0
      for (let seed = 0; seed < 300; seed++) {
        const random = new TestRandom(seed)
        const nRows = random.pick([1, 5, 60, 300])
        const rows = drawRows(random, nRows, seed % 2 === 0)
        const leaf = drawFlags(random, rows, 1 + random.below(25))
        let next = 0
        const others = makeLeaf(random, [
          { nBins: 2, missingBin: 1, isCategorical: false },
          { nBins: 2, missingBin: -1, isCategorical: true },
          { nBins: 7, missingBin: -1, isCategorical: false },
        ], nRows, () => {
          const { g, h } = rows[next++ % nRows]!
          return [Number(g), Number(h)]
        })
        for (const other of others) leaf.splice(random.below(leaf.length + 1), 0, other)
        const params = {
          ...usual, lambdaL2: random.pick([0, 0, 2]), minDataInLeaf: random.pick([1, 2, 20]),
          minSumHessianInLeaf: random.pick([1e-3, 1e-3, 50, 0]),
          minGainToSplit: random.pick([0, 0, 0.5]), lambdaL1: random.pick([0, 0, 0, 0.1]),
          maxDeltaStep: random.pick([0, 0, 0, 0.1]),
        }
        const mask = leaf.map(() => Number(random.below(5) > 0))
        const first = random.below(3)
        const range = [first, Math.max(first, leaf.length - random.below(3))] as const
        const unit = random.pick([2 ** -30, 1, 1e-6])
        const units = { gradient: unit, hessian: random.pick([unit, 2 ** -20]) }
        if (check(leaf, { params, mask, range, units }) !== null) nFound++
      }
      assert.ok(nFound > 100, `${nFound} of 300 leaves had a split`)
    })

    it('finds the best of two thousand, wherever it is', () => {
      const random = new TestRandom(1)
      const rows = drawRows(random, 200, false)
      const leaf = Array.from({ length: 2000 }, (_, f) => flagOf(rows, (i) => i % 97 === f % 97))
      const best = flagOf(rows, (i) => rows[i]!.g > 0n)
      for (const f of [0, 1, 2, 999, 1998, 1999]) {
        assert.equal(check(leaf.with(f, best), { params: usual })?.feature, f)
        assert.equal(check(leaf.with(f, best).with(1500, best), { params: usual })?.feature,
          Math.min(f, 1500))
      }
    })

    it('names one that does not add up, passed over or not', () => {
      const random = new TestRandom(2)
      const rows = drawRows(random, 50, false)
      const leaf = drawFlags(random, rows, 9)
      const total = addUp(rows)
      const wrong = [{ g: 1n, h: 0n, n: 0 }, { g: 0n, h: 1n, n: 0 }, { g: 0n, h: 0n, n: 1 }]
      for (const params of [usual, { ...usual, minDataInLeaf: 40 }]) {
        assert.equal(scan(leaf, { params }).broken, -1)
        for (let f = 0; f < leaf.length; f++) {
          for (const off of wrong) {
            const [zero, one] = leaf[f]!.bins as [Sums, Sums]
            for (const bins of [[addUp([zero, off]), one], [zero, addUp([one, off])]]) {
              const damaged = leaf.with(f, { ...leaf[f]!, bins })
              assert.equal(scan(damaged, { params, total }).broken, f)
              const mask = leaf.map((_, i) => Number(i !== f))
              assert.equal(scan(damaged, { params, total, mask }).broken, -1)
            }
          }
        }
      }
    })

    it('finds the same over shares of the features as over all of them', () => {
      let nTied = 0
      for (let seed = 0; seed < 200; seed++) {
        const random = new TestRandom(seed)
        const leaf = drawFlags(random, drawRows(random, 40, seed % 4 > 0), 12)
        const params = usual
        const whole = check(leaf, { params })
        const cut = random.below(13)
        const low = scan(leaf, { params, range: [0, cut] }).found
        const high = scan(leaf, { params, range: [cut, 12] }).found
        if (low !== null && low.gain === high?.gain) nTied++
        assert.deepEqual(betterCandidate(low, high), whole)
      }
      assert.ok(nTied > 3, `${nTied} leaves had equally good splits in both shares`)
    })
  })
}
