import { ThreadPool } from '@coppice/data/node'
import {
  type CodeModule, type EngineSetup, featureLayout, isWide, rowBytesOf,
} from '@coppice/engine'
import { collectGarbage } from '@coppice/engine/threads'
import { assert, CoppiceError } from '@coppice/model'
import type { Context, Job, Task } from '../protocol/messages.js'
import type { EngineWork, WorkerEffect, WorkerEvent } from '../worker/events.js'
import { failureOf, wireErrorOf } from './worker-errors.js'
import type { WorkerFiles } from './worker-files.js'
import { type HeldPartition, PartitionCache, PartitionFailure } from './worker-partitions.js'
import { WorkerStores } from './worker-stores.js'
import { WorkerTasks } from './worker-tasks.js'

/** Effects that are work: what is not about links and processes. */
export type ComputeEffect = Extract<WorkerEffect,
  { kind: 'job' | 'context' | 'task' | 'load' | 'unload' | 'engine' }>

export interface WorkerComputeOptions {
  /** Threads that read, and threads that train: as many each. */
  readonly nThreads: number
  readonly files: WorkerFiles
  /** Most bytes of rows to keep that engines have a copy of; any number unless given. */
  readonly keptBytesMax?: number
  /** Of users', that trainings may run here. */
  readonly modules?: readonly CodeModule[]
  /** Told what became of the work, never within a call of `perform`. */
  readonly emit: (event: WorkerEvent) => void
}

/** A job's reading. */
interface Reading {
  readonly job: string
  readonly threads: ThreadPool
  readonly tasks: WorkerTasks
}

/** A job's rows. */
interface Holding {
  readonly job: Job
  readonly threads: ThreadPool
  /** Made with the first store: what is wrong with the job's files is told of that. */
  cache: PartitionCache | null
  readonly engines: WorkerStores
  /** Loads under way and done, by store. */
  readonly stores: Map<number, { held: readonly HeldPartition[] | null }>
}

/** Does a worker's work on threads: the calling thread only starts it and passes results on. */
export class WorkerCompute {
  readonly #options: WorkerComputeOptions
  #reading: Reading | null = null
  #holding: Holding | null = null
  /** What earlier jobs held is being freed. */
  #freeing: Promise<void> = Promise.resolve()

  constructor(options: WorkerComputeOptions) {
    this.#options = options
  }

  perform(effect: ComputeEffect): void {
    switch (effect.kind) {
      case 'context': return this.#setContext(effect.context)
      case 'task': return void this.#runTask(effect.task)
      case 'job': return this.#setJob(effect.job)
      case 'load': return void this.#load(effect.job, effect.store, effect.partitions)
      case 'unload': return this.#unload(effect.store)
      case 'engine': return void this.#engine(effect.ticket, effect.work)
    }
  }

