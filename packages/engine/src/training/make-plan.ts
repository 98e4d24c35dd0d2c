import type { ParameterValue } from '@coppice/model'
import { metricDefinitions } from '../custom/definitions.js'
import { CoppiceError } from '../errors.js'
import type { TreeRules } from '../execution/leaf-rules.js'
import type { EngineSetup, MetricSpec } from '../execution/protocol.js'
import { votingOf } from '../execution/voting.js'
import { expansionsAhead } from '../grower/running-ahead.js'
import { linearScale, linearSetup, planLinear } from '../linear/linear-plan.js'
import { metricFamily } from '../metrics/family.js'
import { checkMetric } from '../metrics/names.js'
import { metricSpecs } from '../metrics/parts.js'
import { labelClasses, labelColumns, objectiveName, scoresPerRow } from '../objectives/families.js'
import type { LabelStatistics, ObjectivePlan } from '../objectives/objective.js'
import { largestLabel } from '../objectives/ranking.js'
import { specifyObjective } from '../objectives/specify.js'
import { labelStatisticsOf } from '../objectives/statistics.js'
import { findParameter, modelParameters, type ResolvedParams } from '../params/index.js'
import { scheduleOf } from '../params/schedule.js'
import { featureLayout } from './build-model.js'
import { checkMagnitudes, checkRowCount, type TargetShape } from './check-data.js'
import type { DartParams } from './dart.js'
import { averaged, checkForest, forestScale } from './forest.js'
import { growthCosts, maxExpansions, type ExecutorTraits } from './executor-traits.js'
import { LeafGrids } from './leaf-grid.js'
import { planPercentiles } from './percentile-leaves.js'
import type { TrainingPlan } from './plan.js'
import { planPositions, shownAt } from './position-biases.js'
import { askedFeatures } from './row-costs.js'
import { rowSampling } from './row-sampling.js'
import { drawsRows, planSchedule } from './settings-of-iteration.js'
import { makeRules } from './tree-rules.js'
import type { TrainingData } from './trainer-protocol.js'

/** A plan and what the model's header needs to know. */
export interface MadePlan {
  readonly plan: TrainingPlan
  readonly statistics: LabelStatistics
  readonly parameters: Readonly<Record<string, ParameterValue>>
}

/** Which data sets metrics are computed on. */
export interface Evaluation {
  /** The training rows are. */
  readonly evaluatesTraining: boolean
  /** Any data set is. */
  readonly evaluates: boolean
}

/**
 * Turns validated parameters and what is known of a data set into a plan.
 *
 * @throws CoppiceError 'DATA' when the labels do not fit the objective, 'PARAMETER' when a metric
 *   does not
 */
