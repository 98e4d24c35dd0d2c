import { makeDataset, TestRandom } from '@coppice/testkit'
import type { BinnedDataset } from '../../src/dataset.js'
import { joinRows } from '../../src/execution/engine-rows.js'
import type { EngineRows } from '../../src/execution/protocol.js'
import type { TrainingJob } from '../../src/training/executor.js'
import { partitionRows, type StoreRows } from '../execution/stores-executor.js'
import { mixedFeatures } from './trainings.js'

/**
 * Rows with grades 0 to 4 in queries of 1 to 60 rows; some of the queries without a good row.
 *
 * @param hasPositions - rows were shown in their order, in every third query ten further down
 */
export function rankingData(
  { seed = 8, nRows = 5000, weights = 'none' as 'none' | 'positive', hasPositions = false } = {},
): BinnedDataset {
  const { data } = makeDataset({
    seed, nRows, features: mixedFeatures, label: { classes: 5 }, weights,
  })
  const random = new TestRandom(seed)
  const sizes: number[] = []
  for (let left = nRows; left > 0; left -= sizes.at(-1)!) {
    sizes.push(Math.min(left, 1 + random.below(random.below(10) === 0 ? 60 : 20)))
  }
  let row = 0
  for (const [q, size] of sizes.entries()) {
    if (q % 13 === 5) data.label!.fill(0, row, row + size)
    row += size
  }
  const shownAt = sizes.flatMap((size, q) =>
    Array.from({ length: size }, (_, i) => i + (q % 3 === 0 ? 10 : 0)))
  return {
    ...data, groupSizes: Uint32Array.from(sizes),
    ...(hasPositions ? { shownAt: Float64Array.from(shownAt) } : {}),
  }
}

/** Partitions that end with queries, dealt to k stores. */
function dealQueries(data: BinnedDataset, k: number, seed: number): EngineRows[] {
  const random = new TestRandom(seed)
  const sizes = data.groupSizes!
  const stores = Array.from({ length: k }, (): ReturnType<typeof partitionRows>[] => [])
  let row = 0
  for (let q = 0; q < sizes.length;) {
    const end = Math.min(sizes.length, q + 1 + random.below(60))
    const own = sizes.slice(q, end)
    const nRows = own.reduce((sum, size) => sum + size, 0)
    const shownAt = data.shownAt?.slice(row, row + nRows) ?? null
    stores[random.below(k)]!.push(
      { ...partitionRows(data, row, nRows), groupSizes: own, shownAt })
    row += nRows
    q = end
  }
  return stores.map((partitions) => joinRows(partitions, data.features.length))
}

/** How rows come to k stores, queries whole. */
export function queryDeal(k: number, seed: number): (job: TrainingJob) => StoreRows[] {
  return ({ train, evalSets }) => {
    const evals = evalSets.map(({ data }, i) => dealQueries(data, k, seed + i + 1))
    return dealQueries(train, k, seed).map((rows, s) =>
      ({ train: rows, evalSets: evals.map((set) => set[s]!) }))
  }
}
