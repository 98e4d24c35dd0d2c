import { exp, log, type Objective } from '@coppice/model'
import { objectiveDefinition } from '../custom/definitions.js'
import { AFT_GRADIENT_MAX, AFT_HESSIAN_MAX } from './aft.js'
import { specifyCustom } from '../custom/specify.js'
import { assert, CoppiceError } from '../errors.js'
import type { ResolvedParams } from '../params/index.js'
import { requireEvents } from '../survival/event-times.js'
import { shapedObjective, shapedSpec, type ShapedObjective, type ShapedParams } from './shaped.js'
import type { LabelStatistics, ObjectivePlan } from './objective.js'
import { type RankingParams, rankingSpec } from './ranking.js'

/** Parameters that objectives read. */
export type ObjectiveParams = Pick<ResolvedParams,
  'objective' | 'numClass' | 'sigmoid' | 'isUnbalance' | 'scalePosWeight' | 'boostFromAverage' |
  'regSqrt' | 'customObjective' | 'customMetrics' | 'alpha' | 'fairC' | 'poissonMaxDeltaStep' |
  'tweedieVariancePower' | 'quantiles' | 'quantileSorted' | 'numTarget' |
  'aftLossDistribution' | 'aftLossDistributionScale' | keyof ShapedParams> & RankingParams

/** LightGBM's kEpsilon: probabilities are kept this far from 0 and 1. */
const EPSILON = 1e-15

/** Log-odds and logarithms of means beyond this are of no use; it sets the grid of leaf values. */
const LOG_ODDS_SCALE = 8

/** Plans of objectives by LightGBM's base scores and bounds that are proven. */
export function specifyObjective(
  params: ObjectiveParams, statistics: LabelStatistics,
): ObjectivePlan {
  switch (params.objective) {
    case 'regression':
      return nearLabels({ name: params.regSqrt ? 'regression_sqrt' : 'regression' }, params,
        statistics)
    case 'regression_l1':
    case 'mape': return sideOfLabels({ name: params.objective }, 1, statistics)
    case 'quantile': {
      const { alpha } = params
      return sideOfLabels({ name: 'quantile', alpha }, Math.max(alpha, 1 - alpha), statistics)
    }
    case 'huber': return nearLabels({ name: 'huber', alpha: params.alpha }, params, statistics)
    case 'fair': return nearLabels({ name: 'fair', c: params.fairC }, params, statistics)
    case 'poisson':
    case 'gamma':
    case 'tweedie': return logarithmic(params, statistics)
    case 'cross_entropy':
    case 'cross_entropy_lambda': return crossEntropy(params.objective, params, statistics)
    case 'binary': return binary(params, statistics)
    case 'multiclass': return multiclass(params, statistics)
    case 'multiclassova': return oneAgainstRest(params, statistics)
    case 'lambdarank':
    case 'rank_xendcg': return ranking(params.objective, params, statistics)
    case 'expectile':
    case 'pseudo_huber':
    case 'log_cosh': return {
      ...nearLabels({ name: 'log_cosh' }, params, statistics),
      spec: shapedSpec(shapedObjective(params.objective, params), statistics),
    }
    case 'focal':
    case 'hinge': return twoClasses(shapedObjective(params.objective, params), params, statistics)
    case 'multi_quantile': {
      const { quantiles, quantileSorted } = params
      const bound = Math.max(...quantiles.map((alpha) => Math.max(alpha, 1 - alpha)))
      const plan = sideOfLabels(
        { name: 'multi_quantile', quantiles, ...(quantileSorted ? { sorted: true } : {}) }, bound,
        statistics)
      return { ...plan, nOutputs: quantiles.length, baseScores: quantiles.map(() => 0) }
    }
    case 'squared_log_error': return squaredLog(params, statistics)
    case 'aft': return times(params, statistics)
    case 'cox': return proportionalHazards(statistics)
    case 'multi_regression': return severalNumbers(params, statistics)
    case 'multi_label': return severalLabels(params, statistics)
    case 'custom': return specifyCustom(objectiveDefinition(params), statistics)
  }
}

function meanLabel({ sumWeight, sumWeightedLabel }: LabelStatistics): number {
  return sumWeight > 0 ? sumWeightedLabel / sumWeight : 0
}

/** Scores in the units of labels, hessians of at most the weight. */
function nearLabels(
  objective: Objective, params: ObjectiveParams, statistics: LabelStatistics,
): ObjectivePlan {
  const { maxAbsLabel, maxWeight } = statistics
  return {
    spec: { objective, binaryWeights: [1, 1], gradientBound: null, hessianBound: maxWeight },
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? meanLabel(statistics) : 0],
    scoreScale: maxAbsLabel,
  }
}

/**
 * Gradients of the side on which the label is, at most `bound` times the weight. The base score is
 * a percentile, see planPercentiles.
 */
function sideOfLabels(
  objective: Objective, bound: number, { maxAbsLabel, maxWeight }: LabelStatistics,
): ObjectivePlan {
  return {
    spec: {
      objective, binaryWeights: [1, 1], gradientBound: bound * maxWeight, hessianBound: maxWeight,
    },
    nOutputs: 1,
    baseScores: [0],
    scoreScale: maxAbsLabel,
  }
}

