import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { TILE_BYTES_MAX } from '../../src/execution/record-layout.js'
import { CELL_BYTES, HALF_CELL_BYTES } from '../../src/kernels/api.js'
import { specialiseHistogram } from '../../src/kernels/specialised-histogram.js'
import { referenceKernels } from '../../src/kernels/reference.js'
import { Lab, lengths } from './lab.js'
import { makeRecords } from './records.js'

describe('specialiseHistogram', () => {
  const lab = new Lab(referenceKernels)
  beforeEach(() => lab.clear())

  /** Sides in records, or apart from the bins. Cells of either size. */
  const check = (n: number, nFeatures: number, extraStride: number, isApart: boolean): void => {
    for (const cellBytes of [CELL_BYTES, HALF_CELL_BYTES]) {
      checkCells(cellBytes, n, nFeatures, extraStride, isApart)
    }
  }

  const checkCells = (
    cellBytes: number, n: number, nFeatures: number, extraStride: number, isApart: boolean,
  ): void => {
    lab.clear()
    const random = new TestRandom(n * 100 + nFeatures)
    const { bytes, stride, gradientOffset, rows } =
      makeRecords(random, n, nFeatures, extraStride)
    const rec = lab.put(bytes)
    const apart = lab.reserve(n * 16)
    for (let i = 0; i < n; i++) {
      lab.bytes(apart + i * 16, 8).set(lab.bytes(rec + i * stride + gradientOffset, 8))
    }
    // cells that hold something already
    const cellOffsets = Array.from(
      { length: nFeatures }, (_, f) => f * 260 * cellBytes + 64)
    const longs = cellBytes / 8
    const expected = Array.from({ length: (nFeatures * 260 + 8) * longs }, () =>
      BigInt(random.below(1000) - 500))
    const hist = lab.reserve(expected.length * 8)
    expected.forEach((v, i) => lab.view.setBigInt64(hist + i * 8, v, true))
    for (const row of rows) {
      const [g, h] = [BigInt(row.gradient), BigInt(row.hessian)]
      const value = cellBytes === CELL_BYTES ? [g, h * 65536n + 1n] : [g * 65536n + 1n]
      row.bins.forEach((bin, f) => value.forEach((v, i) => {
        expected[cellOffsets[f]! / 8 + bin * longs + i]! += v
      }))
    }
    const columns = cellOffsets.map((cells, byte) =>
      ({ cells: hist + cells, byte, isWide: false }))
    const pass = specialiseHistogram(
      lab.memory, { columns, binStride: stride, pairStride: isApart ? 16 : stride, cellBytes })
    lab.run([hist], () => pass(rec, isApart ? apart : rec + gradientOffset, n))
    assert.deepEqual(lab.longs(hist, expected.length), expected)
  }

  it('adds n rows, for lengths around the lanes', () => {
    for (const n of lengths) for (const isApart of [false, true]) check(n, 5, 0, isApart)
  })

  it('takes 1 to 70 features, and more', () => {
    for (let nFeatures = 1; nFeatures <= 70; nFeatures++) check(9, nFeatures, 0, false)
    for (const nFeatures of [TILE_BYTES_MAX, 100, 127, 128, 200]) check(3, nFeatures, 0, true)
  })

  it('goes through several pieces of columns, block by block', () => {
    for (const n of [4095, 4096, 4097, 8200]) check(n, 36, 0, n % 2 === 0)
  })

  it('takes bytes with others between them, from any place, and wide ones', () => {
    const n = 7
    const random = new TestRandom(5)
    const bytes = Uint8Array.from({ length: n * 48 }, () => random.below(256))
    const rec = lab.put(bytes)
    const places = [3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 30]
    const hist = lab.reserve(places.length * 4096 + 65_536 * 16)
    const columns = places.map((byte, f) =>
      ({ cells: hist + f * 4096, byte, isWide: byte === 30 }))
    const pass = specialiseHistogram(
      lab.memory, { columns, binStride: 48, pairStride: 48, cellBytes: CELL_BYTES })
    lab.run([hist], () => pass(rec, rec + 32, n))
    const expected = new Map<number, [bigint, bigint]>()
    for (let row = 0; row < n; row++) {
      const view = new DataView(bytes.buffer, row * 48, 48)
      for (const { cells, byte, isWide } of columns) {
        const at = cells + 16 * (isWide ? view.getUint16(byte, true) : view.getUint8(byte))
        const [g, h] = expected.get(at) ?? [0n, 0n]
        expected.set(at, [g + BigInt(view.getInt32(32, true)),
          h + (BigInt(view.getUint32(36, true)) << 16n) + 1n])
      }
    }
    for (const [at, sums] of expected) assert.deepEqual(lab.longs(at, 2), sums)
    const all = lab.longs(hist, columns.length * 512 + 131_072)
    assert.equal(all.filter((v) => v !== 0n).length,
      [...expected.values()].flat().filter((v) => v !== 0n).length)
  })

  it('takes strides that are wider than the bins', () => {
    for (const extra of [8, 16, 104]) check(17, 3, extra, true)
  })

  it('counts 65,535 rows of the largest hessian in one cell', () => {
    const rec = lab.reserve(16)
    lab.view.setInt32(rec + 4, -(2 ** 30), true)
    lab.view.setUint32(rec + 8, 2 ** 30, true)
    const hist = lab.reserve(4096)
    const columns = [{ cells: hist, byte: 0, isWide: false }]
    const pass = specialiseHistogram(
      lab.memory, { columns, binStride: 16, pairStride: 16, cellBytes: CELL_BYTES })
    for (let i = 0; i < 65_535; i++) pass(rec, rec + 4, 1)
    const [g, packed] = lab.longs(hist, 2)
    assert.equal(g, -(2n ** 30n) * 65_535n)
    assert.equal(BigInt.asUintN(64, packed!), (2n ** 30n * 65_535n << 16n) + 65_535n)
  })

  it('adds 65,535 of the largest gradients in a half cell', () => {
    for (const gradient of [2 ** 30, -(2 ** 30)]) {
      lab.clear()
      const rec = lab.reserve(16)
      lab.view.setInt32(rec + 4, gradient, true)
      const hist = lab.reserve(4096)
      const columns = [{ cells: hist, byte: 0, isWide: false }]
      const pass = specialiseHistogram(
        lab.memory, { columns, binStride: 16, pairStride: 16, cellBytes: HALF_CELL_BYTES })
      for (let i = 0; i < 65_535; i++) pass(rec, rec + 4, 1)
      assert.deepEqual(lab.longs(hist, 1), [(BigInt(gradient) * 65_535n << 16n) + 65_535n])
    }
  })
})
