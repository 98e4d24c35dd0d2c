/**
 * The case `cluster-kill`: how long a training stands still when one of three workers, or the
 * coordinator, is killed (SIGKILL) at a random moment. Everything is as a user has it: killed
 * processes are started again by the local cluster. Every model must be that of a training that
 * nobody disturbs.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { connect, Dataset, paramsFrom, train } from '@coppice/api'
import { LocalCluster } from '@coppice/cluster/node'
import { serializeModel } from '@coppice/model'
import { median } from './compare.mjs'
import { makeData } from './made-data.mjs'
import { labelColumn, parquetFolder, writeParquet } from './parquet-data.mjs'
import { BenchRandom } from './random.mjs'
import { markdownTable } from './report.mjs'
import { paramsOf } from './entries.mjs'

const workersByDefault = 3
const repeatsByDefault = 10
const iterationsByDefault = 50

/** A training that stands still for so long will not go on. */
const patienceMs = 300_000

/** Where in the training it happens: not before the first iterations, nor after the last. */
const firstRatio = 0.2
const lastRatio = 0.7

/** Who is killed, and whether jobs have a journal: a coordinator needs it to come back. */
const victims = [
  { name: 'a worker', isJournaled: false,
    pidOf: ({ workerPids }, random) =>
      workerPids[Math.floor(random.uniform() * workerPids.length)] },
  { name: 'the coordinator', isJournaled: true, pidOf: ({ coordinatorPid }) => coordinatorPid },
]

/**
 * @param {object} options - of the command; `repeats` are the kills of each kind
 * @param {string} dir - a folder for the data and the journals
 * @param {(line: string) => void} log
 */
export async function runClusterKillCase(options, dir, log) {
  const { isTiny, givenRepeats, givenIterations, rows, leaves } = options
  const repeats = givenRepeats ?? (isTiny ? 1 : repeatsByDefault)
  const iterations = givenIterations ?? (isTiny ? 20 : iterationsByDefault)
  const nTrain = rows ?? (isTiny ? 5000 : 1_000_000)
  const numLeaves = Math.max(...leaves)
  const nFeatures = isTiny ? 10 : 28
  const nWorkers = isTiny ? 2 : workersByDefault
  const data = makeData({ nTrain, nTest: 1, nFeatures, seed: 7, label: 'binary' })
  await writeParquet(dir, data)
  const params = paramsFrom(paramsOf(data, numLeaves, iterations))
  const dataset = await Dataset.open(parquetFolder(dir), { label: labelColumn })
  log('cluster-kill: a training that nobody disturbs')
  const calm = await runTraining({ params, dataset, nWorkers, journalDir: null, kill: null })
  const results = []
  for (const victim of victims) {
    const runs = []
    for (let seed = 1; seed <= repeats; seed++) {
      log(`cluster-kill: ${victim.name}, ${seed} of ${repeats}`)
      runs.push(await runTraining({
        params, dataset, nWorkers,
        journalDir: victim.isJournaled ? path.join(dir, `journal-${seed}`) : null,
        kill: planOf(victim, iterations, seed),
      }))
    }
    results.push({ victim: victim.name, isJournaled: victim.isJournaled, runs })
  }
  const failure = failureOf(calm, results)
  return {
    title: `cluster-kill: ${nTrain.toLocaleString('en-US')} x ${nFeatures}, ${numLeaves} leaves, ${
      iterations} iterations, ${nWorkers} workers x 1 thread`,
    markdown: `${tableOf(calm, results)}\n\n${failure ?? `Same bytes: every model has SHA-256 ${
      calm.sha256.slice(0, 16)}.`}`,
    results: { nTrain, nFeatures, numLeaves, iterations, calm, kills: results },
    failure: failure === null ? null : `cluster-kill: ${failure}`,
  }
}

/** When and whom: drawn from the seed. */
function planOf({ pidOf }, iterations, seed) {
  const random = new BenchRandom(seed)
  const ratio = firstRatio + (lastRatio - firstRatio) * random.uniform()
  return {
    iteration: Math.floor(iterations * ratio),
    /** Part of an iteration after which it happens. */
    delayRatio: random.uniform(),
    pidOf: (processes) => pidOf(processes, random),
  }
}

/**
 * One training on a cluster of its own.
 * @returns {Promise<object>} SHA-256 of the model, the median gap between two iterations, and by
 *   how much the longest gap after the kill is longer, in ms
 */