/** Scores are logarithms of the mean; what is proven of hessians is in hessian-bound.ts. */
function logarithmic(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { maxAbsLabel, maxWeight } = statistics
  const mean = meanLabel(statistics)
  if (!(mean > 0)) {
    throw new CoppiceError('DATA',
      `all labels of rows with weight are 0, and objective ${params.objective} learns the ` +
      'logarithm of their mean; it needs some above 0')
  }
  const [objective, hessianBound] = logarithmicLoss(params, maxAbsLabel)
  return {
    spec: {
      objective, binaryWeights: [1, 1], gradientBound: null,
      hessianBound: hessianBound * maxWeight,
    },
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? log(mean) : 0],
    scoreScale: LOG_ODDS_SCALE,
  }
}

/** The objective, and the part of its hessians' bound that labels set, for a weight of 1. */
function logarithmicLoss(params: ObjectiveParams, maxLabel: number): [Objective, number] {
  const { poissonMaxDeltaStep, tweedieVariancePower } = params
  switch (params.objective) {
    case 'poisson': return [
      { name: 'poisson', maxDeltaStep: poissonMaxDeltaStep }, exp(poissonMaxDeltaStep) * maxLabel]
    case 'tweedie': return [
      { name: 'tweedie', variancePower: tweedieVariancePower },
      exp((2 - tweedieVariancePower) * log(maxLabel))]
    default: return [{ name: 'gamma' }, 1]
  }
}

/**
 * Labels are probabilities. Of cross_entropy_lambda with weights: with p = 1 - u^w and u the
 * probability of a negative at weight 1, w (1 - u) / p is at most max(1, w) (Bernoulli), so is a
 * gradient, being the difference of two such numbers; the hessian is at most w / 4, and for w < 1
 * another 1.
 */
function crossEntropy(
  name: 'cross_entropy' | 'cross_entropy_lambda', params: ObjectiveParams,
  statistics: LabelStatistics,
): ObjectivePlan {
  const { maxWeight, hasWeight } = statistics
  const isExposure = name === 'cross_entropy_lambda' && hasWeight
  const mean = meanLabel(statistics)
  const base = name === 'cross_entropy' ? logit(mean) : logExpm1(mean)
  return {
    spec: {
      objective: { name },
      binaryWeights: [1, 1],
      gradientBound: isExposure ? Math.max(1, maxWeight) : maxWeight,
      hessianBound: isExposure ? maxWeight / 4 + 1 : maxWeight / 4,
    },
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? base : 0],
    scoreScale: LOG_ODDS_SCALE,
  }
}

/** log(p / (1 - p)), as LightGBM's BoostFromScore. */
function logit(probability: number): number {
  const p = Math.min(1 - EPSILON, Math.max(EPSILON, probability))
  return log(p / (1 - p))
}

/** ln(e^x - 1) for x in (0, 1], the inverse of softplus; LightGBM has no limit at 0. */
function logExpm1(x: number): number {
  const rate = Math.max(EPSILON, x)
  // e^x - 1 loses digits near 0, where it is x (1 + x / 2) to the last place
  return rate < 1e-8 ? log(rate) + rate / 2 : rate + log(1 - exp(-rate))
}

function binary(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { sigmoid } = params
  const [negatives = 0, positives = 0] = statistics.classCounts
  const [negative = 0, positive = 0] = statistics.classWeights
  const weights = classFactors(params, negatives, positives)
  const bound = sigmoid * Math.max(...weights) * statistics.maxWeight
  const base = params.boostFromAverage ? logit(positive / (negative + positive)) / sigmoid : 0
  return {
    // r (s - r) <= s^2 / 4 for 0 <= r <= s
    spec: {
      objective: { name: 'binary', sigmoid }, binaryWeights: weights, gradientBound: bound,
      hessianBound: bound * sigmoid / 4,
    },
    nOutputs: 1,
    baseScores: [base],
    scoreScale: LOG_ODDS_SCALE / sigmoid,
  }
}

/** Losses of two classes beyond LightGBM's; hinge has no log-odds to start from. */
function twoClasses(
  objective: ShapedObjective, params: ObjectiveParams, statistics: LabelStatistics,
): ObjectivePlan {
  const [negative = 0, positive = 0] = statistics.classWeights
  const isBoosted = params.boostFromAverage && objective.name === 'focal'
  return {
    spec: shapedSpec(objective, statistics),
    nOutputs: 1,
    baseScores: [isBoosted ? logit(positive / (negative + positive)) : 0],
    scoreScale: LOG_ODDS_SCALE,
  }
}

/** Scores are predictions; the best constant is that of the mean logarithm. */
function squaredLog(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const mean = exp(meanLabel(statistics)) - 1
  return {
    spec: {
      objective: { name: 'squared_log_error' }, binaryWeights: [1, 1], gradientBound: null,
      hessianBound: 0, measuresHessian: true,
    },
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? mean : 0],
    scoreScale: exp(statistics.maxAbsLabel),
  }
}

