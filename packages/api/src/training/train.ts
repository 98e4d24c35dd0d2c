import {
  type BinnedDataset,
  bytesOfRows,
  type EvalSet,
  type Executor,
  findParameter,
  hasTargetColumns,
  type InferredParams,
  isMulticlass,
  labelClasses,
  parseValue,
  requireClassCount,
  requireLabelCount,
  type ResolvedParams,
  resolveParams,
  targetShape,
  train as trainModel,
  type TrainingCallback,
  type TrainingEvent,
  type TrainResult,
  withInferred,
} from '@coppice/engine'
import { type BinningParams, isOfClasses, type LoadProgress } from '@coppice/data'
import { memoryLimitBytes, nowMs } from '@coppice/data/node'
import { CoppiceError, type Model } from '@coppice/model'
import { type Cluster, requireCluster } from '../cluster/cluster.js'
import { checkHoldOut, type HoldOutOptions, splitOff } from '../cv/hold-out.js'
import { type Dataset, requireDataset } from '../data/dataset.js'
import { forgetWhole } from '../data/selected-rows.js'
import { Booster } from '../model/booster.js'
import { checkOptionNames, optionNames, requireList } from '../options.js'
import { type CustomCode, forgetCode, prepareCustom, requireUnbound } from './custom.js'
import { chooseExecutor, type TrainingCells } from './executor.js'
import { checkParameterNames, givenValue, type RawParams, type TrainingParams }
  from './params.js'
import {
  initialModelOf, isModelLike, type SharedScores, withInitialScores,
} from './initial-scores.js'
import { namedSets } from './named-sets.js'
import { PhaseTimes } from './phase-times.js'
import type { CodedRecipe, NamedDataset, Recipe } from './recipe.js'
import { refuseUnreadQueries } from './unread-queries.js'

/** Options of `train`. */
export interface TrainOptions extends HoldOutOptions {
  /** Data sets to compute metrics on; without a name they are valid_0, valid_1, ... */
  readonly evalSets?: readonly (Dataset | NamedDataset)[] | undefined
  /** Called after every iteration; return 'stop' to end the training there. */
  readonly callbacks?: readonly TrainingCallback[] | undefined
  /** Ends the work: the promise rejects with CoppiceError 'ABORTED'. */
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined
  /** Progress of reading and binning; `dataset` is 'training' or an evaluation set's name. */
  readonly onLoad?: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  /** A model of the same data and parameters with fewer iterations: training goes on after it. */
  readonly resumeFrom?: Booster | Model | undefined
  /**
   * A model to begin with, on any data that have its features (LightGBM's `init_model`): its trees
   * come first, new ones follow. See CONTINUE.md of this package.
   */
  readonly initModel?: Booster | Model | undefined
  /** Trains there instead of in this process, to the same bytes; see `connect`, `LocalCluster`. */
  readonly cluster?: Cluster | undefined
  /** Hears what a person should know of the cluster: which worker was lost, and why. */
  readonly onNotice?: ((text: string) => void) | undefined
  /**
   * Hears the name of the job when the cluster has it: `cluster.fetch(job)`, and `coppice fetch`,
   * get its model, should this process be lost.
   */
  readonly onJob?: ((job: string) => void) | undefined
  /**
   * Gives the memory of the binned rows back once the threads have copies, instead of keeping it
   * for a next training, which then reads and bins the data sets again (default false).
   */
  readonly releaseData?: boolean | undefined
}

const trainOptionNames = optionNames<TrainOptions>({
  evalSets: true, callbacks: true, signal: true, onEvent: true, onLoad: true, resumeFrom: true,
  initModel: true, cluster: true, onNotice: true, onJob: true, validationFraction: true,
  validationSeed: true, releaseData: true,
})

/**
 * Trains a model. The result is the same, byte for byte, for any number of threads and any cut
 * of the same rows into files.
 *
 * `objective` says what the label is: 'binary' 0 or 1 (or booleans or two texts), 'multiclass' and
 * 'multiclassova' texts or integers, whose number is found where `numClass` is not given,
 * 'lambdarank' and 'rank_xendcg' whole numbers from 0 of rows that have queries, 'multi_label' and
 * 'multi_regression' several columns of 0 and 1 or of numbers, all others a number.
 *
 * @param params - under canonical names; `paramsFrom` makes them from other spellings
 *
 * @throws CoppiceError 'PARAMETER', 'DATA', 'IO', 'MEMORY', or 'ABORTED' by the signal
 */
