import assert from 'node:assert/strict'
import { TestRandom } from '@coppice/testkit'
import { bundleFeatures, keepsApart } from '../../src/execution/bundle-features.js'
import { ColumnFiller } from '../../src/execution/column-rows.js'
import { planColumns } from '../../src/execution/columns.js'
import { PackedFill } from '../../src/execution/packed-fill.js'
import { packRows } from '../../src/execution/packed-rows.js'
import type { EngineRows } from '../../src/execution/protocol.js'
import { recordLayout } from '../../src/execution/record-layout.js'
import { RecordPlanes } from '../../src/execution/record-planes.js'
import type { FeatureDefault } from '../../src/execution/off-defaults.js'
import { dealRuns, type RowRun } from '../../src/execution/row-dealing.js'
import { visitRows } from '../../src/execution/visit-rows.js'
import { Arena } from '../../src/kernels/arena.js'
import { instantiateKernels } from '../../src/kernels/load.js'
import { referenceKernels } from '../../src/kernels/reference.js'
import { NO_PLACE } from '../../src/kernels/row-api.js'
import { byteValues, rowBytes } from '../../src/row-bytes.js'
import { Lab } from '../kernels/lab.js'

/** Blocks of rows of flags, few of which are set, and of dense and wide features. */
function makeBlocks(
  random: TestRandom, nBins: readonly number[], sizes: readonly number[],
  isSet: (feature: number, block: number) => boolean,
): { readonly plain: EngineRows, readonly packed: EngineRows } {
  const width = rowBytes(nBins)
  const values = byteValues(nBins)
  let position = 0
  const blocks = sizes.map((nRows, b) => {
    const bins = Uint8Array.from({ length: nRows * width }, (_, at) => {
      const n = values[at % width]!
      return n === 2 ? Number(isSet(at % width, b)) : random.below(n)
    })
    const block = { firstRow: position, position, nRows, bins }
    position += nRows
    return block
  })
  const rows = {
    nRows: position, rowBytes: width, label: new Float64Array(position), weight: null,
    initScore: null, groupSizes: null,
  }
  const packed = blocks.map((block) => {
    const own = packRows(block.bins, block.nRows, values, (n) => new Uint8Array(n))
    return own === null ? block : { ...block, ...own }
  })
  return { plain: { ...rows, blocks }, packed: { ...rows, blocks: packed } }
}

for (const [name, make] of Object.entries({ instantiateKernels, referenceKernels })) {
  describe(`placeEntries (${name})`, () => {
    it('puts bytes to the places of their entries, and no others', () => {
      const lab = new Lab(make)
      for (const [nColumns, n, stride] of [[1, 5, 3], [4, 33, 9], [7, 0, 8]] as const) {
        lab.clear()
        const random = new TestRandom(n)
        const bytes = Array.from({ length: nColumns * n }, () => random.below(256))
        const ways = Array.from({ length: nColumns * 256 }, () =>
          random.below(3) === 0 ? NO_PLACE : random.below(stride))
        const own = Array.from(ways, () => random.below(256))
        const before = Array.from({ length: n * stride }, () => random.below(256))
        const expected = [...before]
        bytes.forEach((byte, i) => {
          const entry = (i % nColumns) * 256 + byte
          const row = Math.floor(i / nColumns)
          if (ways[entry] !== NO_PLACE) expected[row * stride + ways[entry]!] = own[entry]!
        })
        const src = lab.put(bytes)
        const places = lab.put(new Uint8Array(Uint32Array.from(ways).buffer))
        const values = lab.put(own)
        const dst = lab.put(before)
        lab.run([dst], (k) => k.placeEntries(dst, stride, src, nColumns, n, places, values))
        assert.deepEqual([...lab.bytes(dst, n * stride)], expected)
      }
    })
  })
}

