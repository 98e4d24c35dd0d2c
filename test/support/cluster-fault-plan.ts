import { TestRandom } from '@coppice/testkit'
import { faultInfos, type FaultKind, faultKinds } from './cluster-fault-kinds.js'

/** One thing that is done to a cluster. */
export interface Fault {
  readonly kind: FaultKind
  /**
   * Inflicted so long after so many iterations were committed; 0: after the client's first word,
   * while data are read; -1: after the client started.
   */
  readonly nCommitted: number
  readonly delayMs: number
  /** Number of the worker it concerns, where it concerns one. */
  readonly worker: number
  /** How long it lasts; what died is started again after that. */
  readonly lastsMs: number
  /** Which way nothing passes. */
  readonly way: 'up' | 'down' | 'both'
  /** In [0, 1): which byte is changed, of how many. */
  readonly share: number
}

/** A whole run: how large the cluster is, and what happens to it. */
export interface FaultPlan {
  readonly seed: number
  readonly nWorkers: number
  /** Threads of each worker. */
  readonly nThreads: number
  /** Workers without which the training pauses. */
  readonly minWorkers: number
  readonly faults: readonly Fault[]
}

export interface PlanOptions {
  /** Fixed number of workers, or null to draw 1 to 5. */
  readonly nWorkers: number | null
  /** Iterations that the training may have. */
  readonly nIterations: number
  /** One fault of this kind and no other, or null for a storm. */
  readonly single: FaultKind | null
}

const faultsMax = 7

/** Draws what happens in a run. The same seed and options give the same plan. */
export function drawPlan(seed: number, options: PlanOptions): FaultPlan {
  const random = new TestRandom(seed ^ 0x2545_f491)
  const { single, nIterations } = options
  const nWorkers = options.nWorkers ?? (single === null ? 1 + random.below(5) : 3)
  const nThreads = random.uniform() < 0.75 ? 1 : 2
  if (single !== null) {
    // After a few iterations, so that there is a cadence to compare with.
    const nCommitted = Math.max(1, Math.floor(nIterations * (0.2 + 0.3 * random.uniform())))
    return { seed, nWorkers, nThreads, minWorkers: 1, faults: [
      drawFault(random, single, { nCommitted, delayMs: random.below(100), nWorkers }),
    ] }
  }
  const minWorkers = random.uniform() < 0.7 ? 1 : nWorkers
  const kinds = faultKinds.filter((kind) => faultInfos[kind].isOnRequest !== true)
  const n = 1 + random.below(faultsMax)
  const faults = Array.from({ length: n }, () => {
    const isEarly = random.uniform() < 0.2
    const kind = random.pick(kinds)
    // A client that meets nobody at its start gives up, as it should.
    const earliest = sparesClients.has(kind) ? random.pick([-1, 0]) : 0
    return drawFault(random, kind, {
      nCommitted: isEarly ? earliest : 1 + random.below(Math.floor(nIterations * 0.8)),
      delayMs: random.below(isEarly ? 1000 : 250),
      nWorkers,
    })
  })
  // Of more deaths a coordinator would take a partition for one that nobody can hold.
  const isMany = ({ kind }: Fault, i: number): boolean =>
    kind === 'die-loading' && faults.findIndex((other) => other.kind === kind) < i
  const few = faults.filter((fault, i) => !isMany(fault, i))
  return { seed, nWorkers, nThreads, minWorkers, faults: few }
}

function drawFault(
  random: TestRandom,
  kind: FaultKind,
  { nCommitted, delayMs, nWorkers }:
  { readonly nCommitted: number, readonly delayMs: number, readonly nWorkers: number },
): Fault {
  const [least, most] = faultInfos[kind].lastsMs
  const lastsMs = least + random.below(most - least + 1)
  const way = kind === 'black-hole-one-way' ? random.pick(['up', 'down'] as const) : 'both'
  const worker = random.below(nWorkers)
  return { kind, nCommitted, delayMs, worker, lastsMs, way, share: random.uniform() }
}

/** Kinds that no client notices before its training runs. */
const sparesClients: ReadonlySet<FaultKind> = new Set([
  ...faultKinds.filter((kind) => faultInfos[kind].isOfOneWorker === true),
  'kill-workers-in-turn', 'kill-all-but-one', 'join',
])

/** A fault in one line. */
export function describeFault({ kind, nCommitted, delayMs, worker, lastsMs, way }: Fault): string {
  const who = faultInfos[kind].isOfOneWorker === true ? ` w${worker}` : ''
  const direction = kind === 'black-hole-one-way' ? ` (${way})` : ''
  const lasts = lastsMs > 0 ? `, for ${lastsMs} ms` : ''
  const after = nCommitted > 0 ? `${nCommitted} iterations`
    : nCommitted === 0 ? "the client's first word" : "the client's start"
  return `${kind}${who}${direction} ${delayMs} ms after ${after}${lasts}`
}
