import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { SORT_COUNT_BYTES, type Kernels } from '../../src/kernels/api.js'
import { Lab, lengths } from './lab.js'

/** Draws of several kinds of doubles other than NaN and -0. */
const kinds: Readonly<Record<string, (random: TestRandom) => number>> = {
  integers: (random) => random.below(50) - 20,
  'those that differ in the last digits': (random) => 1 + random.below(1e9) * 2 ** -52,
  'groups of those': (random) =>
    (random.below(2) * 2 - 1) * (1 + random.below(5) / 8 + random.below(30) * 2 ** -50),
  'all magnitudes': (random) =>
    (random.below(2) * 2 - 1) * 10 ** (random.below(600) - 300) * (1 + random.below(1e6)),
  infinities: (random) => [Infinity, -Infinity, 0, 1e-320, Number.MAX_VALUE][random.below(5)]!,
}

/** What the kernels for values of a column do. */
export function valueContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  beforeEach(() => lab.clear())

  it('keepStored', () => {
    const least = Math.fround(1e-35)
    const others = [0, -0, NaN, least, -least, 2e-35, -2e-35, Infinity, -Infinity]
    for (const n of [...lengths, 3000]) {
      lab.clear()
      const random = new TestRandom(n + 7)
      const drawn = Array.from({ length: n }, () => others[random.below(15)] ?? random.below(9))
      const values = lab.putDoubles(drawn)
      const nNans = lab.reserve(4)
      const kept = drawn.filter((value) => Math.abs(value) > least)
      assert.equal(lab.run([values, nNans], (k) => k.keepStored(values, n, nNans)), kept.length)
      assert.deepEqual(lab.doubles(values, kept.length), kept)
      assert.deepEqual(lab.ints(nNans, 1), [drawn.filter(Number.isNaN).length])
    }
  })

  for (const [kind, draw] of Object.entries(kinds)) {
    it(`sortValues and countDistinct: ${kind}`, () => {
      for (const n of [...lengths, 3000]) {
        lab.clear()
        const random = new TestRandom(n + 1)
        const drawn = Array.from({ length: n }, () => draw(random))
        const values = lab.putDoubles(drawn)
        const scratch = lab.reserve(n * 8)
        const counts = lab.reserve(Math.max(SORT_COUNT_BYTES, n * 4))
        lab.run([values, scratch, counts], (k) => k.sortValues(values, scratch, n, counts))
        const sorted = [...Float64Array.from(drawn).sort()]
        assert.deepEqual(lab.doubles(values, n), sorted)
        const m = lab.run([values, counts], (k) => k.countDistinct(values, counts, n))
        const distinct = [...new Set(sorted)]
        assert.deepEqual(lab.doubles(values, m), distinct)
        assert.deepEqual(lab.ints(counts, m),
          distinct.map((value) => sorted.lastIndexOf(value) - sorted.indexOf(value) + 1))
      }
    })

    it(`mergeCounted: ${kind}`, () => {
      for (const na of lengths) {
        for (const nb of [0, 1, 17, na]) {
          lab.clear()
          const random = new TestRandom(na * 1000 + nb)
          const list = (n: number) =>
            [...new Set(Array.from({ length: n }, () => draw(random)))].sort((x, y) => x - y)
          const lists = [list(na), list(nb)] as const
          const counts = lists.map((values) => values.map(() => 1 + random.below(1000)))
          const [a, b] = lists.map((values) => lab.putDoubles(values)) as [number, number]
          const [aCounts, bCounts] = counts.map((own) =>
            lab.put(new Uint8Array(Uint32Array.from(own).buffer))) as [number, number]
          const all = [...new Set(lists.flat())].sort((x, y) => x - y)
          const total = lists[0].length + lists[1].length
          const dst = lab.reserve(total * 8)
          const dstCounts = lab.reserve(total * 4)
          const n = lab.run([dst, dstCounts], (k) => k.mergeCounted(
            dst, dstCounts, a, aCounts, lists[0].length, b, bCounts, lists[1].length))
          assert.deepEqual(lab.doubles(dst, n), all)
          assert.deepEqual(lab.ints(dstCounts, n), all.map((value) => lists.reduce(
            (sum, values, side) => sum + (counts[side]![values.indexOf(value)] ?? 0), 0)))
        }
      }
    })
  }
}
