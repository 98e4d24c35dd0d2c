import { TestRandom } from '@coppice/testkit'
import type { Vigilance } from '../../src/coordinator/vigilance.js'
import type { Mutation } from './mutations.js'
import { plainCount, specialKinds } from './problem.js'

/** What a simulated world is like: all of it drawn from the seed. Times in virtual ms. */
export interface Environment {
  readonly problem: number
  readonly nWorkers: number
  readonly minWorkers: number
  readonly speculation: number
  /** Messages keep their order on a connection, and none is lost while it lasts (TCP). */
  readonly isOrdered: boolean
  readonly latency: number
  readonly jitter: number
  /** Of each message, where order does not hold. */
  readonly loss: number
  readonly duplication: number
  readonly computeMs: number
  readonly loadMs: number
  readonly fsyncMs: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  readonly graceMs: number
  readonly lastCallMs: number
  readonly vigilance: Vigilance
  /** Mean time between faults of a kind; Infinity: none. */
  readonly faultMs: Readonly<Record<FaultKind, number>>
  /** When faults stop. */
  readonly calmAt: number
  readonly hasTwoCoordinators: boolean
  /** Every message is written to bytes and read again. */
  readonly usesCodec: boolean
  /** So many workers in a row may die of the same, or say the same of why they cannot go on. */
  readonly deathsMax: number
  /** What every worker does that is asked for sums after the first iteration; null: it answers. */
  readonly poison: 'dies' | 'breaks' | null
}

export const faultKinds = [
  'kill-worker', 'kill-coordinator', 'pause-worker', 'pause-coordinator', 'cut', 'cut-one-way',
  'cut-all', 'reset', 'join', 'drain', 'full-disk', 'slow-worker', 'clock-jump', 'bad-memory',
  'resubmit', 'bad-read', 'bad-wire',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** Quiet runs and storms both occur: each kind of fault is absent, rare, or frequent. */
export function drawEnvironment(seed: number, mutation: Mutation | null): Environment {
  const random = new TestRandom(seed * 2 + 1)
  const faultMs = Object.fromEntries(faultKinds.map((kind) => {
    const mood = random.below(4)
    return [kind, mood < 2 ? Infinity : mood === 2 ? 20_000 : 1500 + random.below(5000)]
  })) as Record<FaultKind, number>
  const isOrdered = random.below(3) > 0
  const nWorkers = 1 + random.below(5)
  const hasTwoCoordinators = random.below(10) === 0
  const heartbeatMs = random.pick([100, 250, 500])
  return {
    problem: seed % 4 === 3 ? plainCount + random.below(specialKinds.length)
      : random.below(plainCount),
    nWorkers,
    // two coordinators share the workers
    minWorkers: random.below(3) === 0 && !hasTwoCoordinators ? nWorkers : 1,
    speculation: 1 + random.below(4),
    isOrdered,
    latency: random.pick([0.1, 1, 5, 40, 200]),
    jitter: random.pick([0, 1, 10, 100]),
    loss: isOrdered ? 0 : random.pick([0, 0.01, 0.1, 0.3]),
    duplication: isOrdered ? 0 : random.pick([0, 0.05, 0.5]),
    computeMs: random.pick([0.1, 2, 20, 150]),
    loadMs: random.pick([1, 30, 400]),
    fsyncMs: random.pick([0.5, 5, 50]),
    heartbeatMs,
    leaseMs: heartbeatMs * random.pick([4, 6]) + 800,
    graceMs: 300,
    lastCallMs: 300,
    faultMs: mutation === null || random.below(2) === 0 ? faultMs
      : { ...faultMs, 'kill-worker': 1500, join: 3000 },
    calmAt: 3_000 + random.below(20_000),
    hasTwoCoordinators,
    usesCodec: random.below(20) === 0,
    deathsMax: Infinity,
    poison: null,
    vigilance: {
      auditEvery: random.pick([50, 5, 1, 0]),
      slowRatio: random.pick([2, 2, 1.1, 0]),
      hangWarnMs: 10_000,
      hangTimeoutMs: random.pick([600_000, 30_000]),
    },
  }
}
