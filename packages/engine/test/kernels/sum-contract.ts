import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { CELL_BYTES, HALF_CELL_BYTES, type Kernels } from '../../src/kernels/api.js'
import { cellOffsets } from '../../src/kernels/cells.js'
import { Lab, lengths } from './lab.js'

/** widen, widenHalf, addSums, subtractSums, sumBins: exact sums in every shape. */
export function sumContract(make: (memory: WebAssembly.Memory) => Kernels): void {
  const lab = new Lab(make)
  beforeEach(() => lab.clear())

  for (const cellBytes of [CELL_BYTES, HALF_CELL_BYTES]) {
    describe(cellBytes === CELL_BYTES ? 'widen' : 'widenHalf', () => widenContract(lab, cellBytes))
  }

  describe('the largest sums of a cell', () => {
    it('keeps the largest hessians and counts apart', () => {
      const hist = lab.reserve(4096)
      lab.view.setBigUint64(hist + 8, (2n ** 30n * 65_535n << 16n) | 65_535n, true)
      const layout = lab.reserve(16)
      new Int32Array(lab.memory.buffer, layout, 4).set([0, 1, -1, 0])
      const [g, h, c] = [lab.reserve(16), lab.reserve(16), lab.reserve(8)]
      for (const _ of [0, 1]) lab.kernels.widen(g, h, c, hist, layout, 0, 1, 1)
      assert.equal(lab.longs(h, 1)[0], 2n * 2n ** 30n * 65_535n)
      assert.equal(lab.ints(c, 1)[0], 2 * 65_535)
    })

    it('keeps the largest gradients and counts of half cells apart', () => {
      for (const gradient of [2n ** 30n, -(2n ** 30n)]) {
        lab.clear()
        const hist = lab.reserve(4096)
        lab.view.setBigInt64(hist, (gradient * 65_535n << 16n) + 65_535n, true)
        const layout = lab.reserve(16)
        new Int32Array(lab.memory.buffer, layout, 4).set([0, 1, -1, 0])
        const [g, h, c] = [lab.reserve(16), lab.reserve(16), lab.reserve(8)]
        for (const _ of [0, 1]) lab.kernels.widenHalf(g, h, c, hist, layout, 0, 1, 1, 2 ** 30)
        assert.equal(lab.longs(g, 1)[0], 2n * gradient * 65_535n)
        assert.equal(lab.longs(h, 1)[0], 2n * 2n ** 30n * 65_535n)
        assert.equal(lab.ints(c, 1)[0], 2 * 65_535)
      }
    })
  })

  it('sumBins adds up bins of every plane, without a bit lost', () => {
    for (const n of lengths) {
      lab.clear()
      const random = new TestRandom(n)
      const long = (): bigint => BigInt(random.word()) * 2n ** 21n - 2n ** 52n
      const [g, h, c] = [lab.reserve(n * 8), lab.reserve(n * 8), lab.reserve(n * 4)]
      const gradients = Array.from({ length: n }, long)
      const hessians = Array.from({ length: n }, long)
      const counts = Array.from({ length: n }, () => random.below(4_000_000))
      for (let i = 0; i < n; i++) {
        lab.view.setBigInt64(g + i * 8, gradients[i]!, true)
        lab.view.setBigInt64(h + i * 8, hessians[i]!, true)
        lab.view.setInt32(c + i * 4, counts[i]!, true)
      }
      const totals = lab.put(Array.from({ length: 20 }, () => 255))
      lab.run([totals], (k) => k.sumBins(totals, g, h, c, n))
      const sum = (values: readonly bigint[]): bigint => values.reduce((all, v) => all + v, 0n)
      assert.deepEqual(lab.longs(totals, 2), [sum(gradients), sum(hessians)])
      assert.deepEqual(lab.ints(totals + 16, 1), [counts.reduce((all, v) => all + v, 0)])
    }
  })

  it('widenBundles gives default bins what others leave', () => {
    // columns: features 1 and 2 in a bundle, feature 0 alone, the others in another
    const nBins = [5, 3, 8, 2, 1, 2]
    const defaults = [-1, 0, 4, 1, 0, 0]
    const columns = [[1, 2], [0], [3, 4, 5]]
    for (const add of [0, 1]) {
      for (const [first, last] of [[0, 6], [1, 3], [2, 2], [4, 5]] as const) {
        lab.clear()
        const random = new TestRandom(add * 10 + first)
        // rows of one bin per feature, so that the sums are known
        const rows = Array.from({ length: 40 }, () => {
          const bins = defaults.map((d, f) => d < 0 ? random.below(nBins[f]!) : d)
          for (const bundle of columns.filter(({ length }) => length > 1)) {
            const f = bundle[random.below(bundle.length)]!
            bins[f] = random.below(nBins[f]!)
          }
          return { bins, g: BigInt(random.below(1000) - 500), h: BigInt(random.below(1000)) }
        })
        const sizes = columns.map((column) => column.length === 1 ? nBins[column[0]!]!
          : 1 + column.reduce((sum, f) => sum + nBins[f]! - 1, 0))
        const starts = cellOffsets(sizes)
        const hist = lab.reserve(starts.at(-1)!)
        const members = lab.reserve(6 * 16)
        const addCell = (at: number, { g, h }: { g: bigint, h: bigint }): void => {
          lab.view.setBigInt64(at, lab.view.getBigInt64(at, true) + g, true)
          lab.view.setBigInt64(at + 8, lab.view.getBigInt64(at + 8, true) + (h << 16n) + 1n, true)
        }
        columns.forEach((column, c) => {
          let base = column.length > 1 ? 1 : 0
          const bases = column.map((f) => {
            const own = base
            base += nBins[f]! - 1
            new Int32Array(lab.memory.buffer, members + f * 16, 3)
              .set([starts[c]! + own * 16, defaults[f]!, c * 24])
            return own
          })
          for (const row of rows) {
            const m = column.findIndex((f) => row.bins[f] !== defaults[f])
            const bin = m < 0 ? 0 : row.bins[column[m]!]!
            const rank = m >= 0 && defaults[column[m]!]! >= 0 && bin > defaults[column[m]!]! ? 1 : 0
            addCell(hist + starts[c]! + (m < 0 ? 0 : bases[m]! + bin - rank) * 16, row)
          }
        })
        const offsets = [0, 6, 10, 18, 20, 22]
        const layout = lab.reserve(6 * 16)
        nBins.forEach((n, f) => {
          new Int32Array(lab.memory.buffer, layout + f * 16, 4).set([offsets[f]!, n, -1, 0])
        })
        const [g, h, c] = [lab.reserve(24 * 8), lab.reserve(24 * 8), lab.reserve(24 * 4)]
        const old = (i: number): bigint => BigInt(i * 3 + 1)
        for (let i = 0; i < 24; i++) {
          lab.view.setBigInt64(g + i * 8, old(i), true)
          lab.view.setBigInt64(h + i * 8, old(i), true)
          lab.view.setInt32(c + i * 4, i * 3 + 1, true)
        }
        const expected = Array.from({ length: 24 }, (_, i) => [old(i), old(i), old(i)])
        for (let f = first; f < last; f++) {
          for (let b = 0; b < nBins[f]! + nBins[f]! % 2; b++) {
            const own = rows.filter(({ bins }) => bins[f] === b)
            const sums = [
              own.reduce((sum, row) => sum + row.g, 0n), own.reduce((sum, row) => sum + row.h, 0n),
              BigInt(own.length),
            ]
            const at = offsets[f]! + b
            expected[at] = sums.map((sum, k) => sum + (add ? expected[at]![k]! : 0n))
          }
        }
        const totals = lab.reserve(3 * 24)
        const places = lab.reserve(3 * 8)
        new Uint32Array(lab.memory.buffer, places, 6)
          .set(sizes.flatMap((size, column) => [starts[column]!, size]))
        lab.run([totals], (k) => k.sumColumns(totals, hist, places, 3))
        lab.run([g, h, c], (k) => k.widenBundles(
          g, h, c, hist, totals, layout, members, first, last, add))
        const [eg, eh] = [lab.longs(g, 24), lab.longs(h, 24)]
        assert.deepEqual(lab.ints(c, 24).map((n, i) => [eg[i], eh[i], BigInt(n)]), expected)
        // a wrong cell shows in the sums of all features of its column: they are those of no rows
        addCell(hist + starts[0]! + 2 * 16, { g: 1n, h: 1n })
        lab.run([totals], (k) => k.sumColumns(totals, hist, places, 3))
        lab.run([g, h, c], (k) => k.widenBundles(
          g, h, c, hist, totals, layout, members, first, last, 0))
        const counts = lab.ints(c, 24)
        for (let f = first; f < last; f++) {
          const own = counts.slice(offsets[f], offsets[f]! + nBins[f]!)
          assert.equal(own.reduce((sum, n) => sum + n), f === 1 || f === 2 ? 41 : 40)
        }
      }
    }
  })

  describe('coarsen', () => {
    it('adds the sums of bins to those of their groups', () => {
      for (const groups of [[0], [0, 0, 1], [2, 0, 1, 2, 0], Array.from({ length: 256 }, (_, b) =>
        b === 255 ? 8 : b >> 5)]) {
        lab.clear()
        const random = new TestRandom(groups.length)
        const [n, nGroups] = [groups.length, Math.max(...groups) + 1]
        const longs = Array.from({ length: 2 * n }, () => BigInt(random.word()) * -1000003n)
        const counts = Array.from({ length: n }, () => random.below(1000))
        const from = lab.reserve(n * 20 + 8)
        longs.forEach((v, i) => lab.view.setBigInt64(from + i * 8, v, true))
        counts.forEach((v, i) => lab.view.setInt32(from + n * 16 + i * 4, v, true))
        const to = lab.reserve(nGroups * 20 + 8)
        lab.view.setBigInt64(to, 77n, true)
        const names = lab.reserve(n)
        new Uint8Array(lab.memory.buffer, names, n).set(groups)
        lab.run([to], (k) => k.coarsen(
          to, to + nGroups * 8, to + nGroups * 16, from, from + n * 8, from + n * 16, names, n))
        const sum = (plane: readonly bigint[], group: number): bigint => plane.reduce(
          (total, v, b) => groups[b] === group ? total + v : total, 0n)
        const all = Array.from({ length: nGroups }, (_, group) => group)
        assert.deepEqual(lab.longs(to, 2 * nGroups), [
          ...all.map((group) => sum(longs.slice(0, n), group) + (group === 0 ? 77n : 0n)),
          ...all.map((group) => sum(longs.slice(n), group)),
        ])
        assert.deepEqual(lab.ints(to + nGroups * 16, nGroups), all.map((group) =>
          counts.reduce((total, v, b) => groups[b] === group ? total + v : total, 0)))
      }
    })
  })

  for (const [name, sign] of [['addSums', 1n], ['subtractSums', -1n]] as const) {
    describe(name, () => {
      it('works on every cell of the three planes', () => {
        for (const nCells of [0, 4, 8, 12, 16, 20, 256, 1028]) {
          lab.clear()
          const random = new TestRandom(nCells)
          const longs = (): bigint[] => Array.from({ length: nCells * 2 }, () =>
            BigInt(random.word()) * 4294967291n * (random.below(2) === 0 ? 1n : -1n))
          const ints = (): number[] => Array.from({ length: nCells }, () => random.word() >>> 2)
          const [a, b] = [{ longs: longs(), ints: ints() }, { longs: longs(), ints: ints() }]
          const place = ({ longs: ls, ints: is }: typeof a): number => {
            const at = lab.reserve(nCells * 20)
            ls.forEach((v, i) => lab.view.setBigInt64(at + i * 8, v, true))
            is.forEach((v, i) => lab.view.setInt32(at + nCells * 16 + i * 4, v, true))
            return at
          }
          const [dst, src] = [place(a), place(b)]
          lab.run([dst], (k) => k[name](dst, src, nCells))
          assert.deepEqual(
            lab.longs(dst, nCells * 2),
            a.longs.map((v, i) => BigInt.asIntN(64, v + sign * b.longs[i]!)))
          assert.deepEqual(
            lab.ints(dst + nCells * 16, nCells),
            a.ints.map((v, i) => (v + Number(sign) * b.ints[i]!) | 0))
        }
      })
    })
  }
}

