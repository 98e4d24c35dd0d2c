/**
 * The case `predict`: rows in memory at once, and one row at a time, each by the API that a user of
 * the library would call from its language, with a model that the library trained itself.
 */
import path from 'node:path'
import { median, predictionsOf, ratioOf } from './compare.mjs'
import { takingPart } from './contestants.mjs'
import { closeAll, enter, paramsOf } from './entries.mjs'
import { makeData } from './made-data.mjs'
import { metricsOf } from './metrics.mjs'
import { markdownTable, qualityText, ratioText } from './report.mjs'

const byDefault = ['lightgbm', 'xgboost', 'sklearn', 'catboost']

/** Rows that are predicted one by one in a round, after as many that do not count. */
const nSingles = 2_000

/**
 * @param {object} options - of the command; `rows`: rows that are predicted
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 */
export async function runPredictCase(options, dir, log) {
  const { isTiny } = options
  const nTest = options.rows ?? (isTiny ? 1_000 : 500_000)
  const data = makeData({
    nTrain: isTiny ? 2_000 : 100_000, nTest, nFeatures: 28, seed: 7, label: 'binary',
  })
  const { keys, absences } = await takingPart(options, byDefault)
  const entries = []
  try {
    absences.push(...await enter(entries, keys, data, dir, ''))
    const settings = []
    for (const numLeaves of options.leaves) {
      log(`predict: ${numLeaves} leaves`)
      const params = paramsOf(data, numLeaves, options.iterations)
      for (const { process: child, params: own } of entries) {
        await child.train({ ...params, ...own }, Math.max(...options.threads))
      }
      settings.push({ numLeaves, results: await timeEntries(entries, options, nTest) })
    }
    return {
      title: `predict: ${nTest.toLocaleString('en-US')} x 28, ${options.iterations} trees`,
      markdown: [table(settings, options.threads), ...absences].join('\n\n'),
      results: { nTest, iterations: options.iterations, absences, settings },
      failure: null,
    }
  } finally {
    await closeAll(entries)
  }
}

/** Rounds of all entries in turns; the first warms up. */
async function timeEntries(entries, { threads, repeats, isTiny }, nTest) {
  const results = entries.map(({ name }) => ({
    name, rowsPerSecond: threads.map(() => []), cpuNs: threads.map(() => []), rowUs: [],
    row99Us: [], quality: {},
  }))
  const singles = isTiny ? 20 : nSingles
  for (let round = 0; round <= repeats; round++) {
    for (const [i, { process: child }] of entries.entries()) {
      for (const [t, nThreads] of threads.entries()) {
        const { ms, cpuMs } = await child.timeBatch(nThreads)
        if (round === 0) continue
        results[i].rowsPerSecond[t].push(nTest / ms * 1000)
        results[i].cpuNs[t].push(cpuMs * 1e6 / nTest)
      }
      const { rowMs } = await child.timeRows(singles)
      if (round === 0) continue
      const sorted = Float64Array.from(rowMs).sort()
      results[i].rowUs.push(median(rowMs) * 1000)
      results[i].row99Us.push(sorted[Math.floor(sorted.length * 0.99)] * 1000)
    }
  }
  for (const [i, entry] of entries.entries()) {
    const predicted = await predictionsOf(entry)
    results[i].quality = Object.fromEntries(metricsOf[entry.objective].map(({ key, of }) =>
      [key, of(predicted, entry.test)]))
    if (entry.isOurs) results[i].sha256 = await entry.process.hash()
  }
  return results
}

function table(settings, threads) {
  const header = ['leaves', 'contestant',
    ...threads.flatMap((n) => [`rows/s, ${n} thread${n === 1 ? '' : 's'}`, 'ours / theirs',
      'CPU ns/row, least', 'theirs / ours']),
    'one row us, p50', 'theirs / ours', 'p99', ...metricsOf.binary.map(({ title }) => title),
    'SHA-256 of the model']
  const rows = settings.flatMap(({ numLeaves, results }) => results.map((result, i) => {
    const ours = results[0]
    const ratio = (own, other) => i === 0 ? '' : ratioText(ratioOf(own, other))
    const cpuRatio = (t) => i === 0 ? ''
      : (Math.min(...result.cpuNs[t]) / Math.min(...ours.cpuNs[t])).toFixed(2)
    return [
      numLeaves, result.name,
      ...result.rowsPerSecond.flatMap((runs, t) =>
        [Math.round(median(runs)).toLocaleString('en-US'), ratio(ours.rowsPerSecond[t], runs),
          Math.round(Math.min(...result.cpuNs[t])), cpuRatio(t)]),
      median(result.rowUs).toFixed(1), ratio(result.rowUs, ours.rowUs),
      median(result.row99Us).toFixed(1),
      ...metricsOf.binary.map(({ key }) => qualityText(result.quality[key])),
      result.sha256?.slice(0, 16) ?? '',
    ]
  }))
  return markdownTable(header, rows)
}
