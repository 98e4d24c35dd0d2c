/** The data sets of the cases that time training. */
import { flightsAbsence, readFlights, shuffleRows } from './flights-data.mjs'
import { makeData } from './made-data.mjs'
import { makeClasses, makeOneHot } from './made-kinds.mjs'

const seed = 7

const made = (rows, nFeatures, label = 'binary') => makeData({ ...rows, nFeatures, seed, label })

/** Rows of a made data set: as asked for, or few, or the case's own; a fifth more are held out. */
const rowsOf = ({ rows, isTiny }, tinyRows, ownRows) => {
  const nTrain = rows ?? (isTiny ? tinyRows : ownRows)
  return { nTrain, nTest: Math.ceil(nTrain / 5) }
}

const flights = ({ rows, isTiny }) => readFlights(isTiny
  ? { nTrain: rows ?? 20_000, nTest: 5_000 } : { nTrain: rows ?? undefined })

const never = () => null

/**
 * By name: `data(options)` makes the data set, `absence()` says why the case cannot run; `leaves`
 * and `iterations` are the case's own defaults.
 */
export const timingCases = {
  numeric: {
    title: 'numeric features',
    absence: never,
    data: (options) => made(rowsOf(options, 5_000, 1_000_000), 28),
  },
  flights: {
    title: 'flights sorted by date, origin and destination categorical',
    absence: flightsAbsence,
    data: flights,
  },
  'flights-shuffled': {
    title: 'the same flights in a random order',
    absence: flightsAbsence,
    data: async (options) => shuffleRows(await flights(options), seed),
    /** Ours once more on the rows as they are, so that order alone makes the difference. */
    sortedData: flights,
  },
  wide: {
    title: 'many numeric features',
    absence: never,
    leaves: [31],
    data: (options) => made(rowsOf(options, 1_000, 200_000), 500),
  },
  sparse: {
    title: '40 categories of 50 levels, one-hot',
    absence: never,
    leaves: [31],
    iterations: 20,
    data: (options) => options.isTiny
      ? makeOneHot({ ...rowsOf(options, 2_000), nGroups: 8, nLevels: 25, seed })
      : makeOneHot({ ...rowsOf(options, 0, 500_000), nGroups: 40, nLevels: 50, seed }),
  },
  classes: {
    title: 'many classes',
    absence: never,
    leaves: [31],
    iterations: 20,
    data: (options) => makeClasses({
      ...rowsOf(options, 2_000, 100_000), nFeatures: 20, nClasses: options.isTiny ? 5 : 100, seed,
    }),
  },
  regression: {
    title: 'log-normal labels, squared error',
    absence: never,
    data: (options) => made(rowsOf(options, 5_000, 500_000), 28, 'log-normal'),
  },
  tall: {
    title: 'many rows',
    absence: never,
    iterations: 20,
    data: (options) => made(rowsOf(options, 5_000, 10_000_000), 28),
  },
}
