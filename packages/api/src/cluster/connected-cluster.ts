import type { ClusterStatus, JobSpec, TrainHandlers } from '@coppice/cluster/node'
import type { IterationEvent, TrainResult } from '@coppice/engine'
import { CoppiceError, type Model, serializeModel } from '@coppice/model'
import type { Cluster, ClusterPrediction, ClusterTraining, FetchOptions } from './cluster.js'
import { checkOptionNames, optionNames } from '../options.js'
import { canonicalParams, givenValue } from '../training/params.js'
import type { TrainingClient } from './client.js'
import { dataSpec, fileSpec } from './data-spec.js'
import { FileSource } from '../data/files.js'
import { SelectedSource } from '../data/selected-rows.js'

const noticesMax = 1000

const fetchOptionNames = optionNames<FetchOptions>({
  onLoading: true, onNotice: true, onEvent: true, signal: true,
})

/** A cluster behind a connection to its coordinator. */
export class ConnectedCluster implements Cluster {
  readonly url: string
  readonly notices: string[] = []
  readonly #client: TrainingClient
  readonly #onClose: () => Promise<void>
  #isClosed = false

  /** @param onClose - ends what was started with the cluster */
  constructor(url: string, client: TrainingClient, onClose = () => Promise.resolve()) {
    this.url = url
    this.#client = client
    this.#onClose = onClose
  }

  async status(): Promise<ClusterStatus> {
    this.#requireOpen()
    return this.#client.status()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#client.close()
    await this.#onClose()
  }

  async train(training: ClusterTraining): Promise<TrainResult> {
    this.#requireOpen()
    requireNothingOfHere(training)
    const spec = await this.#jobSpec(training)
    const end = new AbortController()
    const failure = new FirstError(() => end.abort())
    const signals = [end.signal, ...(training.signal === undefined ? [] : [training.signal])]
    const signal = AbortSignal.any(signals)
    let result: TrainResult
    try {
      result = await this.#client.train(spec,
        { ...this.#handlers(training, failure), signal })
    } catch (error) {
      failure.rethrow()
      await this.#checkHere(error, training)
      throw error
    }
    failure.rethrow()
    return result
  }

  async fetch(job: string, options: FetchOptions = {}): Promise<Model> {
    checkOptionNames('fetch', options, fetchOptionNames)
    this.#requireOpen()
    if (typeof job !== 'string' || job === '') {
      throw new CoppiceError('PARAMETER', 'the job to fetch must be a text, as status() names ' +
        `it, got ${JSON.stringify(job) ?? typeof job}`)
    }
    const { model } = await this.#client.fetch(job, {
      ...options,
      onNotice: (text) => {
        this.#note(text)
        options.onNotice?.(text)
      },
    })
    return model
  }

  async predict(prediction: ClusterPrediction): Promise<void> {
    this.#requireOpen()
    const { model, dataset: { source }, type, iterations, earlyStop, keep, onNotice,
      ...rest } = prediction
    if (source instanceof SelectedSource) {
      throw new CoppiceError('PARAMETER', 'a cluster predicts all rows of its files, not a ' +
        'selection; predict the data set that it was taken of, or leave out cluster')
    }
    if (!(source instanceof FileSource)) {
      throw new CoppiceError('PARAMETER', 'a cluster predicts rows in files, which its workers ' +
        'read (Dataset.open, Dataset.remote); rows in memory are predicted where they are: ' +
        'leave out cluster')
    }
    await this.#client.predict({
      data: await fileSpec(source),
      model: new TextEncoder().encode(serializeModel(model)),
      type,
      iterations: iterations ?? null,
      ...(earlyStop === undefined ? {} : { earlyStop }),
      keep,
    }, {
      ...rest,
      onNotice: (text) => {
        this.#note(text)
        onNotice?.(text)
      },
    })
  }

  #requireOpen(): void {
    if (!this.#isClosed) return
    throw new CoppiceError('PARAMETER', `this cluster (${this.url}) is closed; connect or start ` +
      'one again, and close it when all is done')
  }

  #note(text: string): void {
    this.notices.push(text)
    if (this.notices.length > noticesMax) this.notices.shift()
  }

  async #jobSpec(training: ClusterTraining): Promise<JobSpec> {
    const { recipe, dataset, evalSets, initModel, callbacks, signal, check } = training
    throwIfAborted(signal)
    const place = { signal, check, upload: (bytes: Uint8Array) => this.#client.upload(bytes) }
    const train = await dataSpec(dataset, place, null)
    const evaluated = []
    for (const { name, data } of evalSets) {
      evaluated.push({ name, data: await dataSpec(data, place, dataset) })
    }
    return {
      params: canonicalParams(recipe.given),
      labelKind: recipe.labelKind,
      inferred: recipe.inferred,
      train,
      evalSets: evaluated,
      resumeFrom: training.resumeFrom === undefined ? null : bytesOf(training.resumeFrom),
      ...(initModel === undefined ? {} : { initModel: bytesOf(initModel) }),
      wantsGo: callbacks.length > 0,
    }
  }

  /** Errors of callbacks end the training, and are what it rejects with. */
  #handlers(training: ClusterTraining, failure: FirstError): TrainHandlers {
    const { callbacks, onEvent, onLoad, onNotice, onJob } = training
    let event: IterationEvent | null = null
    return {
      onLoading: (progress) => failure.guard(() => onLoad?.(progress)),
      onEvent: (told) => failure.guard(() => {
        if (told.kind === 'iteration') event = told
        onEvent(told)
      }),
      onNotice: (text) => failure.guard(() => {
        this.#note(text)
        onNotice?.(text)
      }),
      onJob: (job) => failure.guard(() => onJob?.(job)),
      onCommitted: async (_record, model) => {
        if (failure.hasError) return 'stop'
        const committed = event!
        let stops = false
        await failure.guardAsync(async () => {
          for (const callback of callbacks) {
            stops = await callback(committed, { model }) === 'stop' || stops
          }
        })
        return stops || failure.hasError ? 'stop' : 'go'
      },
    }
  }

  /**
   * The same training in this process ends with the same error, which names the rows as the user
   * has them and not the files that were made of them.
   */
  async #checkHere(error: unknown, { dataset, evalSets, check }: ClusterTraining): Promise<void> {
    const isOfData = error instanceof CoppiceError && error.code === 'DATA'
    const sets = [dataset, ...evalSets.map(({ data }) => data)]
    if (isOfData && sets.some(({ source }) => source.isInMemory)) await check()
  }
}

