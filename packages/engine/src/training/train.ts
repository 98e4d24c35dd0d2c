import {
  extendChain, startChain, type Model, type ModelHeader, type Objective, type Scalar, type Tree,
} from '@coppice/model'
import type { BinnedDataset } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { finishMetric, isHigherBetter } from '../metrics/parts.js'
import { ExactSum } from '../numeric/exact-sum.js'
import { resolveParams, type ResolvedParams } from '../params/index.js'
import { binTree, modelFeature, modelTree } from './build-model.js'
import { EarlyStopping } from './early-stopping.js'
import type { Executor } from './executor.js'
import { History } from './history.js'
import type { IterationRecord } from './iteration.js'
import { checkRows } from './check-data.js'
import { makePlan, targetShape } from './make-plan.js'
import { requireTrainingMemory } from './memory-estimate.js'
import type { EvalSet, MetricValue, StopReason, TrainOptions, TrainResult } from './types.js'

/** Name under which the training rows are evaluated, LightGBM's. */
const TRAINING = 'training'

/**
 * Trains a model: the boosting loop, the same for every executor. Closes the executor.
 *
 * @returns the model of all committed iterations; after an abort too
 * @throws CoppiceError 'PARAMETER' or 'DATA' before anything is trained; 'MODEL' when the model
 *   to resume from is of another training
 */
export async function train(options: TrainOptions, executor: Executor): Promise<TrainResult> {
  try {
    const params = resolveParams(options.params)
    const run = new TrainingRun(options, params, executor)
    return await run.run()
  } finally {
    await executor.close()
  }
}

class TrainingRun {
  readonly #options: TrainOptions
  readonly #params: ResolvedParams
  readonly #executor: Executor
  readonly #header: ModelHeader
  readonly #plan
  /** Evaluated data sets in the order of the engines' metric parts. */
  readonly #evaluated: readonly EvalSet[]
  readonly #sumWeights: readonly number[]
  readonly #stopping: EarlyStopping
  readonly #history: History
  readonly #trees: Tree[] = []
  #chain: string
  #nIterations = 0

