import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { runChaos, trainAlone } from './support/cluster-chaos.js'
import { faultInfos, type FaultKind, faultKinds } from './support/cluster-fault-kinds.js'
import { describeFault, drawPlan, type Fault } from './support/cluster-fault-plan.js'
import { drawRecipe, makeProblem, type ProblemRecipe } from './support/cluster-problem.js'
import { readCoordinators } from './support/cluster-story.js'
import { run } from './support/process.js'
import { root } from './support/repository.js'

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
  return { kind, nCommitted, delayMs: 20, worker, lastsMs, way: 'both', share: 0.5 }
}

/** Bound to what is committed, not to the clock: however slow the machine is, it gets ahead. */
const faults: readonly Fault[] = [
  // while data are read
  fault('kill-worker', 0, 1, 0),
  fault('kill-worker', 4, 0, 100),
  // and whoever reads its rows next
  fault('die-loading', 9, 1, 0),
  fault('second-coordinator', 11, 0, 0),
  fault('kill-worker', 14, 2, 300),
  fault('clock-jump', 17, 0, 500),
  // far beyond the lease
  fault('stop-worker', 19, 0, 2500),
  fault('kill-worker', 22, 1, 100),
  fault('tear-journal', 27, 0, 100),
  fault('kill-worker', 32, 2, 100),
  fault('kill-worker', 37, 0, 0),
]

describe('a cluster of real processes', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'coppice-chaos-test-'))
  })

  after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

  it('makes the bytes of one thread, whoever is killed, stopped or one too many', async () => {
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
    assert.ok(witnesses.workersLost >= 8, JSON.stringify(witnesses))
  }).timeout(100_000)

  it('ends with the name of the file when rows are not what they were', async () => {
    const problem = await makeProblem({
      ...recipe, nRows: 2000, partitions: 2, hasValid: false,
      params: { num_iterations: 100, num_leaves: 15 },
    }, path.join(folder, 'changing'))
    const { problems, hasStopped, sha256 } = await runChaos({
      problem, sha256: '',
      plan: { seed: 0, nWorkers: 2, nThreads: 1, minWorkers: 1,
        faults: [fault('change-file', 2, 1, 0)] },
      folder: path.join(folder, 'changed'), startProxy: null, patienceMs: 50_000,
    })
    assert.deepEqual([problems, hasStopped, sha256], [[], true, null])
  }).timeout(60_000)

  it('is found out when its model is another', async () => {
    const problem = await makeProblem({
      ...recipe, nRows: 2000, partitions: 2, params: { num_iterations: 3, num_leaves: 4 },
    }, path.join(folder, 'small'))
    const { problems, story } = await runChaos({
      problem, sha256: '0'.repeat(64),
      plan: { seed: 0, nWorkers: 1, nThreads: 1, minWorkers: 1, faults: [] },
      folder: path.join(folder, 'other'), startProxy: null, patienceMs: 50_000,
    })
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, /^the model has SHA-256 [0-9a-f]{64}, expected 0{64}$/)
    assert.deepEqual(story.commits.map(({ iteration }) => iteration), [0, 1, 2])
  }).timeout(60_000)
})

