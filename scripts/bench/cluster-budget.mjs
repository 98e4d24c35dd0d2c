/**
 * Where an iteration of a cluster goes. The parts are measured by themselves in a process of their
 * own (cluster-budget-child.mjs), with the requests, rows and code of the cluster, and their sum is
 * held against the iteration that was measured; beside it the CPU time of the cluster's processes.
 */
import { fileURLToPath } from 'node:url'
import { median } from './compare.mjs'
import { Contestant } from './contestant.mjs'
import { markdownTable } from './report.mjs'

/** More than these say no more. */
const iterationsMax = 20

const parts = [
  ['engines', 'gradients, rows, histograms: the slower worker, request by request'],
  ['pack', 'packing sums: the slower worker'],
  ['encode', 'messages to bytes and back, both ends'],
  ['transfer', 'bytes / throughput + round trips of a link'],
  ['unpack', 'unpacking sums, of all workers'],
  ['add', 'adding them'],
  ['scan', 'subtracting from the parents, scanning for splits'],
  ['trainer', 'growing the tree, the record of the iteration'],
]

/** @returns {Promise<object>} milliseconds per iteration by part, and what they were made of */
export async function measureBudget(dir, params, nWorkers) {
  const file = fileURLToPath(new URL('cluster-budget-child.mjs', import.meta.url))
  const child = new Contestant('the budget', process.execPath, [file], {})
  try {
    await child.load(dir)
    const iterations = Math.min(params.num_iterations, iterationsMax)
    return await child.train({ ...params, num_iterations: iterations }, nWorkers)
  } finally {
    await child.close()
  }
}

/** The budget of one setting beside the measured iteration. */
export function budgetText({ numLeaves, results, budget }) {
  const cluster = results.find(({ role }) => role === 'cluster')
  const sum = parts.reduce((total, [key]) => total + budget.partMs[key], 0)
  const measured = median(cluster.msPerIteration)
  const rows = [
    ...parts.map(([key, what]) => [key, what, budget.partMs[key].toFixed(2)]),
    ['sum', '', sum.toFixed(2)],
    ['measured', 'the median iteration of the cluster', measured.toFixed(2)],
    ['rest', 'waking up, other processes on the cores, what the parts leave out',
      (measured - sum).toFixed(2)],
  ]
  const { roundTrips, wireBytes, roundTripMicros, megabytesPerSecond, nIterations } = budget
  return `Where an iteration goes, ${numLeaves} leaves (medians of ${nIterations} iterations):\n\n`
    + `${markdownTable(['part', 'what', 'ms/iteration'], rows)}\n\n`
    + `Per iteration ${roundTrips.toFixed(1)} round trips of ${roundTripMicros.toFixed(0)} us and `
    + `${(wireBytes / 1000).toFixed(0)} KB at ${megabytesPerSecond.toFixed(0)} MB/s. `
    + cpuText(cluster.details.map(({ cpu }) => cpu))
}

/** CPU time of the cluster's processes; a worker's is the mean of all. */
function cpuText(runs) {
  const middle = (key) => median(runs.map((cpu) => cpu[key]))
  if (Number.isNaN(middle('coordinatorMainMs'))) return 'CPU time by process is unknown here.'
  const text = [
    ['threads of a worker', 'workerOtherMs'], ['its main thread', 'workerMainMs'],
    ["the coordinator's main thread", 'coordinatorMainMs'],
    ['its other threads', 'coordinatorOtherMs'], ['the client', 'clientMs'],
  ].map(([who, key]) => `${who} ${middle(key).toFixed(1)}`).join(', ')
  return `CPU ms/iteration of the cluster itself: ${text}.`
}
