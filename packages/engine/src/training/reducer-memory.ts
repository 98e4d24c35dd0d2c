import type { FeatureInfo } from '../dataset.js'
import { CentralReducer } from '../execution/central-reducer.js'
import { votingOf } from '../execution/voting.js'
import { hasPercentileLeaves, scoresPerRow } from '../objectives/families.js'
import type { ResolvedParams } from '../params/index.js'
import { featureLayout } from './build-model.js'
import { type ExecutorTraits, maxExpansions } from './executor-traits.js'
import { lanesOf, type LanesPlan } from './lanes.js'
import { rulesOfEngines } from './make-plan.js'
import { makeRules } from './tree-rules.js'

/** What a coordinator adds up sums in. */
export interface ReducerMemory {
  /** Trees that grow at the same time, each with sums of its own. */
  readonly nLanes: number
  /** Bytes of the sums of one of them, at most. */
  readonly laneBytes: number
}

/**
 * What the sums of a training take at a coordinator, before a row is loaded: as `LaneReducers` of
 * the plan to be.
 *
 * @param nRows - of the training set
 * @throws CoppiceError 'PARAMETER' for rules of trees that do not fit the features
 */
export function reducerMemory(
  params: ResolvedParams, features: readonly FeatureInfo[], nRows: number,
  executor: ExecutorTraits,
): ReducerMemory {
  const layouts = features.map(featureLayout)
  const { rules, isOneByOne } = makeRules(params, features)
  const engine: LanesPlan['engine'] = {
    features: layouts,
    nOutputs: scoresPerRow(params),
    ...rulesOfEngines(rules?.tree),
    ...votingOf(params, layouts.filter(({ nBins }) => nBins > 1).length),
    maxLeaves: params.numLeaves,
    maxExpansions: isOneByOne ? 1 : maxExpansions(params, layouts, executor),
  }
  const plan: LanesPlan = {
    engine,
    percentiles: hasPercentileLeaves(params.objective) ? params : null,
    linear: params.linearTree ? params : undefined,
  }
  return { nLanes: lanesOf(plan, nRows), laneBytes: CentralReducer.bytesMax(engine) }
}
