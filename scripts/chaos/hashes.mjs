import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadSupport, patienceMs } from './campaign.mjs'
import { table } from './markdown.mjs'

/** A worker is killed every so often, as far as the training lets time pass. */
const killEveryMs = 3000
const killsMin = 4
const downMs = 500
/** Workers of the runs with faults. */
const nWorkersOfFaults = 3

const problemOf = ({ seed, nRows, nIterations }) => ({
  seed, nRows, nNumeric: 12, nCategorical: 2, format: 'parquet', partitions: 10,
  objective: 'binary', hasWeights: false, hasValid: true,
  params: {
    num_iterations: nIterations, num_leaves: 63, learning_rate: 0.05, min_data_per_group: 20,
    bagging_fraction: 0.8, bagging_freq: 1, feature_fraction: 0.9,
    // evaluated, and not stopped: every kill of the plan is to land
    early_stopping_round: nIterations,
  },
})

/**
 * The same training on 1 and 2 threads, on 1, 2, 3 and 5 workers, with a worker killed every few
 * seconds, and with the coordinator killed twice: one SHA-256 is expected.
 *
 * @returns {Promise<{ nFailed: number }>}
 */
export async function hashes(options, log) {
  const support = await loadSupport()
  const logs = options.logs ?? await mkdtemp(path.join(tmpdir(), 'coppice-hashes-'))
  await mkdir(logs, { recursive: true })
  const recipe = problemOf(options)
  log(`${support.describeRecipe(recipe)}\n`)
  const problem = await support.makeProblem(recipe, path.join(logs, 'data'))
  const rows = []
  for (const nThreads of [1, 2]) rows.push(await alone(problem, nThreads, support))
  const { sha256 } = rows[0]
  const run = (name, nWorkers, faults) =>
    cluster({ name, nWorkers, faults, problem, sha256, logs }, support)
  for (const nWorkers of [1, 2, 3, 5]) {
    rows.push(await run(`${nWorkers} ${nWorkers === 1 ? 'worker' : 'workers'}`, nWorkers, []))
  }
  const { usualMs } = rows.find(({ nWorkers }) => nWorkers === nWorkersOfFaults)
  const n = recipe.params.num_iterations
  rows.push(await run(`a worker killed every ${killEveryMs / 1000} s`, nWorkersOfFaults,
    killsOfWorkers(n, usualMs)))
  rows.push(await run('the coordinator killed twice', nWorkersOfFaults,
    [1 / 3, 2 / 3].map((share) => fault('kill-coordinator', Math.floor(n * share), 0))))
  log(hashTable(rows))
  const nFailed = rows.filter((row) => !isRight(row, sha256)).length
  log(`\n${nFailed === 0 ? 'all are the same' : `${nFailed} of ${rows.length} are not right`}`)
  for (const { name, problems } of rows) {
    for (const problem of problems) log(`${name}: ${problem.replaceAll('\n', '\n  ')}`)
  }
  if (options.keepsLogs || nFailed > 0) log(`logs: ${logs}`)
  else await rm(logs, { recursive: true, force: true, maxRetries: 3 })
  return { nFailed }
}

function fault(kind, nCommitted, worker) {
  return { kind, nCommitted, delayMs: 0, worker, lastsMs: downMs, way: 'both', share: 0 }
}

/** One after the other is killed. Bound to what is committed, so that all kills land. */
function killsOfWorkers(nIterations, usualMs) {
  const step = Math.max(1, Math.min(Math.round(killEveryMs / usualMs),
    Math.floor(nIterations / (killsMin + 1))))
  const n = Math.max(1, Math.ceil(nIterations / step) - 1)
  return Array.from({ length: n }, (_, i) =>
    fault('kill-worker', (i + 1) * step, i % nWorkersOfFaults))
}

async function alone(problem, nThreads, { trainAlone }) {
  const start = performance.now()
  const sha256 = await trainAlone(problem, nThreads)
  return { name: `${nThreads} ${nThreads === 1 ? 'thread' : 'threads'}, no cluster`, sha256,
    elapsedMs: performance.now() - start, nPlanned: 0, nFaults: 0, witnesses: null, problems: [] }
}

async function cluster({ name, nWorkers, faults, problem, sha256, logs }, support) {
  const outcome = await support.runChaos({
    problem, sha256, patienceMs: 2 * patienceMs, startProxy: null,
    plan: { seed: 0, nWorkers, nThreads: 1, minWorkers: 1, faults },
    folder: path.join(logs, name.replaceAll(' ', '-')),
  })
  return {
    name, nWorkers, sha256: outcome.sha256, elapsedMs: outcome.elapsedMs,
    nPlanned: faults.length, nFaults: outcome.inflicted.length, witnesses: outcome.witnesses,
    problems: outcome.problems, usualMs: support.readCadence(outcome.story.commits).medianMs,
  }
}

/** Nothing is wrong, and all faults of the plan took place. */
function isRight({ sha256, problems, nPlanned, nFaults }, expected) {
  return sha256 === expected && problems.length === 0 && nFaults === nPlanned
}

/**
 * @param rows - `{ name, sha256, elapsedMs, nPlanned, nFaults, witnesses, problems }`; the first is
 *   what the others have to be
 */
export function hashTable(rows) {
  const expected = rows[0].sha256
  return table(['training', 'SHA-256', 'same', 'seconds', 'kills', 'workers lost', 'adopted',
    'restarts'], rows.map((row) => {
    const { name, sha256, elapsedMs, nPlanned, nFaults, witnesses } = row
    const kills = nFaults === nPlanned ? `${nFaults}` : `${nFaults} of ${nPlanned}`
    return [name, sha256 ?? 'none', isRight(row, expected) ? 'yes' : 'NO',
      (elapsedMs / 1000).toFixed(1), kills, witnesses?.workersLost ?? 0,
      witnesses?.partitionsMoved ?? 0, witnesses?.coordinatorRestarts ?? 0]
  }))
}
