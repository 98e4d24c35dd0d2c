/** Times contestants in turns, A B A B, so that all of them share the drift of the machine. */
import os from 'node:os'
import path from 'node:path'
import { readNumbers } from './data-files.mjs'
import { metricsOf } from './metrics.mjs'

/** Iterations of the warm-up before the first timed run of each contestant and setting. */
const warmUpByDefault = 5

/**
 * Cores that other programs may use during a run. A round of runs with more is done again, as
 * often as allowed: threads that wait for each other while a third program wants a core
 * can be ten times slower, which says nothing about either library.
 */
const othersCoresMax = 0.1

/**
 * @typedef {object} Entry - one contestant on one data set
 * @property {string} name
 * @property {object} params - added to those of the setting
 * @property {import('./contestant.mjs').Contestant} process - has loaded `dir`
 * @property {string} dir
 * @property {import('./data-files.mjs').Part} test - the held-out rows
 * @property {number} nOutputs - predictions of a row
 * @property {boolean} isOurs
 */

/**
 * Trains all entries in turns at one setting.
 *
 * @param {Entry[]} entries
 * @param {object} setting
 * @param {number} setting.threads
 * @param {object} setting.params - of both libraries, with num_iterations
 * @param {number} setting.repeats - runs of each entry that count
 * @param {number} setting.spare - rounds that may be done again when others were busy
 * @param {number} [setting.warmUp] - iterations of a first run, which does not count; 0: no such
 * @returns {Promise<object[]>} per entry: a number per run in `msPerIteration` (the median
 *   iteration), `totalMs` (all iterations) and `startMs` (before the first), every iteration in
 *   `iterationMs`, cores that other programs used in `othersCores` (NaN: unknown), CPU time in
 *   `cpuMs`, what else a contestant tells in `details`, the quality by metric name, and for ours
 *   `sha256`
 */
export async function compare(entries, setting) {
  const { threads, params, repeats, spare, warmUp = warmUpByDefault } = setting
  const results = entries.map(({ name }) => ({
    name, msPerIteration: [], totalMs: [], startMs: [], iterationMs: [], othersCores: [],
    cpuMs: [], details: [], quality: {},
  }))
  const runOf = ({ process: child, params: own }, nIterations) =>
    child.train({ ...params, ...own, num_iterations: nIterations }, threads)
  for (const entry of warmUp === 0 ? [] : entries) {
    await runOf(entry, Math.min(warmUp, params.num_iterations))
  }
  let nSpare = spare
  for (let nKept = 0; nKept < repeats;) {
    const runs = []
    for (const entry of entries) {
      runs.push(await watched(() => runOf(entry, params.num_iterations)))
    }
    if (nSpare > 0 && runs.some(isDisturbed)) {
      nSpare--
      continue
    }
    nKept++
    for (const [i, { startMs, iterationMs, othersCores, cpuMs, details }] of runs.entries()) {
      results[i].msPerIteration.push(median(iterationMs))
      results[i].totalMs.push(iterationMs.reduce((sum, ms) => sum + ms, 0))
      results[i].startMs.push(startMs)
      results[i].iterationMs.push(iterationMs)
      results[i].othersCores.push(othersCores)
      results[i].cpuMs.push(cpuMs)
      if (details !== undefined) results[i].details.push(details)
    }
  }
  for (const [i, entry] of entries.entries()) {
    results[i].quality = await qualityOf(entry, params.objective)
    if (entry.isOurs) results[i].sha256 = await entry.process.hash()
  }
  return results
}

/** Does the run, which tells its `cpuMs`, and adds how many cores were busy with something else. */
export async function watched(run) {
  const before = busyMs()
  const start = performance.now()
  const result = await run()
  const elapsedMs = performance.now() - start
  const othersMs = busyMs() - before - result.cpuMs
  return { ...result, othersCores: Math.max(0, othersMs / elapsedMs) }
}

/** Whether other programs were busy during a run of `watched`; a run that there was not is fine. */
export function isDisturbed(run) {
  return run !== null && run.othersCores > othersCoresMax
}

/** Time that all cores together were not idle. */
function busyMs() {
  return os.cpus().reduce((sum, { times: { user, nice, sys, irq } }) =>
    sum + user + nice + sys + irq, 0)
}

/** Metrics of the entry's last model on the held-out rows. */
async function qualityOf(entry, objective) {
  const predicted = await predictionsOf(entry)
  return Object.fromEntries(
    metricsOf[objective].map(({ key, of }) => [key, of(predicted, entry.test)]))
}

/** What the entry's own predictor says of the held-out rows with its last model: see `predict`. */
export async function predictionsOf({ process: child, dir, test, nOutputs }) {
  const out = path.join(dir, 'predicted.f64')
  await child.predict(out)
  const predicted = readNumbers(out, Float64Array)
  if (predicted.length !== test.nRows * nOutputs) {
    throw new Error(`${predicted.length} predictions for ${test.nRows} rows x ${nOutputs}`)
  }
  return predicted
}

/** The middle of the numbers; of an even count the mean of the two in the middle. */
export function median(values) {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** theirs / ours, run by run: the median, the smallest and the largest. */
export function ratioOf(theirs, ours) {
  const ratios = theirs.map((ms, run) => ms / ours[run])
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}