  /** A job is over, also one that never got to hold rows. */
  forget(job: string): void {
    if (this.#reading?.job === job && this.#holding?.job.job !== job) this.#dropReading()
  }

  /** Ends everything; what is under way is not told of any more. */
  async close(): Promise<void> {
    this.#dropHolding()
    this.#dropReading()
    await this.#freeing
  }

  // ---- reading

  /** Reading goes on for one job: what an earlier one has is let go. */
  #readingOf(job: string): Reading {
    if (this.#reading?.job === job) return this.#reading
    this.#dropReading()
    const { nThreads, files } = this.#options
    const threads = new ThreadPool(nThreads, { onCacheNotice: files.options.onCacheNotice })
    this.#reading = { job, threads, tasks: new WorkerTasks(threads, files) }
    return this.#reading
  }

  #dropReading(): void {
    const reading = this.#reading
    this.#reading = null
    if (reading === null) return
    this.#free(async () => {
      await reading.tasks.close()
      await reading.threads.close()
    })
  }

  #setContext(context: Context): void {
    this.#readingOf(context.job).tasks.setContext(context)
  }

  async #runTask(task: Task): Promise<void> {
    const { job, task: id } = task
    let tasks: WorkerTasks | null = null
    try {
      tasks = this.#readingOf(job).tasks
      const result = await tasks.run(task)
      this.#options.emit({ kind: 'task-done', job, task: id, result })
    } catch (error) {
      // what fails at once is not told of within the caller's turn either
      await Promise.resolve()
      // nobody waits for a task that was given up with its job
      if (tasks !== null && this.#reading?.tasks !== tasks) return
      this.#options.emit({ kind: 'task-failed', job, task: id, ...failureOf(error) })
    }
  }

  // ---- holding rows

  #setJob(job: Job | null): void {
    const isOver = this.#holding?.job.job
    this.#dropHolding()
    if (job === null) {
      if (this.#reading?.job === isOver) this.#dropReading()
      return
    }
    const { threads } = this.#readingOf(job.job)
    this.#holding = {
      job,
      threads,
      cache: null,
      engines: new WorkerStores(this.#options.nThreads, this.#options.modules),
      stores: new Map(),
    }
  }

  #dropHolding(): void {
    const holding = this.#holding
    this.#holding = null
    if (holding === null) return
    this.#free(async () => {
      await holding.cache?.close()
      await holding.engines.close()
    })
  }

  #free(free: () => Promise<void>): void {
    // Failing to stop a thread is no reason to stop.
    this.#freeing = this.#freeing.then(free).catch(() => undefined)
  }

  async #load(job: string, store: number, partitions: readonly number[]): Promise<void> {
    const holding = this.#holding
    const entry: { held: readonly HeldPartition[] | null } = { held: null }
    holding?.stores.set(store, entry)
    const isWanted = (): boolean => holding?.stores.get(store) === entry
    try {
      assert(holding?.job.job === job, `job ${job} is under way`)
      const { files, keptBytesMax } = this.#options
      holding.cache ??= new PartitionCache(holding.job, holding.threads, files, keptBytesMax)
      const held = await holding.cache.hold(store, partitions)
      if (!isWanted()) return
      entry.held = held
      this.#emitIn(holding,
        { kind: 'loaded', job, store, partitions: held.map(({ info }) => info) })
    } catch (error) {
      // what fails at once is not told of within the caller's turn either
      await Promise.resolve()
      if (holding !== null && !isWanted()) return
      const isFailure = error instanceof PartitionFailure
      this.#emitIn(holding, {
        kind: 'load-failed', job, store, partition: isFailure ? error.partition : null,
        ...failureOf(isFailure ? error.cause : error),
      })
    }
  }

  #emitIn(holding: Holding | null, event: WorkerEvent): void {
    if (this.#holding === holding) this.#options.emit(event)
  }

  #unload(store: number): void {
    this.#holding?.stores.delete(store)
    this.#holding?.cache?.release(store)
  }

  // ---- engines

  async #engine(ticket: number, work: EngineWork): Promise<void> {
    const holding = this.#holding
    // the caller's turn ends before it hears of anything
    await this.#freeing
    const { emit } = this.#options
    if (holding === null) return emit({ kind: 'engine-done', ticket })
    try {
      emit(await this.#carryOut(holding, ticket, work))
    } catch (error) {
      const failure = wireErrorOf(error)
      if (work.kind === 'open' && failure.code === 'MEMORY') {
        // a store that does not fit here may fit elsewhere
        emit({
          kind: 'load-failed', job: holding.job.job, store: work.store, partition: null,
          isFinal: false, error: failure,
        })
        return emit({ kind: 'engine-done', ticket })
      }
      emit({ kind: 'engine-failed', ticket, error: failure })
    }
  }

  async #carryOut(
    { job, engines, stores, cache }: Holding, ticket: number, work: EngineWork,
  ): Promise<WorkerEvent> {
    switch (work.kind) {
      case 'open': {
        const entry = stores.get(work.store)
        const held = entry?.held ?? null
        assert(entry !== undefined && held !== null, `store ${work.store} is loaded`)
        requireRoom(work.setup, job)
        await engines.open(
          work.store, work.setup, held, job.recipes.map(({ features }) => rowBytesOf(features)))
        entry.held = null
        if ((cache?.opened(work.store) ?? 0) > 0) collectGarbage()
        return { kind: 'engine-done', ticket }
      }
      case 'run':
        await engines.run(work, (chunk, payload) =>
          this.#options.emit({ kind: 'engine-part', ticket, chunk, payload }))
        return { kind: 'engine-done', ticket }
      case 'drop':
        await engines.drop(work.store)
        return { kind: 'engine-done', ticket }
      case 'digest':
        return {
          kind: 'digest-done', ticket, digest: await engines.digest(work.store, work.partition),
        }
    }
  }
}

/** Engines trust that the bins of the rows are those of the setup. */
function requireRoom({ features }: EngineSetup, { recipes }: Job): void {
  const held = recipes[0]!.features
  const fits = held.length === features.length &&
    held.every((feature, f) => fitsBins(featureLayout(feature).nBins, features[f]!.nBins))
  if (fits) return
  throw new CoppiceError('INTERNAL', `the setup is for ${features.length} features, and does not ` +
    `fit the ${held.length} of the job's data`)
}

/** Bins of so many are among those, and in as many bytes. */
function fitsBins(own: number, theirs: number): boolean {
  return own <= theirs && isWide(own) === isWide(theirs)
}
