import { type EngineRequest, negateTree } from '@coppice/engine'
import { needsAnswer, type RequestLog } from '../log/request-log.js'
import { beginsWith } from '../log/tree-log.js'
import type { CommittedTree } from '../protocol/messages.js'

/** Most iterations that are replayed in one go, so that other stores get their turn. */
const REPLAY_ITERATIONS = 64

/** How far a store's engines have come in the log. */
export interface StoreProgress {
  /** Trees added to the scores, by iteration: all of them complete. */
  readonly applied: readonly (readonly CommittedTree[])[]
  /** Trees of the current iteration added so far: the first ones, in their order. */
  readonly partial: readonly CommittedTree[]
  /** Requests of the current iteration carried out. */
  readonly nRequests: number
  /** The answer to the last of them was sent. */
  readonly hasAnswered: boolean
}

export const freshProgress: StoreProgress = {
  applied: [], partial: [], nRequests: 0, hasAnswered: false,
}

/** A piece of work for a store's engines, and how far the store is after it. */
export interface StoreRun {
  /** To be carried out silently, first. */
  readonly apply: readonly EngineRequest[]
  /** To be answered: after carrying it out, or as it was carried out already (`isApplied`). */
  readonly answer: EngineRequest | null
  readonly isApplied: boolean
  readonly after: StoreProgress
}

/**
 * What brings a store nearer to the end of the log, or null when it is there.
 *
 * @param isActive - whether its answers are wanted
 * @param rewindTo - first iteration that it must forget, Infinity for none
 */
export function nextRun(
  progress: StoreProgress, log: RequestLog, isActive: boolean, rewindTo: number,
): StoreRun | null {
  if (mustRewind(progress, rewindTo)) return rewound(progress, rewindTo)
  if (progress.applied.length < log.trees.length) {
    return continued(progress, log) ?? replayed(progress, log)
  }
  return current(progress, log, isActive)
}

/** Whether the store has done anything in iteration `rewindTo` or after it. */
export function mustRewind({ applied, nRequests }: StoreProgress, rewindTo: number): boolean {
  return applied.length > rewindTo || (applied.length === rewindTo && nRequests > 0)
}

/** Takes trees back. Sums of leaf values are exact, so subtracting one undoes adding it. */
function rewound({ applied, partial }: StoreProgress, rewindTo: number): StoreRun {
  return {
    apply: undone([...applied.slice(rewindTo).flat(), ...partial]),
    answer: null,
    isApplied: false,
    after: { ...freshProgress, applied: applied.slice(0, rewindTo) },
  }
}

function undone(trees: readonly CommittedTree[]): EngineRequest[] {
  return trees.map(({ output, tree }): EngineRequest =>
    ({ kind: 'commit', output, tree: negateTree(tree), leafNodes: null, takesBack: true }))
    .reverse()
}

/**
 * Ends the iteration that the store grew itself: its rows are sorted by leaf already, which
 * makes adding the leaf values faster than walking the trees.
 */
function continued({ applied, nRequests }: StoreProgress, log: RequestLog): StoreRun | null {
  const { previous, trees } = log
  if (previous === null || applied.length !== trees.length - 1 || nRequests === 0) return null
  const rest = previous.slice(nRequests)
  if (rest.some(({ kind }) => kind !== 'commit')) return null
  return {
    apply: rest,
    answer: null,
    isApplied: false,
    after: { ...freshProgress, applied: [...applied, trees.at(applied.length)] },
  }
}

/** Adds committed trees by walking them. */
function replayed({ applied, partial }: StoreProgress, log: RequestLog): StoreRun {
  const { trees } = log
  const last = Math.min(trees.length, applied.length + REPLAY_ITERATIONS)
  // trees may be of another log, and their rewind yet to come: what was added is taken back first
  const isBegun = beginsWith(trees.at(applied.length), partial)
  const nAdded = isBegun ? partial.length : 0
  const apply = isBegun ? [] : undone(partial)
  const after = [...applied]
  for (let i = applied.length; i < last; i++) {
    // in order: an output may have several trees, its base score, or trees of earlier iterations
    const missing = i > applied.length ? trees.at(i) : trees.at(i).slice(nAdded)
    apply.push(...missing.map(commit))
    after.push(trees.at(i))
  }
  return { apply, answer: null, isApplied: false, after: { ...freshProgress, applied: after } }
}

/** Carries out the requests of the current iteration; the last one may want an answer. */
function current(
  progress: StoreProgress, { requests }: RequestLog, isActive: boolean,
): StoreRun | null {
  const rest = requests.slice(progress.nRequests)
  const last = requests.at(-1)
  const answers = isActive && last !== undefined && needsAnswer(last)
  if (rest.length === 0) {
    if (!answers || progress.hasAnswered) return null
    return { apply: [], answer: last, isApplied: true, after: { ...progress, hasAnswered: true } }
  }
  const partial = [...progress.partial]
  for (const request of rest) {
    if (request.kind === 'commit') partial.push({ output: request.output, tree: request.tree })
  }
  return {
    apply: answers ? rest.slice(0, -1) : rest,
    answer: answers ? last : null,
    isApplied: false,
    after: { ...progress, partial, nRequests: requests.length, hasAnswered: answers },
  }
}

function commit({ output, tree }: CommittedTree): EngineRequest {
  return { kind: 'commit', output, tree, leafNodes: null }
}
