/** The cases that time training: numeric, flights, flights-shuffled and wide. */
import path from 'node:path'
import { compare, median, ratioOf } from './compare.mjs'
import { contestants, lightgbmAbsence } from './contestant.mjs'
import { writeData } from './data-files.mjs'
import { flightsAbsence, readFlights, shuffleRows } from './flights-data.mjs'
import { makeData } from './made-data.mjs'
import { settingsTable } from './report.mjs'

/** The time of shuffled rows may be this much of that of sorted ones. */
const orderRatioMax = 1.1

const made = (nTrain, nTest, nFeatures) =>
  makeData({ nTrain, nTest, nFeatures, seed: 7, label: 'binary' })

/** Rows of a made data set: as asked for, or few, or the case's own; a fifth more are held out. */
const rowsOf = ({ rows, isTiny }, tinyRows, ownRows) => {
  const nTrain = rows ?? (isTiny ? tinyRows : ownRows)
  return [nTrain, Math.ceil(nTrain / 5)]
}

const flights = ({ rows, isTiny }) => readFlights(isTiny
  ? { nTrain: rows ?? 20_000, nTest: 5_000 } : { nTrain: rows ?? undefined })

/** By name: `data(options)` makes the data set, `absence()` says why the case cannot run. */
export const timingCases = {
  numeric: {
    title: 'numeric features',
    absence: () => null,
    data: (options) => made(...rowsOf(options, 5_000, 1_000_000), 28),
  },
  flights: {
    title: 'flights sorted by date, origin and destination categorical',
    absence: flightsAbsence,
    data: flights,
  },
  'flights-shuffled': {
    title: 'the same flights in a random order',
    absence: flightsAbsence,
    data: async (options) => shuffleRows(await flights(options), 7),
    /** Ours once more on the rows as they are, so that order alone makes the difference. */
    sortedData: flights,
  },
  wide: {
    title: 'many numeric features',
    absence: () => null,
    leaves: [31],
    data: (options) => made(...rowsOf(options, 1_000, 200_000), 500),
  },
}

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
  const { title, data, sortedData, leaves = options.leaves } = timingCases[name]
  const entries = []
  try {
    const first = await data(options)
    const size = `${count(first.train.nRows)} x ${first.nFeatures}`
    await enter(entries, keysOf(options), first, path.join(dir, 'data'), '')
    if (sortedData !== undefined) {
      await enter(entries, ['coppice'], await sortedData(options), path.join(dir, 'sorted'),
        sortedSuffix)
    }
    const binning = entries.map((entry) => ({ name: entry.name, binMs: entry.binMs }))
    const settings = []
    for (const numLeaves of leaves) {
      for (const threads of options.threads) {
        log(`${name}: ${numLeaves} leaves, ${threads} threads`)
        const params = paramsOf(first.objective, numLeaves, options.iterations)
        const { repeats, isTiny } = options
        const setting = { threads, params, repeats, spare: isTiny ? 0 : repeats }
        const results = await compare(entries, setting)
        settings.push({ numLeaves, threads, results, ratios: ratiosOf(results) })
      }
    }
    const { text, failure } = bytesText(settings, name)
    const order = sortedData === undefined ? [] : [orderText(settings)]
    return {
      title: `${name}: ${title}, ${size}, ${count(first.test.nRows)} held out`,
      markdown: [settingsTable(settings, binning), text, ...order].join('\n\n'),
      results: { size, iterations: options.iterations, binning, settings },
      failure,
    }
  } finally {
    await Promise.all(entries.map((entry) => entry.process.close()))
  }
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

/** Contestants that take part. */
export function keysOf({ isOursOnly }) {
  return isOursOnly || lightgbmAbsence() !== null ? ['coppice'] : Object.keys(contestants)
}

/** Starts contestants on a data set, one after the other, and appends them to `entries`. */
export async function enter(entries, keys, data, dir, suffix) {
  writeData(dir, data)
  for (const key of keys) {
    const { name, params, start } = contestants[key]
    const entry = {
      name: `${name}${suffix}`,
      params,
      process: start(),
      dir,
      test: data.test,
      objective: data.objective,
      isOurs: key === 'coppice',
      binMs: 0,
    }
    entries.push(entry)
    entry.binMs = (await entry.process.load(dir)).binMs
  }
}

/** What both libraries are given; all else is the same by default. */
export function paramsOf(objective, numLeaves, numIterations) {
  return {
    objective,
    num_leaves: numLeaves,
    learning_rate: 0.1,
    max_bin: 255,
    min_data_in_leaf: 20,
    num_iterations: numIterations,
  }
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
