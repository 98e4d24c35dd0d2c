import type { Objective } from '../types.js'
import { exp } from '../math/exp.js'
import { sigmoid } from '../math/logistic.js'

/** Columns of the probabilities of an objective: 1 for regression, else one per class. */
export function nProbabilities(objective: Objective): number {
  switch (objective.name) {
    case 'regression': return 1
    case 'binary': return 2
    case 'multiclass': return objective.numClass
  }
}

/**
 * Raw scores to predictions.
 *
 * @param rawScores - rows x outputs, row-major
 * @returns a new array, row-major: regression the scores themselves (rows x 1), binary [1 - p, p]
 *   with p = sigmoid(objective.sigmoid * score) (rows x 2), multiclass the softmax (rows x classes)
 */
export function probabilitiesOf(objective: Objective, rawScores: Float64Array): Float64Array {
  switch (objective.name) {
    case 'regression': return rawScores.slice()
    case 'binary': {
      const probabilities = new Float64Array(rawScores.length * 2)
      for (let r = 0; r < rawScores.length; r++) {
        const p = sigmoid(objective.sigmoid * rawScores[r]!)
        probabilities[2 * r] = 1 - p
        probabilities[2 * r + 1] = p
      }
      return probabilities
    }
    case 'multiclass': return softmaxRows(rawScores, objective.numClass)
  }
}

/** exp(x - max) / sum, summed in class order. */
function softmaxRows(rawScores: Float64Array, nClasses: number): Float64Array {
  const probabilities = new Float64Array(rawScores.length)
  for (let at = 0; at < rawScores.length; at += nClasses) {
    const end = at + nClasses
    let max = -Infinity
    for (let i = at; i < end; i++) max = Math.max(max, rawScores[i]!)
    let sum = 0
    for (let i = at; i < end; i++) {
      const e = exp(rawScores[i]! - max)
      probabilities[i] = e
      sum += e
    }
    for (let i = at; i < end; i++) probabilities[i]! /= sum
  }
  return probabilities
}

/**
 * The class index of each row: the largest probability, the first of equal ones.
 * @param probabilities - rows x nClasses, row-major
 */
export function classIndices(probabilities: Float64Array, nClasses: number): Int32Array {
  const indices = new Int32Array(probabilities.length / nClasses)
  for (let r = 0; r < indices.length; r++) {
    let best = 0
    for (let k = 1; k < nClasses; k++) {
      if (probabilities[r * nClasses + k]! > probabilities[r * nClasses + best]!) best = k
    }
    indices[r] = best
  }
  return indices
}
