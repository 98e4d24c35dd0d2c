import { log, type Objective } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import type { LabelStatistics, ObjectiveSpec } from './objective.js'

/** Parameters that objectives read. */
export interface ObjectiveParams {
  readonly objective: string
  readonly numClass: number
  readonly sigmoid: number
  readonly isUnbalance: boolean
  readonly scalePosWeight: number
  readonly boostFromAverage: boolean
}

/** LightGBM's kEpsilon: probabilities are kept this far from 0 and 1. */
const EPSILON = 1e-15

/** Log-odds beyond this are of no use; it sets the grid of leaf values. */
const LOG_ODDS_SCALE = 8

/** What a training needs to know of its objective, from parameters and the labels' statistics. */
export interface ObjectivePlan {
  readonly spec: ObjectiveSpec
  readonly nOutputs: number
  /** Scores to start from, nOutputs values, not yet on the grid. */
  readonly baseScores: readonly number[]
  /** Magnitude of the scores, for the leaf grid. */
  readonly scoreScale: number
}

/** @throws CoppiceError 'PARAMETER' for an objective that does not exist */
export function specifyObjective(
  params: ObjectiveParams, statistics: LabelStatistics,
): ObjectivePlan {
  switch (params.objective) {
    case 'regression': return regression(params, statistics)
    case 'binary': return binary(params, statistics)
    case 'multiclass': return multiclass(params, statistics)
    default: throw new CoppiceError(
      'PARAMETER',
      `objective "${params.objective}" is not built yet; use regression, binary or multiclass`)
  }
}

function regression(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { sumWeight, sumWeightedLabel, maxAbsLabel, maxWeight } = statistics
  const mean = params.boostFromAverage && sumWeight > 0 ? sumWeightedLabel / sumWeight : 0
  return {
    spec: {
      objective: { name: 'regression' },
      binaryWeights: [1, 1],
      gradientBound: null,
      hessianBound: maxWeight,
    },
    nOutputs: 1,
    baseScores: [mean],
    scoreScale: maxAbsLabel,
  }
}

function binary(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { sigmoid } = params
  const [negatives = 0, positives = 0] = statistics.classCounts
  const weights: [number, number] = [1, 1]
  if (params.isUnbalance && positives > 0 && negatives > 0) {
    if (positives > negatives) weights[0] = positives / negatives
    else weights[1] = negatives / positives
  }
  weights[1] *= params.scalePosWeight
  const bound = sigmoid * Math.max(weights[0], weights[1]) * statistics.maxWeight
  const objective: Objective = { name: 'binary', sigmoid }
  const base = params.boostFromAverage ? logOdds(statistics) / sigmoid : 0
  return {
    // r (s - r) <= s^2 / 4 for 0 <= r <= s
    spec: {
      objective, binaryWeights: weights, gradientBound: bound, hessianBound: bound * sigmoid / 4,
    },
    nOutputs: 1,
    baseScores: [base],
    scoreScale: LOG_ODDS_SCALE / sigmoid,
  }
}

/** log(p / (1 - p)) of the weighted share of positive rows, as LightGBM's BoostFromScore. */
function logOdds({ classWeights }: LabelStatistics): number {
  const [negative = 0, positive = 0] = classWeights
  const share = positive / (negative + positive)
  const p = Math.min(1 - EPSILON, Math.max(EPSILON, share))
  return log(p / (1 - p))
}

function multiclass(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { numClass } = params
  const { classWeights, sumWeight, maxWeight } = statistics
  const baseScores = Array.from({ length: numClass }, (_, k) => {
    const share = (classWeights[k] ?? 0) / sumWeight
    return params.boostFromAverage ? log(Math.max(EPSILON, share)) : 0
  })
  return {
    spec: {
      objective: { name: 'multiclass', numClass },
      binaryWeights: [1, 1],
      gradientBound: maxWeight,
      hessianBound: maxWeight * (numClass / (numClass - 1)) / 4,
    },
    nOutputs: numClass,
    baseScores,
    scoreScale: LOG_ODDS_SCALE,
  }
}
