import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runChaos, trainAlone } from './support/cluster-chaos.js'
import type { Fault, FaultKind } from './support/cluster-fault-plan.js'
import { makeProblem, type ProblemRecipe } from './support/cluster-problem.js'

const nIterations = 44
const recipe: ProblemRecipe = {
  seed: 8, nRows: 6000, nNumeric: 6, nCategorical: 2, format: 'csv', partitions: 6,
  objective: 'binary', hasWeights: true, hasValid: true,
  params: {
    num_iterations: nIterations, num_leaves: 15, learning_rate: 0.05, min_data_per_group: 20,
    bagging_fraction: 0.8, bagging_freq: 1, early_stopping_round: 50,
  },
}

const nWorkers = 3

function fault(kind: FaultKind, nCommitted: number, worker: number, lastsMs: number): Fault {
  return { kind, nCommitted, delayMs: 20, worker, lastsMs, way: 'both' }
}

/** Bound to what is committed, not to the clock: however slow the machine is, it gets ahead. */
const faults: readonly Fault[] = [
  // while data are read
  fault('kill-worker', 0, 1, 0),
  fault('kill-worker', 4, 0, 100),
  fault('kill-worker', 9, 1, 0),
  fault('kill-worker', 14, 2, 300),
  // far beyond the lease
  fault('stop-worker', 19, 0, 2500),
  fault('kill-worker', 22, 1, 100),
  fault('kill-coordinator', 27, 0, 100),
  fault('kill-worker', 32, 2, 100),
  fault('kill-worker', 37, 0, 0),
]

describe('a cluster of real processes', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-chaos-test-'))
  })

  after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

  it('makes the bytes of one thread, whoever is killed or stopped', async () => {
    const problem = await makeProblem(recipe, path.join(folder, 'data'))
    const sha256 = await trainAlone(problem)
    const { problems, inflicted, story, witnesses } = await runChaos({
      problem, sha256,
      plan: { seed: 0, nWorkers, nThreads: 1, minWorkers: 1, faults },
      folder: path.join(folder, 'run'),
      startProxy: null,
      coordinatorFlags: ['--heartbeat', '200', '--lease', '1200'],
      patienceMs: 80_000,
    })
    assert.deepEqual(problems, [])
    assert.equal(inflicted.length, faults.length)
    assert.equal(story.commits.length, nIterations)
    assert.ok(witnesses.partitionsMoved > 0, JSON.stringify(witnesses))
    assert.equal(witnesses.coordinatorRestarts, 1)
    // the pause outlasts the lease, and each of the others breaks a connection
    assert.ok(witnesses.workersLost >= 6, JSON.stringify(witnesses))
  }).timeout(100_000)
})
