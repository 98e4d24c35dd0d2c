/**
 * The cases `small` and `process`: Parquet files to a model file, and model and files to
 * predictions, each by a program as a user would write it, in a process of its own, with start-up.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inRoot, readJson } from '../lib/paths.mjs'
import { isDisturbed, median, ratioOf, watched } from './compare.mjs'
import { pythonArguments, takingPart } from './contestants.mjs'
import { paramsOf } from './entries.mjs'
import { flightsAbsence } from './flights-data.mjs'
import { makeData } from './made-data.mjs'
import { metricsOf } from './metrics.mjs'
import { flightsInFiles, writeNumbers } from './parquet-files.mjs'
import { processTable } from './process-report.mjs'
import { python } from './python.mjs'

/** By name: `files(options, dir)` are what the programs read. */
export const processCases = {
  small: {
    title: '20 numeric features, whole processes',
    absence: () => null,
    leaves: [31],
    files: ({ rows, isTiny }, dir) => writeNumbers(dir, makeData({
      nTrain: rows ?? (isTiny ? 1_000 : 20_000), nTest: isTiny ? 500 : 20_000, nFeatures: 20,
      seed: 7, label: 'binary',
    })),
  },
  process: {
    title: 'flights, whole processes',
    absence: flightsAbsence,
    files: ({ rows, isTiny }, dir) => flightsInFiles(dir, {
      nTrain: rows ?? (isTiny ? 5_000 : undefined), nTest: isTiny ? 2_000 : undefined,
    }),
  },
}

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const preload = ['--import', pathToFileURL(here('process-usage.mjs')).href]
const command = [...preload, inRoot('packages/coppice/dist/src/bin.js')]

/**
 * `train` and `predict` make a command line of a request; null: no such program. `extension` is
 * that of the model.
 */
const ours = [
  {
    name: 'Coppice', extension: 'json',
    train: (request) => [process.execPath,
      [...preload, here('coppice-process.mjs'), JSON.stringify(request)]],
    predict: null,
  },
  {
    name: 'Coppice, the command', extension: 'json',
    train: ({ params, threads, files, label, model }) =>
      [process.execPath, [...command, 'train', '--quiet', '--label', label, '--model', model,
        '--threads', String(threads),
        ...Object.entries(params).flatMap(([name, value]) => [`--${name}`, String(value)]),
        '--data', ...files]],
    predict: ({ model, files, out }) =>
      [process.execPath, [...command, 'predict', '--quiet', '--model', model, '--out', out,
        '--data', ...files]],
  },
]

const extensions = { lightgbm: 'txt', xgboost: 'json', sklearn: 'pickle', catboost: 'cbm' }

function byPython(key, name) {
  const program = (kind) => (request) => [python,
    [...pythonArguments('process.py'), JSON.stringify({ ...request, kind, library: key })]]
  return { name, extension: extensions[key], train: program('train'), predict: program('predict') }
}

const names = {
  lightgbm: 'LightGBM', xgboost: 'XGBoost', sklearn: 'scikit-learn', catboost: 'CatBoost',
}

/**
 * Runs one case at each number of leaves and threads, contestants in turns; a first round warms
 * the file cache and does not count.
 */
export async function runProcessCase(name, options, dir, log) {
  const { title, files: filesOf, leaves = options.leaves } = processCases[name]
  mkdirSync(dir, { recursive: true })
  const files = await filesOf(options, dir)
  const { keys, absences } = await takingPart(options, Object.keys(names))
  const entries = [...ours,
    ...keys.filter((key) => key in names).map((key) => byPython(key, names[key]))]
  const settings = []
  for (const numLeaves of options.givenLeaves ?? leaves) {
    for (const threads of options.isTiny ? options.threads.slice(-1) : options.threads) {
      log(`${name}: ${numLeaves} leaves, ${threads} threads`)
      const params = paramsOf({ objective: 'binary' }, numLeaves, options.iterations)
      const results = await runSetting(entries, { params, threads, files, dir }, options)
      settings.push({ numLeaves, threads, results })
    }
  }
  const { nRows } = files.testRows
  return {
    title: `${name}: ${title}, ${nRows.toLocaleString('en-US')} held out, `
      + `${options.iterations} iterations`,
    markdown: [processTable(settings), ...absences, bytesText(settings)].join('\n\n'),
    results: { iterations: options.iterations, absences, settings },
    failure: failureOf(settings, name),
  }
}

