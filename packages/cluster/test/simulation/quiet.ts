import { defaultVigilance } from '../../src/coordinator/vigilance.js'
import { type Environment, faultKinds } from './environment.js'

/** A world in which nothing goes wrong but what a test changes. */
export const quiet: Environment = {
  problem: 3, nWorkers: 2, minWorkers: 1, speculation: 2, isOrdered: true, latency: 1, jitter: 0,
  loss: 0, duplication: 0, computeMs: 2, loadMs: 30, fsyncMs: 0.5, heartbeatMs: 100,
  leaseMs: 1400, graceMs: 300, lastCallMs: 300,
  faultMs: Object.fromEntries(faultKinds.map((kind) => [kind, Infinity])) as Environment['faultMs'],
  calmAt: 60_000, hasTwoCoordinators: false, usesCodec: true, deathsMax: 5, poison: null,
  vigilance: defaultVigilance,
}
