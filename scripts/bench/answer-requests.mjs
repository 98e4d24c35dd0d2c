/** What our contestants have in common: the protocol (README.md), and what they do with a model. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Booster } from '@coppice/api'
import { createPredictor, serializeModel } from '@coppice/model'
import { csrOf, denseRows } from './data-files.mjs'

/**
 * Answers requests, one JSON object a line on standard input, with one line each, until there are
 * no more.
 *
 * @param {Record<string, (request: object) => object | Promise<object>>} answers - by kind
 */
export async function answerRequests(answers) {
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
}

/** SHA-256 of a model's file. */
export function hashModel(model) {
  return { sha256: createHash('sha256').update(serializeModel(model)).digest('hex') }
}

/**
 * Writes predictions of rows to a file, float64: probabilities of class 1, of all classes, or
 * values.
 *
 * @param {object} model
 * @param {{ test: import('./data-files.mjs').Part, nFeatures: number }} rows
 */
export function writePredictions(model, rows, out) {
  writeFileSync(out, predictAll(createPredictor(model), rows))
  return {}
}

/** What a caller with these rows in memory waits for; the model is compiled already. */
export async function timeBatch(model, { test, nFeatures }, threads) {
  const booster = boosterOf(model)
  const rows = matrixOf(test, nFeatures)
  const cpu = process.cpuUsage()
  const start = performance.now()
  await booster.predict(rows, { numThreads: threads })
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { ms, cpuMs: (user + system) / 1000 }
}

let own = { model: null, booster: null }

function boosterOf(model) {
  if (own.model !== model) own = { model, booster: new Booster(model) }
  return own.booster
}

/** Rows one by one, each from numbers to a probability or a value. */
export function timeRows(model, { test, nFeatures }, nTimes) {
  const predictor = predictorOf(model)
  const rows = Array.from({ length: Math.min(nTimes, test.nRows) }, (_, row) =>
    Float64Array.from(denseRows(test, nFeatures, row, row + 1)))
  const rowMs = []
  for (let i = 0; i < nTimes; i++) {
    const start = performance.now()
    predictor.predictRow(rows[i % rows.length])
    rowMs.push(performance.now() - start)
  }
  return { rowMs }
}

let compiled = { model: null, predictor: null }

function predictorOf(model) {
  if (compiled.model !== model) compiled = { model, predictor: createPredictor(model) }
  return compiled.predictor
}

function predictAll(predictor, { test, nFeatures }) {
  const predicted = predictor.predictProbabilities(matrixOf(test, nFeatures))
  return predictor.model.objective.name === 'binary'
    ? predicted.filter((_, i) => i % 2 === 1) : predicted
}

/** The rows of a part, whichever way they are held. */
function matrixOf(part, nFeatures) {
  return part.ones === null ? { data: part.x, shape: [part.nRows, nFeatures] }
    : csrOf(part, nFeatures)
}
