/**
 * A contestant: Coppice in a process of its own. Holds one binned data set and answers requests,
 * one JSON object a line on standard input, with one line each. README.md has the protocol.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { datasetFromMemory } from '@coppice/data'
import { InlineExecutor, train } from '@coppice/engine'
import { ThreadExecutor } from '@coppice/engine/threads'
import { createPredictor, serializeModel } from '@coppice/model'
import { readData } from './data-files.mjs'

let held = null
let model = null

/** Columns by name, as the loader and the predictor take them. */
function columnsOf({ nRows, x }, nFeatures, categorical) {
  return Object.fromEntries(Array.from({ length: nFeatures }, (_, f) => {
    const column = categorical.includes(f) ? new Int32Array(nRows) : new Float32Array(nRows)
    for (let row = 0, at = f; row < nRows; row++, at += nFeatures) column[row] = x[at]
    return [`f${f}`, column]
  }))
}

const answers = {
  async load({ dir }) {
    const { objective, nFeatures, categorical, train: rows, test } = readData(dir)
    const columns = columnsOf(rows, nFeatures, categorical)
    const start = performance.now()
    const data = await datasetFromMemory(columns, rows.y, {
      labelKind: objective === 'binary' ? 'binary' : 'number',
      categorical: categorical.map((f) => `f${f}`),
      ...(rows.weight === null ? {} : { weights: rows.weight }),
    })
    const binMs = performance.now() - start
    held = { data, test: columnsOf(test, nFeatures, categorical) }
    return { binMs, nRows: data.nRows, nFeatures: data.features.length }
  },

  async train({ params, threads }) {
    const iterationMs = []
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
    const executor = threads > 1 ? new ThreadExecutor(threads) : new InlineExecutor()
    ;({ model } = await train({ params, train: held.data, onEvent }, executor))
    return { startMs, iterationMs }
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
