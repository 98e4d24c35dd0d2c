import { packedWidth, predictedBytes, type PredictedRows } from '@coppice/data'
import { assert, CoppiceError, type Predictor } from '@coppice/model'
import type { CoordinatorEffect } from '../coordinator/events.js'
import { BatchWindow } from '../jobs/batch-window.js'
import { checkPrediction } from '../jobs/check-spec.js'
import { ClusterTaskRunner } from '../jobs/cluster-task-runner.js'
import { deferred } from '../jobs/deferred.js'
import { BATCH_BYTES, requirePredicted } from '../jobs/prediction-batches.js'
import { type PredictionOutcome, PredictionStory } from '../jobs/prediction-story.js'
import { TaskBook } from '../jobs/task-book.js'
import type { DataSpec, PredictionSpec } from '../protocol/client-messages.js'
import type { WireError } from '../protocol/messages.js'
import { wireError } from '../protocol/wire-error.js'
import { type JobPhase, type RunnerPort } from './job-runner.js'
import { type PredictionSurvey, surveyPrediction } from './prediction-survey.js'

/** Results that the client has not taken, and what is in work, take no more than this. */
const WINDOW_BYTES = 128 << 20

/** A worker's threads have so many batches each, so that they never wait for the next. */
const BATCHES_PER_THREAD = 3

/** A prediction whose client is gone for so long is given up: coming back costs it little. */
const ALONE_MS_MAX = 30_000

/**
 * One prediction: has the rows predicted by workers, batch by batch, and passes the results on in
 * the order of the rows, no faster than the client takes them. Nothing of it is journaled.
 */
export class PredictionRunner {
  readonly kind = 'prediction'
  readonly job: string
  readonly story: PredictionStory
  phase: JobPhase = 'queued'
  readonly awaitedIteration = null
  readonly #spec: PredictionSpec
  readonly #port: RunnerPort
  readonly #predictor: Predictor
  readonly #book: TaskBook
  readonly #over = deferred<PredictionOutcome>()
  #survey: PredictionSurvey | null = null
  #tasks: ClusterTaskRunner | null = null
  #window: BatchWindow<PredictedRows> | null = null
  #aloneSince: number | null = null
  #isOver = false
  /** The machine works for this job. */
  #isOn = false

  /** @throws CoppiceError 'PARAMETER', 'DATA' or 'MODEL' for what cannot be predicted */
  constructor(job: string, spec: PredictionSpec, port: RunnerPort) {
    this.job = job
    this.#spec = spec
    this.#port = port
    this.#predictor = checkPrediction(spec)
    this.story = new PredictionStory(job)
    this.#book = new TaskBook(job, (event) => port.step(event))
  }

