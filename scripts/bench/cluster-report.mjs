/** What the cases of clusters found, as Markdown. */
import { median, ratioOf } from './compare.mjs'
import { markdownTable } from './report.mjs'

/** Speed of the cluster against threads of one process that is aimed at. */
const speedMin = 0.8
/** How much longer LightGBM on Dask should take. */
const daskRatioMin = 3
/** What the journal and the audits together may cost. */
const recoveryRatioMax = 1.02

/** One row per number of leaves and contestant. */
export function clusterTable(settings) {
  const header = ['leaves', 'contestant', 'ms/iteration', 'speed (min-max)', 'run s', 'whole fit s',
    'fit / iterations ms', 'AUC', 'log-loss', 'KB in/tree', 'KB out/tree',
    'requests/tree', 'CPU s', "others' cores", 'SHA-256 of the model']
  const rows = settings.flatMap(({ numLeaves, results }) => results.map((result) => [
    numLeaves, result.name,
    median(result.msPerIteration).toFixed(1),
    result === results[0] ? '' : rangeText(speedOf(result, results[0])),
    (median(result.totalMs) / 1000).toFixed(2),
    (median(fitMs(result)) / 1000).toFixed(2),
    median(fitMsPerIteration(result)).toFixed(1),
    result.quality.auc.toFixed(6), result.quality.logLoss.toFixed(6),
    ...trafficCells(result.details),
    known(median(result.cpuMs) / 1000, 1),
    known(Math.max(...result.othersCores), 2),
    result.sha256?.slice(0, 16) ?? '',
  ]))
  return markdownTable(header, rows)
}

function trafficCells(details) {
  if (details[0].traffic === undefined) return ['', '', '']
  const middle = (key) => median(details.map(({ traffic }) => traffic[key]))
  return [(middle('bytesIn') / 1000).toFixed(0), (middle('bytesOut') / 1000).toFixed(0),
    middle('requests').toFixed(1)]
}

/** The ratios that there are aims for, each as a sentence. */
export function ratioTexts(settings) {
  return [
    sentence(settings, 'Speed of the cluster, as part of that of threads', (of) =>
      of('cluster') && speedOf(of('cluster'), of('threads')),
    { aim: `at least ${speedMin}`, isReached: (ratio) => ratio >= speedMin }),
    sentence(settings, 'LightGBM on Dask / our cluster, ms/iteration', (of) =>
      of('dask') && ratioOf(of('dask').msPerIteration, of('cluster').msPerIteration),
    { aim: `at least ${daskRatioMin}`, isReached: (ratio) => ratio >= daskRatioMin }),
    sentence(settings, 'LightGBM on Dask / our cluster, whole fit', (of) =>
      of('dask') && ratioOf(fitMs(of('dask')), fitMs(of('cluster'))),
    { aim: `at least ${daskRatioMin}`, isReached: (ratio) => ratio >= daskRatioMin }),
    sentence(settings, 'Cluster with a journal and audits / without both, whole runs', (of) =>
      of('journal') && ratioOf(of('journal').totalMs, of('bare').totalMs),
    { aim: `below ${recoveryRatioMax}`, isReached: (ratio) => ratio < recoveryRatioMax,
      digits: 3 }),
  ].filter((text) => text !== null)
}

function sentence(settings, what, ratioIn, { aim, isReached, digits = 2 }) {
  const parts = settings.flatMap(({ numLeaves, results }) => {
    const ratio = ratioIn((role) => results.find((result) => result.role === role))
    if (ratio === undefined) return []
    const verdict = isReached(ratio.median) ? 'reached' : 'MISSED'
    return [`${numLeaves} leaves ${rangeText(ratio, digits)}, ${verdict}`]
  })
  return parts.length === 0 ? null : `${what}: ${parts.join('; ')} (aim: ${aim}).`
}

/** Whether the model is the same wherever it was trained. */
export function bytesText(orders) {
  const ours = orders.flatMap(({ order, settings }) => settings.map(({ numLeaves, results }) => ({
    where: `rows ${order}, ${numLeaves} leaves`,
    hashes: results.flatMap(({ name, sha256 }) => (sha256 === undefined ? [] : [[name, sha256]])),
  })))
  const differing = ours.filter(({ hashes }) => new Set(hashes.map(([, hash]) => hash)).size > 1)
  if (differing.length === 0) {
    return { text: 'Same bytes: one model on threads and on every cluster.', failure: null }
  }
  const failure = `DIFFERENT BYTES: ${differing.map(({ where, hashes }) =>
    `${where}: ${hashes.map(([name, hash]) => `${name} ${hash.slice(0, 16)}`).join(', ')}`)
    .join('; ')}.`
  return { text: failure, failure }
}

function fitMs({ details }) {
  return details.map((run) => run.fitMs)
}

function fitMsPerIteration(result) {
  return fitMs(result).map((ms, run) => ms / result.iterationMs[run].length)
}

/** Above 1 it is faster. */
function speedOf(result, threads) {
  return ratioOf(threads.msPerIteration, result.msPerIteration)
}

function rangeText({ median: middle, min, max }, digits = 2) {
  return `${middle.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`
}

/** A figure, or a word where the system does not tell. */
function known(value, digits) {
  return Number.isNaN(value) ? 'unknown' : value.toFixed(digits)
}
