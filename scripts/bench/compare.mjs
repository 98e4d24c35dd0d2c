/** Times contestants side by side: runs interleave A B A B, so that drift of the machine is shared. */
import path from 'node:path'
import { readNumbers } from './data-files.mjs'
import { auc, logLoss, rmse } from './metrics.mjs'

/** Iterations of the warm-up before the first timed run of each contestant and setting. */
const warmUpIterations = 5

/**
 * @typedef {object} Entry - one contestant on one data set
 * @property {string} name
 * @property {object} params - added to those of the setting
 * @property {import('./contestant.mjs').Contestant} process - has loaded `dir`
 * @property {string} dir
 * @property {import('./data-files.mjs').Part} test - the held-out rows
 * @property {boolean} isOurs
 */

/**
 * Trains all entries in turns at one setting.
 *
 * @param {Entry[]} entries
 * @param {{ threads: number, params: object, repeats: number }} setting - `params` of both
 *   libraries, with num_iterations
 * @returns {Promise<object[]>} per entry: a number per run in `msPerIteration` (the median
 *   iteration), `totalMs` (all iterations) and `startMs` (before the first), every iteration in
 *   `iterationMs`, the quality by metric name, and for ours `sha256`
 */
export async function compare(entries, { threads, params, repeats }) {
  const results = entries.map(({ name }) => ({
    name, msPerIteration: [], totalMs: [], startMs: [], iterationMs: [], quality: {},
  }))
  const runOf = ({ process: child, params: own }, nIterations) =>
    child.train({ ...params, ...own, num_iterations: nIterations }, threads)
  for (const entry of entries) {
    await runOf(entry, Math.min(warmUpIterations, params.num_iterations))
  }
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [i, entry] of entries.entries()) {
      const { startMs, iterationMs } = await runOf(entry, params.num_iterations)
      results[i].msPerIteration.push(median(iterationMs))
      results[i].totalMs.push(iterationMs.reduce((sum, ms) => sum + ms, 0))
      results[i].startMs.push(startMs)
      results[i].iterationMs.push(iterationMs)
    }
  }
  for (const [i, entry] of entries.entries()) {
    results[i].quality = await qualityOf(entry, params.objective)
    if (entry.isOurs) results[i].sha256 = await entry.process.hash()
  }
  return results
}

/** Metrics of the entry's last model on the held-out rows. */
export async function qualityOf({ process: child, dir, test }, objective) {
  const out = path.join(dir, 'predicted.f64')
  await child.predict(out)
  const predicted = readNumbers(out, Float64Array)
  if (predicted.length !== test.nRows) {
    throw new Error(`${predicted.length} predictions for ${test.nRows} rows`)
  }
  return objective === 'binary'
    ? { auc: auc(predicted, test), logLoss: logLoss(predicted, test) }
    : { rmse: rmse(predicted, test) }
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
