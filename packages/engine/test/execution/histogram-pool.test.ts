import assert from 'node:assert/strict'
import { makeDataset, TestRandom, type DataRecipe } from '@coppice/testkit'
import { shareFeatures } from '../../src/execution/feature-shares.js'
import {
  HistogramPool, histogramPoolBytes, histogramSlots,
} from '../../src/execution/histogram-pool.js'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { SUM_BYTES } from '../../src/kernels/api.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import type { TrainingJob } from '../../src/training/executor.js'
import { Booster } from '../../src/training/iteration.js'
import { Lockstep } from '../support/lockstep.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

describe('HistogramPool', () => {
  it('never has more slots than allowed, nor two nodes in one, nor loses what is pinned', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new TestRandom(seed)
      const slotsMax = 2 + random.below(6)
      const pool = new HistogramPool(slotsMax)
      const rows = new Map<number, number>()
      let pinned: number[] = []
      for (let step = 0, next = 0; step < 200; step++) {
        const held = [...rows.keys()].filter((node) => pool.slotOf(node) !== undefined)
        const free = held.filter((node) => !pinned.includes(node))
        switch (random.below(6)) {
          case 0:
            pool.unpin()
            pinned = []
            break
          case 1:
            if (pinned.length + 1 < slotsMax && free.length > 0) {
              pinned.push(random.pick(free))
              pool.pin(pinned.at(-1)!)
            }
            break
          case 2:
            if (free.length > 0) pool.release(random.pick(free))
            break
          case 3:
            if (held.length > 0) {
              const from = random.pick(held)
              const slot = pool.slotOf(from)
              rows.set(next, random.below(5))
              pool.move(from, next, rows.get(next)!)
              assert.equal(pool.slotOf(next), slot)
              assert.equal(pool.slotOf(from), undefined)
              pinned = pinned.map((node) => node === from ? next : node)
              next++
            }
            break
          default: {
            rows.set(next, random.below(5))
            pool.take(next, rows.get(next)!)
            const lost = held.filter((node) => pool.slotOf(node) === undefined)
            const least = Math.min(...free.map((node) => rows.get(node)!))
            assert.deepEqual(lost, held.length < slotsMax ? [] : lost.slice(0, 1))
            for (const node of lost) assert.equal(rows.get(node), least)
            next++
          }
        }
        const slots = [...rows.keys()].flatMap((node) => pool.slotOf(node) ?? [])
        assert.equal(new Set(slots).size, slots.length)
        assert.ok(slots.every((slot) => slot < pool.nSlots) && pool.nSlots <= slotsMax)
        for (const node of pinned) assert.ok(pool.slotOf(node) !== undefined, `seed ${seed}`)
      }
    }
  })

  it('loses what is wanted last', () => {
    const pool = new HistogramPool(3)
    pool.take(1, 10)
    pool.take(2, 20)
    pool.take(3, 30)
    pool.want(() => [1, 2])
    pool.pin(3)
    pool.take(4, 40)
    assert.equal(pool.slotOf(1), undefined, 'all others are pinned or wanted')
    pool.unpin()
    pool.take(5, 50)
    assert.deepEqual([2, 3, 4, 5].map((node) => pool.slotOf(node) !== undefined),
      [true, false, true, true])
  })
})

describe('histogramPoolBytes', () => {
  it('is what was asked for, or 1 GiB, or a quarter of what there is', () => {
    assert.equal(histogramPoolBytes(512), 2 ** 29)
    assert.equal(histogramPoolBytes(4096, 1000), 2 ** 32)
    assert.equal(histogramPoolBytes(0), 2 ** 30)
    assert.equal(histogramPoolBytes(-1, 2 ** 31), 2 ** 29)
    assert.equal(histogramPoolBytes(-1, -5), 0)
  })
})

/** Wide and sparse: rows in tiles, features in bundles. */
const wide: DataRecipe['features'] = [
  ...Array.from({ length: 100 }, (_, f): DataRecipe['features'][number] => f % 5 === 4
    ? { kind: 'categorical', categories: 2 + f % 4, order: 'rare', missingShare: 0.002 }
    : { kind: 'numeric', bins: 2 + f % 3, order: 'rare', missingShare: 0.002 }),
  ...Array.from({ length: 70 }, (_, f) => mixedFeatures[f % 6]!),
]

