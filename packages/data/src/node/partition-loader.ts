/**
 * What a worker reads with: carries out the tasks of a survey, and bins partitions by the recipe
 * that came of it. Everything runs on loading threads; the calling thread only waits.
 */
import { type BinnedBlock, rowBytesOf, selectFrom } from '@coppice/engine'
import { CoppiceError, type Model } from '@coppice/model'
import { allocatePartition, targetSize } from '../loading/allocate.js'
import { mergeGroups } from '../loading/groups.js'
import { throwIfAborted } from '../loading/inline-runner.js'
import type {
  EncodeTargets,
  EncodeTask,
  GroupScan,
  JobContext,
  LoadTask,
  TaskResults,
} from '../loading/job.js'
import {
  type DatasetRecipe, encodePlanOf, nRawValues, type RecipePartition,
} from '../loading/recipe.js'
import { unitsOf } from '../loading/units.js'
import { scoringContext } from '../prediction/scoring-context.js'
import { defaultTextOptions } from '../readers.js'
import { modelBytes } from './model-bytes.js'
import type { SourceOptions } from './open-source.js'
import { PartitionFiles } from './partition-files.js'
import type { CopyTask } from './pool-messages.js'
import { type OpenContext, SharedContexts } from './shared-contexts.js'
import type { PartitionSource } from './source-ref.js'
import { ThreadPool } from './thread-pool.js'

/** A partition, binned by a recipe. Its arrays sit on SharedArrayBuffers. */
export interface BinnedPartition {
  /** Its index in the recipe. */
  readonly partition: number
  /** Global row id of its first row; where the recipe selects rows, among the selected. */
  readonly firstRow: number
  readonly nRows: number
  /** All rows, in order: one block, or those of its units where rows may be packed. */
  readonly blocks: readonly BinnedBlock[]
  /** nRows numbers, or class indices where the recipe has classes. */
  readonly label: Float64Array | null
  readonly weight: Float64Array | null
  /** nRows x nOutputs, row-major. */
  readonly initScore: Float64Array | null
  /** Row counts of the query groups, in row order. */
  readonly groupSizes: Uint32Array | null
  /** nRows positions at which rows were shown. */
  readonly shownAt: Float64Array | null
  /**
   * SHA-256 of all of the above (see `digestRows`), before rows are selected and without scores of
   * an initial model: equal wherever it is computed.
   */
  readonly hash: string
}

/** Options of `openPartitionLoader`. */
export interface PartitionLoaderOptions extends SourceOptions {
  /** Folder for copies of files from elsewhere while they are binned; default: the system's. */
  readonly tempFolder?: string | undefined
}

export interface PartitionLoader {
  /** Tasks that it can work on at a time. */
  readonly nThreads: number
  /**
   * Carries out a task of a survey. Several may be under way. Contexts are told apart by
   * identity: give the same object with all tasks that share one.
   */
  runTask<T extends LoadTask>(
    context: JobContext,
    task: T,
    signal?: AbortSignal,
  ): Promise<TaskResults[T['kind']]>
  /**
   * Bins partitions, in the order given. Where a manifest promises a hash, the file is checked
   * before a row of it is used.
   *
   * Rejects with CoppiceError: 'IO' for a file that cannot be read or is not the one that was
   * surveyed, 'DATA' for one that is not what the manifest promises or holds values that cannot
   * be used, 'MEMORY', 'ABORTED'. Messages name the file.
   *
   * @param initModel - whose raw scores of the rows are their init scores, instead of columns; all
   *   of its features are features of the recipe
   */
  encode(
    recipe: DatasetRecipe,
    partitionIdx: readonly number[],
    signal?: AbortSignal,
    initModel?: Model | null,
  ): Promise<BinnedPartition[]>
  /** Forgets the sources, and ends the threads unless they are shared. */
  close(): Promise<void>
}

/**
 * Opens a loader over the partitions of one data set; close it when done. Nothing is read yet.
 *
 * @param sources - in the order of the recipe
 * @param threads - how many of its own, or a pool that loaders share and the caller closes
 */
export function openPartitionLoader(
  sources: readonly PartitionSource[],
  threads: number | ThreadPool,
  options: PartitionLoaderOptions = {},
): PartitionLoader {
  return new PoolLoader(sources, threads, options)
}

