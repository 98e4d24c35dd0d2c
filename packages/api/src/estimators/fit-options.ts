import type { Cell, ColumnRef, LoadProgress, MemoryRows } from '@coppice/data'
import type { TrainingCallback, TrainingEvent } from '@coppice/engine'
import { CoppiceError, type Model } from '@coppice/model'
import type { Cluster } from '../cluster/cluster.js'
import type { HoldOutOptions } from '../cv/hold-out.js'
import { Dataset } from '../data/dataset.js'
import type { Labels } from '../data/memory.js'
import type { Booster } from '../model/booster.js'
import { checkOptionNames, optionNames, requireList } from '../options.js'
import type { NamedDataset } from '../training/recipe.js'
import type { TrainOptions } from '../training/train.js'

/** Rows and their labels. */
export type LabelledRows = readonly [X: MemoryRows, y: Labels]

/** Options of `fit` that do not depend on where the rows are. */
export interface FitDatasetOptions extends HoldOutOptions {
  /** Data sets to compute metrics on while training. */
  readonly evalSet?: readonly (Dataset | LabelledRows)[] | undefined
  /** Their names; default valid_0, valid_1, ... */
  readonly evalNames?: readonly string[] | undefined
  /** One array of row weights per evaluation set of [X, y]; undefined for none. */
  readonly evalSampleWeight?: readonly (ArrayLike<number> | undefined)[] | undefined
  /** Row counts of the queries of each evaluation set of [X, y], as `group`. */
  readonly evalGroup?: readonly (ArrayLike<number> | undefined)[] | undefined
  /** Query ids of each evaluation set of [X, y], as `queryId`. */
  readonly evalQueryId?: readonly (ArrayLike<Cell> | undefined)[] | undefined
  /** One array of init scores per evaluation set of [X, y], as `initScore`. */
  readonly evalInitScore?: readonly (ArrayLike<number> | undefined)[] | undefined
  /**
   * Stop when no metric has improved for this many iterations. Needs `evalSet` or
   * `validationFraction`.
   */
  readonly earlyStoppingRounds?: number | undefined
  /** Called after every iteration; return 'stop' to end the training there. */
  readonly callbacks?: readonly TrainingCallback[] | undefined
  /** Ends the work: the promise rejects with CoppiceError 'ABORTED'. */
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined
  /** Progress of reading and binning; `dataset` is 'training' or an evaluation set's name. */
  readonly onLoad?: ((progress: LoadProgress & { readonly dataset: string }) => void) | undefined
  /** A model of the same data and parameters with fewer iterations: training goes on after it. */
  readonly resumeFrom?: Booster | Model | undefined
  /** A model to begin with, on any data that have its features: its trees come first. */
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
}

/** Options of `fit(X, y)`. */
export interface FitOptions extends FitDatasetOptions {
  /** One weight per row. */
  readonly sampleWeight?: ArrayLike<number> | undefined
  /** Raw scores to start from: rows x outputs, row-major. */
  readonly initScore?: ArrayLike<number> | undefined
  /** Row counts of the queries, in row order: for objectives of rankings. */
  readonly group?: ArrayLike<number> | undefined
  /** The id of each row's query, instead; the rows of a query follow each other. */
  readonly queryId?: ArrayLike<Cell> | undefined
  /** At which position each row was shown, from 0: lambdarank learns what positions do. */
  readonly position?: ArrayLike<number> | undefined
  /** Names or indices of the features whose values are categories; texts are by themselves. */
  readonly categorical?: readonly ColumnRef[] | undefined
  /** Names of the columns of X, where it has none. */
  readonly featureNames?: readonly string[] | undefined
}

const datasetKeys = optionNames<FitDatasetOptions>({
  evalSet: true, evalNames: true, evalSampleWeight: true, evalGroup: true,
  evalQueryId: true, evalInitScore: true,
  earlyStoppingRounds: true, callbacks: true, signal: true, onEvent: true, onLoad: true,
  resumeFrom: true, initModel: true, cluster: true, onNotice: true, onJob: true,
  validationFraction: true, validationSeed: true,
})
const rowKeys = optionNames<Omit<FitOptions, keyof FitDatasetOptions>>({
  sampleWeight: true, group: true, queryId: true, position: true, initScore: true,
  categorical: true, featureNames: true,
})

/** @throws CoppiceError 'PARAMETER' for options that `fit` does not have */
export function checkFitOptions(options: object, isDataset: boolean): void {
  const misplaced = isDataset ? Object.keys(options).find((key) => rowKeys.includes(key))
    : undefined
  if (misplaced !== undefined) {
    throw new CoppiceError('PARAMETER',
      `${misplaced} belongs to the Dataset: give it to Dataset.open or Dataset.from`)
  }
  checkOptionNames('fit', options, [...datasetKeys, ...rowKeys])
}

/** What `fit` was given, as a data set. */
export function trainingSet(
  X: Dataset | MemoryRows, y: Labels | undefined, options: FitOptions,
): Dataset {
  if (X instanceof Dataset) return X
  if (y === undefined || typeof y !== 'object' || y === null ||
    !('shape' in y || typeof y.length === 'number')) {
    throw new CoppiceError('DATA',
      'fit needs labels: fit(X, y) with one label per row, or fit(dataset) with a Dataset')
  }
  const { sampleWeight, group, queryId, position, initScore, categorical, featureNames } = options
  return Dataset.from(X, y, {
    weights: sampleWeight, group, queryId, positions: position, initScores: initScore, categorical,
    featureNames,
  })
}

/** Options of `train` for what `fit` was given. */
export function trainOptions(X: Dataset | MemoryRows, options: FitOptions): TrainOptions {
  const { evalSet = [], evalNames, callbacks, signal, onEvent, onLoad, resumeFrom, initModel,
    cluster, onNotice, onJob, validationFraction, validationSeed } = options
  requireList('evalSet', evalSet, '[X, y] or Dataset')
  const lists = { evalNames, evalSampleWeight: options.evalSampleWeight,
    evalGroup: options.evalGroup, evalQueryId: options.evalQueryId,
    evalInitScore: options.evalInitScore }
  for (const [name, list] of Object.entries(lists)) {
    if (list === undefined) continue
    requireList(name, list, 'one value for each evaluation set')
    if (list.length === evalSet.length) continue
    throw new CoppiceError('PARAMETER',
      `${name} has ${list.length} entries for ${evalSet.length} evaluation sets; give one each`)
  }
  const evalSets = evalSet.map((set, i): NamedDataset => ({
    name: evalNames?.[i] ?? `valid_${i}`,
    data: evaluationSet(set, i, options),
  }))
  // Nobody else has the data sets that are made here.
  const releaseData = ![X, ...evalSet].some((rows) => rows instanceof Dataset)
  return { evalSets, callbacks, signal, onEvent, onLoad, resumeFrom, initModel, cluster, onNotice,
    onJob, validationFraction, validationSeed, releaseData }
}

function evaluationSet(set: Dataset | LabelledRows, i: number, options: FitOptions): Dataset {
  if (set instanceof Dataset) return set
  if (!Array.isArray(set) || set.length !== 2) {
    throw new CoppiceError('DATA', `evalSet[${i}] must be [X, y] or a Dataset`)
  }
  const [X, y] = set as LabelledRows
  return Dataset.from(X, y, {
    weights: options.evalSampleWeight?.[i],
    group: options.evalGroup?.[i],
    queryId: options.evalQueryId?.[i],
    initScores: options.evalInitScore?.[i],
  })
}
