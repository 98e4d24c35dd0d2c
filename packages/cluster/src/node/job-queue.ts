import { CoppiceError } from '@coppice/model'
import type { CoordinatorEffect } from '../coordinator/events.js'
import { checkJobName, checkSpec } from '../jobs/check-spec.js'
import { endedStory } from '../jobs/ended-story.js'
import type { JobListener, JobStory } from '../jobs/job-story.js'
import { type RestoredJob, restoreJob } from '../jobs/restored-job.js'
import type { UploadUse } from '../jobs/upload-use.js'
import type { JobSpec, Predict, Submit } from '../protocol/client-messages.js'
import { wireError } from '../protocol/wire-error.js'
import { type EndedJob, EndedJobs, endText, type JobEnd } from './ended-jobs.js'
import type { JobFolder } from './job-folder.js'
import { JobJournal, noJournal } from './job-journal.js'
import { JobRunner, type RunnerPort } from './job-runner.js'
import type { JournalDisk } from './journal-disk.js'
import { PredictionRunner } from './prediction-runner.js'

export interface JobQueueOptions {
  readonly port: RunnerPort
  /** Where journals are kept, or null for none. */
  readonly folder: JobFolder | null
  readonly isStrict: boolean
  readonly disk: JournalDisk | undefined
  /** Learns which uploads jobs refer to. */
  readonly uploads: UploadUse
  readonly onNotice: (text: string) => void
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
}

/** A job of either kind. */
export type QueuedJob = JobRunner | PredictionRunner

interface ClosingJob {
  readonly runner: JobRunner
  readonly done: Promise<void>
}

/** Stories of so many jobs that ended are kept in memory, for clients that come back. */
const REMEMBERED_MAX = 4

/**
 * The jobs of a coordinator: one runs, the others wait for their turn, in the order in which they
 * were submitted. Trainings that a journal has survive the coordinator; predictions do not.
 */
export class JobQueue {
  readonly #options: JobQueueOptions
  #current: QueuedJob | null = null
  #waiting: QueuedJob[] = []
  readonly #ended = new Map<string, JobStory>()
  readonly #endedJobs = new EndedJobs()
  /** Jobs whose journals are being closed. */
  readonly #closing = new Map<string, ClosingJob>()
  /** What clients said is done up to here. */
  #submits: Promise<void> = Promise.resolve()
  #lastPlace = 0
  #isClosed = false

  constructor(options: JobQueueOptions) {
    this.#options = options
  }

  /** The job that runs, or null. */
  get current(): QueuedJob | null {
    return this.#current
  }

  /** Those that wait, in order. */
  get waiting(): readonly QueuedJob[] {
    return this.#waiting
  }

  /** The jobs that ended last, oldest first. */
  get ended(): readonly EndedJob[] {
    return this.#endedJobs.all
  }

  /** Takes up what an earlier coordinator left in the folder. @throws CoppiceError 'IO' */
  async restore(): Promise<void> {
    for (const found of await this.#options.folder?.list() ?? []) {
      const { job, restored, problem } = found
      this.#lastPlace = Math.max(this.#lastPlace, restored?.place ?? 0)
      if (restored?.end != null) {
        this.#endedJobs.add(job, 'training', restored.end, found.changedAt)
        continue
      }
      try {
        if (problem !== null) throw problem.cause
        if (restored === null) continue
        this.#addTraining(await this.#open(job, null))
        this.#options.onNotice(`job ${job} goes on after ${restored.iterations.length} iterations`)
      } catch (error) {
        this.#options.uploads.keepAll()
        this.#options.onNotice(`job ${job} cannot go on: ${wireError(error).message}`)
      }
    }
  }

  /** A client brings a job, or comes back to one. */
  submit(listener: JobListener, message: Submit): void {
    this.#inOrder(() => this.#submit(listener, message))
  }