/** For tasks about files alone. */
const noContext: JobContext = {
  textOptions: defaultTextOptions,
  columns: [],
  partitions: [],
  scan: null,
  prediction: null,
}

interface EncodedPartitions {
  /** Row counts of the query groups of each partition, where there are such. */
  readonly groups: readonly (Uint32Array | null)[]
  readonly packed: readonly (readonly BinnedBlock[])[]
}

class PoolLoader implements PartitionLoader {
  readonly nThreads: number
  readonly #pool: ThreadPool
  readonly #isOwnPool: boolean
  readonly #files: PartitionFiles
  readonly #contexts: SharedContexts

  constructor(
    sources: readonly PartitionSource[],
    threads: number | ThreadPool,
    options: PartitionLoaderOptions,
  ) {
    this.#isOwnPool = typeof threads === 'number'
    this.#pool = typeof threads === 'number' ? new ThreadPool(threads, options) : threads
    this.nThreads = this.#pool.nThreads
    this.#files = new PartitionFiles(sources, options, {
      hash: async (partitionIdx, signal) => {
        const open = this.#contexts.openFiles(noContext)
        return this.#runIn(open, { kind: 'hash', partitionIdx }, signal)
      },
      copy: (copies, signal) => this.#copy(copies, signal),
    })
    this.#contexts = new SharedContexts(this.#pool, this.#files.refs)
  }

  async runTask<T extends LoadTask>(
    context: JobContext,
    task: T,
    signal?: AbortSignal,
  ): Promise<TaskResults[T['kind']]> {
    throwIfAborted(signal)
    if ('unit' in task) {
      await this.#files.checkLocal(task.partitionIdx, signal)
      const open = this.#contexts.openPartition(context, task.partitionIdx)
      return this.#runIn(open, { ...task, partitionIdx: 0 }, signal)
    }
    // A hash that is asked for saves the check of later tasks.
    const state = task.kind === 'hash' ? await this.#files.stateOf(task.partitionIdx) : null
    const result = await this.#runIn(this.#contexts.openFiles(context), task, signal)
    if (task.kind === 'hash') {
      this.#files.noteHash(task.partitionIdx, state, result as TaskResults['hash'])
    }
    return result
  }

  async encode(
    recipe: DatasetRecipe,
    partitionIdx: readonly number[],
    signal?: AbortSignal,
    initModel: Model | null = null,
  ): Promise<BinnedPartition[]> {
    throwIfAborted(signal)
    if (partitionIdx.length === 0) return []
    const files = await this.#files.open(partitionIdx, signal)
    try {
      // The threads get what concerns these partitions only, numbered from 0.
      const partitions = partitionIdx.map((index) => recipe.partitions[index]!)
      const targets = allocateAll(recipe, partitions)
      const { textOptions, columns } = recipe
      const context: JobContext = { ...noContext, textOptions, columns, partitions }
      const sourcesId = this.#pool.addSources(files.refs)
      const encoding = { plan: encodePlanOf(recipe), targets }
      const contextId = this.#pool.addContext(sourcesId, context, encoding)
      try {
        const { groups, packed } = await this.#encodeRows(contextId, recipe, partitions, signal)
        const scores = initModel === null ? null
          : await this.#score(sourcesId, initModel, recipe, partitions, signal)
        await files.requireSame()
        const digests = targets.map(({ blocks }, targetIdx) => ({
          kind: 'digest' as const,
          targetIdx,
          blocks: blocks ?? packed[targetIdx]!,
          groupSizes: groups[targetIdx]!,
        }))
        const hashes = await this.#pool.run(contextId, digests, { signal })
        return partitions.map(({ firstRow, plan }, i) => {
          const { label, weight, initScore, shownAt } = targets[i]!
          return ownRows(recipe, {
            partition: partitionIdx[i]!,
            firstRow,
            nRows: plan.nRows,
            blocks: digests[i]!.blocks,
            label,
            weight,
            initScore: scores?.[i] ?? initScore,
            groupSizes: groups[i]!,
            shownAt,
            hash: hashes[i]!,
          })
        })
      } finally {
        this.#pool.drop(contextId)
        this.#pool.drop(sourcesId)
      }
    } finally {
      await files.close()
    }
  }

  async close(): Promise<void> {
    this.#contexts.close()
    if (this.#isOwnPool) await this.#pool.close()
  }

  async #copy(copies: readonly CopyTask[], signal: AbortSignal | undefined): Promise<string[]> {
    const open = this.#contexts.openFiles(noContext)
    try {
      return await this.#pool.run(open.contextId, copies, { signal })
    } finally {
      open.close()
    }
  }

  /** Bins all rows; gives the blocks of those that may be packed. */
  async #encodeRows(
    contextId: number,
    recipe: DatasetRecipe,
    partitions: readonly RecipePartition[],
    signal: AbortSignal | undefined,
  ): Promise<EncodedPartitions> {
    const group = recipe.columns.find(({ role }) => role === 'group')
    const tasks = unitsOf(partitions).map(({ partitionIdx, unit }): EncodeTask => ({
      kind: 'encode',
      partitionIdx,
      unit,
      targetIdx: partitionIdx,
      wantsGroups: group !== undefined,
    }))
    const encoded = await this.#pool.run(contextId, tasks, { signal })
    const packed: BinnedBlock[][] = partitions.map(() => [])
    const units: { partition: string; groups: GroupScan }[][] = partitions.map(() => [])
    for (const [i, { partitionIdx }] of tasks.entries()) {
      const { blocks, groups } = encoded[i]!
      packed[partitionIdx]!.push(...blocks)
      if (groups !== null) {
        units[partitionIdx]!.push({ partition: partitions[partitionIdx]!.name, groups })
      }
    }
    const groups = units.map((own) => group === undefined ? null : mergeGroups(group.name, own))
    return { groups, packed }
  }

  /** Raw scores of all rows of each partition, rows x outputs. */
  async #score(
    sourcesId: number,
    model: Model,
    recipe: DatasetRecipe,
    partitions: readonly RecipePartition[],
    signal: AbortSignal | undefined,
  ): Promise<Float64Array[]> {
    const context = scoringContext(recipe, partitions, model, modelBytes(model))
    const { treesPerIteration: nOutputs } = model
    const scores = partitions.map(({ plan }) =>
      new Float64Array(new SharedArrayBuffer(8 * plan.nRows * nOutputs)))
    const tasks = partitions.flatMap(({ plan }, partitionIdx) => plan.units.flatMap((unit) =>
      unit.nRows === 0 ? [] : [{
        kind: 'predict' as const, partitionIdx, unit, start: 0, end: unit.nRows }]))
    const contextId = this.#pool.addContext(sourcesId, context, null)
    try {
      const results = await this.#pool.run(contextId, tasks, { signal })
      for (const [i, { predictions }] of results.entries()) {
        const { partitionIdx, unit } = tasks[i]!
        scores[partitionIdx]!.set(predictions, unit.firstRow * nOutputs)
      }
      return scores
    } finally {
      this.#pool.drop(contextId)
    }
  }

  async #runIn<T extends LoadTask>(
    open: OpenContext,
    task: T,
    signal: AbortSignal | undefined,
  ): Promise<TaskResults[T['kind']]> {
    try {
      const [result] = await this.#pool.run(open.contextId, [task], { signal })
      return result!
    } finally {
      open.close()
    }
  }
}

/** The rows of a partition that are the data set's. Its hash remains that of the whole. */
function ownRows({ rows, features }: DatasetRecipe, whole: BinnedPartition): BinnedPartition {
  if (rows === null) return whole
  return { ...whole, ...selectFrom({ ...whole, rowBytes: rowBytesOf(features) }, rows) }
}

function allocateAll(
  recipe: DatasetRecipe,
  partitions: readonly RecipePartition[],
): EncodeTargets[] {
  try {
    return partitions.map(({ firstRow, plan }) =>
      allocatePartition(
        firstRow,
        targetSize(recipe.columns, recipe.features, plan.nRows, nRawValues(recipe)),
      ),
    )
  } catch (error) {
    const nRows = partitions.reduce((sum, { plan }) => sum + plan.nRows, 0)
    throw new CoppiceError(
      'MEMORY',
      `there is no memory for ${nRows} rows of ${recipe.features.length} features; use more ` +
        `workers, or machines with more memory`,
      { cause: error },
    )
  }
}