function bytesOf(model: Model): Uint8Array {
  return new TextEncoder().encode(serializeModel(model))
}

/** Workers have threads and memory of their own. */
function requireNothingOfHere({ recipe: { given } }: ClusterTraining): void {
  const refuse = (
    parameter: 'num_threads' | 'max_memory_mb', name: string, why: string,
  ): void => {
    const value = givenValue(given, parameter)
    if (value === undefined || Number(value) <= 0) return
    throw new CoppiceError(
      'PARAMETER', `${name} = ${String(value)} does nothing on a cluster, ${why}`)
  }
  refuse('num_threads', 'numThreads', 'whose workers have threads of their own; leave it out, ' +
    'and give threadsPerWorker to LocalCluster.start or --threads to coppice worker')
  refuse('max_memory_mb', 'max_memory_mb', 'whose workers take what their machine or container ' +
    'has; leave it out, and set limits of containers')
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new CoppiceError('ABORTED', 'training was aborted before it began',
    { cause: signal.reason })
}

/** The first error that a callback threw. */
class FirstError {
  #error: { readonly thrown: unknown } | null = null
  readonly #onError: () => void

  constructor(onError: () => void) {
    this.#onError = onError
  }

  get hasError(): boolean {
    return this.#error !== null
  }

  guard(work: () => void): void {
    try {
      work()
    } catch (thrown) {
      this.#keep(thrown)
    }
  }

  async guardAsync(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.#keep(thrown)
    }
  }

  #keep(thrown: unknown): void {
    this.#error ??= { thrown }
    this.#onError()
  }

  rethrow(): void {
    if (this.#error !== null) throw this.#error.thrown
  }
}
