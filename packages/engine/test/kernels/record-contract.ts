import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { REARRANGE_BYTES, type Kernels } from '../../src/kernels/api.js'
import { fractionLimit, mixNumber, Purpose, rowDraw, startHash } from '../../src/random.js'
import { Lab, lengths } from './lab.js'
import { makeRecords } from './records.js'

/** Kernels that move records, or go by what is in them: nothing else changes. */
export function recordContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  beforeEach(() => lab.clear())
  const record = (at: number, stride: number, i: number): string =>
    Buffer.from(lab.bytes(at + i * stride, stride)).toString('hex')

  describe('partition', () => {
    const tables: Readonly<Record<string, (bin: number) => number>> = {
      'all left': () => 1,
      'all right': () => 0,
      'by bit': (bin) => bin & 1,
      'by threshold': (bin) => bin < 100 ? 1 : 0,
    }
    const check = (n: number, nFeatures: number, extra: number, feature: number): void => {
      for (const goes of Object.values(tables)) {
        lab.clear()
        const random = new TestRandom(n + nFeatures)
        const { bytes, stride, rows } = makeRecords(random, n, nFeatures, extra)
        const src = lab.put(bytes)
        const dst = lab.reserve(n * stride)
        const table = lab.put(Array.from({ length: 256 }, (_, bin) => goes(bin)))
        const isLeft = rows.map(({ bins }) => goes(bins[feature]!) === 1)
        const order = rows.map((_, i) => i)
        const expected = [
          ...order.filter((i) => isLeft[i]), ...order.filter((i) => !isLeft[i]).reverse(),
        ].map((i) => record(src, stride, i))
        const nLeft = lab.run([dst], (k) => k.partition(dst, src, n, stride, feature, table))
        assert.equal(nLeft, isLeft.filter(Boolean).length)
        assert.deepEqual(order.map((i) => record(dst, stride, i)), expected)
      }
    }

    it('puts left rows in order in front and right rows in reverse behind', () => {
      for (const n of lengths) check(n, 4, 0, 2)
    })

    it('takes every stride from 16 to 128', () => {
      for (let extra = 0; extra <= 112; extra += 8) check(17, 4, extra, 3)
    })

    it('takes the first and the last of 1 to 70 features', () => {
      for (let nFeatures = 1; nFeatures <= 70; nFeatures += 3) {
        check(9, nFeatures, 0, 0)
        check(9, nFeatures, 0, nFeatures - 1)
      }
    })
  })

  describe('rearrange', () => {
    const check = (n: number, extra: number, leftOf256: number, runs: number): void => {
      lab.clear()
      const random = new TestRandom(n + extra + leftOf256)
      const { bytes, stride } = makeRecords(random, n, 5, extra)
      // runs of equal bins: blocks that are all right, and blocks that are all wrong
      const bins = Array.from({ length: n }, (_, i) =>
        bytes[i * stride + 2] = bytes[(i - i % runs) * stride + 2]!)
      const at = lab.put(bytes)
      const table = lab.put(Array.from({ length: 256 }, (_, bin) => bin < leftOf256 ? 1 : 0))
      const work = lab.reserve(REARRANGE_BYTES)
      const before = bins.map((_, i) => record(at, stride, i))
      const isLeft = bins.map((bin) => bin < leftOf256)
      const nLeft = lab.run([at, work], (k) => k.rearrange(at, n, stride, 2, table, work))
      assert.equal(nLeft, isLeft.filter(Boolean).length)
      const after = before.map((_, i) => record(at, stride, i))
      assert.deepEqual(
        after.slice(0, nLeft).sort(), before.filter((_, i) => isLeft[i]).sort())
      assert.deepEqual(after.slice(nLeft).sort(), before.filter((_, i) => !isLeft[i]).sort())
      assert.equal(lab.kernels.rearrange(at, n, stride, 2, table, work), nLeft)
      assert.deepEqual(before.map((_, i) => record(at, stride, i)), after, 'a second time')
    }

    it('keeps every record, left ones in front, and changes nothing a second time', () => {
      const blocks = [127, 128, 129, 255, 256, 257, 383, 384, 385, 640, 1000]
      for (const n of [...lengths, ...blocks]) {
        for (const leftOf256 of [0, 1, 100, 128, 255, 256]) check(n, 0, leftOf256, 1)
      }
    })

    it('takes runs of rows that go the same way', () => {
      for (const runs of [50, 128, 300, 700]) {
        for (let n = 257; n < 2000; n += 131) check(n, 0, 128, runs)
      }
    })

    it('takes every stride from 16 to 128', () => {
      for (let extra = 0; extra <= 104; extra += 8) check(300, extra, 90, 1)
    })
  })

  describe('partitionNarrow and rearrangeNarrow', () => {
    const check = (n: number, stride: number, leftOf256: number): void => {
      lab.clear()
      const random = new TestRandom(n + stride + leftOf256)
      const made = (size: number): number =>
        lab.put(Uint8Array.from({ length: n * size }, () => random.below(256)))
      const [src, srcSides] = [made(stride), made(12)]
      const [dst, dstSides] = [lab.reserve(n * stride), lab.reserve(n * 12)]
      const table = lab.put(Array.from({ length: 256 }, (_, bin) => bin < leftOf256 ? 1 : 0))
      const work = lab.reserve(REARRANGE_BYTES)
      const feature = random.below(stride)
      const rowsAt = (bins: number, sides: number): string[] => Array.from({ length: n }, (_, i) =>
        record(bins, stride, i) + record(sides, 12, i))
      const before = rowsAt(src, srcSides)
      const isLeft = before.map((_, i) => lab.bytes(src + i * stride + feature, 1)[0]! < leftOf256)
      const lefts = before.filter((_, i) => isLeft[i])
      const rights = before.filter((_, i) => !isLeft[i])
      const nLeft = lab.run([dst, dstSides], (k) => k.partitionNarrow(
        dst, dstSides, src, srcSides, n, stride, feature, table))
      assert.equal(nLeft, lefts.length)
      assert.deepEqual(rowsAt(dst, dstSides), [...lefts, ...rights.toReversed()])
      assert.equal(lab.run([src, srcSides, work], (k) => k.rearrangeNarrow(
        src, srcSides, n, stride, feature, table, work)), nLeft)
      const after = rowsAt(src, srcSides)
      assert.deepEqual(after.slice(0, nLeft).sort(), lefts.sort())
      assert.deepEqual(after.slice(nLeft).sort(), rights.sort())
    }

    it('move bins and sides together, of every length', () => {
      for (const n of [...lengths, 127, 128, 129, 255, 256, 257, 385, 640, 1000]) {
        for (const stride of [8, 16]) {
          for (const leftOf256 of [0, 1, 100, 128, 255, 256]) check(n, stride, leftOf256)
        }
      }
    })
  })

  it('misplaced and exchangeRows bring rows to their sides', () => {
    for (const n of [...lengths, 300]) {
      for (const share of [0, 3, 50, 97, 100]) {
        lab.clear()
        const random = new TestRandom(n + share)
        const stride = 16 * (1 + random.below(5))
        const goes = Array.from({ length: n }, () => random.below(100) < share ? 1 : 0)
        const nLeft = goes.filter((left) => left === 1).length
        const decisions = lab.put(goes)
        const [rights, lefts] = [lab.reserve((n + 2) * 4), lab.reserve((n + 2) * 4)]
        const nPairs = lab.run(
          [rights, lefts], (k) => k.misplaced(decisions, n, nLeft, rights, lefts))
        const listAt = (list: number): number[] => [...new Uint32Array(
          lab.bytes(list, nPairs * 4).slice().buffer)]
        assert.deepEqual(
          listAt(rights), goes.flatMap((left, i) => i < nLeft && left === 0 ? [i] : []))
        assert.deepEqual(
          listAt(lefts), goes.flatMap((left, i) => i >= nLeft && left === 1 ? [i] : []))
        const rows = lab.put(Uint8Array.from({ length: n * stride }, () => random.below(256)))
        const expected = goes.map((_, i) => record(rows, stride, i))
        listAt(rights).forEach((i, k) => {
          const j = listAt(lefts)[k]!
          ;[expected[i], expected[j]] = [expected[j]!, expected[i]!]
        })
        lab.run([rows], (k) => k.exchangeRows(rows, stride, rights, lefts, nPairs))
        assert.deepEqual(goes.map((_, i) => record(rows, stride, i)), expected)
      }
    }
  })

  describe('decide and divide', () => {
    const check = (n: number, stride: number): void => {
      lab.clear()
      const random = new TestRandom(n + stride)
      const src = lab.put(Uint8Array.from({ length: n * stride }, () => random.below(256)))
      const dst = lab.reserve(n * stride)
      const decisions = lab.reserve(n)
      const table = lab.put(Array.from({ length: 256 }, () => random.below(2)))
      const at = random.below(stride)
      const nLeft = lab.run([decisions], (k) => k.decide(decisions, src + at, n, stride, table))
      const isLeft = Array.from({ length: n }, (_, i) =>
        lab.bytes(table + lab.bytes(src + i * stride + at, 1)[0]!, 1)[0] === 1)
      assert.deepEqual([...lab.bytes(decisions, n)], isLeft.map(Number))
      assert.equal(nLeft, isLeft.filter(Boolean).length)
      if (n === 0) return
      lab.run([dst], (k) => k.divide(dst, src, n, stride, decisions))
      const order = isLeft.map((_, i) => i)
      assert.deepEqual(
        order.map((i) => record(dst, stride, i)),
        [...order.filter((i) => isLeft[i]), ...order.filter((i) => !isLeft[i]).reverse()]
          .map((i) => record(src, stride, i)))
    }

    it('take every length and stride', () => {
      for (const n of lengths) for (const stride of [16, 32, 48, 64]) check(n, stride)
      for (let stride = 8; stride <= 128; stride += 8) check(21, stride)
    })
  })

  it('decideWide looks at the bits of bins of two bytes', () => {
    for (const n of lengths) {
      for (const stride of [2, 3, 16]) {
        lab.clear()
        const random = new TestRandom(n + stride)
        const bins = Array.from({ length: n }, () => random.below(65_536))
        const src = lab.reserve(n * stride + 1)
        bins.forEach((bin, i) => lab.view.setUint16(src + i * stride, bin, true))
        const bits = lab.put(Array.from({ length: 8192 }, () => random.below(256)))
        const decisions = lab.reserve(n)
        const nLeft = lab.run([decisions], (k) => k.decideWide(decisions, src, n, stride, bits))
        const isLeft = bins.map((bin) => lab.bytes(bits + (bin >> 3), 1)[0]! >> (bin & 7) & 1)
        assert.deepEqual([...lab.bytes(decisions, n)], isLeft)
        assert.equal(nLeft, isLeft.filter((go) => go === 1).length)
      }
    }
  })

  it('gatherRows copies the listed rows', () => {
    for (const stride of [8, 16, 24, 64]) {
      for (const n of lengths) {
        lab.clear()
        const random = new TestRandom(n + stride)
        const src = lab.put(Uint8Array.from({ length: (n + 5) * stride }, () => random.below(256)))
        const dst = lab.reserve(n * stride)
        const ids = lab.reserve(n * 16)
        const listed = Array.from({ length: n }, () => random.below(n + 5))
        listed.forEach((id, i) => lab.view.setUint32(ids + i * 16, id, true))
        lab.run([dst], (k) => k.gatherRows(dst, src, n, stride, ids, 16))
        assert.deepEqual(
          listed.map((_, i) => record(dst, stride, i)),
          listed.map((id) => record(src, stride, id)))
      }
    }
  })

  describe('bag', () => {
    it('keeps the rows whose draw is below the limit, also of ids past 2^32', () => {
      const start = mixNumber(startHash(3, Purpose.bagging), 4)
      for (const firstRow of [0, 2048, 2 ** 32 - 5, 2 ** 33 + 1, 2 ** 45]) {
        for (const fraction of [0, 0.3, 0.9, 1]) {
          for (const n of lengths) {
            lab.clear()
            const { bytes, stride, rowIdOffset } = makeRecords(new TestRandom(n), n, 6)
            const src = lab.put(bytes)
            const dst = lab.reserve(n * stride)
            const outside = lab.reserve(n * 4)
            const limit = fractionLimit(fraction)
            const rows = Array.from({ length: n }, (_, i) => i)
            const isIn = rows.map((i) => rowDraw(start, firstRow + i) < limit)
            const kept = lab.run([dst, outside], (k) => k.bag(
              dst, outside, src, n, stride, rowIdOffset, start, firstRow, limit))
            const inBag = rows.filter((i) => isIn[i])
            assert.equal(kept, inBag.length)
            assert.deepEqual(
              inBag.map((_, j) => record(dst, stride, j)),
              inBag.map((i) => record(src, stride, i)))
            const out = rows.filter((i) => !isIn[i])
            assert.deepEqual(lab.ints(outside, out.length), out)
          }
        }
      }
    })

    it('keeps about the fraction asked for', () => {
      const n = 4000
      const { bytes, stride, rowIdOffset } = makeRecords(new TestRandom(1), n, 1)
      const [src, dst, outside] = [lab.put(bytes), lab.reserve(n * stride), lab.reserve(n * 4)]
      const kept = lab.kernels.bag(
        dst, outside, src, n, stride, rowIdOffset, startHash(7, Purpose.bagging), 0,
        fractionLimit(0.25))
      // five standard deviations of a binomial
      assert.ok(Math.abs(kept - n / 4) < 5 * Math.sqrt(n * 0.25 * 0.75), `${kept} of ${n}`)
    })
  })

  it('copyRows copies rows of any width, and nothing else', () => {
    for (let width = 1; width <= 66; width++) {
      for (const n of [0, 1, 2, 5]) {
        lab.clear()
        const random = new TestRandom(n * 100 + width)
        const [srcStride, dstStride] = [width + random.below(9), width + random.below(9)]
        const src = lab.put(Uint8Array.from({ length: n * srcStride }, () => random.below(256)))
        const nBytes = n * dstStride + 16
        const dst = lab.put(Uint8Array.from({ length: nBytes }, () => random.below(256)))
        const expected = lab.bytes(dst, nBytes).slice()
        for (let i = 0; i < n; i++) {
          expected.set(lab.bytes(src + i * srcStride, width), i * dstStride)
        }
        lab.run([dst], (k) => k.copyRows(dst, dstStride, src, srcStride, width, n))
        assert.deepEqual(lab.bytes(dst, nBytes), expected)
      }
    }
  })

  it('putGradients writes pairs in row order and nothing else', () => {
    for (const n of lengths) {
      lab.clear()
      const random = new TestRandom(n)
      const { bytes, stride, gradientOffset } = makeRecords(random, n, 9)
      const pairs = Uint8Array.from({ length: n * 8 }, () => random.below(256))
      const expected = bytes.slice()
      for (let i = 0; i < n; i++) {
        expected.set(pairs.subarray(i * 8, i * 8 + 8), i * stride + gradientOffset)
      }
      const [rec, gradients] = [lab.put(bytes), lab.put(pairs)]
      lab.run([rec], (k) => k.putGradients(rec + gradientOffset, n, stride, gradients))
      assert.deepEqual(lab.bytes(rec, bytes.length), expected)
    }
  })

  it('scatterLeaf adds to the scores of the rows of the records', () => {
    for (const n of lengths) {
      lab.clear()
      const { bytes, stride, rowIdOffset } = makeRecords(new TestRandom(n), n, 3)
      const view = new DataView(bytes.buffer)
      // every second row, in reverse
      for (let i = 0; i < n; i++) view.setUint32(i * stride + rowIdOffset, 2 * (n - 1 - i), true)
      const rec = lab.put(bytes)
      const start = Array.from({ length: 2 * n }, (_, i) => i / 8)
      const score = lab.putDoubles(start)
      lab.run([score], (k) => k.scatterLeaf(score, rec + rowIdOffset, n, stride, -0.75))
      assert.deepEqual(
        lab.doubles(score, 2 * n), start.map((s, i) => i % 2 === 0 ? s - 0.75 : s))
    }
  })

  it('addScores adds doubles to as many', () => {
    for (const n of lengths) {
      lab.clear()
      const start = Array.from({ length: n + 1 }, (_, i) => i / 8)
      const score = lab.putDoubles(start)
      const additions = lab.putDoubles(start.map((_, i) => i % 3 === 0 ? -0.75 : i * 1e-3))
      lab.run([score], (k) => k.addScores(score, additions, n))
      assert.deepEqual(lab.doubles(score, n + 1), start.map((s, i) =>
        i === n ? s : s + (i % 3 === 0 ? -0.75 : i * 1e-3)))
    }
  })

  it('walkTree adds the value of the leaf that each listed row reaches', () => {
    // node 0: feature 1, bins < 128 go to node 1, others to leaf 0; node 1: feature 0, odd bins
    // go to leaf 1, even ones to leaf 2
    for (const n of lengths) {
      for (const lists of [false, true]) {
        lab.clear()
        const random = new TestRandom(n + 1)
        const stride = 3
        const bins = Uint8Array.from({ length: n * stride }, () => random.below(256))
        const rec = lab.put(bins)
        const low = lab.put(Array.from({ length: 256 }, (_, b) => b < 128 ? 1 : 0))
        const odd = lab.put(Array.from({ length: 256 }, (_, b) => b & 1))
        const nodes = lab.reserve(32)
        new Int32Array(lab.memory.buffer, nodes, 8).set([1, low, 1, ~0, 0, odd, ~1, ~2])
        const values = lab.putDoubles([1.5, -2, 0.25])
        const rows = Array.from({ length: n }, (_, i) => i).filter((i) => !lists || i % 3 !== 1)
        const ids = lab.reserve(n * 4)
        rows.forEach((row, i) => lab.view.setUint32(ids + i * 4, row, true))
        const start = Array.from({ length: n }, (_, i) => i)
        const score = lab.putDoubles(start)
        lab.run([score], (k) =>
          k.walkTree(score, rec, stride, lists ? ids : 0, rows.length, nodes, values))
        const expected = start.map((s, row) => {
          if (!rows.includes(row)) return s
          if (bins[row * stride + 1]! >= 128) return s + 1.5
          return s + (bins[row * stride]! % 2 === 1 ? -2 : 0.25)
        })
        assert.deepEqual(lab.doubles(score, n), expected)
      }
    }
  })

  it('walkTreeWide goes by bytes, or by bits of bins of two bytes', () => {
    // node 0: bytes 1 and 2, bins < 20,000 go to node 1, others to leaf 0; node 1: byte 0, odd
    // bins go to leaf 1, even ones to leaf 2
    for (const n of lengths) {
      lab.clear()
      const random = new TestRandom(n + 1)
      const stride = 3
      const bins = Uint8Array.from({ length: n * stride }, () => random.below(256))
      const rec = lab.put(bins)
      const low = lab.put(Array.from({ length: 8192 }, (_, i) => i < 2500 ? 255 : 0))
      const odd = lab.put(Array.from({ length: 256 }, (_, b) => b & 1))
      const nodes = lab.reserve(32)
      new Int32Array(lab.memory.buffer, nodes, 8).set([1, low + 1, 1, ~0, 0, odd, ~1, ~2])
      const values = lab.putDoubles([1.5, -2, 0.25])
      const start = Array.from({ length: n }, (_, i) => i)
      const score = lab.putDoubles(start)
      lab.run([score], (k) => k.walkTreeWide(score, rec, stride, 0, n, nodes, values))
      assert.deepEqual(lab.doubles(score, n), start.map((s, row) => {
        const at = row * stride
        if ((bins[at + 1]! | (bins[at + 2]! << 8)) >= 20_000) return s + 1.5
        return s + (bins[at]! % 2 === 1 ? -2 : 0.25)
      }))
    }
  })
}
