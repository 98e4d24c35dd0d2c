import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { Summary } from './summary.mjs'
import { mountTinyDisk } from './tiny-disk.mjs'

/** Also a run with faults that last for a minute in all ends long before. */
export const patienceMs = 300_000

/** What is made of TypeScript, and so imported late. */
export async function loadSupport() {
  const names = ['fault-kinds', 'fault-plan', 'data-faults', 'problem', 'chaos', 'story']
  const files = names.map((name) => import(inRoot(`test/dist/support/cluster-${name}.js`)))
  const network = ['faulty-proxy', 'strangers'].map((name) =>
    import(inRoot(`packages/cluster/dist/test/support/${name}.js`)))
  return Object.assign({}, ...await Promise.all([...files, ...network]))
}

/**
 * Runs after runs, one at a time: each is told in a line, those that fail with the way to replay
 * them and where their logs are.
 *
 * @returns {Promise<Summary>}
 */
export async function campaign(options, log) {
  const support = await loadSupport()
  const { faultInfos, faultKinds } = support
  const summary = new Summary(faultInfos)
  const logs = options.logs ?? await mkdtemp(path.join(tmpdir(), 'coppice-chaos-'))
  const end = options.minutes === null ? Infinity : performance.now() + options.minutes * 60_000
  for (let i = 0; i < options.runs && performance.now() < end; i++) {
    const seed = options.seed + i
    const kind = options.single === 'all' ? faultKinds[i % faultKinds.length] : options.single
    const folder = path.join(logs, `run-${seed}${kind === null ? '' : `-${kind}`}`)
    await mkdir(folder, { recursive: true })
    const run = await oneRun({ ...options, seed, kind, folder }, support)
    if ('reason' in run) {
      summary.skip(kind, run.reason)
    } else {
      summary.add(run)
      tell({ ...options, seed, kind, folder, ...run }, support, log)
    }
    const isKept = options.keepsLogs || run.outcome?.problems.length > 0
    if (!isKept) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  log(`\n${summary.text()}`)
  const isKept = options.keepsLogs || summary.nFailed > 0
  if (isKept) log(`logs: ${logs}`)
  else await rm(logs, { recursive: true, force: true, maxRetries: 3 })
  return summary
}

async function oneRun({ seed, kind, nRowsMax, nWorkers, folder }, support) {
  const { drawPlan, drawRecipe, makeProblem, readCadence, runChaos, trainAlone } = support
  const disk = kind === 'disk-full' ? mountTinyDisk(folder) : null
  if (disk !== null && 'reason' in disk) return disk
  const reason = kind === 'change-copy' ? support.whyNoCopies() : null
  if (reason !== null) return { reason }
  try {
    const recipe = drawRecipe(seed, nRowsMax)
    const plan = drawPlan(seed,
      { nWorkers, nIterations: recipe.params.num_iterations, single: kind })
    const problem = await makeProblem(recipe, path.join(folder, 'data'))
    const outcome = await runChaos({
      problem, plan, folder, patienceMs,
      sha256: await trainAlone(problem),
      ...(disk === null ? {} : { journal: disk.folder }),
      strangers: support,
      startProxy: (port) => support.FaultyProxy.start(port, seed),
    })
    const cadence = readCadence(outcome.story.commits, outcome.inflicted[0]?.at)
    return { outcome, kind, recipe, plan, cadence }
  } finally {
    disk?.close()
  }
}

function tell(run, { describeFault, describeRecipe }, log) {
  const { seed, kind, nWorkers, nRowsMax, folder, outcome, recipe, plan, cadence } = run
  const hasFailed = outcome.problems.length > 0
  const stallMs = Math.max(0, cadence.longestMs - cadence.medianMs)
  const { hasStopped, inflicted } = outcome
  const stall = kind === null ? '' : hasStopped ? ` ${kind}: stopped with its message;`
    : inflicted.length === 0 ? '' : ` ${kind}: stall ${Math.round(stallMs)} ms;`
  log(`seed ${seed}: ${hasFailed ? 'FAILED' : 'ok'} in ${(outcome.elapsedMs / 1000).toFixed(1)} ` +
    `s;${stall} ${describeRecipe(recipe)}; ${plan.nWorkers} x ${plan.nThreads} threads; ` +
    `${inflicted.length} of ${plan.faults.length} faults`)
  if (!hasFailed) return
  for (const problem of outcome.problems) log(`  ${problem.replaceAll('\n', '\n  ')}`)
  for (const fault of plan.faults) log(`  plan: ${describeFault(fault)}`)
  const flags = [`--runs 1 --seed ${seed} --rows ${nRowsMax}`,
    ...(nWorkers === null ? [] : [`--workers ${nWorkers}`]),
    ...(kind === null ? [] : [`--single ${kind}`])]
  log(`  replay: npm run chaos -- ${flags.join(' ')}   (same faults; the timing is the machine's)`)
  log(`  logs: ${folder}`)
}
