import {
  defaultBinning, defaultTextOptions, type DatasetSurvey, type JobContext, type LoadTask,
  surveyDataset, type TaskResults, type TaskRunner,
} from '@coppice/data'
import {
  localTraits, mergeSummaries, resolveParams, type TargetShape, trainingDialogue,
  type TrainResult,
} from '@coppice/engine'
import type {
  CoordinatorEffect, CoordinatorEvent, JobPartition,
} from '../../../src/coordinator/events.js'
import { CoordinatorMachine } from '../../../src/coordinator/machine.js'
import { buildId } from '../../../src/node/build-id.js'
import { decodeMessage, encodeMessage } from '../../../src/protocol/codec.js'
import type {
  FromWorker, LoadedPartitionInfo, SourcePartition, TaskBody, TaskResult, ToWorker,
} from '../../../src/protocol/messages.js'
import { StarReducer } from '../../../src/reduce/index.js'
import { CoordinatorServer, type Link, type Token } from '../../../src/transport/index.js'

/** A training for the stand-in. */
export interface TinyTraining {
  readonly train: string
  readonly valid?: string
  readonly label: string
  readonly params: Readonly<Record<string, unknown>>
  readonly onIteration?: (iteration: number) => void
  /** Called between survey and loading. */
  readonly beforeLoading?: () => void
}

/** Times and numbers of the stand-in; the others are its own. */
export interface TinyOptions {
  readonly token: Token
  readonly minWorkers: number
  readonly port?: number
  readonly build?: string
  readonly heartbeatMs?: number
  readonly leaseMs?: number
  readonly graceMs?: number
}

