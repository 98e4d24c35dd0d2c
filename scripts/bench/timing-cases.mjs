/** The cases that time training, each on a data set of data-cases.mjs. */
import path from 'node:path'
import { compare, median, ratioOf } from './compare.mjs'
import { takingPart } from './contestants.mjs'
import { timingCases } from './data-cases.mjs'
import { closeAll, enter, paramsOf } from './entries.mjs'
import { settingsTable } from './report.mjs'

/** The time of shuffled rows may be this much of that of sorted ones. */
const orderRatioMax = 1.1

/**
 * Runs one case at each number of leaves and threads.
 *
 * @param {string} name
 * @param {object} options - of the command, see options.mjs
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 * @returns {Promise<{ title: string, markdown: string, results: object, failure: string | null }>}
 *   `failure` when our bytes depend on the number of threads
 */
export async function runTimingCase(name, options, dir, log) {
  const { title, data: makeData, sortedData, leaves } = timingCases[name]
  const iterations = iterationsOf(options, timingCases[name])
  const entries = []
  try {
    const data = await makeData(options)
    const size = `${count(data.train.nRows)} x ${data.nFeatures}`
    const { keys, absences } = await takingPart(options)
    absences.push(...await enter(entries, keys, data, path.join(dir, 'data'), ''))
    if (sortedData !== undefined) {
      await enter(entries, ['coppice'], await sortedData(options), path.join(dir, 'sorted'),
        sortedSuffix)
    }
    const binning = entries.map((entry) => ({ name: entry.name, binMs: entry.binMs }))
    const settings = []
    for (const numLeaves of options.givenLeaves ?? leaves ?? options.leaves) {
      for (const threads of options.threads) {
        log(`${name}: ${numLeaves} leaves, ${threads} threads`)
        const params = paramsOf(data, numLeaves, iterations)
        const { repeats, isTiny } = options
        const setting = { threads, params, repeats, spare: isTiny ? 0 : repeats }
        const results = await compare(entries, setting)
        settings.push({ numLeaves, threads, results, ratios: ratiosOf(results) })
      }
    }
    const { text, failure } = bytesText(settings, name)
    const order = sortedData === undefined ? [] : [orderText(settings)]
    return {
      title: `${name}: ${title}, ${size}, ${count(data.test.nRows)} held out, `
        + `${iterations} iterations`,
      markdown: [settingsTable(data.objective, settings, binning), ...absences, text, ...order]
        .join('\n\n'),
      results: { size, iterations, binning, absences, settings },
      failure,
    }
  } finally {
    await closeAll(entries)
  }
}

/** As asked for, few where all is tiny, the case's own, or what is usual. */
export function iterationsOf(options, { iterations }) {
  return options.givenIterations ?? (options.isTiny ? options.iterations
    : iterations ?? options.iterations)
}

const sortedSuffix = ' (sorted)'

function count(n) {
  return n.toLocaleString('en-US')
}

/** Whether the model is the same for every number of threads. */
function bytesText(settings, name) {
  const hashes = new Map()
  for (const { numLeaves, results } of settings) {
    for (const { name: contestant, sha256 } of results) {
      if (sha256 === undefined) continue
      const key = `${contestant}, ${numLeaves} leaves`
      hashes.set(key, (hashes.get(key) ?? new Set()).add(sha256))
    }
  }
  const differing = [...hashes].filter(([, found]) => found.size > 1).map(([key]) => key)
  const threads = [...new Set(settings.map((setting) => setting.threads))].join(', ')
  if (differing.length === 0) {
    return { text: `Same bytes: one model for ${threads} threads.`, failure: null }
  }
  const text = `DIFFERENT BYTES for ${threads} threads: ${differing.join('; ')}.`
  return { text, failure: `${name}: ${text}` }
}

/** Time of an iteration on shuffled over that on sorted rows, ours, run by run. */
function orderText(settings) {
  const parts = settings.map(({ numLeaves, threads, results }) => {
    const sorted = results.find((result) => result.name.endsWith(sortedSuffix))
    const { median: middle, min, max } = ratioOf(results[0].msPerIteration, sorted.msPerIteration)
    const verdict = middle <= orderRatioMax ? 'within' : 'BEYOND'
    return `${numLeaves} leaves, ${threads} threads ${middle.toFixed(2)} `
      + `(${min.toFixed(2)}-${max.toFixed(2)}, ${verdict} ${orderRatioMax.toFixed(2)})`
  })
  return `Order of rows, our ms/iteration shuffled / sorted: ${parts.join('; ')}.`
}

/** Per further entry its times over those of the first, ours. */
function ratiosOf([ours, ...others]) {
  return others.map((other) => ({
    name: other.name,
    perIteration: ratioOf(other.msPerIteration, ours.msPerIteration),
    total: ratioOf(other.totalMs, ours.totalMs),
    medianMs: median(other.msPerIteration),
  }))
}
