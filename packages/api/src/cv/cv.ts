import { modelParameters, type TrainingEvent } from '@coppice/engine'
import { isOfClasses, type LoadProgress } from '@coppice/data'
import { nowMs } from '@coppice/data/node'
import { CoppiceError, type Model, Sha256, toHex } from '@coppice/model'
import { type Cluster, requireCluster } from '../cluster/cluster.js'
import { allRowsOf, type Dataset, requireDataset } from '../data/dataset.js'
import { FileSource } from '../data/files.js'
import type { Booster } from '../model/booster.js'
import { checkOptionNames, optionNames } from '../options.js'
import { forgetCode, prepareCustom } from '../training/custom.js'
import { initialModelOf, SharedScores } from '../training/initial-scores.js'
import { checkParameterNames, type TrainingParams } from '../training/params.js'
import type { CodedRecipe, Recipe } from '../training/recipe.js'
import { loadTraining, recipeOf } from '../training/train.js'
import { cvMetrics, type CvMetrics } from './cv-metrics.js'
import type { FoldIteration } from './fold-board.js'
import {
  type FoldOptions, makeFolds, readRowsToCut, type RowsToCut, rowsToCut,
} from './fold-options.js'
import { type FoldState, FoldTrainer, type FoldTraining } from './fold-trainer.js'
import type { Fold } from './folds.js'
import { predictOutOfFold, requireDisjoint } from './out-of-fold.js'
import { readStates, writeStates } from './state-file.js'

/** What goes on around a cross-validation, and where. */
export interface CvRunOptions {
  /** Ends the work: the promise rejects with CoppiceError 'ABORTED'; `state` is written before. */
  readonly signal?: AbortSignal | undefined
  /** Hears of every iteration that all folds have come to: where they take turns, ten at a time. */
  readonly onIteration?: ((iteration: FoldIteration, nIterations: number) => void) | undefined
  /** Hears what the trainings of the folds tell, 0-based. */
  readonly onFold?: ((fold: number, event: TrainingEvent) => void) | undefined
  readonly onLoad?: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  /** Trains the folds there, one after the other, to the same bytes. */
  readonly cluster?: Cluster | undefined
  /**
   * A model that all folds begin with, as in `train`: iterations count from its first one. The rows
   * that folds are judged by should not be those that it was trained on. See CONTINUE.md.
   */
  readonly initModel?: Booster | Model | undefined
  readonly onNotice?: ((text: string) => void) | undefined
  readonly onJob?: ((job: string) => void) | undefined
}

/** Options of `cv`. */
export interface CvOptions extends FoldOptions, CvRunOptions {
  /** Also predict every row by the model that was not trained on it; default false. */
  readonly outOfFold?: boolean | undefined
  /**
   * A file for what is trained so far. Where it exists already, the cross-validation that wrote it
   * goes on, to the result that it would have had.
   */
  readonly state?: string | undefined
}

export const foldOptionNames = {
  nFolds: true, stratified: true, shuffle: true, seed: true, groups: true, time: true, gap: true,
  maxTrainRows: true, folds: true,
} as const

export const cvRunOptionNames = {
  signal: true, onIteration: true, onFold: true, onLoad: true, cluster: true, initModel: true,
  onNotice: true, onJob: true,
} as const

const cvOptionNames = optionNames<CvOptions>({
  ...foldOptionNames, ...cvRunOptionNames, outOfFold: true, state: true,
})

/** What a cross-validation came to. */
export interface CvResult extends CvMetrics {
  /**
   * 1-based number of iterations at which the means are best, and by which the boosters predict;
   * null without early stopping.
   */
  readonly bestIteration: number | null
  /** The model of each fold: that of a training on its rows alone with the bins of all rows. */
  readonly boosters: readonly Booster[]
  /** The rows that each fold is judged by, ascending. */
  readonly validRows: readonly Uint32Array[]
  /**
   * With `outOfFold`: predictions of every row by the model that was not trained on it, as
   * `booster.predict` gives them (rows x classes, or the values); NaN for rows of no fold.
   */
  readonly outOfFold: Float64Array | null
}

/**
 * Cross-validates: trains on all folds but one, k times, and judges each by the fold left out. All
 * rows are binned once, so the bins, dictionaries and classes are those of all rows, as LightGBM's
 * `cv` has them. Folds are trained side by side, and the result is the same, byte for byte, for
 * any number of threads and workers and any cut of the same rows into files. Early stopping looks
 * at the means over the folds.
 *
 * @param params - as for `train`; `early_stopping_round` and its like apply to the means
 * @throws CoppiceError as `train` does; 'IO' for a state that is of another cross-validation
 */
export async function cv(
  params: TrainingParams, dataset: Dataset, options: CvOptions = {},
): Promise<CvResult> {
  checkOptionNames('cv', options, cvOptionNames)
  checkParameterNames(params)
  const { params: raw, code } = await prepareCustom(params)
  try {
    return await crossValidate(recipeOf(raw, code), dataset, options)
  } finally {
    forgetCode(code)
  }
}