export async function train(
  params: TrainingParams, dataset: Dataset, options: TrainOptions = {},
): Promise<Booster> {
  checkOptionNames('train', options, trainOptionNames)
  namedSets(options.evalSets)
  requireList('callbacks', options.callbacks ?? [], 'functions')
  checkParameterNames(params)
  const { params: raw, code } = await prepareCustom(params)
  try {
    const recipe = recipeOf(raw, code)
    refuseUnreadQueries(recipe.checked, dataset, options)
    return await trainOn(dataset, options, recipe)
  } finally {
    forgetCode(code)
  }
}

/**
 * What `train` makes of its parameters.
 *
 * @param raw, code - as `prepareCustom` gives them
 * @throws CoppiceError 'PARAMETER'
 */
export function recipeOf(raw: RawParams, code: CustomCode): CodedRecipe {
  const checked = checkParams(raw)
  return {
    checked,
    labelKind: labelKindOf(checked),
    given: raw,
    inferred: inferredOf(raw),
    code,
  }
}

/**
 * Checks the parameters of `train`, in any spelling, as far as that can be done before the data
 * are read. Messages name them as they are spelled.
 *
 * @returns all parameters with their values; `numClass` is 2 where the data will tell
 * @throws CoppiceError 'PARAMETER'
 */
export function checkParams(params: TrainingParams | RawParams): ResolvedParams {
  checkParameterNames(params)
  const inferred = inferredOf(params)
  return resolveParams(inferred === null ? params : withInferred(params, inferred, null, null))
}

/** What the labels are to tell of the parameters of `train`. */
export function inferredOf(raw: RawParams): InferredParams {
  if (infersClasses(raw)) return 'num-class'
  return hasTargetColumns(objectiveOf(raw)) && givenValue(raw, 'num_target') === undefined
    ? 'num-target' : null
}

/** Whether the number of classes is to be found in the data. */
function infersClasses(raw: RawParams): boolean {
  return isMulticlass(objectiveOf(raw)) && givenValue(raw, 'num_class') === undefined
}

/** What the label is, by the objective. */
export function labelKindOf(params: ResolvedParams): Recipe['labelKind'] {
  if (params.objective === 'aft') return 'bounds'
  const nClasses = labelClasses(params)
  if (nClasses === 0) return 'number'
  return nClasses === 2 && !isMulticlass(params.objective) ? 'binary' : 'class'
}

/** The objective under its canonical name, which other checks depend on. */
function objectiveOf(raw: RawParams): ResolvedParams['objective'] {
  const row = findParameter('objective')!
  const written = givenValue(raw, 'objective') ?? row.default
  return parseValue(row, 'objective', written) as ResolvedParams['objective']
}

/** What a training in this process shares with others beside it. */
export interface Host {
  readonly executor: (size: TrainingCells) => Executor
  /** Trainings that share the memory. */
  readonly nTrainings: number
  /** Of the model that all begin with. */
  readonly shared?: SharedScores | undefined
}

const alone: Omit<Host, 'executor'> & { readonly executor: null } = {
  executor: null, nTrainings: 1,
}