  constructor(options: TrainOptions, params: ResolvedParams, executor: Executor) {
    this.#options = options
    this.#params = params
    this.#executor = executor
    const evalSets = options.evalSets ?? []
    checkEvalSets(options.train, evalSets, params)
    const evaluatesTraining = params.isProvideTrainingMetric
    this.#evaluated = evaluatesTraining
      ? [{ name: TRAINING, data: options.train }, ...evalSets]
      : evalSets
    checkEarlyStopping(params, evalSets)
    checkMemory(options, params, executor.nThreads)
    const made = makePlan(
      params, options.train, executor.nThreads, evaluatesTraining, this.#evaluated.length > 0)
    this.#plan = made.plan
    const { objective, nOutputs, baseScores } = { ...made.plan.engine,
      objective: made.plan.engine.objective.objective }
    this.#header = {
      objective,
      classes: classesOf(objective, options.train.classes),
      features: options.train.features.map(modelFeature),
      treesPerIteration: nOutputs,
      baseScores,
      parameters: made.parameters,
    }
    this.#chain = startChain(this.#header)
    this.#sumWeights = this.#evaluated.map(({ data }) => sumOfWeights(data))
    this.#stopping = new EarlyStopping({
      rounds: params.earlyStoppingRound,
      minDelta: params.earlyStoppingMinDelta,
      firstMetricOnly: params.firstMetricOnly,
    }, evaluatesTraining ? TRAINING : null)
    this.#history = new History(options.resumeFrom?.evaluation)
  }

  async run(): Promise<TrainResult> {
    const { train: data, evalSets = [], onEvent, signal } = this.#options
    throwIfAborted(signal)
    await this.#executor.open({ plan: this.#plan, train: data, evalSets })
    let stoppedBy = await this.#resume()
    onEvent?.({
      kind: 'started',
      nRows: data.nRows,
      nFeatures: data.features.length,
      nIterations: this.#params.numIterations,
      firstIteration: this.#nIterations,
      nThreads: this.#executor.nThreads,
    })
    while (stoppedBy === null) stoppedBy = await this.#step()
    const model = this.#model()
    onEvent?.({
      kind: 'stopped',
      reason: stoppedBy,
      nIterations: this.#nIterations,
      bestIteration: model.bestIteration,
    })
    return { model, stoppedBy }
  }

  /** @returns why the training is over already, or null */
  async #resume(): Promise<StopReason | null> {
    const model = this.#options.resumeFrom
    if (model === undefined) return null
    this.#checkResumable(model)
    const { treesPerIteration } = this.#header
    const iterations: Tree[][] = []
    for (let t = 0; t < model.trees.length; t += treesPerIteration) {
      iterations.push(model.trees.slice(t, t + treesPerIteration))
    }
    const { train: { features }, signal } = this.#options
    const binned = iterations.map((trees) => trees.map((tree) => binTree(tree, features)))
    for (const trees of iterations) this.#append(trees)
    let isOver = false
    for (const [iteration, metrics] of this.#history.byIteration()) {
      isOver = this.#stopping.update(iteration, metrics) || isOver
    }
    try {
      await this.#executor.replay(binned, signal)
    } catch (error) {
      if (isAbort(error)) return 'aborted'
      throw error
    }
    return isOver ? 'early-stopping' : null
  }

  /** Equal headers mean equal objective, features, dictionaries, base scores and parameters. */
  #checkResumable(model: Model): void {
    const nIterations = model.trees.length / model.treesPerIteration
    if (startChain(model) !== startChain(this.#header)) {
      throw new CoppiceError('MODEL',
        `cannot resume from this model: its ${differences(model, this.#header).join(', ')} ` +
        'differ from this training\'s; resume with the same data and parameters')
    }
    if (nIterations > this.#params.numIterations) {
      throw new CoppiceError('MODEL',
        `cannot resume from this model: it has ${nIterations} iterations, num_iterations is ` +
        `${this.#params.numIterations}`)
    }
  }

  #append(trees: readonly Tree[]): void {
    this.#trees.push(...trees)
    this.#chain = extendChain(this.#chain, trees)
    this.#nIterations++
  }

  /** One iteration. Returns why the training ends, or null to go on. */
  async #step(): Promise<StopReason | null> {
    const { signal } = this.#options
    const iteration = this.#nIterations
    if (iteration >= this.#params.numIterations) return 'completed'
    if (signal?.aborted === true) return 'aborted'
    const evaluates = this.#evaluated.length > 0 && this.#params.metric.length > 0 &&
      ((iteration + 1) % this.#params.metricFreq === 0 ||
        iteration + 1 === this.#params.numIterations)
    let record: IterationRecord
    try {
      record = await this.#executor.iterate(iteration, evaluates, signal)
    } catch (error) {
      if (isAbort(error)) return 'aborted'
      throw error
    }
    if (record.trees.length === 0) return 'no-split'
    const { features } = this.#options.train
    this.#append(record.trees.map((tree) => modelTree(tree, features, record.hessianUnit)))
    const metrics = evaluates ? this.#metrics(record) : []
    this.#history.add(iteration, metrics)
    const isOver = this.#stopping.update(iteration, metrics)
    const asked = await this.#announce(iteration, metrics, record)
    if (isOver) return 'early-stopping'
    return asked ? 'callback' : null
  }

  #metrics(record: IterationRecord): MetricValue[] {
    return this.#evaluated.flatMap(({ name }, dataset) =>
      this.#params.metric.map((metric) => ({
        dataset: name,
        metric,
        value: finishMetric(
          metric,
          record.metricParts.filter((p) => p.dataset === dataset && p.metric === metric),
          this.#sumWeights[dataset]!),
        higherIsBetter: isHigherBetter(metric),
      })))
  }

  /** @returns whether a callback asked to stop */
  async #announce(
    iteration: number, metrics: readonly MetricValue[], record: IterationRecord,
  ): Promise<boolean> {
    const event = {
      kind: 'iteration' as const,
      iteration,
      nIterations: this.#params.numIterations,
      metrics,
      nLeaves: record.trees.map((tree) => tree.leafTotals.length),
    }
    this.#options.onEvent?.(event)
    let stops = false
    for (const callback of this.#options.callbacks ?? []) {
      const asked = await callback(event, { model: () => this.#model() })
      stops ||= asked === 'stop'
    }
    return stops
  }

  #model(): Model {
    return {
      format: 'coppice-model',
      formatVersion: 1,
      ...this.#header,
      trees: [...this.#trees],
      bestIteration: this.#stopping.bestIteration(),
      evaluation: this.#history.series(),
      chainHash: this.#chain,
    }
  }
}

function checkMemory(
  { train: data, evalSets = [], memoryLimitBytes }: TrainOptions, params: ResolvedParams,
  nThreads: number,
): void {
  if (memoryLimitBytes === undefined) return
  requireTrainingMemory({
    nRows: data.nRows,
    nFeatures: data.features.length,
    nEvalRows: evalSets.reduce((sum, set) => sum + set.data.nRows, 0),
    nOutputs: params.objective === 'multiclass' ? params.numClass : 1,
    numLeaves: params.numLeaves,
    nThreads,
    nBins: data.features.reduce((sum, { mapper }) => sum + mapper.nBins, 0),
    usesBagging: params.baggingFreq > 0 && params.baggingFraction < 1,
    hasWeight: data.weight !== null,
  }, memoryLimitBytes)
}

function isAbort(error: unknown): boolean {
  return error instanceof CoppiceError && error.code === 'ABORTED'
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new CoppiceError('ABORTED', 'training was aborted before it began')
  }
}