/** Scores are logarithms of times. The base score is the mean logarithm of the bounds known. */
function times(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { maxWeight, maxAbsLabel } = statistics
  const { aftLossDistribution: distribution, aftLossDistributionScale: scale } = params
  return {
    spec: {
      objective: { name: 'aft', distribution, scale }, binaryWeights: [1, 1],
      gradientBound: AFT_GRADIENT_MAX * maxWeight, hessianBound: AFT_HESSIAN_MAX * maxWeight,
    },
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? meanLabel(statistics) : 0],
    scoreScale: Math.max(LOG_ODDS_SCALE, maxAbsLabel),
  }
}

/**
 * Scores are logarithms of hazards, of which only differences count: all start at 0. With r a
 * row's hazard times its rate, its gradient is (r - d) w and its hessian at most r w.
 */
function proportionalHazards({ events, maxWeight }: LabelStatistics): ObjectivePlan {
  return {
    spec: {
      objective: { name: 'cox' }, binaryWeights: [1, 1], gradientBound: null,
      hessianBound: maxWeight, events: requireEvents(events),
    },
    nOutputs: 1,
    baseScores: [0],
    scoreScale: LOG_ODDS_SCALE,
  }
}

/**
 * Squared errors of several numbers, each on grids of its own: columns may be of any magnitudes,
 * and the trees of one are those of a training on it alone.
 */
function severalNumbers(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { numTarget } = params
  const targets = statistics.targets ?? []
  checkTargets(targets, numTarget)
  const plan = nearLabels({ name: 'multi_regression', numTarget }, params, statistics)
  return {
    ...plan,
    nOutputs: numTarget,
    baseScores: targets.map((target) => params.boostFromAverage
      ? meanLabel({ ...statistics, ...target }) : 0),
    scoreScales: targets.map(({ maxAbsLabel, maxAbsInitScore }) =>
      Math.max(maxAbsLabel, maxAbsInitScore)),
  }
}

/** A log-loss for each label column. */
function severalLabels(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { numTarget } = params
  const targets = statistics.targets ?? []
  checkTargets(targets, numTarget)
  const { maxWeight } = statistics
  return {
    spec: {
      objective: { name: 'multi_label', numTarget }, binaryWeights: [1, 1],
      gradientBound: maxWeight, hessianBound: maxWeight / 4,
    },
    nOutputs: numTarget,
    baseScores: targets.map((target) => params.boostFromAverage
      ? logit(meanLabel({ ...statistics, ...target })) : 0),
    scoreScale: LOG_ODDS_SCALE,
  }
}

function checkTargets(targets: readonly unknown[], numTarget: number): void {
  assert(targets.length === numTarget, 'there are statistics of each label column')
}

/** Factors of the gradients of negative and positive rows. */
function classFactors(
  params: ObjectiveParams, negatives: number, positives: number,
): [number, number] {
  const weights: [number, number] = [1, 1]
  if (params.isUnbalance && positives > 0 && negatives > 0) {
    if (positives > negatives) weights[0] = positives / negatives
    else weights[1] = negatives / positives
  }
  weights[1] *= params.scalePosWeight
  return weights
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

/** A binary log-loss for each class. */
function oneAgainstRest(params: ObjectiveParams, statistics: LabelStatistics): ObjectivePlan {
  const { numClass, sigmoid } = params
  const { classWeights, classCounts, sumWeight, maxWeight, nRows } = statistics
  const classes = Array.from({ length: numClass }, (_, k) => k)
  const binaryWeights = classes.flatMap((k) => {
    const positives = classCounts[k] ?? 0
    return classFactors(params, nRows - positives, positives)
  })
  const bound = sigmoid * Math.max(...binaryWeights) * maxWeight
  return {
    spec: {
      objective: { name: 'multiclassova', numClass, sigmoid },
      binaryWeights,
      gradientBound: bound,
      hessianBound: bound * sigmoid / 4,
    },
    nOutputs: numClass,
    baseScores: classes.map((k) =>
      params.boostFromAverage ? logit((classWeights[k] ?? 0) / sumWeight) / sigmoid : 0),
    scoreScale: LOG_ODDS_SCALE / sigmoid,
  }
}

/** Hessians of lambdarank below this part of a pair's largest are not told from 0: 2^-20. */
const HESSIAN_FLOOR = 9.5367431640625e-7

/** Scores are of no unit; those of lambdarank are multiplied by sigmoid. LightGBM starts at 0. */
function ranking(
  name: 'lambdarank' | 'rank_xendcg', params: ObjectiveParams, { maxWeight }: LabelStatistics,
): ObjectivePlan {
  const { sigmoid } = params
  const isLambda = name === 'lambdarank'
  return {
    spec: {
      objective: { name },
      binaryWeights: [1, 1],
      gradientBound: null,
      // share x (1 - share)
      hessianBound: isLambda ? maxWeight * sigmoid * sigmoid * HESSIAN_FLOOR : maxWeight / 4,
      ranking: rankingSpec(params),
    },
    nOutputs: 1,
    baseScores: [0],
    scoreScale: isLambda ? LOG_ODDS_SCALE / sigmoid : LOG_ODDS_SCALE,
  }
}
