/**
 * A contestant: Coppice in a process of its own. Holds one binned data set and answers requests,
 * one JSON object a line on standard input, with one line each. README.md has the protocol.
 */
import { InlineExecutor, train } from '@coppice/engine'
import { dedicateProcess, ThreadExecutor } from '@coppice/engine/threads'
import {
  answerRequests, hashModel, timeBatch, timeRows, writePredictions,
} from './answer-requests.mjs'
import { binData, binSparse } from './binned-data.mjs'
import { csrOf, readData } from './data-files.mjs'
import { timeBinning } from './time-binning.mjs'

// what the command does
dedicateProcess()

let held = null
let model = null

/** Below this many cells (rows x features) the library trains in the calling thread. */
const inlineCellsMax = 200_000

/** What the library would choose; several threads where they are asked for, however few rows. */
function chooseExecutor({ nRows, features }, threads) {
  return threads === 1 && nRows * features.length < inlineCellsMax
    ? new InlineExecutor() : new ThreadExecutor(threads)
}

const answers = {
  async load({ dir }) {
    const data = readData(dir)
    const sparse = data.train.ones === null ? null : csrOf(data.train, data.nFeatures)
    const start = performance.now()
    const binned = sparse === null ? binData(data) : await binSparse(sparse, data.train)
    const binMs = performance.now() - start
    held = { data: binned, test: data.test, nFeatures: data.nFeatures }
    return { binMs }
  },

  bin: ({ dir, threads, form }) => timeBinning(readData(dir), form, threads),

  async train({ params, threads }) {
    const iterationMs = []
    const cpu = process.cpuUsage()
    const start = performance.now()
    let startMs = 0
    let last = start
    const onEvent = ({ kind }) => {
      if (kind === 'stopped') return
      const now = performance.now()
      if (kind === 'started') startMs = now - start
      else iterationMs.push(now - last)
      last = now
    }
    const executor = chooseExecutor(held.data, threads)
    const result = await train({ params, train: held.data, onEvent }, executor)
    model = result.model
    const { user, system } = process.cpuUsage(cpu)
    return { startMs, iterationMs, cpuMs: (user + system) / 1000 }
  },

  hash: () => hashModel(model),
  predict: ({ out }) => writePredictions(model, held, out),

  'time-batch': ({ threads }) => timeBatch(model, held, threads),
  'time-rows': ({ rows }) => timeRows(model, held, rows),
}

await answerRequests(answers)
