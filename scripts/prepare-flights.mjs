/**
 * Prepares the example data of `npm start`: the 3,000,000 flights of the first half of 2001 that
 * the npm package vega-datasets ships become partitions for training (before June) and for testing
 * (from June on), with the features that are known at departure and the label `delayed`.
 * datasets/README.md describes the columns.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inRoot } from './lib/paths.mjs'
import { seconds } from './lib/run.mjs'
import { hashContents, isStamped, stamp, unstamp } from './lib/stamp.mjs'

const source = inRoot('node_modules/vega-datasets/data/flights-3m.parquet')
const outDir = inRoot('datasets/flights')
/** First minute of the test rows, counted from 1970. */
const cut = Date.UTC(2001, 5, 1) / 60_000
const parts = [
  { name: 'train', rows: 2_497_772, partitions: 8 },
  { name: 'test', rows: 502_228, partitions: 2 },
]
const rowGroupsPerPartition = 3
const minutesPerDay = 1440

/**
 * Writes datasets/flights/{train,test}/part-*.parquet unless they are up to date.
 *
 * @returns {Promise<string>} what was done, for the log
 * @throws {Error} when the source is not the file this script was written for
 */
export async function prepareFlights() {
  const hash = hashContents([source, fileURLToPath(import.meta.url)])
  if (isStamped('flights', hash, parts.flatMap(partitionPaths))) return 'up to date'
  const start = performance.now()
  unstamp('flights')
  const flights = derive(await readFlights())
  let firstRow = 0
  for (const part of parts) {
    await writePart(part, flights, firstRow)
    firstRow += part.rows
  }
  stamp('flights', hash)
  return `written in ${seconds(start)}`
}

/** The paths of a part's partitions; names sort in row order. */
function partitionPaths({ name, partitions }) {
  return Array.from({ length: partitions }, (_, i) => path.join(outDir, name, `part-${i}.parquet`))
}

/** Columns of the source: minutes since 1970, delay in minutes, miles, airport codes. */
async function readFlights() {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const file = await asyncBufferFromFile(source)
  const metadata = await parquetMetadataAsync(file)
  const rows = Number(metadata.num_rows)
  const columns = {
    date: new Int32Array(rows),
    delay: new Int32Array(rows),
    distance: new Int32Array(rows),
    origin: new Array(rows),
    destination: new Array(rows),
  }
  await parquetRead({
    file,
    metadata,
    compressors,
    columns: Object.keys(columns),
    onChunk: ({ columnName, columnData, rowStart }) => {
      const target = columns[columnName]
      for (let i = 0; i < columnData.length; i++) {
        const value = columnData[i]
        target[rowStart + i] = value instanceof Date ? value.getTime() / 60_000
          : typeof value === 'bigint' ? Number(value) : value
      }
    },
  })
  return columns
}

/** Features and label of every flight; the clock is the airport's, so no time zone is applied. */
function derive({ date, delay, distance, origin, destination }) {
  const rows = date.length
  const month = new Int32Array(rows)
  const dayOfWeek = new Int32Array(rows)
  const minuteOfDay = new Int32Array(rows)
  const delayed = new Int32Array(rows)
  const monthOfDay = new Map()
  let testRows = 0
  for (let row = 0; row < rows; row++) {
    if (row > 0 && date[row] < date[row - 1]) throw new Error(`${source} is not sorted by date`)
    const day = Math.floor(date[row] / minutesPerDay)
    if (!monthOfDay.has(day)) monthOfDay.set(day, new Date(day * 86_400_000).getUTCMonth() + 1)
    month[row] = monthOfDay.get(day)
    dayOfWeek[row] = (day + 3) % 7 + 1 // 1970-01-01, day 0, was a Thursday: ISO day 4.
    minuteOfDay[row] = date[row] - day * minutesPerDay
    delayed[row] = delay[row] > 15 ? 1 : 0
    if (date[row] >= cut) testRows++
  }
  const found = `${rows - testRows} + ${testRows}`
  const wanted = parts.map((part) => part.rows).join(' + ')
  if (found !== wanted) throw new Error(`${source} has ${found} rows around June, not ${wanted}`)
  return {
    month, day_of_week: dayOfWeek, minute_of_day: minuteOfDay, distance, origin, destination,
    delayed,
  }
}

/** Writes one part beside its place and renames it, so that no half-written file is ever seen. */
async function writePart(part, flights, firstRow) {
  const { parquetWriteFile } = await import('hyparquet-writer')
  const folder = path.join(outDir, part.name)
  const temporary = `${folder}.${process.pid}.tmp`
  mkdirSync(temporary, { recursive: true })
  partitionPaths(part).forEach((file, i) => {
    const from = firstRow + Math.floor(part.rows * i / part.partitions)
    const to = firstRow + Math.floor(part.rows * (i + 1) / part.partitions)
    parquetWriteFile({
      filename: path.join(temporary, path.basename(file)),
      rowGroupSize: Math.ceil((to - from) / rowGroupsPerPartition),
      columnData: Object.entries(flights).map(([name, values]) => ({
        name,
        data: values.slice(from, to),
        type: Array.isArray(values) ? 'STRING' : 'INT32',
        nullable: false,
        statistics: false, // Nobody filters these rows, and strings are slow to compare.
      })),
    })
  })
  rmSync(folder, { recursive: true, force: true })
  renameSync(temporary, folder)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(`flights: ${await prepareFlights()}`)
}