function sumOfWeights({ nRows, weight }: BinnedDataset): number {
  if (weight === null) return nRows
  const sum = new ExactSum()
  for (const w of weight) sum.add(w)
  return sum.value()
}

/** Class values of the model: those of the data, or the class indices themselves. */
function classesOf(
  objective: Objective, classes: readonly Scalar[] | null,
): readonly Scalar[] | null {
  if (objective.name === 'regression') return null
  const nClasses = objective.name === 'binary' ? 2 : objective.numClass
  if (classes === null) return Array.from({ length: nClasses }, (_, k) => k)
  if (classes.length !== nClasses) {
    throw new CoppiceError('DATA',
      `the labels have ${classes.length} classes (${classes.slice(0, 5).join(', ')}), objective ` +
      `"${objective.name}" is for ${nClasses}; set num_class = ${classes.length}` +
      (objective.name === 'binary' ? ' and objective = multiclass' : ''))
  }
  return classes
}

function checkEvalSets(
  trainSet: BinnedDataset, evalSets: readonly EvalSet[], params: ResolvedParams,
): void {
  const names = new Set<string>(params.isProvideTrainingMetric ? [TRAINING] : [])
  for (const { name, data } of evalSets) {
    if (names.has(name)) {
      throw new CoppiceError('DATA', `two evaluation sets are named "${name}"; names must differ`)
    }
    names.add(name)
    if (data.label === null) {
      throw new CoppiceError('DATA', `evaluation set "${name}" has no label`)
    }
    if (data.nRows === 0) {
      throw new CoppiceError('DATA', `evaluation set "${name}" has no rows`)
    }
    const sameBins = data.features.length === trainSet.features.length &&
      data.features.every((feature, f) => feature.mapper === trainSet.features[f]!.mapper)
    if (!sameBins) {
      throw new CoppiceError('DATA',
        `evaluation set "${name}" was not binned with the training set as its reference`)
    }
    checkRows(data, targetShape(params), ` of evaluation set "${name}"`)
    if (!(sumOfWeights(data) > 0)) {
      throw new CoppiceError('DATA', `the weights of evaluation set "${name}" are all 0`)
    }
    if ((data.initScore === null) !== (trainSet.initScore === null)) {
      throw new CoppiceError('DATA',
        `give init scores to the training set and to evaluation set "${name}", or to neither`)
    }
  }
}

function checkEarlyStopping(params: ResolvedParams, evalSets: readonly EvalSet[]): void {
  if (params.earlyStoppingRound <= 0) return
  if (evalSets.length === 0) {
    throw new CoppiceError('PARAMETER',
      'early_stopping_round needs at least one evaluation set; give one, or set it to 0')
  }
  if (params.metric.length === 0) {
    throw new CoppiceError('PARAMETER', 'early_stopping_round needs a metric; metric is "none"')
  }
}

/** Names of the header's parts that differ. */
function differences(model: Model, header: ModelHeader): string[] {
  const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)
  const names: string[] = []
  for (const key of ['objective', 'classes', 'features', 'baseScores'] as const) {
    if (differ(model[key], header[key])) names.push(key)
  }
  const keys = new Set([...Object.keys(model.parameters), ...Object.keys(header.parameters)])
  for (const key of keys) {
    if (differ(model.parameters[key], header.parameters[key])) names.push(key)
  }
  return names
}
