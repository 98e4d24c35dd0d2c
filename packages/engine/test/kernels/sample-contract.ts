import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { Purpose, fractionLimit, mixNumber, rowDraw, startHash } from '../../src/random.js'
import type { Kernels } from '../../src/kernels/api.js'
import { Lab, lengths } from './lab.js'
import { makeRecords } from './records.js'

const start = mixNumber(startHash(3, Purpose.goss), 4)
const firsts = [0, 2 ** 32 - 5, 2 ** 45]

/** Draws of rows by labels and gradients. */
export function sampleContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  const keysOf = (at: number, n: number): number[] => lab.ints(at, n).map((key) => key >>> 0)
  const putKeys = (values: readonly number[]): number =>
    lab.put(new Uint8Array(Uint32Array.from(values).buffer))

  it('importanceKeys order rows by |gradient x hessian| over all outputs', () => {
    for (const n of lengths) {
      for (const nOutputs of [1, 3]) {
        lab.clear()
        const made = Array.from({ length: nOutputs }, (_, k) =>
          makeRecords(new TestRandom(n + k), n, 6))
        const { stride, gradientOffset } = made[0]!
        const pairs = lab.put(made.flatMap(({ bytes }) => [...bytes]))
        const own = made.map((_, k) => 2 ** (-7 * k))
        const factors = lab.put(new Uint8Array(Float64Array.from(own).buffer))
        for (const [at, factor] of [[0, () => 1], [factors, (k: number) => own[k]!]] as const) {
          const keys = lab.reserve(n * 4)
          lab.run([keys], (kernels) => kernels.importanceKeys(
            keys, pairs + gradientOffset, stride, n * stride, nOutputs, n, at))
          const sums = Array.from({ length: n }, (_, i) => Math.fround(made.reduce(
            (sum, { rows }, k) => sum + Math.abs(rows[i]!.gradient) * rows[i]!.hessian * factor(k),
            0)))
          const found = keysOf(keys, n)
          assert.deepEqual(found, [...new Uint32Array(Float32Array.from(sums).buffer)])
          assert.ok(found.every((key) => key < 2 ** 31))
        }
      }
    }
  })

  it('drawRows finds the rows that are drawn', () => {
    for (const n of lengths) {
      for (const first of firsts) {
        for (const fraction of [0, 0.1, 1]) {
          lab.clear()
          const limit = fractionLimit(fraction)
          const offsets = lab.reserve(4 * n)
          const rows = Array.from({ length: n }, (_, i) => i)
          const expected = rows.filter((i) => rowDraw(start, first + i) < limit)
          const found = lab.run([offsets], (kernels) =>
            kernels.drawRows(offsets, n, start, first, limit))
          assert.equal(found, expected.length)
          assert.deepEqual(lab.ints(offsets, found), expected)
        }
      }
    }
  })

  it('tallyKeys counts digits below a prefix', () => {
    for (const [shift, bits] of [[20, 11], [10, 10], [0, 10]] as const) {
      for (const n of lengths) {
        lab.clear()
        const random = new TestRandom(n)
        const values = Array.from({ length: n }, () =>
          random.pick([0, 1023, 2 ** 20 + 5, 2 ** 31 - 1, random.below(2 ** 31)]))
        const prefix = Math.floor((values[0] ?? 0) / 2 ** (shift + bits))
        const keys = putKeys(values)
        const counts = lab.reserve(2048 * 8)
        lab.run([counts], (k) => k.tallyKeys(counts, keys, n, shift, bits, prefix))
        const expected = new Array<number>(2048).fill(0)
        for (const value of values) {
          if (Math.floor(value / 2 ** (shift + bits)) === prefix) {
            expected[Math.floor(value / 2 ** shift) % 2 ** bits]!++
          }
        }
        assert.deepEqual(lab.doubles(counts, 2048), expected)
      }
    }
  })

  it('markByKey keeps large keys and draws among the others', () => {
    for (const firstRow of firsts) {
      for (const n of lengths) {
        lab.clear()
        const random = new TestRandom(n)
        const values = Array.from({ length: n }, () => random.below(4))
        const [keys, marks] = [putKeys(values), lab.reserve(n)]
        const limit = fractionLimit(0.4)
        lab.run([marks], (k) => k.markByKey(marks, keys, n, 2, start, firstRow, limit))
        assert.deepEqual([...lab.bytes(marks, n)], values.map((value, i) =>
          value >= 2 ? 1 : rowDraw(start, firstRow + i) < limit ? 2 : 0))
      }
    }
  })

  it('markByClass draws each class by its own limit', () => {
    for (const firstRow of firsts) {
      for (const n of lengths) {
        lab.clear()
        const random = new TestRandom(n)
        const values = Array.from({ length: n }, () => random.below(2))
        const [labels, marks] = [lab.putDoubles(values), lab.reserve(n)]
        const limits = [fractionLimit(0.2), fractionLimit(0.9)] as const
        lab.run([marks], (k) => k.markByClass(marks, labels, n, start, firstRow, ...limits))
        assert.deepEqual([...lab.bytes(marks, n)], values.map((value, i) =>
          Number(rowDraw(start, firstRow + i) < limits[value]!)))
      }
    }
  })

  it('keepMarked and weighMarked follow the marks', () => {
    for (const n of lengths) {
      lab.clear()
      const random = new TestRandom(n)
      const { bytes, stride, rowIdOffset, gradientOffset, rows } = makeRecords(random, n, 6)
      const values = rows.map(() => random.below(3))
      const [src, marks] = [lab.put(bytes), lab.put(values)]
      const [dst, outside] = [lab.reserve(n * stride), lab.reserve(n * 4)]
      const kept = lab.run([dst, outside], (k) =>
        k.keepMarked(dst, outside, src, n, stride, rowIdOffset, marks))
      const [ids, others] = [1, 0].map((isIn) =>
        values.flatMap((mark, i) => Number(mark > 0) === isIn ? [i] : []))
      assert.equal(kept, ids!.length)
      assert.deepEqual(lab.ints(outside, others!.length), others)
      ids!.forEach((id, i) => assert.deepEqual(
        lab.bytes(dst + i * stride, stride), lab.bytes(src + id * stride, stride)))
      lab.run([dst], (k) => k.weighMarked(
        dst + gradientOffset, kept, stride, rowIdOffset - gradientOffset, marks, 0.375))
      const even = (value: number): number => {
        const floor = Math.floor(value)
        const rest = value - floor
        return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
      }
      ids!.forEach((id, i) => {
        const { gradient, hessian } = rows[id]!
        const factor = values[id] === 2 ? 0.375 : 1
        assert.deepEqual(
          lab.ints(dst + i * stride + gradientOffset, 2),
          [even(gradient * factor), even(hessian * factor)])
      })
    }
  })
}
