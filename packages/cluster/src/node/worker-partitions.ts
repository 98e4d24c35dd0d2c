import type { Format } from '@coppice/data'
import {
  type BinnedPartition, openPartitionLoader, type PartitionLoader, type ThreadPool,
} from '@coppice/data/node'
import {
  bytesOfRows, type LabelledRows, mergeSummaries, type RowNames, type RowSummary,
  summarizeRows, type TargetShape, withExtents,
} from '@coppice/engine'
import { assert, type Model, parseModel } from '@coppice/model'
import type { Job, LoadedPartitionInfo } from '../protocol/messages.js'
import { OtherFileError, type WorkerFiles } from './worker-files.js'

/** A partition in this worker's memory. */
export interface HeldPartition {
  /** Its number among the partitions of all data sets. */
  readonly partition: number
  /** 0: training; 1, 2, ... evaluation sets. */
  readonly dataset: number
  readonly rows: BinnedPartition
  readonly info: LoadedPartitionInfo
}

/** A partition that cannot be had. */
export class PartitionFailure extends Error {
  /** Null where it is not one partition that is to blame. */
  readonly partition: number | null

  constructor(partition: number | null, cause: unknown) {
    super('a partition cannot be loaded', { cause })
    this.partition = partition
  }
}

/** Partitions that are read in one go, and given up together when nobody wants any of them. */
interface Batch {
  readonly abort: AbortController
  readonly entries: Entry[]
}

interface Entry {
  readonly partition: number
  readonly batch: Batch
  readonly stores: Set<number>
  /** Of those that are open: their engines have copies of the rows. */
  readonly open: Set<number>
  /** Bytes of its rows; 0 until they are here. */
  nBytes: number
  readonly loaded: Promise<HeldPartition>
  readonly resolve: (held: HeldPartition) => void
  readonly reject: (failure: PartitionFailure) => void
}

/**
 * The binned partitions of a job that this worker holds, each for as long as some store uses it:
 * a store that is made of partitions which are here already reads nothing. Where those of open
 * stores, which have them a second time in their engines, are more than is to be kept, they are let
 * go: another store of theirs reads them again.
 */
export class PartitionCache {
  readonly #job: Job
  readonly #files: WorkerFiles
  readonly #loaders: readonly PartitionLoader[]
  readonly #initModel: Model | null
  /** All files of the job are looked at once, before the first is read. */
  #planned: Promise<void> | null = null
  /** Of each data set, the number of its first partition; and the end of the last. */
  readonly #firsts: readonly number[]
  readonly #entries = new Map<number, Entry>()

  /** See `opened`. */
  readonly #keptBytesMax: number