describe('PackedFill', () => {
  const random = new TestRandom(9)
  const flags = Array.from({ length: 300 }, () => 2)
  const nBinsOf = {
    'one tile': [...flags.slice(0, 40), 7, 30],
    'several tiles': [...flags, ...Array.from({ length: 75 }, (_, f) => 3 + f)],
    'wide features': [...flags.slice(0, 60), 1000, 5, 300],
  }
  for (const [name, nBins] of Object.entries(nBinsOf)) {
    it(`writes what ColumnFiller does, of any part of blocks: ${name}`, () => {
      const nFlags = nBins.filter((n) => n === 2).length
      const { plain, packed } = makeBlocks(random, nBins, [500, 900, 1],
        () => random.below(nFlags) === 0)
      const features = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
      const runs = dealRuns(plain, 0, 1)
      const plan = planColumns(features, bundleFeatures(plain, runs, features))
      assert.ok(plan.hasBundles && plan.wide.length === (name === 'wide features' ? 2 : 0))
      const layout = recordLayout(plan.columns.map(({ nValues }) => nValues))
      assert.equal(layout.nTiles > 1, name === 'several tiles')
      const arena = new Arena()
      const planes = new RecordPlanes(arena, layout, 1500)
      const filler = PackedFill.ofRows(
        arena, instantiateKernels(arena.memory), plan, layout, planes, packed)!
      let nFilled = 0
      for (const [b, { packing, bins, nRows }] of packed.blocks.entries()) {
        const [first, n] = nRows > 5 ? [2, nRows - 5] : [0, nRows]
        const row = b * 20
        if (packing === undefined || !filler.fill(packing, bins, first, n, row)) continue
        nFilled++
        const stride: number = plan.columns.length + plan.wide.length
        const expected: Uint8Array = new Uint8Array(n * stride)
        const byteOf = (column: number): number =>
          column + plan.wide.filter((feature) => plan.columnOf[feature]! < column).length
        new ColumnFiller(plan).fill(
          { memory: expected, offsetOf: byteOf, stride },
          plain.blocks[b]!.bins.subarray(first * plain.rowBytes, (first + n) * plain.rowBytes))
        const memory = arena.bytes(0, arena.memory.buffer.byteLength)
        const found = Array.from({ length: n }, (_, i) =>
          plan.columns.flatMap(({ nValues }, column) => {
            const at = planes.column(column) + (row + i) * layout.binStride
            return [...memory.subarray(at, at + (nValues > 256 ? 2 : 1))]
          }))
        assert.deepEqual(found.flat(), [...expected])
      }
      assert.ok(nFilled >= 2)
    })
  }
})

describe('keepsApart', () => {
  const packing = {
    columnOf: Int32Array.of(0, 0, 1, 0, 2),
    defaultBin: Int16Array.of(0, 3, 0, 0, -1),
    nBins: Uint16Array.of(2, 5, 2, 2, 9),
  }
  const layout = [...packing.nBins].map((nBins) => ({ nBins }))
  const bundle = (...members: (readonly [feature: number, defaultBin: number])[]) =>
    members.map(([feature, defaultBin]) => ({ feature, defaultBin }))

  it('is true where features share a byte, with the same defaults', () => {
    assert.equal(keepsApart(packing, [bundle([0, 0], [1, 3], [3, 0])], layout), true)
    assert.equal(keepsApart(packing, [], layout), true)
  })

  it('is not where one is in another byte, has another default, or could have other bins', () => {
    assert.equal(keepsApart(packing, [bundle([0, 0], [2, 0])], layout), false)
    const others = [bundle([0, 0], [1, 3]), bundle([1, 0], [3, 0])]
    assert.equal(keepsApart(packing, others, layout), false)
    assert.equal(keepsApart(packing, [bundle([0, 0], [4, 0])], layout), false)
    const fewer = layout.with(1, { nBins: 4 })
    assert.equal(keepsApart(packing, [bundle([0, 0], [1, 3])], fewer), false)
  })
})

describe('bundleFeatures of packed rows', () => {
  const requireApart = (
    rows: EngineRows, runs: readonly RowRun[], bundle: readonly FeatureDefault[], name: string,
  ): void => {
    visitRows(rows, runs, (bins, nRows) => {
      for (let row = 0; row < nRows; row++) {
        const off = bundle.filter(({ feature, defaultBin }) =>
          bins[row * rows.rowBytes + feature] !== defaultBin)
        assert.ok(off.length < 2, `${name}: features ${off.map(({ feature }) => feature).join()}`)
      }
    })
  }

  it('never has two features of a row in one bundle, whatever packings say', () => {
    const features = Array.from({ length: 60 }, () =>
      ({ nBins: 2, missingBin: -1, isCategorical: false }))
    const nBins = features.map((feature) => feature.nBins)
    type World = (random: TestRandom) => (feature: number, block: number) => boolean
    const worlds: Readonly<Record<string, World>> = {
      // one of each twelve in every row
      apart: (random) => {
        let drawn = 0
        return (feature) => {
          if (feature % 12 === 0) drawn = random.below(12)
          return feature % 12 === drawn
        }
      },
      // few: some are together in a row or two of one block that the sample misses
      rare: (random) => () => random.below(4000) === 0,
      // in the last one most rows have the other bin of some
      turned: (random) => (feature, block) =>
        (random.below(4000) === 0) !== (block === 2 && feature % 5 < 2),
      // more of some in the last one
      changing: (random) => (feature, block) =>
        random.below(block === 2 && feature % 3 === 0 ? 400 : 9000) === 0,
    }
    for (const [name, world] of Object.entries(worlds)) {
      const random = new TestRandom(3)
      let nPacked = 0
      const { plain, packed } = makeBlocks(random, nBins, [30_000, 30_000, 20_000], world(random))
      for (const [engine, nEngines] of [[0, 1], [1, 2]] as const) {
        const runs = dealRuns(plain, engine, nEngines)
        const bundles = bundleFeatures(packed, runs, features)
        assert.ok(bundles.length > 0, name)
        nPacked += packed.blocks.filter(({ packing }) => packing !== undefined).length
        for (const bundle of bundles) requireApart(plain, runs, bundle, name)
      }
      assert.ok(nPacked > 3, name)
    }
  })
})