const jobs: readonly { name: string, recipe: DataRecipe, params: Record<string, unknown> }[] = [
  {
    name: 'categories and missing values, features by node',
    recipe: { seed: 11, nRows: 3000, features: mixedFeatures, label: 'binary', weights: 'any' },
    params: {
      objective: 'binary', numIterations: 3, numLeaves: 25, minDataInLeaf: 5, minDataPerGroup: 10,
      featureFractionBynode: 0.6,
    },
  },
  {
    name: 'wide, bundles, bagging',
    recipe: { seed: 12, nRows: 4200, features: wide, label: 'binary' },
    params: {
      objective: 'binary', numIterations: 2, numLeaves: 14, minDataPerGroup: 10,
      baggingFraction: 0.7, baggingFreq: 1,
    },
  },
  {
    name: 'classes, depth-wise',
    recipe: { seed: 13, nRows: 2500, features: mixedFeatures, label: { classes: 3 } },
    params: {
      objective: 'multiclass', numClass: 3, numIterations: 2, numLeaves: 12, maxDepth: 4,
      growPolicy: 'depthwise',
    },
  },
]

/** So many MiB that just this many histograms fit. */
function sizeOf(nSlots: number, job: TrainingJob): number {
  const { shares } = shareFeatures(job.plan.engine.features, 1)
  return (nSlots + 0.5) * shares[0]!.nCells * SUM_BYTES / 1_048_576
}

describe('histogram_pool_size', () => {
  for (const { name, recipe, params } of jobs) {
    describe(name, () => {
      const { data } = makeDataset(recipe)
      let unlimited = ''
      let job: TrainingJob

      before(async () => {
        const { model, watched } = await trainWatched({ params, train: data }, new InlineExecutor())
        unlimited = digest(model)
        job = watched.job!
      })

      it('changes no byte, for pools of any size, threads and speculation', async () => {
        const random = new TestRandom(5)
        for (const nSlots of [0, 2, 3, 5, 11]) {
          const threads = random.pick([0, 0, 1, 2, 3])
          const speculation = random.pick([0, 1, 2, 5, 8])
          const histogramPoolSize = sizeOf(nSlots, job)
          const { model, watched } = await trainWatched(
            { params: { ...params, speculation, histogramPoolSize }, train: data },
            threads === 0 ? new InlineExecutor() : new ThreadExecutor(threads))
          assert.equal(watched.job!.histogramPoolBytes, histogramPoolSize * 1_048_576)
          assert.equal(
            digest(model), unlimited, `${nSlots} slots, ${threads} threads, K = ${speculation}`)
        }
      })

      it('holds no more than the pool, in all threads together', async () => {
        const { watched } = await trainWatched(
          { params: { ...params, speculation: 4 }, train: data }, new InlineExecutor())
        const trees = watched.records[0]!.trees.map(({ binned }) => binned)
        const { features } = watched.job!.plan.engine
        for (const nEngines of [1, 2, 3]) {
          const { shares } = shareFeatures(features, nEngines)
          const one = shares.reduce((sum, { nCells }) => sum + nCells, 0) * SUM_BYTES
          const goes: number[] = []
          for (const nSlots of [2, 5, 1000]) {
            const engines = new Lockstep(watched.job!, nEngines, nSlots * one)
            const dialogue = new Booster(watched.job!.plan).iterate(0, false)
            const record = engines.run(dialogue, () => {
              const bytes = engines.engines.reduce((sum, each) => sum + each.histogramBytes, 0)
              assert.ok(bytes <= nSlots * one, `${bytes} bytes for ${nSlots} of ${one}`)
            })
            assert.deepEqual(record.trees.map(({ binned }) => binned), trees)
            goes.push(engines.nGoes)
          }
          assert.ok(goes[0]! > goes.at(-1)!, `small pools take more goes: ${goes.join(', ')}`)
        }
      })
    })
  }

  it('keeps two histograms at least', () => {
    const table = shareFeatures([{ nBins: 255, missingBin: -1, isCategorical: false }], 3)
    assert.equal(histogramSlots(table, 0), 2)
    assert.equal(histogramSlots(table, 256 * 20 * 7), 7)
  })
})
