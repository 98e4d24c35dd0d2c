/**
 * Cases beside LightGBM: each is trained on several data sets that differ in their seed, which is
 * the seed of both libraries, too; so that a difference can be held against what chance makes.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { commonParams } from './cases.mjs'
import { makeParityData, writeParityData } from './data.mjs'
import { metrics } from './metrics.mjs'
import { trainOurs } from './ours.mjs'

/** Metrics this close, relative to their size, are equal. */
const sameWithin = 1e-6

/**
 * What a case is trained with.
 * @param {import('./cases.mjs').Case} theCase
 * @param {{ threads: number, iterations: number | null }} options
 */
export function paramsOf({ params = {} }, { threads, iterations }, seed) {
  return {
    ...commonParams, ...params, seed, num_threads: threads,
    ...(iterations === null ? {} : { num_iterations: iterations }),
  }
}

/**
 * Runs one case over all seeds.
 *
 * @param {import('./cases.mjs').Case} theCase
 * @param {{ seeds: number, rows: number, threads: number, iterations: number | null }} options
 * @param {import('./peers.mjs').LightGbm | null} lightgbm
 * @param {string} dir - a folder for the data
 * @returns {Promise<{ name: string, rows: object[], sha256: string[] }>} a row for each metric
 */
export async function compareCase(theCase, options, lightgbm, dir) {
  const runs = []
  for (let seed = 1; seed <= options.seeds; seed++) {
    const data = makeParityData(theCase.data, { nTrain: options.rows, nTest: options.rows, seed })
    const params = paramsOf(theCase, options, seed)
    const theirs = lightgbm === null ? null
      : trainTheirs(theCase, data, params, lightgbm, path.join(dir, `${seed}`))
    // whoever fails first is told of; the other one is not left without a listener
    theirs?.catch(() => {})
    const { predicted, sha256 } = await trainOurs(data, params)
    const ours = qualityOf(theCase, predicted, data.test, params)
    runs.push({ sha256, ours, theirs: await theirs })
  }
  return {
    name: theCase.name,
    rows: theCase.metrics.map((metric) => summary(metric, runs)),
    sha256: runs.map((run) => run.sha256),
  }
}

/** LightGBM's metrics: in a process of its own, so beside ours. */
async function trainTheirs(theCase, data, params, lightgbm, folder) {
  writeParityData(folder, data)
  const predicted = await lightgbm.train(folder, data, params)
  rmSync(folder, { recursive: true })
  return qualityOf(theCase, predicted, data.test, params)
}

/** The metrics of a case, by their keys. */
export function qualityOf(theCase, predicted, part, params) {
  return Object.fromEntries(theCase.metrics.map((key) => {
    const value = metrics[key].of(predicted, part, params)
    if (!Number.isFinite(value)) throw new Error(`${theCase.name}: ${key} is ${value}`)
    return [key, value]
  }))
}

/** One metric over all seeds; differences are turned so that above 0 ours is worse. */
function summary(key, runs) {
  const { title, higherIsBetter } = metrics[key]
  const ours = runs.map((run) => run.ours[key])
  if (runs[0].theirs === null) return { metric: title, ours, theirs: null }
  const theirs = runs.map((run) => run.theirs[key])
  const worse = ours.map((value, i) => (higherIsBetter ? -1 : 1) * (value - theirs[i]))
  return {
    metric: title, ours, theirs, worse, spread: deviation(theirs), ...verdict(worse, theirs),
  }
}

/**
 * What the differences say. The noise is the standard deviation of LightGBM's metric between
 * seeds. It is wide, because the data sets differ; so a difference within it that has one sign
 * for every seed is said, too.
 *
 * @param {number[]} worse - by seed, above 0 where ours is worse
 * @param {number[]} theirs - LightGBM's metric
 * @returns {{ verdict: string, isWorse: boolean }}
 */
export function verdict(worse, theirs) {
  const equal = sameWithin * Math.abs(mean(theirs))
  const isWorse = worse.length > 1 && mean(worse) > Math.max(equal, deviation(theirs))
  const nWorse = worse.filter((difference) => difference > equal).length
  const nBetter = worse.filter((difference) => difference < -equal).length
  const inAll = worse.length > 1 && nWorse === worse.length ? ', worse for every seed'
    : worse.length > 1 && nBetter === worse.length ? ', better for every seed' : ''
  if (isWorse) return { verdict: `**WORSE** than the noise${inAll}`, isWorse }
  if (nWorse + nBetter === 0) return { verdict: 'equal', isWorse }
  if (mean(worse) <= equal) return { verdict: `not worse${inAll}`, isWorse }
  if (worse.length < 2) return { verdict: 'worse; one seed tells no noise', isWorse }
  return { verdict: `not worse by more than the noise${inAll}`, isWorse }
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Standard deviation of a sample; 0 of a single value. */
export function deviation(values) {
  if (values.length < 2) return 0
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1))
}
