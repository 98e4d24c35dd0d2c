import type { CoordinatorMachine } from '../coordinator/machine.js'
import type { Member } from '../coordinator/members.js'
import type { CoordinatorTraffic } from './coordinator-traffic.js'
import type { EndedJob } from './ended-jobs.js'
import type { JobQueue } from './job-queue.js'

/** What a coordinator is doing. Plain data: `GET /status` gives it as JSON. */
export interface ClusterStatus {
  readonly url: string
  /** Numbers the starts of this coordinator. */
  readonly term: number
  readonly build: string
  /** The job that runs, or null. */
  readonly job: string | null
  /**
   * waiting: for workers, or for the answer of a client; reading: the data are surveyed, or being
   * binned; idle: there is no job.
   */
  readonly phase: 'idle' | 'waiting' | 'reading' | 'training' | 'predicting'
  /** Iterations that are committed, and that the job is for. */
  readonly iteration: number
  readonly nIterations: number
  /** Of a prediction: rows that its client has, and all rows; null for a training. */
  readonly rows: { readonly nDone: number, readonly nAll: number } | null
  /** Jobs that wait for their turn, in order. */
  readonly queue: readonly string[]
  /** Jobs that ended last, oldest first; models of trainings that are done can be fetched. */
  readonly ended: readonly EndedJob[]
  readonly minWorkers: number
  readonly workers: readonly WorkerStatus[]
  /** Who was waited for most often in this job, and in which share of its rounds. */
  readonly slowest: { readonly name: string, readonly lastRatio: number } | null
  readonly nPartitions: number
  /** Names of partitions that nobody holds. */
  readonly orphans: readonly string[]
  /** Requests to all workers in this job. */
  readonly nRounds: number
  /** Bytes that came from workers in this job, over its trees. */
  readonly bytesPerTree: number
  /** Answers that were late, double, or of another request. */
  readonly nAnswersDropped: number
  /** Audits in which two workers agreed about a partition. */
  readonly nAuditsPassed: number
  /** The last lines for people, oldest first. */
  readonly notices: readonly TimedNotice[]
}

export interface TimedNotice {
  /** ISO 8601. */
  readonly time: string
  readonly text: string
}

/** What a worker is doing. */
export interface WorkerStatus {
  readonly name: string
  readonly nThreads: number
  /** lost: its connection is, and it may come back. */
  readonly phase: 'idle' | 'reading' | 'loading' | 'training' | 'leaving' | 'lost'
  /** That it holds for the job, in active stores. */
  readonly nPartitions: number
  /** Iterations of the log that it knows. */
  readonly iteration: number
  readonly rssBytes: number
  readonly memoryBytes: number
  readonly lastHeardMs: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface StatusSources {
  readonly url: string
  readonly term: number
  readonly build: string
  readonly minWorkers: number
  readonly machine: CoordinatorMachine
  readonly traffic: CoordinatorTraffic
  readonly queue: JobQueue
  readonly notices: readonly TimedNotice[]
}

/** @param now - of the coordinator's monotonic clock */
export function clusterStatus(sources: StatusSources, now: number): ClusterStatus {
  const { url, term, build, minWorkers, machine, traffic, queue, notices } = sources
  const { current } = queue
  const board = machine.training?.board ?? null
  const partitions = current?.partitionNames ?? []
  return {
    url, term, build, minWorkers,
    job: current?.job ?? null,
    phase: phaseOf(sources),
    iteration: current?.kind === 'training' ? current.story.records.length : 0,
    nIterations: current?.kind === 'training' ? current.story.nIterations : 0,
    rows: current?.kind === 'prediction' ? current.rows : null,
    queue: queue.waiting.map(({ job }) => job),
    ended: queue.ended,
    workers: machine.members.map((member) => workerStatus(member, sources, now)),
    slowest: traffic.slowest,
    nPartitions: partitions.length,
    orphans: board?.orphans().map((p) => partitions[p] ?? String(p)) ?? [],
    nRounds: traffic.nRounds,
    bytesPerTree: traffic.nTrees === 0 ? 0 : Math.round(traffic.bytesReceived / traffic.nTrees),
    nAnswersDropped: traffic.nAnswersDropped,
    nAuditsPassed: traffic.nAuditsPassed,
    notices: [...notices],
  }
}

function phaseOf({ machine, queue }: StatusSources): ClusterStatus['phase'] {
  const { current } = queue
  if (current === null) return 'idle'
  const nPresent = machine.members.filter(({ state }) => !state.isDraining).length
  if (nPresent < machine.nNeeded || current.awaitedIteration !== null) return 'waiting'
  if (current.phase === 'training' && machine.training?.driver == null) return 'reading'
  return current.phase === 'training' || current.phase === 'predicting' ? current.phase : 'reading'
}

function workerStatus(
  { name, nThreads, memoryBytes, link, lastHeard, state }: Member,
  { machine, traffic }: StatusSources, now: number,
): WorkerStatus {
  const held = machine.training?.board.heldBy(name).filter(({ role }) => role === 'active') ?? []
  return {
    name, nThreads, memoryBytes,
    phase: link === null ? 'lost' : workerPhase(state),
    nPartitions: held.reduce((sum, { partitions }) => sum + partitions.length, 0),
    iteration: state.iteration,
    rssBytes: state.rssBytes,
    lastHeardMs: Math.max(0, Math.round(now - lastHeard)),
    ...traffic.of(name),
  }
}

function workerPhase({ isDraining, tasks, stores }: Member['state']): WorkerStatus['phase'] {
  if (isDraining) return 'leaving'
  if (tasks.length > 0) return 'reading'
  if (stores.some(({ phase }) => phase === 'loading')) return 'loading'
  return stores.length > 0 ? 'training' : 'idle'
}
