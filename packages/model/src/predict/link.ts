import type {
  CustomObjectiveOfModel, ImportedObjective, ModelObjective, Objective,
} from '../types.js'
import { exp } from '../math/exp.js'
import { log1p } from '../math/log.js'
import { sigmoid, softplus } from '../math/logistic.js'
import { isForest, nClassesOf, nOutputsOf } from '../objective.js'

/** Columns of the predictions of an objective: one per class, or per score of numbers. */
export function nProbabilities(objective: ModelObjective): number {
  return Math.max(1, nClassesOf(objective) === 0 ? nOutputsOf(objective) : nClassesOf(objective))
}

/**
 * What the raw score of an objective whose labels are numbers predicts: the score itself, its
 * signed square (regression_sqrt), e^score (poisson, gamma, tweedie; aft: the time; cox: the hazard
 * as a multiple of that of score 0), the logistic function of it (cross_entropy, multi_label) or
 * ln(1 + e^score) (cross_entropy_lambda: the rate, not a probability).
 */
export function predictedNumber(name: Objective['name']): (score: number) => number {
  switch (name) {
    case 'regression_sqrt': return (score) => Math.sign(score) * score * score
    case 'poisson':
    case 'gamma':
    case 'aft':
    case 'cox':
    case 'tweedie': return exp
    case 'multi_label':
    case 'cross_entropy': return sigmoid
    case 'cross_entropy_lambda': return softplus
    default: return (score) => score
  }
}

/** Whether one score decides between two classes. */
export function isBinary(objective: ModelObjective): boolean {
  return objective.name === 'binary' || objective.name === 'focal' || objective.name === 'hinge' ||
    (objective.name === 'custom' && objective.numClass === 2) ||
    (objective.name === 'imported' && objective.numClass === 2 && objective.numOutputs === 1)
}

/**
 * Raw scores to predictions.
 *
 * @param rawScores - rows x outputs, row-major
 * @param nIterations - the iterations that they are of, over which forests average
 * @returns a new array, row-major: binary [1 - p, p] with p = sigmoid(objective.sigmoid * score)
 *   (rows x 2), multiclass the softmax (rows x classes), multiclassova
 *   sigmoid(objective.sigmoid * score) of each class (rows x classes, sums other than 1), else
 *   `predictedNumber` of each score (rows x 1; quantiles and targets: rows x those), of sorted
 *   quantiles in ascending order
 */
export function probabilitiesOf(
  objective: ModelObjective, rawScores: Float64Array, nIterations = 1,
): Float64Array {
  const isAverage = isForest(objective) && nIterations > 0
  return predictionsOf(
    objective, isAverage ? rawScores.map((score) => score / nIterations) : rawScores)
}

function predictionsOf(objective: ModelObjective, rawScores: Float64Array): Float64Array {
  if (objective.name === 'imported') return importedPredictions(objective, rawScores)
  if (objective.name === 'custom') return customPredictions(objective, rawScores)
  switch (objective.name) {
    case 'binary': return bothClasses(rawScores.map((score) => sigmoid(objective.sigmoid * score)))
    case 'focal': return bothClasses(rawScores.map(sigmoid))
    case 'hinge': return bothClasses(rawScores.map((score) => score > 0 ? 1 : 0))
    case 'multiclass': return softmaxRows(rawScores, objective.numClass)
    case 'multiclassova': return rawScores.map((score) => sigmoid(objective.sigmoid * score))
    case 'regression':
    case 'regression_l1':
    case 'quantile':
    case 'mape':
    case 'huber':
    case 'fair': return rawScores.slice()
    case 'multi_quantile': return objective.sorted === true
      ? sortedRows(rawScores, objective.quantiles.length) : rawScores.slice()
    default: return rawScores.map(predictedNumber(objective.name))
  }
}

/**
 * Each row's scores in ascending order (Chernozhukov, Fernandez-Val and Galichon 2010: the
 * rearrangement of a quantile curve, which is never further from the true one).
 */
function sortedRows(scores: Float64Array, nQuantiles: number): Float64Array {
  const sorted = scores.slice()
  for (let at = 0; at < sorted.length; at += nQuantiles) {
    sorted.subarray(at, at + nQuantiles).sort()
  }
  return sorted
}

function customPredictions(
  objective: CustomObjectiveOfModel, rawScores: Float64Array,
): Float64Array {
  switch (objective.link) {
    case 'identity': return rawScores.slice()
    case 'exp': return rawScores.map(exp)
    case 'softplus': return rawScores.map(softplus)
    case 'softmax': return softmaxRows(rawScores, objective.numClass)
    case 'sigmoid': {
      const ps = rawScores.map(sigmoid)
      return isBinary(objective) ? bothClasses(ps) : ps
    }
  }
}

/** [1 - p, p] of each p. */
function bothClasses(ps: Float64Array): Float64Array {
  const probabilities = new Float64Array(ps.length * 2)
  for (let r = 0; r < ps.length; r++) {
    probabilities[2 * r] = 1 - ps[r]!
    probabilities[2 * r + 1] = ps[r]!
  }
  return probabilities
}

/** The operations of LightGBM in its order, with our `exp`. */
function importedPredictions(
  objective: ImportedObjective, scores: Float64Array,
): Float64Array {
  const { link, sigmoid: factor, numClass } = objective
  switch (link) {
    case 'identity': return scores.slice()
    case 'signedSquare': return scores.map((score) => Math.sign(score) * score * score)
    case 'exp': return scores.map(exp)
    case 'softplus': return scores.map((score) => log1p(exp(score)))
    case 'softmax': return softmaxRows(scores, numClass)
    case 'sigmoid': {
      const ps = scores.map((score) => sigmoid(factor * score))
      return isBinary(objective) ? bothClasses(ps) : ps
    }
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