  /**
   * @param threads - not closed
   * @param keptBytesMax - most bytes of rows to keep that engines have a copy of
   */
  constructor(job: Job, threads: ThreadPool, files: WorkerFiles, keptBytesMax = Infinity) {
    this.#keptBytesMax = keptBytesMax
    this.#job = job
    this.#files = files
    this.#initModel = job.initModel === undefined ? null : parseModel(job.initModel)
    this.#loaders = job.sources.map((sources) => openPartitionLoader(
      sources.map(({ uri, format, expected }) =>
        ({ uri: files.locate(uri), format: format as Format, expected })),
      threads, files.options))
    const firsts = [0]
    for (const { partitions } of job.recipes) firsts.push(firsts.at(-1)! + partitions.length)
    this.#firsts = firsts
  }

  /**
   * Loads what is missing of a store's partitions, and keeps all of them until `release`.
   *
   * Rejects with a PartitionFailure.
   *
   * @returns them, ascending
   */
  async hold(store: number, partitions: readonly number[]): Promise<readonly HeldPartition[]> {
    const wanted = [...partitions].sort((a, b) => a - b)
    const missing = wanted.filter((partition) => !this.#entries.has(partition))
    for (let dataset = 0; dataset < this.#job.recipes.length; dataset++) {
      const own = missing.filter((partition) => this.#datasetOf(partition) === dataset)
      if (own.length > 0) this.#begin(dataset, own)
    }
    const entries = wanted.map((partition) => this.#entries.get(partition)!)
    for (const { stores } of entries) stores.add(store)
    return Promise.all(entries.map(({ loaded }) => loaded))
  }

  /**
   * A store's engines have its rows.
   *
   * @returns bytes that were let go
   */
  opened(store: number): number {
    for (const { stores, open } of this.#entries.values()) if (stores.has(store)) open.add(store)
    const spare = [...this.#entries].filter(([, { stores, open }]) => open.size === stores.size)
    const nBytes = spare.reduce((sum, [, entry]) => sum + entry.nBytes, 0)
    if (nBytes <= this.#keptBytesMax) return 0
    for (const [partition, entry] of spare) {
      this.#entries.delete(partition)
      entry.stores.clear()
    }
    return nBytes
  }

  /** A store needs its partitions no more. No effect when it has none. */
  release(store: number): void {
    for (const [partition, { stores, open, batch }] of this.#entries) {
      open.delete(store)
      if (!stores.delete(store)) continue
      if (stores.size === 0) this.#entries.delete(partition)
      if (batch.entries.every((entry) => entry.stores.size === 0)) batch.abort.abort()
    }
  }

  async close(): Promise<void> {
    for (const { batch } of this.#entries.values()) batch.abort.abort()
    this.#entries.clear()
    await Promise.all(this.#loaders.map((loader) => loader.close()))
  }

  #datasetOf(partition: number): number {
    const dataset = this.#firsts.findLastIndex((first) => first <= partition)
    assert(dataset >= 0 && dataset < this.#job.recipes.length,
      `partition ${partition} is one of ${this.#firsts.at(-1)}`)
    return dataset
  }

  #begin(dataset: number, partitions: readonly number[]): void {
    const batch: Batch = { abort: new AbortController(), entries: [] }
    for (const partition of partitions) {
      const { promise, resolve, reject } = withResolvers<HeldPartition>()
      // whoever wants it hears of a failure; nobody may
      promise.catch(() => undefined)
      const entry: Entry = {
        partition, batch, stores: new Set(), open: new Set(), nBytes: 0, loaded: promise,
        resolve, reject,
      }
      batch.entries.push(entry)
      this.#entries.set(partition, entry)
    }
    void this.#load(dataset, batch)
  }

  async #load(dataset: number, { entries, abort }: Batch): Promise<void> {
    const { signal } = abort
    try {
      await (this.#planned ??= this.#requirePlanned())
    } catch (error) {
      this.#giveUp(entries, error instanceof PartitionFailure ? error
        : new PartitionFailure(null, error))
      return
    }
    try {
      await this.#encode(dataset, entries, signal)
    } catch (error) {
      if (entries.length === 1 || signal.aborted) {
        this.#giveUp(entries, new PartitionFailure(entries[0]!.partition, error))
      } else await this.#findCulprit(dataset, entries, signal)
    }
  }

  /** Loads one by one what failed together, to know which one it was. */
  async #findCulprit(
    dataset: number, entries: readonly Entry[], signal: AbortSignal,
  ): Promise<void> {
    for (const [i, entry] of entries.entries()) {
      try {
        await this.#encode(dataset, [entry], signal)
      } catch (error) {
        this.#giveUp(entries.slice(i), new PartitionFailure(entry.partition, error))
        return
      }
    }
  }

  /** Another file on any machine ends the job, whoever is to hold its rows. */
  async #requirePlanned(): Promise<void> {
    for (const [dataset, sources] of this.#job.sources.entries()) {
      try {
        await this.#files.requirePlanned(sources, this.#job.recipes[dataset]!.partitions)
      } catch (error) {
        if (!(error instanceof OtherFileError)) throw error
        throw new PartitionFailure(this.#firsts[dataset]! + error.index, error)
      }
    }
  }

  #giveUp(entries: readonly Entry[], failure: PartitionFailure): void {
    for (const entry of entries) {
      if (this.#entries.get(entry.partition) === entry) this.#entries.delete(entry.partition)
      entry.reject(failure)
    }
  }

  async #encode(dataset: number, entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const recipe = this.#job.recipes[dataset]!
    const first = this.#firsts[dataset]!
    const binned = await this.#loaders[dataset]!.encode(
      recipe, entries.map(({ partition }) => partition - first), signal, this.#initModel)
    const held: HeldPartition[] = []
    for (const [i, { partition }] of entries.entries()) {
      const rows = binned[i]!
      const { name } = recipe.partitions[partition - first]!
      const labels = recipe.columns.filter(({ role }) => role === 'label')
      const names: RowNames = {
        labels: labels.map((label) => label.name),
        // selected rows are counted anew
        files: recipe.rows === null ? [{ name, firstRow: 0 }] : [],
      }
      const summary = withExtents(await summarizeInTurns({ ...rows, names }, this.#job.shape,
        recipe.rows === null ? '' : ` of ${name}`), rows.blocks)
      held.push({
        partition, dataset, rows,
        info: { partition, nRows: rows.nRows, hash: rows.hash, summary },
      })
    }
    entries.forEach((entry, i) => {
      entry.nBytes = bytesOfRows(held[i]!.rows)
      entry.resolve(held[i]!)
    })
  }
}

/** Rows that are summarized before heartbeats get their turn: a few milliseconds. */
const turnRows = 100_000

/** `summarizeRows`, without keeping the calling thread from its other work. */
async function summarizeInTurns(
  rows: LabelledRows, shape: TargetShape, where: string,
): Promise<RowSummary> {
  const { nRows, label, weight, initScore, shownAt = null, names } = rows
  const { nOutputs, nLabels = 1 } = shape
  const parts: RowSummary[] = []
  const ends = turnEnds(rows)
  let first = 0
  for (const { end, groupSizes } of ends) {
    parts.push(summarizeRows({
      nRows: end - first,
      label: label?.subarray(first * nLabels, end * nLabels) ?? null,
      weight: weight?.subarray(first, end) ?? null,
      initScore: initScore?.subarray(first * nOutputs, end * nOutputs) ?? null,
      groupSizes,
      shownAt: shownAt?.subarray(first, end) ?? null,
      firstRow: first,
      ...(names === undefined ? {} : { names }),
    }, shape, where))
    first = end
    if (end < nRows) await new Promise((resolve) => setImmediate(resolve))
  }
  return mergeSummaries(parts)
}

/** Where turns end: behind so many rows, and where there are queries with one of them. */
function turnEnds(
  { nRows, groupSizes = null }: LabelledRows,
): { readonly end: number, readonly groupSizes: Uint32Array | null }[] {
  if (groupSizes === null) {
    const nTurns = Math.max(1, Math.ceil(nRows / turnRows))
    return Array.from({ length: nTurns }, (_, i) =>
      ({ end: Math.min(nRows, (i + 1) * turnRows), groupSizes: null }))
  }
  const turns: { end: number, groupSizes: Uint32Array }[] = []
  let end = 0
  for (let q = 0; q < groupSizes.length || turns.length === 0;) {
    const [firstQuery, first] = [q, end]
    while (q < groupSizes.length && end - first < turnRows) end += groupSizes[q++]!
    turns.push({ end, groupSizes: groupSizes.subarray(firstQuery, q) })
  }
  return turns
}

// Promise.withResolvers is there from Node 22 on.
function withResolvers<T>(): {
  promise: Promise<T>, resolve: (value: T) => void, reject: (error: Error) => void,
} {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onDone, onFailure) => {
    resolve = onDone
    reject = onFailure
  })
  return { promise, resolve, reject }
}