/** Loads the data sets, trains, and gives the model; the part that the estimators share. */
export async function trainOn(
  dataset: Dataset, given: TrainOptions, recipe: CodedRecipe, host: Host | typeof alone = alone,
): Promise<Booster> {
  checkHoldOut(given)
  if (given.validationFraction !== undefined) return trainOnPart(dataset, given, recipe, host)
  const phases = new PhaseTimes(nowMs)
  const options = timedOptions(given, phases)
  const { signal, onEvent, cluster } = options
  requireDataset(dataset, 'the training data')
  const evalSets = namedSets(options.evalSets)
  const initModel = initialModelOf(options.initModel, recipe.checked.boosting)
  const nInitial = initModel === null ? 0 : initModel.trees.length / initModel.treesPerIteration
  let nDone = 0
  const count: TrainingCallback = ({ iteration }) => {
    nDone = iteration + 1 - nInitial
  }
  const callbacks = (options.callbacks ?? []).map(checkedCallback)
  if (cluster !== undefined) requireUnbound(recipe.code, 'cluster')
  const resumed = options.resumeFrom
  if (resumed !== undefined && !isModelLike(resumed)) {
    throw new CoppiceError('PARAMETER', 'resumeFrom must be a Booster, or a model as plain data, ' +
      `got ${typeof resumed}; Booster.load(path) reads one from a file`)
  }
  const resumeFrom = resumed instanceof Booster ? resumed.model : resumed
  const timed = { ...options, phases, host, beginning: initModel }
  const { model, stoppedBy } = cluster === undefined
    ? await trainHere(dataset, evalSets, timed, recipe, {
      callbacks: [count, ...callbacks],
      ...(signal === undefined ? {} : { signal }),
      onEvent,
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
      ...(initModel === null ? {} : { initModel }),
    })
    : await requireCluster(cluster).train({
      recipe, dataset, evalSets, resumeFrom, initModel: initModel ?? undefined, callbacks, signal,
      onEvent: (event) => {
        if (event.kind === 'iteration') nDone = event.iteration + 1 - nInitial
        onEvent(event)
      },
      onLoad: options.onLoad,
      onNotice: options.onNotice,
      onJob: options.onJob,
      check: async () => void await loadAll(
        dataset, evalSets, { signal, beginning: initModel }, recipe),
    })
  if (stoppedBy === 'aborted') {
    throw new CoppiceError('ABORTED',
      `training was aborted after ${nDone} of ${recipe.checked.numIterations} iterations`,
      { cause: signal?.reason })
  }
  return new Booster(model, phases.times())
}

/** Trains on a part of the rows and evaluates on the others. */
async function trainOnPart(
  dataset: Dataset, given: TrainOptions, recipe: CodedRecipe, host: Host | typeof alone,
): Promise<Booster> {
  requireDataset(dataset, 'the training data')
  const { train: part, valid } = await splitOff(dataset, given, isOfClasses(recipe.labelKind),
    given.cluster === undefined ? () => loadTraining(dataset, given, recipe) : null)
  const { validationFraction: _fraction, validationSeed: _seed, ...rest } = given
  const evalSets = [{ name: VALIDATION, data: valid }, ...rest.evalSets ?? []]
  return trainOn(part, { ...rest, evalSets }, recipe, host)
}

/** The name of the part of the training rows that is evaluated. */
const VALIDATION = 'validation'

/** Options of a training, and who measures its parts. */
interface TimedOptions extends TrainOptions {
  readonly phases?: PhaseTimes | undefined
  readonly host?: Host | typeof alone | undefined
  /** Of `initialModelOf`. */
  readonly beginning?: Model | null | undefined
}

/** The options, with all that is told of the progress told to the clock, too. */
function timedOptions(
  options: TrainOptions, phases: PhaseTimes,
): TrainOptions & Required<Pick<TrainOptions, 'onEvent' | 'onLoad'>> {
  return {
    ...options,
    onEvent: (event) => {
      phases.onEvent(event)
      options.onEvent?.(event)
    },
    onLoad: (progress) => {
      phases.onLoad(progress)
      options.onLoad?.(progress)
    },
  }
}

/** Trains in this process, on its threads. */
async function trainHere(
  dataset: Dataset, evalSets: readonly NamedDataset[], options: TimedOptions, recipe: CodedRecipe,
  rest: Omit<Parameters<typeof trainModel>[0], 'params' | 'train' | 'evalSets'>,
): Promise<TrainResult> {
  const { data, evaluated, params } = await loadAll(dataset, evalSets, options, recipe)
  options.phases?.onLoaded()
  const { nOutputs: nTrees } = targetShape(resolveParams(params))
  const size = { nRows: data.nRows, nFeatures: data.features.length, nTrees }
  const { executor, nTrainings } = options.host ?? alone
  const limit = memoryBeside(data, evaluated, recipe.checked) / nTrainings
  const releasesRows = options.releaseData === true
  if (releasesRows) {
    for (const set of [dataset, ...evalSets.map((named) => named.data)]) set.release()
    for (const { data: set } of [{ data }, ...evaluated]) forgetWhole(set)
  }
  return trainModel(
    { params, train: data, evalSets: evaluated, memoryLimitBytes: limit, releasesRows, ...rest },
    executor?.(size) ?? chooseExecutor(recipe.checked.numThreads, size, recipe.code))
}