  /** What clients want is done in the order in which they said it. */
  #inOrder(work: () => Promise<void> | void): void {
    this.#submits = this.#submits.then(work).catch((error: unknown) => {
      this.#options.onNotice(wireError(error).message)
    })
  }

  async #submit(listener: JobListener, { job, spec, fromIteration }: Submit): Promise<void> {
    try {
      checkJobName(job)
      const runner = this.#runnerOf(job)
      if (runner?.kind === 'prediction') throw otherKind(job, runner.kind)
      if (runner !== undefined) {
        return attach(runner.story, listener, fromIteration, runner.awaitedIteration)
      }
      const remembered = this.#ended.get(job)
      if (remembered !== undefined) return attach(remembered, listener, fromIteration, null)
      const closing = this.#closing.get(job)
      const ending = closing?.runner.story
      if (ending !== undefined && !mayGoOn(ending)) {
        // its journal may wait for room on the disk: nobody else has to
        return attach(ending, listener, fromIteration, null)
      }
      await closing?.done
      const ended = await this.#endedOf(job)
      if (ended !== null) return attach(ended, listener, fromIteration, null)
      if (this.#isClosed) return
      const opened = await this.#open(job, spec)
      attach(opened.story, listener, fromIteration, null)
      this.#addTraining(opened)
    } catch (error) {
      listener.send({ type: 'failed', job, error: wireError(error), mayResume: false })
    }
  }

  /** A client wants to hear of a training that it did not bring. */
  follow(listener: JobListener, job: string): void {
    this.#inOrder(async () => {
      try {
        checkJobName(job)
        const story = await this.#storyOf(job)
        if (listener.isOpen) story.follow(listener)
      } catch (error) {
        listener.send({ type: 'failed', job, error: wireError(error), mayResume: false })
      }
    })
  }

  async #storyOf(job: string): Promise<JobStory> {
    const runner = this.#runnerOf(job)
    if (runner?.kind === 'training') return runner.story
    const ending = this.#closing.get(job)?.runner.story
    if (ending !== undefined && !mayGoOn(ending)) return ending
    const ended = this.#endedJobs.get(job)
    if (runner?.kind === 'prediction' || ended?.kind === 'prediction') {
      throw new CoppiceError('PARAMETER', `job "${job}" is a prediction, which has no model; its ` +
        'rows go to the client that brought it')
    }
    const story = this.#ended.get(job) ?? await this.#endedOf(job)
    if (story !== null) return story
    if (ended?.state === 'left') {
      throw new CoppiceError('IO', `job "${job}" did not come to its end: ${ended.text}; a ` +
        'coordinator that is started again on its journal goes on with it')
    }
    if (ended !== null) {
      throw new CoppiceError('IO', `job "${job}" ended (${ended.text}), and is not kept any ` +
        `more: a coordinator without --journal keeps the models of the last ${REMEMBERED_MAX} jobs`)
    }
    throw new CoppiceError('PARAMETER', `there is no job "${job}" here; coppice status tells of ` +
      'those that there are, and of the last that ended')
  }

  /** A client brings a prediction, or comes back to one. */
  predict(listener: JobListener, { job, spec, fromBatch }: Predict): void {
    this.#inOrder(() => {
      try {
        checkJobName(job)
        const known = this.#runnerOf(job)
        if (known?.kind === 'training') throw otherKind(job, known.kind)
        if (this.#isClosed || !listener.isOpen) return
        const runner = known ?? new PredictionRunner(job, spec, this.#options.port)
        runner.story.attach(listener, fromBatch)
        if (known === undefined) this.#add(runner)
      } catch (error) {
        listener.send({ type: 'failed', job, error: wireError(error), mayResume: false })
      }
    })
  }

  /** The client has so many batches of a prediction. */
  taken(job: string, nBatches: number): void {
    const runner = this.#runnerOf(job)
    if (runner?.kind === 'prediction') runner.taken(nBatches)
  }

  /** The client's answer to an iteration. */
  go(job: string, iteration: number, answer: 'go' | 'stop'): void {
    const runner = this.#runnerOf(job)
    if (runner?.kind === 'training') runner.go(iteration, answer)
  }

  /** The client wants no more of a job. */
  abort(job: string): void {
    this.#inOrder(() => {
      const runner = this.#runnerOf(job)
      runner?.abort()
      if (runner === undefined || !this.#waiting.includes(runner)) return
      this.#waiting = this.#waiting.filter((other) => other !== runner)
      void this.#run(runner)
      this.#tellPlaces()
    })
  }

  /** A client's connection is gone. */
  detach(listener: JobListener): void {
    for (const story of this.#stories()) story.detach(listener)
  }

  /** A client's connection has room again. */
  drained(listener: JobListener): void {
    for (const story of this.#stories()) story.drained(listener)
  }

  /** An effect of the machine. */
  effect(effect: CoordinatorEffect): void {
    this.#current?.effect(effect)
  }

  tick(): void {
    this.#current?.tick()
  }

  /** Leaves all jobs as they are: their journals say how to go on. */
  async close(): Promise<void> {
    this.#isClosed = true
    // whoever waits for a journal that cannot be written waits no longer
    const leaving = [...this.#closing.values()].map(({ runner }) => runner.leave())
    await this.#submits
    await Promise.all(leaving)
    const closing = [...this.#closing.values()]
    const left = [...this.#waiting, ...closing.map(({ runner }) => runner)]
    if (this.#current !== null) left.push(this.#current)
    this.#waiting = []
    await Promise.all([...left.map((runner) => runner.leave()), ...closing.map(({ done }) => done)])
  }

  *#stories(): Generator<QueuedJob['story']> {
    if (this.#current !== null) yield this.#current.story
    for (const { story } of this.#waiting) yield story
    yield* this.#ended.values()
  }

  #runnerOf(job: string): QueuedJob | undefined {
    return [this.#current, ...this.#waiting].find((runner) => runner?.job === job) ?? undefined
  }

  /** The story of a job of which only the journal is left, or null. */
  async #endedOf(job: string): Promise<JobStory | null> {
    const restored = await this.#options.folder?.read(job) ?? null
    if (restored?.end == null) return null
    const story = endedStory(restored)
    this.#remember(job, story)
    return story
  }

  /** @param spec - of a new job; null for one that has a journal */
  async #open(job: string, spec: JobSpec | null): Promise<JobRunner> {
    const { folder, port, isStrict, disk, onNotice } = this.#options
    if (spec !== null) checkSpec(spec)
    let runner: JobRunner | null = null
    const tell = (text: string): void => {
      onNotice(text)
      runner?.story.notice(text)
    }
    const journal = folder === null ? noJournal
      : await JobJournal.open({ folder: folder.path, job, isStrict, disk, onNotice: tell })
    try {
      const restored = journal instanceof JobJournal
        ? restoreJob(journal.file.contents.records) : null
      runner = new JobRunner({ job, journal, restored, ...this.#specOf(restored, spec) }, port)
      return runner
    } catch (error) {
      await journal.close()
      throw error
    }
  }

  #specOf(
    restored: RestoredJob | null, spec: JobSpec | null,
  ): { readonly spec: JobSpec, readonly place: number } {
    if (restored !== null) return { spec: restored.spec, place: restored.place }
    return { spec: spec!, place: ++this.#lastPlace }
  }

  #addTraining(runner: JobRunner): void {
    runner.record()
    this.#add(runner)
  }

  #add(runner: QueuedJob): void {
    this.#options.uploads.hold(runner.job, runner.data)
    this.#endedJobs.remove(runner.job)
    this.#waiting.push(runner)
    this.#next()
    this.#tellPlaces()
  }

  #next(): void {
    if (this.#current !== null || this.#isClosed) return
    const runner = this.#waiting.shift()
    if (runner === undefined) return
    this.#current = runner
    void this.#run(runner)
  }

  #tellPlaces(): void {
    const nRunning = this.#current === null ? 0 : 1
    this.#current?.story.accepted(0)
    for (const [i, { story }] of this.#waiting.entries()) story.accepted(nRunning + i)
  }

  async #run(runner: QueuedJob): Promise<void> {
    const outcome = await runner.run()
    if (this.#isClosed) return
    this.#options.onNotice(endText(runner.job, outcome))
    this.#endedJobs.add(runner.job, runner.kind, outcome, this.#options.wallClock())
    if (runner.kind === 'training') this.#conclude(runner, outcome)
    if (outcome.kind === 'done' || !outcome.mayResume) {
      this.#options.uploads.release(runner.job, this.#options.wallClock())
    }
    if (this.#current !== runner) return
    this.#current = null
    this.#next()
    this.#tellPlaces()
  }

  /** Keeps what came of a training, and closes its journal. */
  #conclude(runner: JobRunner, outcome: JobEnd): void {
    const { job, story } = runner
    if (outcome.kind === 'done' || !outcome.mayResume) this.#remember(job, story)
    const done = runner.close().then(() => this.#forget(runner)).catch((error: unknown) => {
      this.#options.onNotice(`the journal of job ${job}: ${wireError(error).message}`)
    }).finally(() => this.#closing.delete(job))
    this.#closing.set(job, { runner, done })
  }

  /** What is kept of an ended job, and what is not any more. */
  async #forget({ job, story }: JobRunner): Promise<void> {
    if (mayGoOn(story)) return
    await this.#options.folder?.ended(job, this.#options.wallClock())
  }

  #remember(job: string, story: JobStory): void {
    this.#ended.set(job, story)
    const oldest = this.#ended.keys().next().value!
    if (this.#ended.size > REMEMBERED_MAX) this.#ended.delete(oldest)
  }
}

/** Whether the job was left so that it can be gone on with. */
function mayGoOn({ outcome }: JobStory): boolean {
  return outcome?.kind === 'failed' && outcome.mayResume
}

function otherKind(job: string, kind: QueuedJob['kind']): CoppiceError {
  return new CoppiceError('PARAMETER', `job "${job}" is a ${kind}; give this one another name`)
}

function attach(
  story: JobStory, listener: JobListener, fromIteration: number, awaited: number | null,
): void {
  // whoever left in the meantime would be waited for
  if (listener.isOpen) story.attach(listener, fromIteration, awaited)
}
