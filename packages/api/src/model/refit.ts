/** Models whose leaves follow new rows: LightGBM's Booster.refit and task = refit. */
import type { MemoryRows } from '@coppice/data'
import {
  findParameter, refitTrees, type RefitTree, resolveParams, type ResolvedParams,
} from '@coppice/engine'
import {
  chainOf, CoppiceError, hasTargets, isForest, isRanking, type LinearLeaves, type Model,
} from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import type { QueryOptions } from '../data/query-groups.js'
import { checkOptionNames, optionNames } from '../options.js'
import { canonicalParams, checkParameterNames, type RawParams } from '../training/params.js'
import { unreadQueriesText } from '../training/unread-queries.js'
import { readRefitRows } from './refit-rows.js'

/** Options of `Booster.refit`. */
export interface RefitOptions extends QueryOptions {
  /** Share of the old leaf values that is kept, from 0 to 1; default 0.9 (`refit_decay_rate`). */
  readonly decayRate?: number | undefined
  /** One weight per row, for rows in memory. */
  readonly sampleWeight?: ArrayLike<number> | undefined
  /** Raw scores that the new rows begin with: rows x outputs, row-major; default 0. */
  readonly initScore?: ArrayLike<number> | undefined
  /**
   * Regularisation of leaves and settings of the objective, in any spelling, instead of those of
   * the model: `lambdaL1`, `lambdaL2`, `maxDeltaStep`, `scalePosWeight` ...
   */
  readonly params?: RawParams | undefined
  readonly signal?: AbortSignal | undefined
}

const refitOptionNames = optionNames<RefitOptions>({
  decayRate: true, sampleWeight: true, initScore: true, params: true, signal: true,
  group: true, queryId: true, groupSizes: true,
})

/** Parameters that leaf values depend on, beside the objective. */
const readParameters = ['num_class', 'is_unbalance', 'scale_pos_weight', 'sigmoid', 'reg_sqrt',
  'alpha', 'fair_c', 'poisson_max_delta_step', 'tweedie_variance_power', 'lambda_l1', 'lambda_l2',
  'quantiles', 'max_delta_step', 'expectile_alpha', 'huber_slope', 'focal_gamma', 'focal_alpha',
  'aft_loss_distribution', 'aft_loss_distribution_scale', 'lambdarank_truncation_level',
  'lambdarank_norm', 'label_gain', 'objective_seed']

/** What may be given besides. */
const givenParameters = ['objective', 'linear_lambda']

/**
 * The model with leaf values that have followed other rows; splits stay. The trees up to the best
 * iteration are kept, and the history of metrics, which was of the old values, is not.
 *
 * @throws CoppiceError 'PARAMETER' for wrong options and models that cannot be refit, 'DATA' for
 *   rows that do not fit, 'ABORTED' by the signal
 */
export async function refitModel(
  model: Model, X: Dataset | MemoryRows, y: Labels | undefined, options: RefitOptions,
): Promise<Model> {
  checkOptionNames('refit', options, refitOptionNames)
  const decayRate: unknown = options.decayRate ?? 0.9
  if (typeof decayRate !== 'number' || !(decayRate >= 0 && decayRate <= 1)) {
    throw new CoppiceError('PARAMETER',
      `decayRate of refit must be a number from 0 to 1, got ` +
      (typeof decayRate === 'string' ? `"${decayRate}"` : String(decayRate)))
  }
  requireRefittable(model)
  refuseQueries(model, options)
  const params = refitParams(model, options.params ?? {})
  const kept = keptTrees(model)
  const { rows, leavesOf, columns } =
    await readRefitRows(kept, datasetOf(X, y, options), options)
  const isAverage = isForest(kept.objective)
  if (isAverage && rows.initScore !== null) {
    throw new CoppiceError('PARAMETER', 'the trees of a random forest are models of their own, ' +
      'which have no init scores; leave them out')
  }
  const { baseScores, leafValues, linear } = refitTrees({
    params, rows, decayRate, leavesOf, columns,
    baseScores: kept.baseScores,
    trees: kept.trees.map(({ leafValue, linear: old }, t): RefitTree =>
      ({ leafValue, shrinkage: isAverage ? 1 : shrinkageOf(kept, t), linear: old })),
    isForest: isAverage,
    isFinite: kept.origin === undefined,
  })
  const refitted: Omit<Model, 'chainHash'> = {
    ...kept,
    baseScores,
    trees: kept.trees.map((tree, t) =>
      ({ ...tree, leafValue: leafValues[t]!, ...linearOf(linear[t]) })),
  }
  return { ...refitted, chainHash: chainOf(refitted) }
}

function linearOf(linear: LinearLeaves | undefined): { readonly linear?: LinearLeaves } {
  return linear === undefined ? {} : { linear }
}

/** @throws CoppiceError 'PARAMETER' for trees whose leaves are no sums of gradients */
function requireRefittable({ objective, parameters, origin }: Model): void {
  const boosting = origin === undefined ? parameters['boosting'] ?? 'gbdt' : 'gbdt'
  const source = objective.name === 'imported' ? objective.source : objective.name
  const what = boosting === 'dart' ? 'a model of boosting = dart, whose trees were rescaled,'
    : source === 'cox' ? 'a model of cox, whose leaves follow from all rows together,'
    : /^(custom)?$/.test(source) ? 'a model of an objective that is not known'
    : null
  if (what === null) return
  throw new CoppiceError('PARAMETER', `${what} cannot be refit; train it again with the new rows`)
}

