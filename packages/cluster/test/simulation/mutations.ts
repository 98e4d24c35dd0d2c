import { Round } from '../../src/coordinator/round.js'
import type { MakeRound } from '../../src/coordinator/training-driver.js'
import { nextRun } from '../../src/worker/store-progress.js'

/** Planted bugs: each must be caught, or the simulation proves nothing. */
export const mutations = [
  'counts-by-worker', 'other-round', 'no-replay', 'stale-scale', 'stale-bound',
] as const
export type Mutation = (typeof mutations)[number]

/** How answers are counted, with a bug. */
export function roundMaker(mutation: Mutation | null): MakeRound | undefined {
  if (mutation === 'counts-by-worker') return (...args) => new RoundOfWorkers(...args)
  if (mutation === 'other-round') return (...args) => new RoundOfAnything(...args)
  return undefined
}

/** Complete when so many answers have come, whoever's rows they are about. */
class RoundOfWorkers extends Round {
  override admit(
    answer: Parameters<Round['admit']>[0], partitions: readonly number[],
  ): boolean {
    if (super.admit(answer, partitions)) return true
    // an answer that covers what is covered already fills what is missing
    const missing = this.missing()
    if (answer.iteration !== this.iteration || answer.seq !== this.seq || missing.length === 0) {
      return false
    }
    return super.admit(answer, missing.slice(0, partitions.length))
  }
}

/** Takes what was meant for another request. */
class RoundOfAnything extends Round {
  override admit(
    answer: Parameters<Round['admit']>[0], partitions: readonly number[],
  ): boolean {
    return super.admit({ ...answer, iteration: this.iteration, seq: this.seq }, partitions)
  }
}

/** How a store follows the log, with a bug. */
export function runMaker(mutation: Mutation | null): typeof nextRun | undefined {
  if (mutation === 'no-replay') {
    return (...args) => {
      const run = nextRun(...args)
      // a store that comes late adds no trees
      const isLate = run !== null && run.after.nRequests === 0 &&
        run.after.applied.length > args[0].applied.length + 1
      return isLate ? { ...run, apply: [] } : run
    }
  }
  if (mutation === 'stale-scale') {
    const first = new WeakMap<object, number>()
    return (...args) => {
      const run = nextRun(...args)
      if (run === null) return run
      const log = args[1]
      return {
        ...run,
        apply: run.apply.map((request) => {
          if (request.kind !== 'gradients') return request
          const known = first.get(log) ?? request.gradientScale
          first.set(log, known)
          return { ...request, gradientScale: known }
        }),
      }
    }
  }
  return undefined
}

/** Whether the reducer forgets to forget the largest gradient of the iteration before. */
export function keepsBound(mutation: Mutation | null): boolean {
  return mutation === 'stale-bound'
}
