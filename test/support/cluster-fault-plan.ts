import { TestRandom } from '@coppice/testkit'

/** What can be done to a cluster, with its row in the fault matrix of the design. */
export const faultRows = {
  'kill-worker': '1',
  'kill-workers-in-turn': '2',
  'kill-all-but-one': '3',
  'kill-coordinator': '4',
  'lose-journal': '5',
  'kill-all': '6',
  'stop-worker': '7',
  'stop-coordinator': '8',
  'black-hole': '9',
  'black-hole-one-way': '9',
  'cut-all': '10',
  'reset-links': '11',
  'delay': '12',
  'slow-worker': '13',
  'corrupt': '14',
  'disk-full': '17',
  'join': '19',
  'drain': '20',
  'same-name': '21',
  'throttle': '-',
  'cut-client': '-',
} as const
export type FaultKind = keyof typeof faultRows

export const faultKinds = Object.keys(faultRows) as readonly FaultKind[]

/** Those that need more than processes and proxies: they are inflicted only when asked for. */
const onlyOnRequest: ReadonlySet<FaultKind> = new Set(['disk-full', 'lose-journal'])

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
  const kinds = faultKinds.filter((kind) => !onlyOnRequest.has(kind))
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
  return { seed, nWorkers, nThreads, minWorkers, faults }
}

function drawFault(
  random: TestRandom,
  kind: FaultKind,
  { nCommitted, delayMs, nWorkers }:
  { readonly nCommitted: number, readonly delayMs: number, readonly nWorkers: number },
): Fault {
  const [least, most] = durationsMs[kind]
  const lastsMs = least + random.below(most - least + 1)
  const way = kind === 'black-hole-one-way' ? random.pick(['up', 'down'] as const) : 'both'
  return { kind, nCommitted, delayMs, worker: random.below(nWorkers), lastsMs, way }
}

/** From and to. Leases of 3 s are outlasted by some and not by others. */
const durationsMs: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'kill-worker': [0, 3000],
  'kill-workers-in-turn': [200, 1000],
  'kill-all-but-one': [200, 3000],
  'kill-coordinator': [0, 3000],
  'lose-journal': [0, 1000],
  'kill-all': [0, 2000],
  'stop-worker': [300, 10_000],
  'stop-coordinator': [300, 8000],
  'black-hole': [500, 8000],
  'black-hole-one-way': [500, 8000],
  'cut-all': [0, 6000],
  'reset-links': [3000, 8000],
  'delay': [2000, 8000],
  'slow-worker': [5000, 15_000],
  'corrupt': [0, 0],
  'disk-full': [1000, 4000],
  'join': [0, 0],
  'drain': [200, 3000],
  'same-name': [0, 0],
  'throttle': [2000, 6000],
  'cut-client': [0, 0],
}

/** Kinds that concern one worker. */
const ofOneWorker: ReadonlySet<FaultKind> = new Set([
  'kill-worker', 'stop-worker', 'black-hole', 'black-hole-one-way', 'delay', 'slow-worker',
  'corrupt', 'drain', 'same-name', 'throttle',
])

/** Kinds that no client notices before its training runs. */
const sparesClients: ReadonlySet<FaultKind> = new Set([
  ...ofOneWorker, 'kill-workers-in-turn', 'kill-all-but-one', 'join',
])

/** A fault in one line. */
export function describeFault({ kind, nCommitted, delayMs, worker, lastsMs, way }: Fault): string {
  const who = ofOneWorker.has(kind) ? ` w${worker}` : ''
  const direction = kind === 'black-hole-one-way' ? ` (${way})` : ''
  const lasts = lastsMs > 0 ? `, for ${lastsMs} ms` : ''
  const after = nCommitted > 0 ? `${nCommitted} iterations`
    : nCommitted === 0 ? "the client's first word" : "the client's start"
  return `${kind}${who}${direction} ${delayMs} ms after ${after}${lasts}`
}
