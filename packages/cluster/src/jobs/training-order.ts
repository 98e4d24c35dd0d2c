import type { DatasetRecipe } from '@coppice/data'
import {
  countSelected, type ExecutorTraits, type FeatureInfo, mergeSummaries, reducerMemory,
  type ResolvedParams, sumsLayout, targetShape, type TrainingData, trainingDialogue,
  type TrainingInputs,
} from '@coppice/engine'
import { assert, CoppiceError, type Model, serializeModel } from '@coppice/model'
import type { JobPartition, TrainOrder } from '../coordinator/events.js'
import type { LoadedPartitionInfo, SourcePartition } from '../protocol/messages.js'

/** Expansions in one round, where every round costs a trip to all workers. */
const SPECULATION = 16

/**
 * What a round costs beside its work, and an expansion a feature: its sums are packed, sent, added
 * and scanned. Of two workers on one machine, where transfer takes least.
 */
const ROUND_NS = 2_000_000
const COLUMN_NS = 30_000

/** Histograms of one round, of one worker, stay within so many bytes. */
export const ROUND_BYTES_MAX = 256 * 1024 * 1024

/** What one WebAssembly memory can hold. */
const ARENA_BYTES_MAX = 4_294_967_296

const encoder = new TextEncoder()

/** The data sets of a job, surveyed. */
export interface SurveyedJob {
  /** Training data first, then the evaluation sets. */
  readonly recipes: readonly DatasetRecipe[]
  readonly sources: readonly (readonly SourcePartition[])[]
}

/** What a training is begun, or gone on, with. */
export interface OrderInputs extends SurveyedJob {
  readonly params: ResolvedParams
  /** Of the evaluation sets. */
  readonly names: readonly string[]
  /** From the journal; null where they are not known yet. */
  readonly infos: readonly LoadedPartitionInfo[] | null
  readonly resumeFrom: Model | null
  /** What the training begins with, of `initialModel`. */
  readonly initModel?: Model | null
  /** Threads of all workers, asked for when the training begins. */
  readonly nThreads: () => number
}

/** The order for the coordinator's machine. */
export function trainOrder(inputs: OrderInputs): TrainOrder {
  const { recipes, sources, params, infos, initModel = null } = inputs
  return {
    recipes, sources, shape: targetShape(params), partitions: jobPartitions(recipes), infos,
    ...(initModel === null ? {} : { initModel: encoder.encode(serializeModel(initModel)) }),
    makeTrainer: (known) => trainingDialogue(trainingInputs(inputs, known)),
  }
}

/** The partitions of all data sets, numbered as their sources are. */
export function jobPartitions(recipes: readonly DatasetRecipe[]): JobPartition[] {
  const nFeatures = recipes[0]!.features.length
  return recipes.flatMap(({ partitions, rows }, dataset) =>
    partitions.map(({ name, firstRow, plan }) => {
      const nRows = rows === null ? plan.nRows
        : countSelected(rows, firstRow, firstRow + plan.nRows)
      return { name, dataset, nRows, weight: Math.max(1, nRows * nFeatures) }
    })).map((partition, source) => ({ ...partition, source }))
}

/** Rows of a data set: those that are selected of it. */
export function nRowsOf({ rows, nRows }: DatasetRecipe): number {
  return rows === null ? nRows : countSelected(rows, 0, nRows)
}

/** What the trainer is told, from what the partitions' holders told. */
export function trainingInputs(
  { recipes, params, names, resumeFrom, initModel = null, nThreads }: OrderInputs,
  infos: readonly LoadedPartitionInfo[],
): TrainingInputs {
  const partitions = jobPartitions(recipes)
  // One list of features for all data sets: they have the same bins by being the same.
  const { features, classes } = recipes[0]!
  const data = recipes.map((recipe, dataset): TrainingData => {
    const own = infos.filter(({ partition }) => partitions[partition]!.dataset === dataset)
    const summary = mergeSummaries(own.map((info) => info.summary))
    assert(summary.nRows === nRowsOf(recipe), `data set ${dataset} has ${nRowsOf(recipe)} rows`)
    return { nRows: summary.nRows, features, classes, summary }
  })
  return {
    params,
    train: data[0]!,
    evalSets: names.map((name, i) => ({ name, data: data[i + 1]! })),
    executor: clusterTraits(Math.max(1, nThreads())),
    ...(resumeFrom === null ? {} : { resumeFrom }),
    ...(initModel === null ? {} : { initModel }),
  }
}

function clusterTraits(nThreads: number): ExecutorTraits {
  return {
    nThreads,
    speculation: SPECULATION,
    roundNs: ROUND_NS,
    columnNs: COLUMN_NS,
    expansionsMax: (features) =>
      Math.floor(ROUND_BYTES_MAX / Math.max(1, sumsLayout(features).nBytes)),
  }
}

/**
 * Refuses a training whose open leaves do not fit the coordinator's memory: those of all trees
 * that grow at the same time.
 *
 * @param nRows - of the training set
 * @param limitBytes - memory that is there for it
 * @throws CoppiceError 'MEMORY' with both figures
 */
export function requireReducerMemory(
  features: readonly FeatureInfo[], nRows: number, params: ResolvedParams, limitBytes: number,
): void {
  const { nLanes, laneBytes } = reducerMemory(params, features, nRows, clusterTraits(1))
  // each tree has a WebAssembly memory of its own
  const limit = Math.min(limitBytes, nLanes * ARENA_BYTES_MAX)
  if (nLanes * laneBytes <= limit) return
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`
  const trees = nLanes === 1 ? '' : `${nLanes} trees at a time, each of `
  throw new CoppiceError('MEMORY',
    `the sums of ${trees}${params.numLeaves} leaves of ${features.length} features take ` +
    `${mb(nLanes * laneBytes)} at the coordinator, there are ${mb(limit)}; use a smaller ` +
    'num_leaves or max_bin, fewer features, or a coordinator with more memory')
}
