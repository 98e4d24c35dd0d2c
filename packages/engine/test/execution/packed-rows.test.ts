import assert from 'node:assert/strict'
import { makeDataset, recut, TestRandom, type DataRecipe } from '@coppice/testkit'
import type { BinnedBlock, BinnedDataset } from '../../src/dataset.js'
import { bundleFeatures } from '../../src/execution/bundle-features.js'
import { ColumnFiller, type ColumnTarget } from '../../src/execution/column-rows.js'
import { planColumns } from '../../src/execution/columns.js'
import { countBins } from '../../src/execution/count-bins.js'
import { engineRows } from '../../src/execution/engine-rows.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { OffDefaults } from '../../src/execution/off-defaults.js'
import { packRows } from '../../src/execution/packed-rows.js'
import type { EngineRows } from '../../src/execution/protocol.js'
import { dealRuns } from '../../src/execution/row-dealing.js'
import { Unpacker } from '../../src/execution/unpacker.js'
import { visitRows } from '../../src/execution/visit-rows.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { storedColumns } from '../../src/training/memory-estimate.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

const features: DataRecipe['features'] = [
  ...Array.from({ length: 80 }, (_, f): DataRecipe['features'][number] =>
    ({ kind: 'numeric', bins: 2 + f % 4, order: 'rare', missing: 'zero', missingShare: 0.002 })),
  ...mixedFeatures.slice(0, -1),
]
const recipe: DataRecipe = { seed: 11, nRows: 6000, features, label: 'binary' }

function packBlock(data: BinnedDataset, block: BinnedBlock): BinnedBlock {
  const nBins = data.features.map(({ mapper }) => mapper.nBins)
  const packed = packRows(block.bins, block.nRows, nBins, (n) => new Uint8Array(n))
  return packed === null ? block : { ...block, ...packed }
}

describe('packRows', () => {
  const { data } = makeDataset(recipe)
  // one block too small and odd; one stays as it is
  const cut = recut(data, [1, 700, 2500, 2000])
  const packed: BinnedDataset = {
    ...cut, blocks: cut.blocks.map((block, i) => i === 2 ? block : packBlock(cut, block)),
  }

  it('takes a fraction of the bytes', () => {
    const bytes = (of: BinnedDataset): number =>
      of.blocks.reduce((sum, { bins }) => sum + bins.length, 0)
    assert.ok(packed.blocks.filter(({ packing }) => packing !== undefined).length >= 3)
    assert.ok(bytes(packed) < bytes(cut) * 0.7, `${bytes(packed)} of ${bytes(cut)}`)
    assert.equal(storedColumns(packed), features.length)
    assert.ok(storedColumns({ ...packed, blocks: [packed.blocks[3]!] }) < 40)
  })

  it('leaves rows alone that would not get much smaller', () => {
    const dense = makeDataset({ ...recipe, features: mixedFeatures, nRows: 500 }).data
    assert.equal(packBlock(dense, dense.blocks[0]!), dense.blocks[0])
  })

  it('tells of bins, and of those off their defaults, as rows that are not packed', () => {
    const random = new TestRandom(4)
    for (const [engine, nEngines, step] of [[0, 1, 1], [0, 1, 7], [1, 2, 3]] as const) {
      const [rows, plain] = [engineRows(packed), engineRows(cut)]
      const runs = dealRuns(rows, engine, nEngines)
      const counts = countBins(plain, runs, step)
      assert.deepEqual(countBins(rows, runs, step), counts)
      // some that are looked at have a packing's default, some another
      for (const share of [1, 5, 50]) {
        const members = features.map((_, feature) => {
          const own = counts.subarray(feature * 256, feature * 256 + 256)
          const usual = own.indexOf(Math.max(...own))
          return { feature, defaultBin: random.below(share) > 0 || share === 1 ? usual : 1 }
        }).filter(() => random.below(4) > 0)
        const find = (of: EngineRows): string[] => {
          const found: string[] = []
          new OffDefaults(features.length, members).visit(of, runs, step,
            (feature, bin, localRow) => found.push(`${localRow} ${feature} ${bin}`))
          return found.sort()
        }
        const expected = find(plain)
        assert.ok(expected.length > 0)
        assert.deepEqual(find(rows), expected)
      }
    }
  })

  it('becomes the columns of a plan without being unpacked, where defaults are the same', () => {
    const nBins = data.features.map(({ mapper }) => mapper.nBins)
    const layout = nBins.map((n) => ({ nBins: n, missingBin: -1, isCategorical: false }))
    const whole = engineRows(cut)
    const plan = planColumns(layout, bundleFeatures(whole, dealRuns(whole, 0, 1), layout))
    const nColumns = plan.columns.length
    assert.ok(plan.hasBundles)
    const results = packed.blocks.map(({ packing, bins, nRows }, b) => {
      if (packing === undefined) return null
      const [first, n] = [nRows > 5 ? 3 : 0, nRows > 5 ? nRows - 5 : nRows]
      const fill = (run: (filler: ColumnFiller, target: ColumnTarget) => boolean) => {
        const memory = new Uint8Array(n * nColumns).fill(77)
        const target = { memory, offsetOf: (column: number) => column, stride: nColumns }
        return run(new ColumnFiller(plan), target) ? memory : null
      }
      const found = fill((filler, target) => filler.fillPacked(target, packing, bins, first, n))
      const own = cut.blocks[b]!.bins
      const expected = fill((filler, target) => {
        filler.fill(target, own.subarray(first * features.length, (first + n) * features.length))
        return true
      })
      if (found !== null) assert.deepEqual(found, expected)
      return found !== null
    })
    // a block of one row has defaults of its own
    assert.deepEqual(results, [false, true, null, true, true])
  })

  it('gives bins back that cannot be', () => {
    const bins = data.blocks[0]!.bins.slice()
    // the last features have bytes of their own
    bins[5 * features.length - 1] = 255
    const wrong = packBlock(data, { ...data.blocks[0]!, bins })
    assert.ok(wrong.packing !== undefined)
    const whole = new Uint8Array(bins.length)
    new Unpacker(wrong.packing).unpack(wrong.bins, 0, recipe.nRows, whole)
    assert.deepEqual(whole, bins)
  })

  it('loses nothing', () => {
    const all = (of: BinnedDataset, nEngines: number): Uint8Array[] =>
      Array.from({ length: nEngines }, (_, engine) => {
        const rows = engineRows(of)
        const found: Uint8Array[] = []
        let nFound = 0
        visitRows(rows, dealRuns(rows, engine, nEngines), (bins, nRows, localRow) => {
          assert.equal(bins.length, nRows * features.length)
          assert.equal(localRow, nFound)
          nFound += nRows
          found.push(bins.slice())
        })
        return Buffer.concat(found)
      })
    for (const nEngines of [1, 3]) {
      assert.deepEqual(all(packed, nEngines), all(cut, nEngines))
    }
  })

  it('gives the same model, as training and as evaluation rows', async () => {
    const params = { objective: 'binary', numIterations: 3, numLeaves: 12, metric: ['auc'] }
    const run = (of: BinnedDataset, threads: number) => trainWatched(
      { params, train: of, evalSets: [{ name: 'valid', data: of }] },
      threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
    const expected = digest((await run(data, 0)).model)
    for (const threads of [0, 2]) {
      assert.equal(digest((await run(packed, threads)).model), expected)
    }
  })
})
