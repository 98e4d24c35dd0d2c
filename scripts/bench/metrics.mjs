/** Quality on held-out rows: one code for the predictions of every contestant. */

/** Weighted mean of f over the rows. */
function meanOf(predicted, { y, weight }, f) {
  let sum = 0
  let sumWeights = 0
  for (let row = 0; row < y.length; row++) {
    const w = weight === null ? 1 : weight[row]
    sum += w * f(predicted[row], y[row])
    sumWeights += w
  }
  return sum / sumWeights
}

/** Mean negative log-likelihood of probabilities, kept 1e-15 away from 0 and 1. */
export function logLoss(predicted, rows) {
  return meanOf(predicted, rows, (p, y) => {
    const likelihood = y === 1 ? p : 1 - p
    return -Math.log(Math.min(1, Math.max(1e-15, likelihood)))
  })
}

/** Root of the mean squared error. */
export function rmse(predicted, rows) {
  return Math.sqrt(meanOf(predicted, rows, (p, y) => (p - y) * (p - y)))
}

/** Median of the absolute errors, without weights: what a typical row sees. */
export function medianError(predicted, { y }) {
  return Float64Array.from(y, (label, row) => Math.abs(label - predicted[row]))
    .sort()[y.length >> 1]
}

/** Weighted area under the ROC curve; equal predictions count half (trapezoids). */
export function auc(predicted, { y, weight }) {
  const order = Uint32Array.from({ length: y.length }, (_, row) => row)
    .sort((a, b) => predicted[a] - predicted[b])
  let negativesBelow = 0
  let positives = 0
  let area = 0
  for (let i = 0; i < order.length;) {
    const tied = { positive: 0, negative: 0 }
    const value = predicted[order[i]]
    for (; i < order.length && predicted[order[i]] === value; i++) {
      const w = weight === null ? 1 : weight[order[i]]
      if (y[order[i]] === 1) tied.positive += w
      else tied.negative += w
    }
    area += tied.positive * (negativesBelow + tied.negative / 2)
    negativesBelow += tied.negative
    positives += tied.positive
  }
  return area / (positives * negativesBelow)
}

/** Mean negative log-likelihood; predicted: rows x classes, kept 1e-15 away from 0. */
export function multiLogLoss(predicted, { y }) {
  const nClasses = predicted.length / y.length
  let sum = 0
  for (let row = 0; row < y.length; row++) {
    sum -= Math.log(Math.max(1e-15, predicted[row * nClasses + y[row]]))
  }
  return sum / y.length
}

/** Share of the rows whose class is the most probable one, the first of equals. */
export function accuracy(predicted, { y }) {
  const nClasses = predicted.length / y.length
  let nRight = 0
  for (let row = 0; row < y.length; row++) {
    const of = predicted.subarray(row * nClasses, (row + 1) * nClasses)
    let best = 0
    for (let k = 1; k < nClasses; k++) {
      if (of[k] > of[best]) best = k
    }
    if (best === y[row]) nRight++
  }
  return nRight / y.length
}

/** What is shown of an objective: key in results, title in tables, function. */
export const metricsOf = {
  binary: [
    { key: 'auc', title: 'AUC', of: auc }, { key: 'logLoss', title: 'log-loss', of: logLoss },
  ],
  regression: [
    { key: 'rmse', title: 'RMSE', of: rmse },
    { key: 'medianError', title: 'median error', of: medianError },
  ],
  multiclass: [
    { key: 'logLoss', title: 'log-loss', of: multiLogLoss },
    { key: 'accuracy', title: 'accuracy', of: accuracy },
  ],
}