  /** The data set that it refers to. */
  get data(): readonly DataSpec[] {
    return [this.#spec.data]
  }

  /** In order; empty before they are known. */
  get partitionNames(): readonly string[] {
    return this.#survey?.context.partitions.map(({ name }) => name) ?? []
  }

  /** Rows that the client has, and all rows. */
  get rows(): { readonly nDone: number, readonly nAll: number } {
    if (this.#survey === null) return { nDone: 0, nAll: 0 }
    const { batches, nRows, context } = this.#survey
    const next = batches[this.#window?.nTaken ?? 0]
    if (next === undefined) return { nDone: nRows, nAll: nRows }
    const { partitionIdx, unit, start } = next
    const { firstRow } = context.partitions[partitionIdx]!
    return { nDone: firstRow + unit.firstRow + start, nAll: nRows }
  }

  /** Runs to the end. Never rejects. */
  async run(): Promise<PredictionOutcome> {
    if (!this.#isOver) {
      this.phase = 'reading'
      this.#isOn = true
      this.#port.step({ kind: 'job', job: this.job })
      this.#begin().catch((error: unknown) => this.fail(wireError(error)))
    }
    const outcome = await this.#over.promise
    this.phase = 'ended'
    this.story.ended(outcome)
    return outcome
  }

  async #begin(): Promise<void> {
    const survey = await surveyPrediction(this.#spec, this.#predictor, this.#book)
    if (this.#isOver) return
    const { sources, context, batches, nRows, keptTypes, digest } = survey
    this.#survey = survey
    this.phase = 'predicting'
    this.#tasks = new ClusterTaskRunner(this.#book, { sources, firstSource: 0 }, 1)
    this.#tasks.setContext(context)
    const nBatches = batches.length
    this.#window = new BatchWindow({
      // who has others than there are sees that the data were changed
      nBatches, first: Math.min(this.story.from, nBatches), bytesMax: WINDOW_BYTES,
      batchBytes: BATCH_BYTES,
    })
    this.story.planned({ nRows, nBatches, keptTypes, digest }, this.#window)
    this.#advance()
  }

  /** Sends what is done, deals what there is room for, and ends when all is taken. */
  #advance(): void {
    const window = this.#window
    if (window === null || this.#isOver) return
    this.story.pump()
    const { error } = window
    if (error !== null) return this.fail(error)
    if (window.isTaken) return this.#end({ kind: 'done', nRows: this.#survey!.nRows })
    for (const batch of window.deal(Math.max(1, this.#port.nThreads()) * BATCHES_PER_THREAD)) {
      this.#predict(window, batch).catch((problem: unknown) => {
        window.failed(batch, wireError(problem))
        this.#advance()
      })
    }
  }

  async #predict(window: BatchWindow<PredictedRows>, batch: number): Promise<void> {
    const { batches, keptTypes } = this.#survey!
    const [rows] = await this.#tasks!.run([{ kind: 'predict' as const, ...batches[batch]! }])
    assert(rows !== undefined, 'every task has a result')
    const { nNumbers } = packedWidth(this.#predictor, this.#spec.type)
    requirePredicted(rows, batches[batch]!, nNumbers, keptTypes)
    window.done(batch, rows, predictedBytes(rows))
    this.#advance()
  }

  // ---- what the machine, the client and the coordinator do

  /** An effect of the machine that concerns the job. */
  effect(effect: CoordinatorEffect): void {
    if (this.#isOver) return
    switch (effect.kind) {
      case 'task-result': return this.#book.done(effect.task, effect.result)
      case 'task-error': return this.#book.failed(effect.task, effect.error)
      case 'failed':
        this.#isOn = false
        return this.fail(effect.error)
      case 'notice': return this.story.notice(effect.text)
      default: return
    }
  }

  /** The client has written so many batches. */
  taken(nBatches: number): void {
    this.#window?.taken(nBatches)
    this.#advance()
  }

  /** The client wants no more. */
  abort(): void {
    this.fail({ code: 'ABORTED', message: 'prediction was aborted' })
  }

  /** Ends the job with an error. */
  fail(error: WireError): void {
    this.#end({ kind: 'failed', error, mayResume: false })
  }

  /** Time passed. */
  tick(): void {
    if (this.story.isHeard) this.#aloneSince = null
    else {
      this.#aloneSince ??= this.#port.now()
      const limit = Math.min(ALONE_MS_MAX, this.#port.clientGraceMs)
      if (this.#port.now() - this.#aloneSince < limit) return
      const seconds = Math.round(limit / 1000)
      this.fail({ code: 'ABORTED',
        message: `the client that wants the predictions was gone for ${seconds} s` })
    }
  }

  /** The coordinator stops. */
  leave(): Promise<void> {
    this.#isOver = true
    this.#abandon()
    return Promise.resolve()
  }

  #end(outcome: PredictionOutcome): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#isOn) this.#port.step({ kind: 'cancel' })
    this.#isOn = false
    this.#abandon()
    this.#over.resolve(outcome)
  }

  #abandon(): void {
    this.#book.abandon(new CoppiceError('ABORTED', 'the job is over'))
  }
}
