import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { Summary } from './summary.mjs'
import { mountTinyDisk } from './tiny-disk.mjs'

/** Also a run with faults that last for a minute in all ends long before. */
const patienceMs = 300_000

/** What is made of TypeScript, and so imported late. */
async function loadSupport() {
  const files = ['fault-plan', 'problem', 'chaos', 'story'].map((name) =>
    import(inRoot(`test/dist/support/cluster-${name}.js`)))
  const proxy = import(inRoot('packages/cluster/dist/test/support/faulty-proxy.js'))
  return Object.assign({}, ...await Promise.all([...files, proxy]))
}

/**
 * Runs after runs, one at a time: each is told in a line, those that fail with the way to replay
 * them and where their logs are.
 *
 * @returns {Promise<Summary>}
 */
export async function campaign(options, log) {
  const support = await loadSupport()
  const { faultKinds, faultRows } = support
  const summary = new Summary()
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
  log(`\n${summary.text(faultRows)}`)
  const isKept = options.keepsLogs || summary.nFailed > 0
  if (isKept) log(`logs: ${logs}`)
  else await rm(logs, { recursive: true, force: true, maxRetries: 3 })
  return summary
}

async function oneRun({ seed, kind, nRowsMax, nWorkers, folder }, support) {
  const { drawPlan, drawRecipe, makeProblem, readCadence, runChaos, trainAlone } = support
  const disk = kind === 'disk-full' ? mountTinyDisk(folder) : null
  if (disk !== null && 'reason' in disk) return disk
  try {
    const recipe = drawRecipe(seed, nRowsMax)
    const plan = drawPlan(seed,
      { nWorkers, nIterations: recipe.params.num_iterations, single: kind })
    const problem = await makeProblem(recipe, path.join(folder, 'data'))
    const outcome = await runChaos({
      problem, plan, folder, patienceMs,
      sha256: await trainAlone(problem),
      ...(disk === null ? {} : { journal: disk.folder }),
      startProxy: (port) => support.FaultyProxy.start(port, seed),
    })
    const { commits } = outcome.story
    const { longestMs, medianMs } = readCadence(commits, outcome.inflicted[0]?.at)
    return {
      outcome, kind, recipe, plan,
      longestMs: readCadence(commits).longestMs,
      stallMs: kind !== null && outcome.inflicted.length > 0 ? longestMs - medianMs : null,
    }
  } finally {
    disk?.close()
  }
}

function tell(run, { describeFault, describeRecipe }, log) {
  const { seed, kind, nWorkers, nRowsMax, folder, outcome, recipe, plan, stallMs } = run
  const hasFailed = outcome.problems.length > 0
  const stall = stallMs === null ? '' : ` ${kind}: stall ${Math.round(stallMs)} ms;`
  log(`seed ${seed}: ${hasFailed ? 'FAILED' : 'ok'} in ${(outcome.elapsedMs / 1000).toFixed(1)} ` +
    `s;${stall} ${describeRecipe(recipe)}; ${plan.nWorkers} x ${plan.nThreads} threads; ` +
    `${outcome.inflicted.length} of ${plan.faults.length} faults`)
  if (!hasFailed) return
  for (const problem of outcome.problems) log(`  ${problem.replaceAll('\n', '\n  ')}`)
  for (const fault of plan.faults) log(`  plan: ${describeFault(fault)}`)
  const flags = [`--runs 1 --seed ${seed} --rows ${nRowsMax}`,
    ...(nWorkers === null ? [] : [`--workers ${nWorkers}`]),
    ...(kind === null ? [] : [`--single ${kind}`])]
  log(`  replay: npm run chaos -- ${flags.join(' ')}   (same faults; the timing is the machine's)`)
  log(`  logs: ${folder}`)
}
