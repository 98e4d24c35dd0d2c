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
  return { objective: 'binary', nFeatures: 6, categorical: [4, 5], train, test }
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
  const dir = path.join(folder, name)
  const files = readdirSync(dir).filter((file) => file.endsWith('.parquet')).sort()
  const tables = []
  let nRows = 0
  for (const file of files) {
    if (nRows >= nRowsMax) break
    tables.push(await readTable(path.join(dir, file), nRowsMax - nRows))
    nRows += tables.at(-1).delayed.length
  }
  const x = new Float32Array(nRows * 6)
  const y = new Float64Array(nRows)
  let row = 0
  for (const table of tables) {
    for (let i = 0; i < table.delayed.length; i++, row++) {
      numeric.forEach((column, f) => {
        x[row * 6 + f] = table[column][i]
      })
      airports.forEach((column, f) => {
        const airport = table[column][i]
        if (!codes.has(airport)) codes.set(airport, codes.size)
        x[row * 6 + 4 + f] = codes.get(airport)
      })
      y[row] = table.delayed[i]
    }
  }
  return { nRows, x, y, weight: null }
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
