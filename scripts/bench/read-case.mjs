/**
 * The case `read`: files to columns in memory, beside DuckDB. Every run is a process that has just
 * started; its clock starts when its program is loaded.
 */
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../lib/run.mjs'
import { median, ratioOf } from './compare.mjs'
import { pythonArguments } from './contestants.mjs'
import { flightsAbsence, flightsTable } from './flights-data.mjs'
import { makeData } from './made-data.mjs'
import { flightsInFiles, writeNumbers } from './parquet-files.mjs'
import { python, pythonAbsence } from './python.mjs'
import { BenchRandom } from './random.mjs'
import { markdownTable, ratioText } from './report.mjs'

const nFeatures = 20
const seed = 7

/** `rows` of a whole run and of a tiny one; `write(dir, rows)` gives the paths. */
const files = [
  {
    name: 'Parquet, flights', absence: flightsAbsence, rows: [Infinity, 5_000],
    write: async (dir, nTrain) => (await flightsInFiles(dir, { nTrain, nTest: 10 })).train,
  },
  {
    name: 'Parquet, normal float32 values', absence: () => null, rows: [1_000_000, 2_000],
    write: async (dir, rows) => (await writeNumbers(dir, numbers(rows))).train,
  },
  {
    name: 'CSV, flights', absence: flightsAbsence, rows: [Infinity, 5_000],
    write: async (dir, rows) => {
      const table = await flightsTable('train', rows)
      const columns = Object.values(table)
      return writeCsv(path.join(dir, 'flights.csv'), Object.keys(table), columns[0].length,
        (row) => columns.map((column) => column[row]))
    },
  },
  {
    name: 'CSV, normal values of four digits', absence: () => null, rows: [1_000_000, 2_000],
    write: (dir, rows) => {
      const { train: { x } } = numbers(rows)
      const names = Array.from({ length: nFeatures }, (_, f) => `x${f}`)
      return writeCsv(path.join(dir, 'numbers.csv'), names, rows, (row) =>
        Array.from(x.subarray(row * nFeatures, (row + 1) * nFeatures), (value) =>
          value.toPrecision(4)))
    },
  },
  {
    name: 'CSV, five columns of texts, two all different, and two of integers',
    absence: () => null, rows: [400_000, 2_000],
    write: (dir, rows) => {
      const random = new BenchRandom(seed)
      const below = (n) => Math.floor(random.uniform() * n)
      return writeCsv(path.join(dir, 'texts.csv'),
        ['id', 'key', 'city', 'carrier', 'tail', 'n', 'm'], rows, (row) => [
          `u${row.toString(36)}${below(1 << 24).toString(36)}`, `k-${row}-${below(997)}`,
          `city${below(300)}`, `C${below(20)}`, `N${below(5000)}`, below(1000), below(100_000)])
    },
  },
]

function numbers(nTrain) {
  return makeData({ nTrain, nTest: 10, nFeatures, seed, label: 'binary' })
}

function writeCsv(file, names, nRows, rowOf) {
  const fd = openSync(file, 'w')
  let text = `${names.join()}\n`
  for (let row = 0; row < nRows; row++) {
    text += `${rowOf(row).join()}\n`
    if (text.length < 1 << 20 && row + 1 < nRows) continue
    writeSync(fd, text)
    text = ''
  }
  closeSync(fd)
  return [file]
}

const ours = {
  name: 'Coppice',
  command: (request) => [process.execPath,
    [fileURLToPath(new URL('read-child.mjs', import.meta.url)), JSON.stringify(request)]],
}
const duckdb = {
  name: 'DuckDB',
  command: (request) => [python, [...pythonArguments('duckdb_read.py'), JSON.stringify(request)]],
}

/** Reads each file at each number of threads, contestants in turns; a first round warms up. */
export async function runReadCase(options, dir, log) {
  const absence = options.isOursOnly ? 'it was left out (--ours)' : await pythonAbsence(['duckdb'])
  const contestants = absence === null ? [ours, duckdb] : [ours]
  const absences = absence === null ? [] : [`DuckDB is skipped: ${absence}`]
  const settings = []
  for (const [i, { name, absence: reasonOf, rows: [all, few], write }] of files.entries()) {
    const reason = reasonOf()
    if (reason !== null) {
      absences.push(`${name}: skipped: ${reason}`)
      continue
    }
    const own = path.join(dir, String(i))
    mkdirSync(own, { recursive: true })
    const paths = await write(own, options.rows ?? (options.isTiny ? few : all))
    const nBytes = paths.reduce((sum, file) => sum + statSync(file).size, 0)
    for (const threads of options.isTiny ? options.threads.slice(-1) : options.threads) {
      log(`read: ${name}, ${threads} threads`)
      const results = await readInTurns(contestants, { files: paths, threads }, options)
      settings.push({ name, threads, nBytes, results })
    }
  }
  return {
    title: 'read: files to columns in memory',
    markdown: [tableOf(settings), ...absences].join('\n\n'),
    results: { absences, settings },
    failure: null,
  }
}

async function readInTurns(contestants, request, { repeats, isTiny }) {
  const runs = contestants.map(() => [])
  for (let round = isTiny ? 0 : -1; round < repeats; round++) {
    for (const [i, { name, command }] of contestants.entries()) {
      const { code, output } = await run(...command(request), { capture: true })
      if (code !== 0) throw new Error(`${name} ended with status ${code}\n${output}`)
      if (round >= 0) runs[i].push(JSON.parse(output.trim().split('\n').at(-1)))
    }
  }
  const cpuOf = (own) => own.map(({ cpuMs }) => cpuMs)
  return contestants.map(({ name }, i) => ({
    name,
    rows: runs[i][0].rows,
    wallMs: median(runs[i].map(({ wallMs }) => wallMs)),
    cpuMs: median(cpuOf(runs[i])),
    cpuRatio: ratioOf(cpuOf(runs[i]), cpuOf(runs[0])),
  }))
}

function tableOf(settings) {
  const header = ['file', 'MB', 'threads', 'contestant', 'ms', 'CPU ms', 'Mrows/s', 'MB/s',
    'CPU, theirs / ours (min-max)']
  return markdownTable(header, settings.flatMap(({ name, threads, nBytes, results }) =>
    results.map(({ name: contestant, rows, wallMs, cpuMs, cpuRatio }, i) => [
      name, (nBytes / 1e6).toFixed(1), threads, contestant, wallMs.toFixed(0), cpuMs.toFixed(0),
      (rows / wallMs / 1e3).toFixed(2), (nBytes / wallMs / 1e3).toFixed(0),
      i === 0 ? '' : ratioText(cpuRatio),
    ])))
}
