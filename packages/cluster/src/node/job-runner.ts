import { labelColumnsOf } from '@coppice/data'
import { memoryLimitBytes } from '@coppice/data/node'
import {
  committedIterations, type CommittedIteration, initialIterations, metricDirections,
  type ResolvedParams, resolveParams, resumeModel, targetShape, type TrainResult, withInferred,
} from '@coppice/engine'
import { CoppiceError, type Model, serializeModel, startChain } from '@coppice/model'
import type { CoordinatorEffect, CoordinatorEvent } from '../coordinator/events.js'
import type { TrainerRecord } from '../coordinator/trainer.js'
import { checkSpec } from '../jobs/check-spec.js'
import { ClientAnswer } from '../jobs/client-answer.js'
import { deferred } from '../jobs/deferred.js'
import { type JobPlan, requireBuild } from '../jobs/job-plan.js'
import { JobStory } from '../jobs/job-story.js'
import { LoadingMeter } from '../jobs/loading-meter.js'
import { formatEnd, type JobOutcome } from '../jobs/outcome.js'
import type { RestoredJob } from '../jobs/restored-job.js'
import { settleTraining } from '../jobs/settle-training.js'
import { TaskBook } from '../jobs/task-book.js'
import { type OrderInputs, trainingInputs, trainOrder } from '../jobs/training-order.js'
import type { DataSpec, JobSpec } from '../protocol/client-messages.js'
import type { LoadedPartitionInfo, WireError } from '../protocol/messages.js'
import { wireError } from '../protocol/wire-error.js'
import type { RecordKeeper } from './job-journal.js'
import { surveyJob } from './job-survey.js'

/** What a job needs of its coordinator. */
export interface RunnerPort {
  /** Gives the machine an event. */
  step(event: CoordinatorEvent): void
  /** Threads of all workers that are in. */
  nThreads(): number
  /** Milliseconds of a monotonic clock. */
  now(): number
  readonly build: string
  /** How long a training waits for a client that has to answer and is gone. */
  readonly clientGraceMs: number
}

export interface RunnerOptions {
  readonly job: string
  readonly spec: JobSpec
  /** Its place among all jobs. */
  readonly place: number
  readonly journal: RecordKeeper
  /** What its journal has, or null for a new job. */
  readonly restored: RestoredJob | null
}

/** Where a job is. */
export type JobPhase = 'queued' | 'reading' | 'training' | 'predicting' | 'ended'

/**
 * One job from its specification to its model: has its data surveyed, orders the training,
 * journals what is committed, and lets the client decide where it wants to.
 */
export class JobRunner {
  readonly kind = 'training'
  readonly job: string
  readonly spec: JobSpec
  readonly place: number
  readonly story: JobStory
  phase: JobPhase = 'queued'
  readonly #port: RunnerPort
  readonly #journal: RecordKeeper
  readonly #restored: RestoredJob | null
  readonly #book: TaskBook
  readonly #meter: LoadingMeter
  /** Stops the survey. */
  readonly #stopReading = new AbortController()
  readonly #over = deferred<JobOutcome>()
  readonly #answer: ClientAnswer
  readonly #aborted = deferred<void>()
  #recorded: Promise<void> = Promise.resolve()
  #isOver = false
  #isAborted = false
  /** The machine works for this job. */
  #isOn = false
  /** As far as they are known without the data. */
  readonly #params: ResolvedParams
  readonly #resumeFrom: Model | null
  readonly #initModel: Model | null
  /** Iterations of the model to go on from. */
  readonly #nResumed: number
  #order: OrderInputs | null = null
  #infos: readonly LoadedPartitionInfo[] | null = null