async function runTraining({ params, dataset, nWorkers, journalDir, kill }) {
  const processes = await LocalCluster.start({ workers: nWorkers, threadsPerWorker: 1, journalDir })
  const patience = new Patience()
  let cluster = null
  try {
    cluster = await connect(processes.url, { token: processes.token })
    const victim = kill === null ? null : new Killer(kill, processes)
    const times = []
    const training = train(params, dataset, {
      cluster,
      onEvent: ({ kind }) => {
        patience.renew()
        if (kind !== 'iteration') return
        times.push(performance.now())
        victim?.onIteration(times)
      },
    })
    const booster = await Promise.race([training, patience.isOver])
    return { sha256: sha256Of(booster.model), ...stallOf(times, victim) }
  } finally {
    patience.end()
    await cluster?.close()
    await processes.stop()
  }
}

/** Rejects when nothing happens. */
class Patience {
  #timer = null
  #reject
  isOver = new Promise((_resolve, reject) => {
    this.#reject = reject
  })

  constructor() {
    this.renew()
  }

  renew() {
    this.end()
    this.#timer = setTimeout(() => this.#reject(
      new Error(`no iteration for ${patienceMs / 1000} s: the training stands still`)), patienceMs)
  }

  end() {
    clearTimeout(this.#timer)
  }
}

/** Kills a process, once, at the planned moment. */
class Killer {
  #plan
  #processes
  /** When it was done; null before. */
  killedAt = null

  constructor(plan, processes) {
    this.#plan = plan
    this.#processes = processes
  }

  onIteration(times) {
    if (times.length !== this.#plan.iteration + 1) return
    const delayMs = this.#plan.delayRatio * (times.length > 1 ? median(gapsOf(times)) : 0)
    // What is shorter than timers are exact is done at once.
    if (delayMs < 2) this.#kill()
    else setTimeout(() => this.#kill(), delayMs)
  }

  #kill() {
    process.kill(this.#plan.pidOf(this.#processes), 'SIGKILL')
    this.killedAt = performance.now()
  }
}

function gapsOf(times) {
  return times.slice(1).map((time, i) => time - times[i])
}

/**
 * How long a training stood still.
 *
 * @param {number[]} times - when iterations were committed, in ms
 * @param {{ killedAt: number | null } | null} victim - null: nobody was to be killed
 * @returns {object} `medianMs` of all gaps; `stallMs`: the longest that ended after the kill less
 *   the median, null where none did; `killedAfter`: iterations before it
 */
export function stallOf(times, victim) {
  const gaps = gapsOf(times)
  const medianMs = median(gaps)
  if (victim === null) return { medianMs, longestMs: Math.max(...gaps) }
  const { killedAt } = victim
  const after = gaps.filter((_, i) => killedAt !== null && times[i + 1] >= killedAt)
  if (after.length === 0) return { medianMs, stallMs: null, killedAfter: times.length }
  return { medianMs, stallMs: Math.max(...after) - medianMs,
    killedAfter: times.length - after.length }
}

function failureOf(calm, results) {
  const faults = results.flatMap(({ victim, runs }) => runs.flatMap(({ sha256, stallMs }, i) => [
    ...(sha256 === calm.sha256 ? [] : [`${victim}, kill ${i + 1}: SHA-256 ${sha256.slice(0, 16)}`]),
    ...(stallMs === null ? [`${victim}, kill ${i + 1}: the training was over before`] : []),
  ]))
  return faults.length === 0 ? null
    : `NOT as the model with SHA-256 ${calm.sha256.slice(0, 16)}: ${faults.join('; ')}.`
}

function tableOf(calm, results) {
  const rows = results.map(({ victim, isJournaled, runs }) => {
    const stalls = runs.flatMap(({ stallMs }) => (stallMs === null ? [] : [stallMs]))
    return [
      victim, isJournaled ? 'yes' : 'no', runs.length,
      stalls.length === 0 ? '' : median(stalls).toFixed(0),
      stalls.length === 0 ? '' : Math.max(...stalls).toFixed(0),
      median(runs.map(({ medianMs }) => medianMs)).toFixed(0),
    ]
  })
  const header = ['killed', 'journal', 'kills', 'stall ms, p50', 'stall ms, max',
    'median iteration ms']
  const undisturbed = `Undisturbed: median iteration ${calm.medianMs.toFixed(0)} ms, the longest `
    + `${calm.longestMs.toFixed(0)} ms.`
  return `${markdownTable(header, rows)}\n\n${undisturbed}`
}

function sha256Of(model) {
  return createHash('sha256').update(serializeModel(model)).digest('hex')
}