function widenContract(lab: Lab, cellBytes: number): void {
  const hessian = 1_000_000_007

  const checkWiden = (
    nBins: readonly number[], first: number, last: number, add: number,
  ): void => {
    lab.clear()
    const random = new TestRandom(nBins.length + first)
    const cells = cellOffsets(nBins, cellBytes)
    const hist = lab.reserve(cells.at(-1)!)
    const offsets: number[] = []
    let nCells = 0
    nBins.forEach((n, f) => {
      offsets.push(nCells)
      nCells += n + 1 & ~1
      for (let b = 0; b < n; b++) {
        const at = hist + cells[f]! + b * cellBytes
        const gradient = BigInt(random.word()) * 1003n - 2n ** 40n
        const count = BigInt(random.below(65_536))
        if (cellBytes === HALF_CELL_BYTES) {
          lab.view.setBigInt64(at, (gradient << 16n) + count, true)
        } else {
          lab.view.setBigInt64(at, gradient * 1003n, true)
          lab.view.setBigInt64(at + 8, BigInt(random.word()) * 30011n << 16n | count, true)
        }
      }
    })
    const layout = lab.reserve(nBins.length * 16)
    nBins.forEach((n, f) => {
      new Int32Array(lab.memory.buffer, layout + f * 16, 4).set([offsets[f]!, n, -1, 0])
    })
    const longs = Array.from({ length: nCells }, () => BigInt(random.word()) - 2n ** 31n)
    const counts = Array.from({ length: nCells }, () => random.below(1000))
    const [g, h, c] = [lab.reserve(nCells * 8), lab.reserve(nCells * 8), lab.reserve(nCells * 4)]
    longs.forEach((v, i) => {
      lab.view.setBigInt64(g + i * 8, v, true)
      lab.view.setBigInt64(h + i * 8, -v, true)
      lab.view.setInt32(c + i * 4, counts[i]!, true)
    })
    const [eg, eh, ec] = [[...longs], longs.map((v) => -v), [...counts]]
    for (let f = first; f < last; f++) {
      for (let b = 0; b < (nBins[f]! + 1 & ~1); b++) {
        const [low, high] = lab.longs(hist + cells[f]! + b * cellBytes, 2)
        const i = offsets[f]! + b
        const isHalf = cellBytes === HALF_CELL_BYTES
        const bits = BigInt.asUintN(64, isHalf ? low! : high!)
        const n = bits & 0xffffn
        eg[i] = (add ? eg[i]! : 0n) + (isHalf ? low! >> 16n : low!)
        eh[i] = (add ? eh[i]! : 0n) + (isHalf ? n * BigInt(hessian) : bits >> 16n)
        ec[i] = (add ? ec[i]! : 0) + Number(n)
      }
    }
    lab.run([g, h, c], (k) => {
      const of = [g, h, c, hist + cells[first]!, layout, first, last, add] as const
      if (cellBytes === CELL_BYTES) k.widen(...of)
      else k.widenHalf(...of, hessian)
    })
    assert.deepEqual(lab.longs(g, nCells), eg)
    assert.deepEqual(lab.longs(h, nCells), eh)
    assert.deepEqual(lab.ints(c, nCells), ec)
  }
  const shapes =
    [[1], [2], [3], [255], [256], [1, 2, 3, 4, 5, 6, 7], [9, 256, 1, 17, 255, 8], [24, 25, 15]]

  it('overwrites the planes, odd and even numbers of bins', () => {
    for (const shape of shapes) checkWiden(shape, 0, shape.length, 0)
  })

  it('adds to the planes', () => {
    for (const shape of shapes) checkWiden(shape, 0, shape.length, 1)
  })

  it('leaves features out of [first, last) alone', () => {
    for (const add of [0, 1]) {
      checkWiden([3, 4, 5, 6], 1, 3, add)
      checkWiden([3, 4, 5, 6], 2, 2, add)
      checkWiden([3, 4, 5, 6], 0, 1, add)
    }
  })
}
