/** The flights of datasets/flights as numbers; airports as codes of one dictionary. */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { inRoot } from '../lib/paths.mjs'
import { BenchRandom } from './random.mjs'

const folder = inRoot('datasets/flights')
const numeric = ['month', 'day_of_week', 'minute_of_day', 'distance']
const airports = ['origin', 'destination']

/** Why the flights cannot be used, or null when they can. */
export function flightsAbsence() {
  return existsSync(path.join(folder, 'train')) && existsSync(path.join(folder, 'test')) ? null
    : 'datasets/flights is not prepared; prepare it with: node scripts/prepare-flights.mjs'
}

/**
 * @param {{ nTrain?: number, nTest?: number }} [rows] - of each part, from the first on; default
 *   all
 * @returns {Promise<import('./data-files.mjs').BenchData>} rows sorted by date, as they are
 */
export async function readFlights({ nTrain = Infinity, nTest = Infinity } = {}) {
  const codes = new Map()
  const train = await readPart('train', nTrain, codes)
  const test = await readPart('test', nTest, codes)
  return { objective: 'binary', nClasses: 2, nFeatures: 6, categorical: [4, 5], train, test }
}

/** The same data with the training rows in a seeded random order. */
export function shuffleRows(data, seed) {
  const { nFeatures, train } = data
  const order = new BenchRandom(seed).permutation(train.nRows)
  const x = new Float32Array(train.x.length)
  const y = new Float64Array(train.nRows)
  order.forEach((from, to) => {
    for (let f = 0; f < nFeatures; f++) x[to * nFeatures + f] = train.x[from * nFeatures + f]
    y[to] = train.y[from]
  })
  return { ...data, train: { ...train, x, y } }
}

async function readPart(name, nRowsMax, codes) {
  const table = await flightsTable(name, nRowsMax)
  const nRows = table.delayed.length
  const x = new Float32Array(nRows * 6)
  for (let row = 0; row < nRows; row++) {
    numeric.forEach((column, f) => {
      x[row * 6 + f] = table[column][row]
    })
    airports.forEach((column, f) => {
      const airport = table[column][row]
      if (!codes.has(airport)) codes.set(airport, codes.size)
      x[row * 6 + 4 + f] = codes.get(airport)
    })
  }
  return { nRows, x, ones: null, y: Float64Array.from(table.delayed), weight: null }
}

/** The Parquet files of a part ('train' or 'test'), in the order of their rows. */
export function flightsFiles(part) {
  const dir = path.join(folder, part)
  return readdirSync(dir).filter((file) => file.endsWith('.parquet')).sort()
    .map((file) => path.join(dir, file))
}

/** The columns of a part's first rows, by name: arrays of numbers, of airports texts. */
export async function flightsTable(part, nRowsMax) {
  const tables = []
  let nRows = 0
  for (const file of flightsFiles(part)) {
    if (nRows >= nRowsMax) break
    tables.push(await readTable(file, nRowsMax - nRows))
    nRows += tables.at(-1).delayed.length
  }
  return Object.fromEntries(Object.keys(tables[0]).map((name) =>
    [name, tables.flatMap((table) => table[name])]))
}

/** The columns of the first rows of a Parquet file, by name. */
async function readTable(filename, nRowsMax) {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const file = await asyncBufferFromFile(filename)
  const metadata = await parquetMetadataAsync(file)
  const names = [...numeric, ...airports, 'delayed']
  const rowEnd = Math.min(Number(metadata.num_rows), nRowsMax)
  const table = Object.fromEntries(names.map((name) => [name, new Array(rowEnd)]))
  await parquetRead({
    file,
    metadata,
    compressors,
    columns: names,
    rowEnd,
    onChunk: ({ columnName, columnData, rowStart }) => {
      const target = table[columnName]
      const count = Math.min(columnData.length, rowEnd - rowStart)
      for (let i = 0; i < count; i++) target[rowStart + i] = columnData[i]
    },
  })
  return table
}