/**
 * Rounds of all entries: a training and a prediction each, every one a process. The first round
 * does not count, nor do, as often as there are repeats, those that other programs disturbed.
 */
async function runSetting(entries, { params, threads, files, dir }, { repeats, isTiny }) {
  const results = entries.map(({ name }) => ({ name, train: [], predict: [], quality: {} }))
  const requests = entries.map(({ extension }, i) => ({
    params, threads, label: files.label,
    model: path.join(dir, `model-${i}.${extension}`), out: path.join(dir, `predicted-${i}.npy`),
  }))
  let nSpare = isTiny ? 0 : repeats
  for (let nKept = isTiny ? 0 : -1; nKept < repeats;) {
    const runs = []
    for (const [i, { train, predict }] of entries.entries()) {
      runs.push({
        train: await measured(train, { ...requests[i], files: files.train }, dir),
        predict: predict === null ? null
          : await measured(predict, { ...requests[i], files: files.test }, dir),
      })
    }
    const isCounted = nKept >= 0
    if (isCounted && nSpare > 0 && runs.flatMap(Object.values).some(isDisturbed)) {
      nSpare--
      continue
    }
    nKept++
    if (!isCounted) continue
    for (const [i, { train, predict }] of runs.entries()) {
      results[i].train.push(train)
      if (predict !== null) results[i].predict.push(predict)
    }
  }
  for (const [i, entry] of entries.entries()) {
    const { model, out } = requests[i]
    if (ours.includes(entry)) results[i].sha256 = sha256Of(model)
    if (entry.predict !== null) results[i].quality = qualityOf(readNpy(out), files.testRows)
  }
  const [own] = results
  return results.map((result) => ({
    ...result,
    wallRatio: ratioOf(wallOf(result), wallOf(own)),
    medianWallMs: median(wallOf(result)),
  }))
}

function qualityOf(predicted, rows) {
  return Object.fromEntries(metricsOf.binary.map(({ key, of }) => [key, of(predicted, rows)]))
}

function sha256Of(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

const wallOf = ({ train }) => train.map(({ wallMs }) => wallMs)

/**
 * Runs a program to its end.
 * @returns {Promise<{ wallMs: number, cpuMs: number, peakMib: number, othersCores: number,
 *   phases: Record<string, number> }>} phases in ms; {} where the program tells none
 */
async function measured(commandOf, request, dir) {
  const usage = path.join(dir, 'usage.json')
  const phases = path.join(dir, 'phases.json')
  for (const file of [usage, phases]) rmSync(file, { force: true })
  const [program, args] = commandOf({ ...request, phases })
  const run = await watched(async () => {
    const start = performance.now()
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, COPPICE_BENCH_USAGE: usage },
    })
    const [code] = await once(child, 'close')
    const wallMs = performance.now() - start
    if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with status ${code}`)
    return { wallMs, ...readJson(usage) }
  })
  return { ...run, phases: readIfThere(phases) }
}

function readIfThere(file) {
  try {
    return readJson(file)
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/** The numbers of a .npy file, which are doubles: the header's length is at byte 8. */
function readNpy(file) {
  const bytes = readFileSync(file)
  const begin = 10 + bytes.readUInt16LE(8)
  return new Float64Array(new Uint8Array(bytes.subarray(begin)).buffer)
}

/** Number of leaves by which the command and the library, or numbers of threads, differ. */
function differing(settings) {
  const hashes = new Map()
  for (const { numLeaves, results } of settings) {
    const found = hashes.get(numLeaves) ?? new Set()
    for (const { sha256 } of results) if (sha256 !== undefined) found.add(sha256)
    hashes.set(numLeaves, found)
  }
  return [...hashes].filter(([, found]) => found.size > 1).map(([numLeaves]) => numLeaves)
}

function bytesText(settings) {
  const leaves = differing(settings)
  return leaves.length === 0
    ? 'Same bytes: the command and the library, with any number of threads, write one model.'
    : `DIFFERENT BYTES by the command, the library or threads: ${leaves.join(', ')} leaves.`
}

function failureOf(settings, name) {
  return differing(settings).length === 0 ? null : `${name}: ${bytesText(settings)}`
}
