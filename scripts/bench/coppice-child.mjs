/**
 * A contestant: Coppice in a process of its own. Holds one binned data set and answers requests,
 * one JSON object a line on standard input, with one line each. README.md has the protocol.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { InlineExecutor, train } from '@coppice/engine'
import { ThreadExecutor } from '@coppice/engine/threads'
import { createPredictor, serializeModel } from '@coppice/model'
import { binData } from './binned-data.mjs'
import { readData } from './data-files.mjs'

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
  load({ dir }) {
    const data = readData(dir)
    const start = performance.now()
    const binned = binData(data)
    const binMs = performance.now() - start
    const { nRows, x } = data.test
    held = { data: binned, test: { data: x, shape: [nRows, data.nFeatures] } }
    return { binMs, nRows: binned.nRows, nFeatures: data.nFeatures }
  },

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

  /** SHA-256 of the last model's file. */
  hash() {
    return { sha256: createHash('sha256').update(serializeModel(model)).digest('hex') }
  },

  /** Writes the predictions of the held-out rows: probabilities of class 1, or values. */
  predict({ out }) {
    const predictor = createPredictor(model)
    const predicted = model.objective.name === 'binary'
      ? predictor.predictProbabilities(held.test).filter((_, i) => i % 2 === 1)
      : predictor.predictRaw(held.test)
    writeFileSync(out, predicted)
    return {}
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, ...request } = JSON.parse(line)
  let answer
  try {
    answer = await answers[kind](request)
  } catch (error) {
    answer = { error: error.stack }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
