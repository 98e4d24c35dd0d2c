import {
  decodeRequest, type EngineRequest, requestFault, type RequestLimits, treeFault,
} from '@coppice/engine'
import { ProtocolError } from '../protocol/error.js'
import type { CommittedTree, Request, Trees } from '../protocol/messages.js'
import { LogMarks } from './log-marks.js'
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
  #marks = new LogMarks(this.trees.digest)
  #previous: readonly EngineRequest[] | null = null

  /** Requests of the current iteration, which is number `trees.length`. */
  get requests(): readonly EngineRequest[] {
    return this.#requests
  }

  /** Of all that it has, see LogMarks. */
  get mark(): string {
    return this.#marks.last
  }

  /** All requests of the iteration before, or null when only its trees are known. */
  get previous(): readonly EngineRequest[] | null {
    return this.#previous
  }

  /**
   * @param limits - of the training
   * @throws ProtocolError for a request that would continue the log, and is none of such a training
   */
  request({ iteration, seq, nBefore, body }: Request, limits: RequestLimits): LogOutcome {
    const current = this.trees.length
    if (iteration < current) return 'known'
    if (iteration === current) {
      if (seq !== this.#requests.length) return seq < this.#requests.length ? 'known' : 'gap'
      this.#requests.push(readRequest(body, limits))
      this.#marks.add(body)
      return 'extended'
    }
    // 0: the coordinator has only the trees of the iteration before; so must we
    const continues = iteration === current + 1 && seq === 0 && nBefore > 0 &&
      nBefore === this.#requests.length
    if (!continues) return 'gap'
    const request = readRequest(body, limits)
    this.trees.append(treesOf(this.#requests))
    this.#previous = this.#requests
    this.#requests = [request]
    this.#marks = new LogMarks(this.trees.digest)
    this.#marks.add(body)
    return 'extended'
  }

  /** @throws ProtocolError for trees that are none of such a training */
  addTrees({ from, iterations }: Trees, limits: RequestLimits): LogOutcome {
    const known = this.trees.length
    if (from > known) return 'gap'
    const fresh = iterations.slice(known - from)
    if (fresh.length === 0) return 'known'
    for (const tree of fresh.flat()) requireSound('trees', treeFault(tree, limits))
    for (const trees of fresh) this.trees.append(trees)
    this.#clear()
    return 'extended'
  }

  rewind(iteration: number): void {
    this.trees.truncate(iteration)
    this.#clear()
  }

  #clear(): void {
    this.#requests = []
    this.#marks = new LogMarks(this.trees.digest)
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
  return kind === 'prepare' || kind === 'tally' || kind === 'root' || kind === 'round' ||
    kind === 'together' || kind === 'select' || kind === 'moments' || kind === 'evaluate'
}

function readRequest(body: Uint8Array, limits: RequestLimits): EngineRequest {
  let request: EngineRequest
  try {
    request = decodeRequest(body)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ProtocolError('invalid', `message "request", .body: ${why}`, { cause: error })
  }
  requireSound('request', requestFault(request, limits))
  return request
}

function requireSound(type: string, fault: string | null): void {
  if (fault !== null) throw new ProtocolError('invalid', `message "${type}": ${fault}`)
}
