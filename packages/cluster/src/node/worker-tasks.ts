import { resolve } from 'node:path'
import { defaultTextOptions, type Format, type JobContext } from '@coppice/data'
import {
  openPartitionLoader, type PartitionLoader, resolveInputs, type ThreadPool,
} from '@coppice/data/node'
import { CoppiceError } from '@coppice/model'
import type { Context, SourcePartition, Task, TaskResult } from '../protocol/messages.js'
import type { WorkerFiles } from './worker-files.js'

/** Contexts that are kept: tasks belong to the latest, or are late ones of that before. */
const contextsMax = 3

/** What tasks that need no context are given. */
const noContext: JobContext =
  { textOptions: defaultTextOptions, columns: [], partitions: [], scan: null, prediction: null }

interface OpenContext {
  /** Throws what is wrong with the sources. */
  readonly loader: () => PartitionLoader
  /** Rejects with an OtherFileError unless the files are those that were planned. */
  readonly requirePlanned: () => Promise<void>
  readonly body: JobContext
}

/** Carries out the tasks of a job: reading that is not about rows to be held. */
export class WorkerTasks {
  readonly #threads: ThreadPool
  readonly #files: WorkerFiles
  readonly #abort = new AbortController()
  /** By number, oldest first. */
  readonly #contexts = new Map<number, OpenContext>()
  /** By their sources: contexts of a data set share what is known of its files. */
  readonly #loaders = new Map<string, PartitionLoader>()
  /** Likewise: files are looked at once. */
  readonly #planned = new Map<string, Promise<void>>()

  /** @param threads - not closed */
  constructor(threads: ThreadPool, files: WorkerFiles) {
    this.#threads = threads
    this.#files = files
  }

  setContext({ context, sources, body }: Context): void {
    this.#contexts.delete(context)
    let planned: Promise<void> | null = null
    this.#contexts.set(context, {
      loader: () => this.#loaderOf(sources), body: withSharedModel(body),
      requirePlanned: () => planned ??= this.#requirePlanned(sources, body),
    })
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= contextsMax) break
      this.#contexts.delete(oldest)
    }
  }

  /** Rejects with a CoppiceError. */
  async run({ body, context }: Task): Promise<TaskResult> {
    if (body.kind === 'resolve') return this.#resolve(body.inputs, body.format)
    const open = context === 0
      ? {
        loader: () => this.#loaderOf([]), requirePlanned: () => Promise.resolve(), body: noContext,
      } : this.#contexts.get(context)
    if (open === undefined) {
      throw new CoppiceError('INTERNAL', `internal error: context ${context} of a task is unknown`)
    }
    // a task about rows trusts in where they are in its file
    if ('unit' in body.task) await open.requirePlanned()
    const result = await open.loader().runTask(open.body, body.task, this.#abort.signal)
    return { kind: 'load', result }
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#contexts.clear()
    await Promise.all([...this.#loaders.values()].map((loader) => loader.close()))
  }

  async #resolve(inputs: readonly string[], format: string | null): Promise<TaskResult> {
    const found = await resolveInputs(
      inputs.map((input) => this.#files.locate(input)),
      format === null ? undefined : format as Format, this.#files.options)
    return {
      kind: 'resolve',
      partitions: found.map(({ path, format: own, expected }) =>
        ({ uri: absolute(path), format: own, expected })),
    }
  }

  #requirePlanned(
    sources: readonly SourcePartition[], { partitions }: JobContext,
  ): Promise<void> {
    const key = JSON.stringify(sources)
    const planned = this.#planned.get(key) ?? this.#files.requirePlanned(sources, partitions)
    this.#planned.set(key, planned)
    return planned
  }

  #loaderOf(sources: readonly SourcePartition[]): PartitionLoader {
    const key = JSON.stringify(sources)
    const known = this.#loaders.get(key)
    if (known !== undefined) return known
    const loader = openPartitionLoader(
      sources.map(({ uri, format, expected }) =>
        ({ uri: this.#files.locate(uri), format: format as Format, expected })),
      this.#threads, this.#files.options)
    this.#loaders.set(key, loader)
    return loader
  }
}

/** Threads get contexts once per partition: the model is not to be copied with each. */
function withSharedModel(body: JobContext): JobContext {
  const { prediction } = body
  if (prediction === null) return body
  const model = new Uint8Array(new SharedArrayBuffer(prediction.model.length))
  model.set(prediction.model)
  return { ...body, prediction: { ...prediction, model } }
}

/** Other workers have other working directories. */
function absolute(path: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) ? path : resolve(path)
}