async function crossValidate(
  recipe: CodedRecipe, dataset: Dataset, options: CvOptions,
): Promise<CvResult> {
  const { nRows, folds, training } = await planFolds('cv', recipe, dataset, options)
  if (options.outOfFold === true) requireDisjoint(folds)
  const { state } = options
  const key = state === undefined ? '' : keyOf(recipe, folds, training)
  const states = state === undefined ? null : await readStates(state, key, folds.length)
  const keeper = state === undefined ? null : new StateKeeper(state, key)
  const trainer: FoldTrainer = new FoldTrainer({
    ...training,
    onProgress: keeper === null && options.onIteration === undefined ? undefined : () => {
      tellIterations(trainer, options, told)
      return keeper?.progress(() => trainer.states())
    },
  }, states)
  const told = { n: trainer.board.iterations.length }
  try {
    await trainer.advance(recipe.checked.numIterations)
  } finally {
    await keeper?.write(trainer.states())
  }
  const boosters = trainer.boosters()
  return {
    ...cvMetrics(trainer.board),
    bestIteration: trainer.board.bestIteration,
    boosters,
    validRows: folds.map(({ valid }) => rowsOf(valid, nRows)),
    outOfFold: options.outOfFold === true
      ? await predictOutOfFold(dataset, folds, boosters, nRows) : null,
  }
}

/** Folds, and all that is needed to train them. */
export interface PlannedFolds {
  readonly nRows: number
  readonly folds: readonly Fold[]
  readonly training: FoldTraining
}

/** Looks at the rows and cuts them. @throws CoppiceError as `cv` does */
export async function planFolds(
  where: string, recipe: CodedRecipe, dataset: Dataset, options: FoldOptions & CvRunOptions,
  cut: (rows: RowsToCut) => Promise<readonly Fold[]> = (rows) =>
    makeFolds(dataset, rows, options),
): Promise<PlannedFolds> {
  requireDataset(dataset, 'the training data')
  const { checked, labelKind } = recipe
  const { signal, onLoad, cluster, onFold, onNotice, onJob } = options
  const initModel = initialModelOf(options.initModel, checked.boosting)
  if (checked.metric.length === 0 && checked.customMetrics === '') {
    throw new CoppiceError('PARAMETER', `${where} needs a metric; metric is "none"`)
  }
  const { rows, nFeatures } = cluster === undefined
    ? await loadHere(dataset, { signal, onLoad }, recipe)
    : { rows: await readThere(where, dataset, isOfClasses(labelKind), cluster), nFeatures: 0 }
  const folds = await cut(rows)
  const { nRows } = rows
  return {
    nRows, folds,
    training: {
      dataset, folds, recipe, size: { nRows, nFeatures }, cluster, signal, onFold, onLoad, onNotice,
      onJob,
      initModel: initModel === null ? undefined
        : { model: initModel, shared: new SharedScores() },
    },
  }
}

async function loadHere(
  dataset: Dataset, options: Parameters<typeof loadTraining>[1], recipe: Recipe,
): Promise<{ readonly rows: RowsToCut, readonly nFeatures: number }> {
  const data = await loadTraining(dataset, options, recipe)
  return { rows: rowsToCut(data, isOfClasses(recipe.labelKind)), nFeatures: data.features.length }
}

/** Labels decide on the folds, so they are read here also where others train. */
async function readThere(
  where: string, dataset: Dataset, byClass: boolean, cluster: Cluster,
): Promise<RowsToCut> {
  requireCluster(cluster)
  try {
    return await readRowsToCut(dataset, byClass)
  } catch (error) {
    const isFile = allRowsOf(dataset).source instanceof FileSource
    if (!(error instanceof CoppiceError) || error.code !== 'IO' || !isFile) throw error
    throw new CoppiceError('IO',
      `${where} reads the labels in this process, also where a cluster ` +
      `trains: ${error.message}`, { cause: error })
  }
}

/**
 * The user's own loss and metrics by their hashes; functions of the program by their names, as
 * nothing else is known of them. Empty where there are none.
 */
export function ownCode(
  { customObjective, customMetrics }: Pick<Recipe['checked'], 'customObjective' | 'customMetrics'>,
): string {
  return `${customObjective}${customMetrics}`.replaceAll(/inline:\d+/g, 'inline')
}

/** What folds begin with, by its hash; '' where with nothing. */
export function beginningOf({ initModel }: FoldTraining): string {
  return initModel?.model.chainHash ?? ''
}

/** What tells cross-validations apart. */
function keyOf(recipe: Recipe, folds: readonly Fold[], training: FoldTraining): string {
  const hash = new Sha256()
  const { checked } = recipe
  const own = ownCode(checked) + beginningOf(training)
  hash.update(new TextEncoder().encode(JSON.stringify(modelParameters(checked)) + own))
  for (const { train, valid } of folds) hash.update(train).update(valid)
  return toHex(hash.digest())
}

function tellIterations(
  { board, nWhole }: FoldTrainer, { onIteration }: CvRunOptions, told: { n: number },
): void {
  for (; told.n < board.iterations.length; told.n++) {
    onIteration?.(board.iterations[told.n]!, nWhole)
  }
}

/** How long what is trained may be lost. */
const saveEveryMs = 10_000

/** Writes states now and then, one at a time. */
class StateKeeper {
  readonly #path: string
  readonly #key: string
  #writtenMs = nowMs()
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, key: string) {
    this.#path = path
    this.#key = key
  }

  async progress(states: () => readonly FoldState[]): Promise<void> {
    if (nowMs() - this.#writtenMs < saveEveryMs) return
    this.#writtenMs = nowMs()
    await this.write(states())
  }

  write(states: readonly FoldState[]): Promise<void> {
    this.#writing = this.#writing.then(() => writeStates(this.#path, this.#key, states))
    return this.#writing
  }
}

function rowsOf(bits: Uint8Array, nRows: number): Uint32Array {
  const rows: number[] = []
  for (let row = 0; row < nRows; row++) if ((bits[row >>> 3]! >> (row & 7)) & 1) rows.push(row)
  return Uint32Array.from(rows)
}