/** The least around a CoordinatorMachine that can survey and train: no journal, no clients. */
export class TinyCoordinator {
  readonly notices: string[] = []
  /** Messages from workers, by type. */
  readonly received = new Map<string, number>()
  readonly failures: Extract<FromWorker, { type: 'store-failed' }>[] = []
  /** Workers that told of partitions of the last training. */
  readonly holders = new Set<string>()
  /** Takes everything and says nothing. */
  isMute = false
  receivedBytes = 0
  sentBytes = 0
  readonly #machine: CoordinatorMachine
  readonly #links = new Map<number, Link>()
  readonly #tasks = new Map<number, {
    readonly resolve: (result: TaskResult) => void, readonly reject: (error: Error) => void,
  }>()
  #server: CoordinatorServer | null = null
  #timer: NodeJS.Timeout | null = null
  #nTasks = 0
  #nContexts = 0
  #nJobs = 0
  #job = ''
  #onDone: (result: TrainResult) => void = () => undefined
  #onFailed: (error: Error) => void = () => undefined
  #onIteration: (iteration: number) => void = () => undefined
  #beforeLoading: () => void = () => undefined

  static async start(options: TinyOptions): Promise<TinyCoordinator> {
    const coordinator = new TinyCoordinator(options)
    coordinator.#server = await CoordinatorServer.listen({
      port: options.port ?? 0, token: options.token, status: () => ({}),
      onLink: (link) => coordinator.#take(link),
    })
    coordinator.#timer = setInterval(() => coordinator.#step({ kind: 'tick' }), 50)
    return coordinator
  }

  private constructor({ minWorkers, build, heartbeatMs, leaseMs, graceMs }: TinyOptions) {
    this.#machine = new CoordinatorMachine({
      build: build ?? buildId(), term: 1, heartbeatMs: heartbeatMs ?? 200,
      leaseMs: leaseMs ?? 3000, graceMs: graceMs ?? 300, minWorkers, lastCallMs: 0,
      stallMs: 15_000, makeReducer: (setup) => new StarReducer(setup),
    })
  }

  get url(): string {
    return this.#server!.url
  }

  get port(): number {
    return this.#server!.port
  }

  /** Names of the workers that are in. */
  get workers(): string[] {
    return this.#machine.members.map(({ name }) => name)
  }

  get members(): CoordinatorMachine['members'] {
    return this.#machine.members
  }

  async train({ train, valid, label, params, ...hooks }: TinyTraining): Promise<TrainResult> {
    this.#job = `job ${++this.#nJobs}`
    this.#onIteration = hooks.onIteration ?? (() => undefined)
    this.#beforeLoading = hooks.beforeLoading ?? (() => undefined)
    const failure = new Promise<never>((_resolve, reject) => {
      this.#onFailed = reject
    })
    failure.catch(() => undefined)
    this.holders.clear()
    this.#step({ kind: 'job', job: this.#job })
    return Promise.race([failure, this.#run([train, ...valid === undefined ? [] : [valid]],
      label, params)])
  }

  async #run(
    inputs: readonly string[], label: string, rawParams: Readonly<Record<string, unknown>>,
  ): Promise<TrainResult> {
    const params = resolveParams(rawParams)
    const surveys: DatasetSurvey[] = []
    const sources: SourcePartition[][] = []
    for (const input of inputs) {
      const found = await this.#task(0, null, { kind: 'resolve', inputs: [input], format: null })
      if (found.kind !== 'resolve') throw new Error('not what was asked')
      sources.push([...found.partitions])
      surveys.push(await surveyDataset({
        partitions: found.partitions.map(({ uri, format, expected }) =>
          ({ name: uri, format: format as 'csv', expected })),
        textOptions: defaultTextOptions,
        params: { ...defaultBinning, maxBin: params.maxBin, minDataInBin: params.minDataInBin },
        runner: this.#runner(found.partitions),
        memory: null,
      }, {
        label,
        labelKind: params.objective === 'binary' ? 'binary' : 'number',
        ...(surveys.length === 0 ? {} : { reference: surveys[0]!.recipe }),
      }))
    }
    const recipes = surveys.map(({ recipe }) => recipe)
    const shape: TargetShape = {
      objective: params.objective, nClasses: params.objective === 'binary' ? 2 : 0, nOutputs: 1,
    }
    const partitions = recipes.flatMap((recipe, dataset) => recipe.partitions.map(
      ({ name, plan }, source): JobPartition => ({
        name, dataset, nRows: plan.nRows, weight: Math.max(1, plan.nRows),
        source: dataset === 0 ? source : null,
      })))
    const data = (dataset: number, infos: readonly LoadedPartitionInfo[]) => {
      const summary = mergeSummaries(infos
        .filter(({ partition }) => partitions[partition]!.dataset === dataset)
        .map((info) => info.summary))
      const { features, classes } = recipes[dataset]!
      return { nRows: summary.nRows, features, classes, summary }
    }
    const done = new Promise<TrainResult>((resolve) => {
      this.#onDone = resolve
    })
    this.#beforeLoading()
    this.#step({ kind: 'train', order: {
      recipes, sources, shape, partitions, infos: null,
      makeTrainer: (infos) => trainingDialogue({
        params, train: data(0, infos),
        evalSets: recipes.length > 1 ? [{ name: 'valid', data: data(1, infos) }] : [],
        executor: { ...localTraits(1), speculation: 8 },
      }),
    } })
    return done
  }

  #runner(sources: readonly SourcePartition[]): TaskRunner {
    return {
      nThreads: 2,
      setContext: (body: JobContext) => this.#step({ kind: 'context', context: {
        type: 'context', job: this.#job, context: ++this.#nContexts, sources, body,
      } }),
      run: async <T extends LoadTask>(tasks: readonly T[]) => {
        const results = await Promise.all(tasks.map((task) =>
          this.#task(this.#nContexts, 'partitionIdx' in task ? task.partitionIdx : null,
            { kind: 'load', task })))
        return results.map((result) =>
          (result.kind === 'load' ? result.result : null) as TaskResults[T['kind']])
      },
    }
  }

  #task(context: number, source: number | null, body: TaskBody): Promise<TaskResult> {
    const task = ++this.#nTasks
    return new Promise((resolve, reject) => {
      this.#tasks.set(task, { resolve, reject })
      this.#step({ kind: 'tasks', tasks: [{ task, context, source, body }] })
    })
  }

  #take(link: Link): void {
    this.#links.set(link.id, link)
    link.listen({
      onPayload: (payload) => {
        const message: FromWorker = decodeMessage(payload, 'from-worker')
        this.received.set(message.type, (this.received.get(message.type) ?? 0) + 1)
        this.receivedBytes += payload.length
        if (message.type === 'store-failed') this.failures.push(message)
        if (message.type === 'loaded') this.holders.add(this.#nameOf(link.id))
        if (this.isMute) return
        this.#step({ kind: 'message', link: link.id, message })
      },
      onClose: ({ reason }) => {
        this.#links.delete(link.id)
        this.#step({ kind: 'closed', link: link.id, reason })
      },
    })
  }

  #nameOf(link: number): string {
    return this.#machine.members.find((member) => member.link === link)?.name ?? ''
  }

  /** Speaks to a worker out of turn. */
  tell(worker: string, message: ToWorker): void {
    const member = this.#machine.members.find(({ name }) => name === worker)!
    this.#links.get(member.link!)!.send(encodeMessage(message))
  }

  /** Breaks the connection of a worker. */
  cut(worker: string): void {
    const member = this.#machine.members.find(({ name }) => name === worker)!
    this.#links.get(member.link!)!.destroy('cut by a test')
  }

  #step(event: CoordinatorEvent): void {
    for (const effect of this.#machine.step(event, performance.now())) this.#perform(effect)
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'send': {
        const bytes = encodeMessage(effect.message)
        this.sentBytes += bytes.length
        this.#links.get(effect.link)?.send(bytes,
          effect.message.type === 'beat-ack' ? 'urgent' : 'ordinary')
        return
      }
      case 'close':
        this.#links.get(effect.link)?.close(1000, effect.reason)
        return
      case 'task-result':
        this.#tasks.get(effect.task)?.resolve(effect.result)
        return
      case 'task-error':
        this.#tasks.get(effect.task)?.reject(new Error(effect.error.message))
        return
      case 'announce':
        this.#onIteration(effect.request.event.iteration)
        setImmediate(() => this.#step({ kind: 'go', answer: 'go' }))
        return
      case 'done': return this.#onDone(effect.result)
      case 'failed':
        return this.#onFailed(
          new Error(effect.error.message, { cause: { code: effect.error.code } }))
      case 'notice':
        this.notices.push(effect.text)
        return
      case 'plan':
      case 'opened':
      case 'tell':
        return
      default:
        this.notices.push(`not done here: ${(effect as { kind: string }).kind}`)
    }
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#server?.close()
  }
}