export function makePlan(
  params: ResolvedParams, train: TrainingData, executor: ExecutorTraits,
  { evaluatesTraining, evaluates }: Evaluation,
): MadePlan {
  const { summary } = train
  checkNotEmpty(train)
  checkRowCount(train.nRows, '')
  const statistics = labelStatisticsOf(summary)
  checkStatistics(statistics)
  const objective = specifyObjective(params, statistics)
  const isForest = params.boosting === 'rf'
  if (isForest) checkForest(params, summary.hasInitScore)
  const { scoreScale, scoreScales } = gridScales(params, objective, summary.maxAbsInitScore)
  const grids = new LeafGrids(scoreScales ?? scoreScale)
  const baseScores = objective.baseScores.map((score, output) =>
    summary.hasInitScore ? 0 : grids.of(output).round(score))
  const features = train.features.map(featureLayout)
  const metrics = plannedMetrics(params, objective, evaluates)
  const { rules, interactions, isOneByOne } = makeRules(params, train.features)
  const expansions = isOneByOne ? 1 : maxExpansions(params, features, executor)
  const usableFeatures = features.flatMap((feature, f) => feature.nBins > 1 ? [f] : [])
  const sampledRows = rowSampling(params, train.nRows)
  const positions = planPositions(params, summary)
  const growing = {
    features, maxExpansions: expansions, nOutputs: objective.nOutputs,
    ...votingOf(params, usableFeatures.length),
  }
  const plan: TrainingPlan = {
    engine: {
      ...growing,
      objective: shownAt(isForest ? averaged(objective.spec) : objective.spec, positions),
      baseScores: isForest ? baseScores.map(() => 0) : baseScores,
      fixedScores: isForest ? baseScores : null,
      initScoreQuantum: grids.of(0).quantum,
      ...(grids.quanta === null ? {} : { quanta: grids.quanta }),
      scan: params,
      ...rulesOfEngines(rules?.tree),
      usesBagging: drawsRows(params, train.nRows),
      usesGoss: sampledRows.kind === 'goss',
      maxLeaves: params.numLeaves,
      ...(params.linearTree ? { linear: linearSetup(
        { features, nRows: train.nRows, extents: summary.extents ?? [] },
        { numLeaves: params.numLeaves, depths: depthsOf(params) }) } : {}),
      metrics,
      evaluatesTraining,
    },
    growth: growthOf(params, growing, executor),
    ...(rules === undefined ? {} : { growthRules: rules.growth }),
    ...(interactions === undefined ? {} : { interactions }),
    output: params,
    learningRate: params.learningRate,
    learningRates: scheduleOf(params)?.learningRate ?? [],
    schedule: planSchedule(params, train.nRows),
    forest: isForest ? { bias: baseScores } : null,
    dart: params.boosting === 'dart' ? dartParams(params) : null,
    percentiles: planPercentiles(
      objective, statistics, params.boostFromAverage && !summary.hasInitScore),
    positions,
    ...(params.linearTree ? { linear: planLinear(
      params.linearLambda, scoreScale, isForest ? params.numIterations : null, scoreScales) }
      : {}),
    rowSampling: sampledRows,
    sampling: params,
    extraSeed: params.extraSeed,
    usableFeatures,
    scoreScale,
    ...(scoreScales === undefined ? {} : { scoreScales }),
  }
  return { plan: onlyPlan(plan), statistics, parameters: modelParameters(params) }
}

/** Rules, and the features that rows pay for. */
export function rulesOfEngines(rules?: TreeRules): Pick<TrainingPlan['engine'], 'rules' | 'asked'> {
  if (rules === undefined) return {}
  const asked = askedFeatures(rules.rowCosts)
  return asked.length === 0 ? { rules } : { rules, asked }
}

/**
 * Magnitudes of what is added up in scores: of all, and of each where they have their own.
 * @throws CoppiceError 'DATA'
 */
function gridScales(
  { boosting, numIterations, linearTree }: ResolvedParams, objective: ObjectivePlan,
  maxAbsInitScore: number,
): Pick<TrainingPlan, 'scoreScale' | 'scoreScales'> {
  const labelScale = Math.max(objective.scoreScale, maxAbsInitScore)
  for (const scale of objective.scoreScales ?? [labelScale]) checkMagnitudes(objective, scale)
  const scaleOf = (scale: number): number => {
    const sumScale = boosting === 'rf' ? forestScale(scale, numIterations) : scale
    return linearTree ? linearScale(sumScale) : sumScale
  }
  const { scoreScales } = objective
  return {
    scoreScale: scaleOf(labelScale),
    ...(scoreScales === undefined ? {} : { scoreScales: scoreScales.map(scaleOf) }),
  }
}

/** Limits of growth. */
function growthOf(
  { numLeaves, maxDepth, growPolicy, minDataInLeaf }: ResolvedParams,
  engine: Pick<EngineSetup, 'features' | 'maxExpansions' | 'nOutputs' | 'voting'>,
  executor: ExecutorTraits,
): TrainingPlan['growth'] {
  return {
    numLeaves, maxDepth, growPolicy, minDataInLeaf, maxExpansions: engine.maxExpansions,
    aheadMax: expansionsAhead(engine),
    costs: growthCosts(engine.features, executor, engine.voting),
  }
}