/** The training data alone, as a training would load them: what is binned is kept for it. */
export function loadTraining(
  dataset: Dataset, { signal, onLoad }: Pick<TrainOptions, 'signal' | 'onLoad'>, recipe: Recipe,
): Promise<BinnedDataset> {
  requireDataset(dataset, 'the training data')
  return load('training', dataset, { signal, onLoad }, recipe)
}

interface Loaded {
  readonly data: BinnedDataset
  readonly evaluated: readonly EvalSet[]
  /** Raw, with what the labels told. */
  readonly params: RawParams
}

async function loadAll(
  dataset: Dataset, evalSets: readonly NamedDataset[], options: TimedOptions, recipe: Recipe,
): Promise<Loaded> {
  const data = await load('training', dataset, options, recipe)
  const nLabels = data.nRows === 0 ? null : (data.label?.length ?? 0) / data.nRows
  const params = withInferred(recipe.given, recipe.inferred, data.classes, nLabels)
  const resolved = resolveParams(params)
  if (nLabels !== null) requireLabelCount(nLabels, resolved)
  requireClassCount(data.classes, resolved, data)
  const scored = async (
    name: string, set: Dataset, binned: BinnedDataset,
  ): Promise<BinnedDataset> =>
    options.beginning == null ? binned : withInitialScores(options.beginning, name, set, binned,
      { numThreads: recipe.checked.numThreads, signal: options.signal,
        shared: options.host?.shared })
  const evaluated: EvalSet[] = []
  for (const { name, data: set } of evalSets) {
    const binned = await load(name, set, options, recipe, data)
    evaluated.push({ name, data: await scored(name, set, binned) })
  }
  return { data: await scored('', dataset, data), evaluated, params }
}

/** A callback whose answer is checked: one that is misspelt must not be taken for 'go on'. */
function checkedCallback(callback: TrainingCallback, index: number): TrainingCallback {
  if (typeof callback !== 'function') {
    throw new CoppiceError('PARAMETER',
      `callbacks[${index}] must be a function, got ${typeof callback}`)
  }
  return async (event, state) => {
    const answer: unknown = await callback(event, state)
    if (answer === undefined || answer === 'stop') return answer
    throw new CoppiceError('PARAMETER', `callbacks[${index}] returned ` +
      `${JSON.stringify(answer) ?? typeof answer}; return 'stop' to end the training, or nothing`)
  }
}

function load(
  name: string, dataset: Dataset, options: TimedOptions, recipe: Recipe, reference?: BinnedDataset,
): Promise<BinnedDataset> {
  const { checked, labelKind } = recipe
  const { signal, onLoad, phases } = options
  phases?.onDataset()
  return dataset.load({
    labelKind,
    binning: binningParams(checked),
    reference,
    threads: checked.numThreads > 0 ? checked.numThreads : undefined,
    signal,
    onProgress: onLoad && ((progress) => onLoad({ ...progress, dataset: name })),
  })
}

/** Memory that is left for a training beside its binned data, in bytes. */
export function memoryBeside(
  data: BinnedDataset, evalSets: readonly EvalSet[], { maxMemoryMb }: ResolvedParams,
): number {
  const sets = new Set([data, ...evalSets.map((set) => set.data)])
  let binned = 0
  for (const set of sets) binned += bytesOfRows(set)
  return (maxMemoryMb > 0 ? maxMemoryMb * 1_048_576 : memoryLimitBytes()) - binned
}

function binningParams(params: ResolvedParams): BinningParams & { maxMemoryMb: number } {
  const { maxBin, minDataInBin, binConstructSampleCnt, dataRandomSeed, useMissing, zeroAsMissing,
    featurePreFilter, minDataInLeaf, maxMemoryMb, maxBinByFeature, forcedbinsFilename,
    linearTree } = params
  return { maxBin, minDataInBin, binConstructSampleCnt, dataRandomSeed, useMissing, zeroAsMissing,
    featurePreFilter, minDataInLeaf, maxMemoryMb, maxBinByFeature, forcedbinsFilename,
    ...(linearTree ? { linearTree } : {}) }
}
