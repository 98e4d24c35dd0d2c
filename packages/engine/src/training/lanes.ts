import { CentralReducer } from '../execution/central-reducer.js'
import { HISTOGRAM_POOL_BYTES } from '../execution/histogram-pool.js'
import type { EngineSetup } from '../execution/protocol.js'
import { byteLayout } from '../execution/record-layout.js'
import { TravelLayouts } from '../execution/travel-layout.js'
import { rowBytes } from '../row-bytes.js'
import { Booster } from './iteration.js'
import type { TreesPlan } from './plan.js'

/** More hardly save rounds: a tree has some ten. */
const LANES_MAX = 16
/** Most bytes of the histograms of a round. */
const ROUND_BYTES_MAX = 67_108_864
/** Bytes of rows in lanes that are always given, over all stores. */
const ROWS_AT_LEAST = 268_435_456
/** What lanes' rows may take of what rows take without. */
const ROWS_SHARE = 0.5

/** What the number of lanes follows from. */
export interface LanesPlan extends TreesPlan {
  readonly engine: TreesPlan['engine'] &
    Pick<EngineSetup, 'features' | 'maxLeaves' | 'maxExpansions' | 'voting'>
}

/**
 * How many trees of an iteration grow at the same time where every round of requests has to be
 * waited for: on a cluster. They share rounds. Depends on the training alone.
 *
 * Each lane takes a copy of the rows' records in the stores, and at the reducer the histograms of
 * a tree: the lanes have half of the memory that rows take anyway (or 256 MiB over all stores) and
 * the pool of histograms.
 *
 * @param nRows - of the training set
 * @returns 1 where trees grow one by one: features are elected, or rows asked for more than sums
 */
export function lanesOf(plan: LanesPlan, nRows: number): number {
  const { engine } = plan
  const { nOutputs, features, maxExpansions } = engine
  if (!Booster.canGrowApart(plan) || engine.voting !== undefined) return 1
  const record = byteLayout(rowBytes(features.map(({ nBins }) => nBins))).rowBytes
  const others = 2 * record + 16 * nOutputs + 8
  const rows = Math.max(ROWS_AT_LEAST, nRows * others * ROWS_SHARE)
  const round = new TravelLayouts(engine).roundBytesMax(maxExpansions)
  return Math.max(1, Math.min(
    LANES_MAX, nOutputs, 1 + Math.floor(rows / (nRows * record)),
    Math.floor(ROUND_BYTES_MAX / round),
    Math.floor(HISTOGRAM_POOL_BYTES / CentralReducer.bytesMax(engine))))
}
