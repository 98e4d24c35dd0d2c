/** Models whose leaves follow new rows: LightGBM's Booster.refit and task = refit. */
import { type MemoryRows, predictColumns } from '@coppice/data'
import { refitTrees, type RefitTree, resolveParams, type ResolvedParams } from '@coppice/engine'
import { chainOf, CoppiceError, createPredictor, labelsPerRow, type Model } from '@coppice/model'
import { Dataset } from '../data/dataset.js'
import { type Labels, MemorySource } from '../data/memory.js'
import { checkOptionNames, optionNames } from '../options.js'
import { labelledBatches } from '../scoring/labelled-batches.js'
import { canonicalParams, checkParameterNames, type RawParams } from '../training/params.js'

/** Options of `Booster.refit`. */
export interface RefitOptions {
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
})

/** Parameters that leaf values depend on, beside the objective. */
const readParameters = ['num_class', 'is_unbalance', 'scale_pos_weight', 'sigmoid', 'reg_sqrt',
  'alpha', 'fair_c', 'poisson_max_delta_step', 'tweedie_variance_power', 'lambda_l1', 'lambda_l2',
  'quantiles', 'max_delta_step', 'expectile_alpha', 'huber_slope', 'focal_gamma', 'focal_alpha']

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
  const decayRate = options.decayRate ?? 0.9
  if (!(decayRate >= 0 && decayRate <= 1)) {
    throw new CoppiceError('PARAMETER',
      `decayRate of refit must be a number from 0 to 1, got ${String(decayRate)}`)
  }
  requireRefittable(model)
  const params = refitParams(model, options.params ?? {})
  const kept = keptTrees(model)
  const dataset = datasetOf(X, y, options)
  const rows = await readRows(kept, dataset, options)
  const { baseScores, leafValues } = refitTrees({
    params, rows, decayRate,
    baseScores: kept.baseScores,
    trees: kept.trees.map((tree, t): RefitTree =>
      ({ leafValue: tree.leafValue, shrinkage: shrinkageOf(kept, t) })),
    leavesOf: rows.leavesOf,
  })
  const refitted: Omit<Model, 'chainHash'> = {
    ...kept,
    baseScores,
    trees: kept.trees.map((tree, t) => ({ ...tree, leafValue: leafValues[t]! })),
  }
  return { ...refitted, chainHash: chainOf(refitted) }
}

/** @throws CoppiceError 'PARAMETER' for trees whose leaves are no sums of gradients */
function requireRefittable({ objective, trees, parameters, origin }: Model): void {
  const boosting = origin === undefined ? parameters['boosting'] ?? 'gbdt' : 'gbdt'
  const averages = objective.name === 'imported' && objective.averages
  const source = objective.name === 'imported' ? objective.source : objective.name
  const what = averages ? 'a random forest'
    : boosting !== 'gbdt' ? `a model of boosting = ${String(boosting)}`
    : trees.some(({ linear }) => linear !== undefined) ? 'a model with linear leaves'
    : /^(lambdarank|rank_)/.test(source) ? `a model of ${source}, which needs queries,`
    : source === 'cox' ? 'a model of cox, whose leaves follow from all rows together,'
    : labelsPerRow(objective) > 1 ? `a model of ${source}, which has several label columns,`
    : /^(custom)?$/.test(source) ? 'a model of an objective that is not known'
    : null
  if (what === null) return
  throw new CoppiceError('PARAMETER', `${what} cannot be refit; train it again with the new rows`)
}

/** The objective is the model's, whatever else is given. */
function refitParams(model: Model, given: RawParams): ResolvedParams {
  checkParameterNames(given)
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

function shrinkageOf({ origin, parameters }: Model, tree: number): number {
  return origin?.shrinkage[tree] ?? Number(parameters['learning_rate'] ?? 1)
}

function datasetOf(
  X: Dataset | MemoryRows, y: Labels | undefined, { sampleWeight }: RefitOptions,
): Dataset {
  if (!(X instanceof Dataset)) return Dataset.from(X, y ?? null, { weights: sampleWeight })
  if (y !== undefined || sampleWeight !== undefined) {
    throw new CoppiceError('PARAMETER', 'a Dataset brings its labels and weights: pass it alone, ' +
      'or rows, labels and sampleWeight')
  }
  const { options } = X.source as { readonly options?: { readonly initScore?: unknown } }
  if (options?.initScore === undefined) return X
  throw new CoppiceError('PARAMETER', 'refit does not read init scores from columns; pass ' +
    'them as the option initScore, and leave the column out')
}

/** Rows as the engine takes them, and the leaves that they are in. */
async function readRows(
  model: Model, dataset: Dataset, { initScore, signal }: RefitOptions,
): Promise<Parameters<typeof refitTrees>[0]['rows'] & {
  readonly leavesOf: (tree: number, leaves: Int32Array) => void
}> {
  const predictor = createPredictor(model)
  const { nTrees } = predictor
  const isSmall = model.trees.every(({ leafValue }) => leafValue.length <= 0x1_0000)
  const labels: Float64Array[] = []
  const weights: Float64Array[] = []
  const batches: (Uint16Array | Int32Array)[] = []
  let nRows = 0
  for await (const batch of labelledBatches(model, dataset, signal)) {
    const found = predictColumns(predictor, batch.columns, 'leaf')
    batches.push(isSmall ? Uint16Array.from(found) : found)
    labels.push(batch.labels)
    if (batch.weights !== null) weights.push(batch.weights)
    nRows += batch.nRows
  }
  const beside = initScore ?? (dataset.source instanceof MemorySource
    ? dataset.source.options.initScores : undefined)
  return {
    nRows,
    label: joined(labels, nRows),
    weight: weights.length === 0 ? null : joined(weights, nRows),
    initScore: beside === undefined ? null : Float64Array.from(beside),
    leavesOf: (tree, leaves) => {
      let row = 0
      for (const batch of batches) {
        for (let at = tree; at < batch.length; at += nTrees) leaves[row++] = batch[at]!
      }
    },
  }
}

function joined(parts: readonly Float64Array[], length: number): Float64Array {
  const all = new Float64Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
