import { exp, log } from '@coppice/model'

/** LightGBM's kEpsilon: probabilities below it count as it. */
const EPSILON = 1e-15

/** Loss of one row; `scores` are raw scores by output, `row` its index. */
export type RowLoss = (scores: readonly Float64Array[], row: number, label: number) => number

/** -log of the probability given to the label. */
export function binaryLogLoss(sigmoid: number): RowLoss {
  return (scores, row, label) => {
    const z = sigmoid * scores[0]![row]!
    const p = 1 / (1 + exp(label > 0.5 ? -z : z))
    return -log(Math.max(p, EPSILON))
  }
}

/** 1 where the likelier class is not the label; a probability of exactly 0.5 says class 0. */
export function binaryError(sigmoid: number): RowLoss {
  return (scores, row, label) => {
    const isPositive = sigmoid * scores[0]![row]! > 0
    return isPositive === label > 0.5 ? 0 : 1
  }
}

/** -log of the softmax probability given to the label. */
export function multiLogLoss(
  scores: readonly Float64Array[], row: number, label: number,
): number {
  let max = scores[0]![row]!
  for (const plane of scores) max = Math.max(max, plane[row]!)
  let sum = 0
  for (const plane of scores) sum += exp(plane[row]! - max)
  const p = exp(scores[label]![row]! - max) / sum
  return -log(Math.max(p, EPSILON))
}

/** -log of the probability that a class-against-the-rest model gives to the label. */
export function ovaLogLoss(sigmoid: number): RowLoss {
  return (scores, row, label) => {
    const p = 1 / (1 + exp(-sigmoid * scores[label]![row]!))
    return -log(Math.max(p, EPSILON))
  }
}

/** 1 where the label is not among the topK highest scores (ties count against it). */
export function multiError(topK: number): RowLoss {
  return (scores, row, label) => {
    const own = scores[label]![row]!
    let atLeast = 0
    for (const plane of scores) if (plane[row]! >= own) atLeast++
    return atLeast > topK ? 1 : 0
  }
}