/** @throws CoppiceError 'PARAMETER' for queries of rows that are not ranked */
function refuseQueries(
  { objective }: Model, { group, queryId, groupSizes }: RefitOptions,
): void {
  const isGiven = [group, queryId, groupSizes].some((value) => value !== undefined)
  if (!isGiven || isRanking(objective)) return
  throw new CoppiceError('PARAMETER', unreadQueriesText('the rows to refit with', objective.name))
}

/** The objective is the model's, whatever else is given. */
function refitParams(model: Model, given: RawParams): ResolvedParams {
  checkParameterNames(given)
  const unread = Object.keys(given)
    .find((key) => ![...readParameters, ...givenParameters].includes(findParameter(key)!.name))
  if (unread !== undefined) {
    throw new CoppiceError('PARAMETER', `params of refit have ${unread}, which changes nothing: ` +
      'leaves are fitted anew, and not grown; leave it out')
  }
  const own: Record<string, unknown> = {}
  for (const name of readParameters) {
    const value = model.parameters[name]
    if (value !== undefined) own[name] = value
  }
  const { objective } = model
  const [name] = (objective.name === 'imported' ? objective.source : objective.name).split(' ')
  const isRoot = name === 'regression_sqrt' ||
    (objective.name === 'imported' && objective.link === 'signedSquare')
  const known = canonicalParams({
    ...own,
    objective: name === 'regression_sqrt' ? 'regression' : name,
    ...(isRoot ? { reg_sqrt: true } : {}),
    ...('sigmoid' in objective && objective.name !== 'imported'
      ? { sigmoid: objective.sigmoid } : {}),
    ...('numClass' in objective && objective.numClass > 2 ? { num_class: objective.numClass } : {}),
    ...(hasTargets(objective) ? { num_target: objective.numTarget } : {}),
    ...(model.trees.some(({ linear }) => linear !== undefined)
      ? { linear_tree: true, linear_lambda: model.parameters['linear_lambda'] ?? 0 } : {}),
  })
  const changed = canonicalParams(given)
  const resolved = resolveParams({ ...known, ...changed })
  if (resolved.objective === resolveParams({ ...known }).objective) return resolved
  throw new CoppiceError('PARAMETER', `objective = ${resolved.objective} is not that of the ` +
    `model, ${String(known['objective'])}; leave it out`)
}

/** The model up to its best iteration, without what was measured of it. */
function keptTrees(model: Model): Model {
  const { bestIteration, treesPerIteration, origin } = model
  const nTrees = (bestIteration ?? Infinity) * treesPerIteration
  return {
    ...model,
    trees: model.trees.slice(0, nTrees),
    bestIteration: null,
    evaluation: [],
    ...(origin === undefined ? {}
      : { origin: { ...origin, shrinkage: origin.shrinkage.slice(0, nTrees) } }),
  }
}

/** The learning rate that a tree was grown with. */
function shrinkageOf(
  { origin, parameters: last, earlier = [], treesPerIteration }: Model, tree: number,
): number {
  const known = origin?.shrinkage[tree]
  if (known !== undefined) return known
  let iteration = Math.floor(tree / treesPerIteration)
  let parameters = last
  for (const training of earlier) {
    if (iteration < training.iterations) {
      ({ parameters } = training)
      break
    }
    iteration -= training.iterations
  }
  return learningRates(parameters)[iteration] ?? Number(parameters['learning_rate'] ?? 1)
}

/** Those of the first iterations, where they are not all the same. */
function learningRates(parameters: Model['parameters']): readonly number[] {
  const { learning_rate_schedule: own, parameter_schedule: text } = parameters
  if (Array.isArray(own) && own.length > 0) return own.map(Number)
  if (typeof text !== 'string' || text === '') return []
  const schedule = JSON.parse(text) as { readonly learning_rate?: readonly number[] }
  return schedule.learning_rate ?? []
}

function datasetOf(
  X: Dataset | MemoryRows, y: Labels | undefined,
  { sampleWeight, group, queryId, groupSizes }: RefitOptions,
): Dataset {
  const queries = { group, queryId, groupSizes }
  if (!(X instanceof Dataset)) {
    return Dataset.from(X, y ?? null, { weights: sampleWeight, ...queries })
  }
  const isMore = y !== undefined || sampleWeight !== undefined ||
    Object.values(queries).some((value) => value !== undefined)
  if (isMore) {
    throw new CoppiceError('PARAMETER', 'a Dataset brings its labels, weights and queries: pass ' +
      'it alone, or rows, labels and the like')
  }
  const { options } = X.source as { readonly options?: { readonly initScore?: unknown } }
  if (options?.initScore === undefined) return X
  throw new CoppiceError('PARAMETER', 'refit does not read init scores from columns; pass ' +
    'them as the option initScore, and leave the column out')
}
