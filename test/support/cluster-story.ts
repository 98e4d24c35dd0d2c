import type { Line } from './cluster-process.js'

/** An iteration that a client was told of. */
export interface Commit {
  readonly iteration: number
  readonly at: number
}

/** What a client wrote with `--log-format json`, read back. */
export interface ClientStory {
  readonly commits: readonly Commit[]
  readonly notes: readonly string[]
}

export function readClient(lines: readonly Line[]): ClientStory {
  const commits: Commit[] = []
  const notes: string[] = []
  for (const { at, text } of lines) {
    if (!text.startsWith('{')) continue
    const event = JSON.parse(text) as { event: string, iteration?: number, text?: string }
    if (event.event === 'iteration') commits.push({ iteration: event.iteration!, at })
    if (event.text !== undefined) notes.push(event.text)
  }
  return { commits, notes }
}

/** What recovered, read from what a coordinator told people. */
export interface Witnesses {
  workersLost: number
  /** Partitions that went to another worker because theirs was lost. */
  partitionsMoved: number
  /** Coordinators that took up the job from their journal. */
  coordinatorRestarts: number
  /** Iterations that began again from their first request. */
  iterationsRedone: number
  workersJoined: number
}

export function noWitnesses(): Witnesses {
  return { workersLost: 0, partitionsMoved: 0, coordinatorRestarts: 0, iterationsRedone: 0,
    workersJoined: 0 }
}

/** Counts in the lines of all coordinators of a run. */
export function readCoordinators(lines: readonly Line[]): Witnesses {
  const witnesses = noWitnesses()
  for (const { text } of lines) {
    if (/worker \S+ lost: /.test(text)) witnesses.workersLost++
    const moved = /its (\d+) partitions? (?:moved to|waits?) /.exec(text)
    if (moved !== null) witnesses.partitionsMoved += Number(moved[1])
    if (/worker \S+ joined/.test(text)) witnesses.workersJoined++
    const resumed = /goes on after (\d+) iterations?/.exec(text)
    if (resumed !== null) witnesses.coordinatorRestarts++
    if (resumed !== null || /iteration begins again/.test(text)) witnesses.iterationsRedone++
  }
  return witnesses
}

/** The longest time between two commits, and the usual one; milliseconds. */
export interface Cadence {
  readonly longestMs: number
  readonly medianMs: number
  /** The longest one before; 0 where there is none. */
  readonly longestBeforeMs: number
}

/** Fewer gaps than that do not say what is usual. */
const gapsMin = 3

/**
 * @param from - when something was done to the cluster: only gaps that end later count for the
 *   longest, and only those that ended before are usual ones, if there are enough of them
 */
export function readCadence(commits: readonly Commit[], from = -Infinity): Cadence {
  const gaps = commits.slice(1).map(({ at }, i) => ({ at, gap: at - commits[i]!.at }))
  const early = gaps.filter(({ at }) => at < from)
  const usual = (early.length < gapsMin ? gaps : early).map(({ gap }) => gap)
  const sorted = usual.sort((a, b) => a - b)
  const late = gaps.filter(({ at }) => at >= from).map(({ gap }) => gap)
  return {
    longestMs: Math.max(0, ...late),
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    longestBeforeMs: Math.max(0, ...early.map(({ gap }) => gap)),
  }
}
