/** What our contestants have in common: the protocol (README.md), and what they do with a model. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createPredictor, serializeModel } from '@coppice/model'

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

/** Writes predictions of rows to a file, float64: probabilities of class 1, or values. */
export function writePredictions(model, rows, out) {
  const predictor = createPredictor(model)
  const predicted = model.objective.name === 'binary'
    ? predictor.predictProbabilities(rows).filter((_, i) => i % 2 === 1)
    : predictor.predictRaw(rows)
  writeFileSync(out, predicted)
  return {}
}
