/** The cases that time training: numeric, flights, flights-shuffled and wide. */
import path from 'node:path'
import { compare, median, ratioOf } from './compare.mjs'
import { contestants, lightgbmAbsence } from './contestant.mjs'
import { writeData } from './data-files.mjs'
import { flightsAbsence, readFlights, shuffleRows } from './flights-data.mjs'
import { makeData } from './made-data.mjs'
import { settingsTable } from './report.mjs'

const made = (nTrain, nTest, nFeatures) =>
  ({ nTrain, nTest, nFeatures, seed: 7, label: 'binary' })
const tinyFlights = 1

/** By name: `data(isTiny)` makes the data set, `absence()` says why the case cannot run. */
export const timingCases = {
  numeric: {
    title: '1,000,000 x 28 numeric features, 200,000 rows held out',
    absence: () => null,
    data: (isTiny) => makeData(isTiny ? made(5_000, 1_000, 28) : made(1_000_000, 200_000, 28)),
  },
  flights: {
    title: '2,497,772 flights, sorted by date, two of six features categorical',
    absence: flightsAbsence,
    data: (isTiny) => readFlights(isTiny ? tinyFlights : undefined),
  },
  'flights-shuffled': {
    title: 'the same flights in a random order',
    absence: flightsAbsence,
    data: async (isTiny) => shuffleRows(await readFlights(isTiny ? tinyFlights : undefined), 7),
    /** Ours once more on the rows as they are, so that order alone makes the difference. */
    sortedData: (isTiny) => readFlights(isTiny ? tinyFlights : undefined),
  },
  wide: {
    title: '100,000 x 500 numeric features, 20,000 rows held out',
    absence: () => null,
    leaves: [31],
    data: (isTiny) => makeData(isTiny ? made(1_000, 200, 500) : made(100_000, 20_000, 500)),
  },
}

/**
 * Runs one case at each number of leaves and threads.
 *
 * @param {string} name
 * @param {object} options - of the command, see options.mjs
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 * @returns {Promise<{ title: string, markdown: string, results: object }>}
 */
export async function runTimingCase(name, options, dir, log) {
  const { title, data, sortedData, leaves = options.leaves } = timingCases[name]
  const entries = []
  try {
    await enter(entries, keysOf(options), await data(options.isTiny), path.join(dir, 'data'), '')
    if (sortedData !== undefined) {
      const sorted = await sortedData(options.isTiny)
      await enter(entries, ['coppice'], sorted, path.join(dir, 'sorted'), ' (sorted)')
    }
    const binning = entries.map((entry) => ({ name: entry.name, binMs: entry.binMs }))
    const settings = []
    for (const numLeaves of leaves) {
      for (const threads of options.threads) {
        log(`${name}: ${numLeaves} leaves, ${threads} threads`)
        const params = paramsOf(entries[0].objective, numLeaves, options.iterations)
        const results = await compare(entries, { threads, params, repeats: options.repeats })
        settings.push({ numLeaves, threads, results, ratios: ratiosOf(results) })
      }
    }
    return {
      title: `${name}: ${title}`,
      markdown: settingsTable(settings, binning),
      results: { binning, settings },
    }
  } finally {
    for (const entry of entries) entry.process.close()
  }
}

/** Contestants that take part; in tiny runs only ours. */
export function keysOf({ isTiny }) {
  return isTiny || lightgbmAbsence() !== null ? ['coppice'] : Object.keys(contestants)
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
