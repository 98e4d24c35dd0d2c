/**
 * Cases on a cluster of local processes: our bytes are those of threads, so the metrics are, too;
 * beside LightGBM on Dask with as many workers, and LightGBM in one process.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { LocalCluster } from '@coppice/api'
import { startDask } from '../bench/contestants.mjs'
import { readNumbers } from '../bench/data-files.mjs'
import { partitionBounds } from '../bench/parquet-data.mjs'
import { paramsOf, qualityOf } from './compare.mjs'
import { makeParityData, writeParityData } from './data.mjs'
import { metrics } from './metrics.mjs'
import { trainOurs } from './ours.mjs'

/** Of ours and of Dask's. */
export const nWorkers = 3

const seed = 1

/**
 * @param {import('./cases.mjs').Case[]} cases - those for clusters
 * @param {{ rows: number, threads: number, iterations: number | null }} options
 * @param {{ lightgbm: import('./peers.mjs').LightGbm | null, hasDask: boolean }} peers
 * @param {string} dir - a folder for the data
 * @param {(line: string) => void} log
 * @param {import('./progress.mjs').Progress} progress - what is done already
 * @returns {Promise<{ name: string, nRows: number, sha256: string, sameBytes: boolean,
 *   rows: object[] }[]>}
 */
export async function runOnCluster(cases, options, { lightgbm, hasDask }, dir, log, progress) {
  const results = []
  const cluster = await LocalCluster.start({ workers: nWorkers, threadsPerWorker: 1 })
  try {
    for (const theCase of cases) {
      log(`on ${nWorkers} workers: ${theCase.name}`)
      results.push(await progress.of(`on workers: ${theCase.name}`, () =>
        runCase(theCase, options, { cluster, lightgbm, hasDask }, dir)))
    }
  } finally {
    await cluster.close()
  }
  return results
}

async function runCase(theCase, options, { cluster, lightgbm, hasDask }, dir) {
  const size = { nTrain: options.rows, nTest: options.rows, seed }
  const data = makeParityData(theCase.data, size)
  const params = paramsOf(theCase, options, seed)
  const quality = (predicted) => qualityOf(theCase, predicted, data.test, params)
  const here = await trainOurs(data, params)
  // how many threads there are is the workers' business
  const { num_threads: _, ...elsewhere } = params
  const there = await trainOurs(data, elsewhere, { cluster })
  const folder = path.join(dir, 'cluster')
  writeParityData(folder, data)
  const ours = quality(there.predicted)
  const theirs = lightgbm === null ? null
    : quality(await lightgbm.train(folder, data, params))
  const dask = hasDask && theCase.onDask
    ? quality(await trainOnDask(theCase, folder, elsewhere, data.train.nRows)) : null
  rmSync(folder, { recursive: true })
  return {
    name: theCase.name,
    nRows: data.train.nRows,
    sha256: there.sha256,
    sameBytes: here.sha256 === there.sha256,
    rows: theCase.metrics.map((key) => ({
      metric: metrics[key].title, ours: ours[key], theirs: theirs?.[key] ?? null,
      dask: dask?.[key] ?? null,
    })),
  }
}

async function trainOnDask({ name }, folder, params, nRows) {
  const out = path.join(folder, 'predicted.f64')
  const dask = startDask(name, { workers: nWorkers, bounds: partitionBounds(nRows) })
  try {
    await dask.load(folder)
    await dask.train({ objective: 'regression', verbose: -1, ...params }, nWorkers)
    await dask.predict(out)
  } finally {
    await dask.close()
  }
  return readNumbers(out, Float64Array)
}
