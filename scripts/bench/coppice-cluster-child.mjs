/**
 * A contestant: Coppice as its users call it, on Parquet files, on threads of this process or on a
 * cluster of processes of this machine that lives as long as this one. Answers requests, one JSON
 * object a line on standard input, with one line each. README.md has the protocol.
 */
import { connect, Dataset, paramsFrom, train } from '@coppice/api'
import { LocalCluster } from '@coppice/cluster/node'
import { answerRequests, hashModel, writePredictions } from './answer-requests.mjs'
import { readData } from './data-files.mjs'
import { featureColumn, labelColumn, parquetFolder } from './parquet-data.mjs'
import { processCpuMs } from './process-times.mjs'

let held = null
let model = null
/** The processes and the connection to them, or null where threads of this process train. */
let cluster = null
/** Fires when the cluster loses a worker: what is timed then says nothing. */
const loss = new AbortController()

/**
 * @param {{ workers: number, threadsPerWorker: number, journalDir: string | null,
 *   vigilance?: object }} place
 */
async function startCluster(place) {
  const processes = await LocalCluster.start({
    ...place,
    onNotice: (text) => {
      if (/ lost: | ended \(/.test(text)) loss.abort(new Error(text))
    },
  })
  return { processes, connection: await connect(processes.url, { token: processes.token }) }
}

/** CPU time so far, of this process and of the cluster's, by what they do. */
function cpuByRole() {
  const { user, system } = process.cpuUsage()
  const cpu = { clientMs: (user + system) / 1000 }
  if (cluster === null) return cpu
  const { coordinatorPid, workerPids } = cluster.processes
  const workers = workerPids.map(processCpuMs)
  const mean = (key) => workers.reduce((sum, worker) => sum + worker[key], 0) / workers.length
  const coordinator = processCpuMs(coordinatorPid)
  return {
    ...cpu, coordinatorMainMs: coordinator.mainMs, coordinatorOtherMs: coordinator.otherMs,
    workerMainMs: mean('mainMs'), workerOtherMs: mean('otherMs'),
  }
}

/** CPU time per iteration between two looks. */
function cpuPerIteration(before, after, nIterations) {
  return Object.fromEntries(Object.keys(after).map((key) =>
    [key, (after[key] - before[key]) / nIterations]))
}

/** What passed between coordinator and workers, per tree; reading and binning are left out. */
function trafficPerTree(before, after, nIterations) {
  const total = (status, key) => status.workers.reduce((sum, worker) => sum + worker[key], 0)
  const nTrees = Math.max(1, nIterations - before.iteration)
  return {
    requests: after.nRounds / nIterations,
    bytesIn: (total(after, 'bytesIn') - total(before, 'bytesIn')) / nTrees,
    bytesOut: (total(after, 'bytesOut') - total(before, 'bytesOut')) / nTrees,
    nAudits: after.nAuditsPassed,
  }
}

/** @param {object} place - more options of `train` */
async function timedTraining(params, dataset, place) {
  const iterationMs = []
  const fitStart = performance.now()
  let startMs = 0
  let last = fitStart
  let cpu = null
  let status = null
  const onEvent = ({ kind }) => {
    if (kind === 'stopped') return
    const now = performance.now()
    if (kind === 'started') {
      startMs = now - fitStart
      cpu = cpuByRole()
      status = cluster?.connection.status()
    } else {
      iterationMs.push(now - last)
    }
    last = now
  }
  const booster = await train(params, dataset, { ...place, onEvent })
  const fitMs = performance.now() - fitStart
  const details = { fitMs, cpu: cpuPerIteration(cpu, cpuByRole(), iterationMs.length) }
  if (cluster !== null) {
    const after = await cluster.connection.status()
    details.traffic = trafficPerTree(await status, after, iterationMs.length)
  }
  model = booster.model
  return { startMs, iterationMs, details }
}

const answers = {
  /** @param {{ dir: string, place: object | null }} request - place: null for threads here */
  async load({ dir, place }) {
    const start = performance.now()
    const { test, nFeatures, categorical } = readData(dir)
    held = {
      inputs: parquetFolder(dir),
      options: { label: labelColumn, categorical: categorical.map(featureColumn) },
      test,
      nFeatures,
    }
    if (place !== null) cluster = await startCluster(place)
    return { binMs: performance.now() - start }
  },

  async train({ params, threads }) {
    const dataset = await Dataset.open(held.inputs, held.options)
    if (cluster === null) {
      return timedTraining(paramsFrom({ ...params, num_threads: threads }), dataset, {})
    }
    try {
      const { connection } = cluster
      return await timedTraining(
        paramsFrom(params), dataset, { cluster: connection, signal: loss.signal })
    } finally {
      loss.signal.throwIfAborted()
    }
  },

  hash: () => hashModel(model),
  predict: ({ out }) => writePredictions(model, held, out),
}

await answerRequests(answers)
await cluster?.connection.close()
await cluster?.processes.stop()
