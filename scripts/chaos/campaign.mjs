import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { Summary } from './summary.mjs'
import { mountTinyDisk } from './tiny-disk.mjs'

const support = (file) => import(inRoot('test/dist/support', file))

/** A run with faults that last for minutes in all must still end. */
const patienceMs = 300_000

/**
 * Runs after runs, one at a time: each is told in a line, those that fail with the way to replay
 * them and where their logs are.
 *
 * @returns {Promise<Summary>}
 */
export async function campaign(options, log) {
  const { faultRows, faultKinds } = await support('cluster-fault-plan.js')
  const summary = new Summary()
  const logs = options.logs ?? await mkdtemp(path.join(tmpdir(), 'coppice-chaos-'))
  const end = options.minutes === null ? Infinity : performance.now() + options.minutes * 60_000
  for (let i = 0; i < options.runs && performance.now() < end; i++) {
    const kind = options.single === 'all' ? faultKinds[i % faultKinds.length] : options.single
    await oneRun({ ...options, seed: options.seed + i, kind, logs }, summary, log)
  }
  log('')
  log(summary.text(faultRows))
  // Kept where something is in it.
  if (summary.nFailed === 0 && !options.keepsLogs) await rm(logs, { recursive: true, force: true })
  else log(`logs: ${logs}`)
  return summary
}

async function oneRun(options, summary, log) {
  const { seed, kind, nRowsMax, nWorkers, logs, keepsLogs } = options
  const { drawPlan, describeFault } = await support('cluster-fault-plan.js')
  const { drawRecipe, describeRecipe, makeProblem } = await support('cluster-problem.js')
  const { runChaos, trainAlone } = await support('cluster-chaos.js')
  const { readCadence } = await support('cluster-story.js')
  const { FaultyProxy } = await import(inRoot('packages/cluster/dist/test/support/faulty-proxy.js'))

  const folder = path.join(logs, `run-${seed}${kind === null ? '' : `-${kind}`}`)
  await mkdir(folder, { recursive: true })
  const disk = kind === 'disk-full' ? mountTinyDisk(folder) : null
  if (disk !== null && 'reason' in disk) {
    summary.skip(kind, disk.reason)
    return
  }
  try {
    const recipe = drawRecipe(seed, nRowsMax)
    const plan = drawPlan(seed, { nWorkers, nIterations: recipe.params.num_iterations, single: kind })
    const problem = await makeProblem(recipe, path.join(folder, 'data'))
    const sha256 = await trainAlone(problem)
    const outcome = await runChaos({
      problem, sha256, plan, folder, patienceMs,
      ...(disk === null ? {} : { journal: disk.folder }),
      startProxy: (port) => FaultyProxy.start(port, seed),
    })
    const { commits } = outcome.story
    const { longestMs, medianMs } = readCadence(commits, outcome.inflicted[0]?.at)
    const stallMs = kind !== null && outcome.inflicted.length > 0 ? longestMs - medianMs : null
    summary.add({ outcome, kind, stallMs, longestMs: readCadence(commits).longestMs })
    log(`seed ${seed}: ${outcome.problems.length === 0 ? 'ok' : 'FAILED'} in ${
      (outcome.elapsedMs / 1000).toFixed(1)} s; ${describeRecipe(recipe)}; ${plan.nWorkers} x ${
      plan.nThreads} threads; ${outcome.inflicted.length} of ${plan.faults.length} faults`)
    if (outcome.problems.length > 0) tellFailure({ ...options, folder, plan, describeFault }, outcome, log)
    else if (!keepsLogs) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  } finally {
    disk?.close()
  }
}

function tellFailure({ seed, kind, nWorkers, nRowsMax, folder, plan, describeFault }, outcome, log) {
  for (const problem of outcome.problems) log(`  ${problem.replaceAll('\n', '\n  ')}`)
  for (const fault of plan.faults) log(`  plan: ${describeFault(fault)}`)
  const flags = [`--runs 1 --seed ${seed} --rows ${nRowsMax}`,
    ...(nWorkers === null ? [] : [`--workers ${nWorkers}`]),
    ...(kind === null ? [] : [`--single ${kind}`])]
  log(`  replay: npm run chaos -- ${flags.join(' ')}   (same faults; the timing is the machine's)`)
  log(`  logs: ${folder}`)
}
