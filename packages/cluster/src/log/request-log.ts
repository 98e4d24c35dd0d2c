import { decodeRequest, type EngineRequest } from '@coppice/engine'
import type { CommittedTree, Request, Trees } from '../protocol/messages.js'
import { TreeLog } from './tree-log.js'

/** What a message did to a log. `gap`: something before it is missing. */
export type LogOutcome = 'extended' | 'known' | 'gap'

/**
 * A worker's copy of the log of a job: trees of committed iterations and the requests of the
 * current one, in order, without holes.
 */
export class RequestLog {
  readonly trees = new TreeLog()
  #requests: EngineRequest[] = []
  #previous: readonly EngineRequest[] | null = null

  /** Requests of the current iteration, which is number `trees.length`. */
  get requests(): readonly EngineRequest[] {
    return this.#requests
  }

  /** All requests of the iteration before, or null when only its trees are known. */
  get previous(): readonly EngineRequest[] | null {
    return this.#previous
  }

  request({ iteration, seq, nBefore, body }: Request): LogOutcome {
    const current = this.trees.length
    if (iteration < current) return 'known'
    if (iteration === current) {
      if (seq !== this.#requests.length) return seq < this.#requests.length ? 'known' : 'gap'
      this.#requests.push(decodeRequest(body))
      return 'extended'
    }
    // 0: the coordinator has only the trees of the iteration before; so must we
    const continues = iteration === current + 1 && seq === 0 && nBefore > 0 &&
      nBefore === this.#requests.length
    if (!continues) return 'gap'
    this.trees.append(treesOf(this.#requests))
    this.#previous = this.#requests
    this.#requests = [decodeRequest(body)]
    return 'extended'
  }

  addTrees({ from, iterations }: Trees): LogOutcome {
    const known = this.trees.length
    if (from > known) return 'gap'
    const fresh = iterations.slice(known - from)
    if (fresh.length === 0) return 'known'
    for (const trees of fresh) this.trees.append(trees)
    this.#requests = []
    this.#previous = null
    return 'extended'
  }

  rewind(iteration: number): void {
    this.trees.truncate(iteration)
    this.#requests = []
    this.#previous = null
  }
}

/** The trees that an iteration's requests commit. */
export function treesOf(requests: readonly EngineRequest[]): CommittedTree[] {
  return requests.flatMap((request) =>
    request.kind === 'commit' ? [{ output: request.output, tree: request.tree }] : [])
}

/** Requests whose answers the coordinator waits for. */
export function needsAnswer({ kind }: EngineRequest): boolean {
  return kind === 'prepare' || kind === 'root' || kind === 'round' || kind === 'evaluate'
}