describe('npm run chaos', function () {
  this.timeout(60_000)

  const chaos = (...args: string[]) =>
    run(process.execPath, [path.join(root, 'scripts/chaos.mjs'), '--no-build', ...args], root)

  const script = (name: string): Promise<unknown> =>
    import(pathToFileURL(path.join(root, 'scripts/chaos', name)).href)

  it('inflicts what it is asked for and tells what came of it', async () => {
    const { code, stdout, stderr } = await chaos(
      '--runs', '1', '--seed', '4', '--rows', '2000', '--workers', '2', '--single', 'kill-worker')
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^seed 4: ok in /)
    assert.match(stdout, /^1 runs, 0 failed; 1 faults: kill-worker 1$/m)
    assert.match(stdout, /^[1-9]\d* times a worker was lost, [1-9]\d* partitions adopted/m)
    assert.match(stdout, /^\| 1 +\| kill-worker \| 1 +\| 0 +\| 0 +\| 1 +\| [1-9]\d* +\| /m)
    assert.match(stdout, /\| < 5 s \+ fetch \| (reached|MISSED): \d+\.\d\d s \|$/m)
  })

  it('says which options are legal', async () => {
    const wrong = [['--single', 'earthquake'], ['--workers', '6'], ['--rows', '10'],
      ['--minutes', 'x'], ['--hashes', '--iterations', '1']]
    for (const args of wrong) {
      const { code, stderr } = await chaos(...args)
      assert.equal(code, 1)
      assert.match(stderr, /^chaos: --\w+ must be /)
    }
  })

  it('draws the same problem and plan from a seed, and all kinds of faults', () => {
    const kinds = new Set<FaultKind>()
    for (let seed = 0; seed < 200; seed++) {
      const options = { nWorkers: null, nIterations: 40, single: null }
      const plan = drawPlan(seed, options)
      assert.deepEqual(drawPlan(seed, options), plan)
      assert.deepEqual(drawRecipe(seed, 50_000), drawRecipe(seed, 50_000))
      for (const one of plan.faults) {
        kinds.add(one.kind)
        assert.ok(one.worker < plan.nWorkers && one.nCommitted < 40, describeFault(one))
      }
    }
    assert.deepEqual(faultKinds.filter((kind) => !kinds.has(kind)),
      faultKinds.filter((kind) => faultInfos[kind].isOnRequest))
  })

  it('says of each kind whether its target is reached', async () => {
    const { Summary } = await script('summary.mjs') as { readonly Summary: new (infos: unknown) =>
      { add(run: unknown): void, text(): string } }
    const summary = new Summary(faultInfos)
    const add = (kind: FaultKind, stallMs: number, more: object = {}): void => summary.add({
      kind, cadence: { longestMs: 100 + stallMs, medianMs: 100, longestBeforeMs: 150 },
      outcome: {
        problems: [], hasStopped: false, story: { commits: [] },
        witnesses: { partitionsMoved: 3, workersLost: 1 },
        inflicted: [{ fault: { kind, lastsMs: 1000 }, at: 0, endedAt: 1, tookMs: 1999 }], ...more,
      },
    })
    for (let i = 0; i < 20; i++) add('kill-worker', i < 19 ? 400 : 6000)
    add('kill-coordinator', 8000)
    add('stop-coordinator', 2999)
    add('delay', 0)
    add('tear-journal', 9000)
    add('join', 150)
    add('drain', 151)
    add('change-file', 0, { hasStopped: true })
    add('cut-client', 0, { problems: ['no model'] })
    const cells = summary.text().split('\n').filter((line) => /^\| [0-9-]+ +\| [a-z]/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()))
    assert.deepEqual(cells.map((row) => [row[2], ...row.slice(3, 8), row[9], row[12]]), [
      ['kill-worker', '20', '0', '0', '20', '60', '0.40 s', 'reached: 0.40 s'],
      ['kill-coordinator', '1', '0', '0', '1', '3', '8.00 s', 'MISSED: 8.00 s'],
      ['stop-coordinator', '1', '0', '0', '1', '3', '3.00 s', 'reached: 2.00 s'],
      ['delay', '1', '0', '0', '1', '3', '0.00 s', 'MISSED: 1 lost'],
      ['change-file', '1', '0', '1', '1', '3', '-', 'reached'],
      ['tear-journal', '1', '0', '0', '1', '3', '9.00 s', 'reached: 2.00 s'],
      ['join', '1', '0', '0', '1', '3', '0.15 s', 'reached: 1.00 iterations'],
      ['drain', '1', '0', '0', '1', '3', '0.15 s', 'MISSED: 1.01 iterations'],
      ['cut-client', '1', '1', '0', '1', '3', '-', 'MISSED: runs failed'],
    ])
  })

  it('finds the hash that is another, and the kill that did not land', async () => {
    const { hashTable } = await script('hashes.mjs') as
      { readonly hashTable: (rows: readonly unknown[]) => string }
    const row = { name: 'x', sha256: 'a', elapsedMs: 1, nPlanned: 2, nFaults: 2, witnesses: null,
      problems: [] }
    const lines = hashTable([row, row, { ...row, sha256: 'b' }, { ...row, nFaults: 1 },
      { ...row, sha256: null, problems: ['late'] }]).split('\n').slice(2)
    assert.deepEqual(lines.map((line) => line.split('|')[3]!.trim()),
      ['yes', 'yes', 'NO', 'NO', 'NO'])
  })

  it('reads witnesses from what a coordinator tells', () => {
    const lines = [
      'worker w0 joined with 1 thread',
      'worker w1 lost: nothing was heard at iteration 3; its 2 partitions moved to w0',
      'worker w0 lost: the connection was lost at iteration 4; its 1 partition waits for a worker',
      'job 1 goes on after 3 iterations',
      'sums do not add up; the iteration begins again, every part of its sums is checked',
    ].map((text) => ({ at: 0, text }))
    assert.deepEqual(readCoordinators(lines), { workersLost: 2, partitionsMoved: 3,
      coordinatorRestarts: 1, iterationsRedone: 2, workersJoined: 1 })
  })
})