/** Limits of the depth in any iteration. */
function depthsOf(params: ResolvedParams): readonly number[] {
  return [params.maxDepth, ...scheduleOf(params)?.maxDepth ?? []]
}

/**
 * Those named and the user's own; of those that are never computed only whether they fit matters.
 * @throws CoppiceError 'PARAMETER' for one that does not fit the objective, or a name that is taken
 */
function plannedMetrics(
  params: ResolvedParams, { spec }: ObjectivePlan, evaluates: boolean,
): MetricSpec[] {
  const specs = metricSpecs(params)
  const family = metricFamily(spec.objective).name
  for (const name of params.metric) checkMetric(name, family)
  const all = [...specs, ...customMetrics(params)]
  return evaluates ? all : []
}

/** The user's own metrics. @throws CoppiceError 'PARAMETER' for a name that is taken */
function customMetrics(params: ResolvedParams): MetricSpec[] {
  const definitions = metricDefinitions(params)
  const names = new Set<string>(findParameter('metric')!.names!.values)
  for (const { name } of definitions) {
    if (names.has(name)) {
      throw new CoppiceError('PARAMETER',
        `custom_metrics has a metric named "${name}", which is another's name; give it its own`)
    }
    names.add(name)
  }
  return definitions.map((custom) => ({ name: custom.name, topK: 1, parameter: 0, custom }))
}

/** Drops what came along with the parameters: a plan crosses threads by copy. */
function onlyPlan(plan: TrainingPlan): TrainingPlan {
  const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> =>
    Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>
  return {
    ...plan,
    engine: {
      ...plan.engine,
      scan: pick(plan.engine.scan, [
        'lambdaL1', 'lambdaL2', 'minDataInLeaf', 'minSumHessianInLeaf', 'minGainToSplit',
        'maxDeltaStep', 'catSmooth', 'catL2', 'maxCatThreshold', 'maxCatToOnehot',
        'minDataPerGroup', 'extraTrees',
      ]),
    },
    output: pick(plan.output, ['lambdaL1', 'lambdaL2', 'maxDeltaStep', 'catL2']),
    sampling: pick(
      plan.sampling, ['featureFraction', 'featureFractionBynode', 'featureFractionSeed']),
  }
}

function dartParams(params: ResolvedParams): DartParams {
  const { dropRate, maxDrop, skipDrop, uniformDrop, xgboostDartMode, dropSeed } = params
  return { dropRate, maxDrop, skipDrop, uniformDrop, xgboostDartMode, dropSeed }
}

function checkNotEmpty({ nRows, features }: TrainingData): void {
  if (nRows === 0) {
    throw new CoppiceError('DATA', 'the training data have no rows; check the inputs')
  }
  if (features.length === 0) {
    throw new CoppiceError('DATA',
      'the training data have no features; give at least one column besides the label')
  }
}

/** What labels and init scores have to fit. */
export function targetShape(params: ResolvedParams): TargetShape {
  const maxLabel = largestLabel(params)
  const nLabels = labelColumns(params)
  return {
    objective: objectiveName(params),
    nClasses: labelClasses(params),
    nOutputs: scoresPerRow(params),
    ...(nLabels === 1 ? {} : { nLabels }),
    ...(maxLabel === null ? {} : { maxLabel }),
  }
}

function checkStatistics({ sumWeight, classCounts }: LabelStatistics): void {
  if (!(sumWeight > 0)) {
    throw new CoppiceError('DATA', 'the weights of all rows are 0; at least one must be positive')
  }
  const present = classCounts.filter((count) => count > 0).length
  if (classCounts.length > 0 && present < 2) {
    throw new CoppiceError('DATA',
      `all labels are class ${classCounts.findIndex((count) => count > 0)}; a classifier needs ` +
      'rows of at least two classes')
  }
}