  /** @throws CoppiceError 'PARAMETER', 'DATA' or 'MODEL' for a specification that cannot be used */
  constructor(options: RunnerOptions, port: RunnerPort) {
    const { job, spec, place, journal, restored } = options
    this.job = job
    this.spec = spec
    this.place = place
    this.#port = port
    this.#journal = journal
    this.#restored = restored
    const { params, resumeFrom, initModel } = checkSpec(spec)
    this.#params = params
    this.#resumeFrom = resumeFrom
    this.#initModel = initModel
    this.#nResumed = resumeFrom === null ? 0
      : resumeFrom.trees.length / resumeFrom.treesPerIteration - initialIterations(resumeFrom)
    this.story = new JobStory(job, params.numIterations)
    this.#answer = new ClientAnswer(() => port.now())
    this.#book = new TaskBook(job, (event) => port.step(event))
    this.#meter = new LoadingMeter(() => port.now(), (dataset, progress) =>
      this.story.loading(dataset, progress))
    if (restored?.plan == null) return
    this.story.opened(restored.plan.header)
    this.story.resumed(restored.iterations)
  }

  /** The data sets that it refers to. */
  get data(): readonly DataSpec[] {
    return [this.spec.train, ...this.spec.evalSets.map(({ data }) => data)]
  }

  /** The iteration whose answer is waited for, or null. */
  get awaitedIteration(): number | null {
    return this.#answer.iteration
  }

  /** Of all data sets, in the order of their numbers; empty before they are known. */
  get partitionNames(): readonly string[] {
    const recipes = this.#order?.recipes ?? []
    return recipes.flatMap(({ partitions }) => partitions.map(({ name }) => name))
  }

  /** Runs to the end. Never rejects. */
  async run(): Promise<JobOutcome> {
    this.#toEnd().catch((error: unknown) => this.fail(wireError(error)))
    const outcome = await this.#over.promise
    this.phase = 'ended'
    this.story.ended(outcome)
    return outcome
  }

  /** Writes the end, if it is one, and closes the journal. */
  async close(): Promise<void> {
    const { outcome } = this.story
    if (outcome !== null && !(outcome.kind === 'failed' && outcome.mayResume)) {
      const reason = formatEnd(outcome)
      await this.#journal.write({ kind: 'end', reason }).catch(() => undefined)
    }
    await this.#journal.close()
  }

  /** The coordinator stops: nothing more is told or written. */
  async leave(): Promise<void> {
    this.#isOver = true
    this.#stop()
    await this.#journal.close()
  }

  /** Writes down what is asked for, so that it outlasts this coordinator while it waits. */
  record(): void {
    const { job, spec, place } = this
    this.#recorded = this.#journal.write({ kind: 'job', job, spec: { spec, place } })
    // what goes wrong is told when the job has its turn
    this.#recorded.catch(() => undefined)
  }

  async #toEnd(): Promise<void> {
    const { job } = this
    await Promise.race([this.#recorded, this.#aborted.promise])
    if (this.#isOver) return
    const plan = this.#restored?.plan ?? null
    const records = this.#restored?.iterations ?? []
    if (plan !== null && !this.#isOfThisBuild(plan)) return
    if (plan !== null && await this.#endsHere(plan, records)) return
    this.phase = 'reading'
    this.#isOn = true
    this.#port.step({ kind: 'job', job })
    const order = plan === null ? await this.#survey() : this.#resumedOrder(plan, records)
    if (this.#isOver) return
    this.#order = order
    this.#infos = order.infos
    this.phase = 'training'
    this.#port.step({ kind: 'train', order: trainOrder(order) })
  }

  /** The version that wrote a journal can go on with it, so it is left as it is. */
  #isOfThisBuild(plan: JobPlan): boolean {
    try {
      requireBuild(plan, this.#port.build)
      return true
    } catch (error) {
      this.fail(wireError(error), true)
      return false
    }
  }

  async #survey(): Promise<OrderInputs> {
    const { spec } = this
    const survey = await surveyJob(spec, {
      book: this.#book,
      params: this.#params,
      initModel: this.#initModel,
      nThreads: () => this.#port.nThreads(),
      memoryBytes: memoryLimitBytes(),
      signal: this.#stopReading.signal,
      onProgress: (dataset, progress) => this.#meter.report(dataset, progress),
    })
    return { ...survey, ...this.#orderRest(), infos: null, resumeFrom: this.#resumeFrom }
  }

  #resumedOrder(plan: JobPlan, records: readonly CommittedIteration[]): OrderInputs {
    const { recipes, sources, infos, header } = plan
    const { params, inferred } = this.spec
    return {
      recipes, sources, infos,
      params: resolveParams(withInferred(
        params, inferred, recipes[0]!.classes, labelColumnsOf(recipes[0]!))),
      ...this.#orderRest(),
      // the records begin with the iterations of that model
      resumeFrom: records.length > this.#nResumed
        ? resumeModel(header, records, this.#initModel) : this.#resumeFrom,
    }
  }

  #orderRest(): Pick<OrderInputs, 'names' | 'initModel' | 'nThreads'> {
    return {
      initModel: this.#initModel,
      names: this.spec.evalSets.map(({ name }) => name),
      nThreads: () => this.#port.nThreads(),
    }
  }

  /**
   * Whether the training is over by what the client says to the last iteration: the answer may
   * have been lost with the coordinator that asked for it.
   */
  async #endsHere(plan: JobPlan, records: readonly CommittedIteration[]): Promise<boolean> {
    if (!this.spec.wantsGo || records.length <= this.#nResumed) return false
    const answer = await this.#answer.wait(records.length - 1)
    if (this.#isOver || answer === 'go') return this.#isOver
    const order = this.#resumedOrder(plan, records)
    this.#finish(settleTraining(
      trainingInputs(order, plan.infos), answer === 'stop' ? 'callback' : 'aborted'))
    return true
  }

  // ---- what the machine does

  /** An effect of the machine that concerns the job. */
  effect(effect: CoordinatorEffect): void {
    if (this.#isOver) return
    try {
      this.#perform(effect)
    } catch (error) {
      this.fail(wireError(error))
    }
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'send':
      case 'close':
        return
      case 'task-result': return this.#book.done(effect.task, effect.result)
      case 'task-error': return this.#book.failed(effect.task, effect.error)
      case 'plan':
        this.#infos = effect.infos
        return this.tellBinned(() => true)
      case 'opened': return this.#opened(effect.request)
      case 'tell': return this.story.told(effect.event)
      case 'announce':
        this.#announced(effect.request).catch((error: unknown) => this.fail(wireError(error)))
        return
      case 'done':
        this.#isOn = false
        return this.#finish(effect.result)
      case 'failed':
        this.#isOn = false
        return this.#end({
          kind: 'failed', error: effect.error, mayResume: effect.mayResume && !this.#isAborted,
        })
      case 'notice': return this.story.notice(effect.text)
    }
  }

  #opened({ header }: TrainerRecord['open']): void {
    const { recipes, sources } = this.#order!
    const known = this.#restored?.plan ?? null
    if (known !== null && startChain(known.header) !== startChain(header)) {
      throw new CoppiceError('INTERNAL', 'the journal was begun for another model than its data ' +
        'and parameters give now: the journal was changed, or this is a bug')
    }
    const plan: JobPlan = known ?? {
      build: this.#port.build, recipes, sources, shape: targetShape(this.#order!.params),
      infos: this.#infos!, header,
    }
    const writes = known === null ? [this.#journal.write({ kind: 'plan', plan })] : []
    this.story.opened(header)
    if (this.#resumeFrom !== null) {
      const resumed = committedIterations(
        this.#resumeFrom, metricDirections(this.#order!.params))
      this.story.resumed(resumed)
      for (const record of resumed) writes.push(this.#write(record))
    }
    Promise.all(writes).catch((error: unknown) => this.fail(wireError(error)))
  }

  /** An iteration is committed: it is written down, then told, then the next one may begin. */
  async #announced({ record }: TrainerRecord['announce']): Promise<void> {
    await Promise.race([this.#write(record), this.#aborted.promise])
    if (this.#isOver) return
    const asked = this.spec.wantsGo ? this.#answer.wait(record.iteration) : null
    this.story.committed(record)
    const answer = await asked ?? 'go'
    // an abort is known to the machine: it makes of any answer the end
    if (!this.#isOver) this.#port.step({ kind: 'go', answer: answer === 'stop' ? 'stop' : 'go' })
  }

  #write(record: CommittedIteration): Promise<void> {
    const { iteration, trees, rescale, metrics, positionBiases, chainHash } = record
    const biases = positionBiases === undefined ? {} : { positionBiases }
    return this.#journal.write(
      { kind: 'iteration', iteration, trees, rescale, metrics, ...biases, chainHash })
  }

  #finish({ model, stoppedBy }: TrainResult): void {
    this.#end({
      kind: 'done', stoppedBy, model: new TextEncoder().encode(serializeModel(model)),
    })
  }

  // ---- what the client and the coordinator do

  /** The client's answer to an iteration. */
  go(iteration: number, answer: 'go' | 'stop'): void {
    this.#answer.give(iteration, answer)
  }

  /** The client wants no more. */
  abort(): void {
    if (this.#isAborted || this.#isOver) return
    this.#isAborted = true
    if (this.phase === 'training') this.#port.step({ kind: 'abort' })
    else if (this.awaitedIteration === null) {
      this.fail({ code: 'ABORTED', message: this.phase === 'queued'
        ? 'training was aborted before it began' : 'loading was aborted by the caller' })
    }
    // whatever the training waits for, it need not any more
    this.#aborted.resolve()
    this.#answer.release()
  }

  /** Ends the job with an error. */
  fail(error: WireError, mayResume = false): void {
    if (this.#isOver) return
    if (this.#isOn) this.#port.step({ kind: 'cancel' })
    this.#isOn = false
    this.#end({ kind: 'failed', error, mayResume })
  }

  /** Time passed. */
  tick(): void {
    const { clientGraceMs } = this.#port
    const aloneMs = this.#answer.aloneMs(this.story.isHeard)
    if (this.#isOver || aloneMs === 0 || aloneMs < clientGraceMs) return
    this.fail({ code: 'ABORTED', message: `the client that has to answer after iteration ` +
      `${this.awaitedIteration} was gone for ${Math.round(clientGraceMs / 1000)} s; what was ` +
      'trained is in the journal: submit the same job again to go on' }, true)
  }

  /** Tells how far binning is. @param isBinned - of a partition, by its number */
  tellBinned(isBinned: (partition: number) => boolean): void {
    if (this.#isOver || this.#order === null) return
    const names = ['training', ...this.#order.names]
    let first = 0
    for (const [d, { partitions }] of this.#order.recipes.entries()) {
      const total = partitions.length
      const done = partitions.filter((_, i) => isBinned(first + i)).length
      first += total
      this.#meter.report(names[d]!, { phase: 'bin', done, total })
    }
  }

  #end(outcome: JobOutcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stop()
    this.#over.resolve(outcome.kind === 'failed' && outcome.mayResume && !this.#journal.isKept
      ? { ...outcome, mayResume: false } : outcome)
  }

  #stop(): void {
    const gone = new CoppiceError('ABORTED', 'the job is over')
    this.#stopReading.abort()
    this.#book.abandon(gone)
  }
}
