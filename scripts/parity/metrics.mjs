/**
 * Quality on held-out rows, from what a library predicts: one plain code for all of them. A
 * metric is `{ title, higherIsBetter, of(predicted, part, params) }`; predicted are what users
 * get (probabilities, rates, values), of several classes row-major.
 */
import {
  accuracy, auc, logLoss, medianError, multiLogLoss, rmse,
} from '../bench/metrics.mjs'

/** The default of LightGBM's parameter. */
const number = (params, name, byDefault) => params[name] ?? byDefault

const lower = (title, of) => ({ title, higherIsBetter: false, of })
const higher = (title, of) => ({ title, higherIsBetter: true, of })

/** Weighted mean of a loss of predicted value and label. */
const mean = (title, lossOf) => lower(title, (predicted, { y, weight }, params) => {
  let sum = 0
  let sumWeights = 0
  for (let row = 0; row < y.length; row++) {
    const w = weight === null ? 1 : weight[row]
    sum += w * lossOf(predicted[row], y[row], params)
    sumWeights += w
  }
  return sum / sumWeights
})

/** Cross-entropy of a label that is a probability. */
function crossEntropy(p, y) {
  const kept = Math.min(1 - 1e-15, Math.max(1e-15, p))
  return -y * Math.log(kept) - (1 - y) * Math.log(1 - kept)
}

function ndcg(predicted, { y, groupSizes }, k) {
  const gain = (row, rank) => (2 ** y[row] - 1) / Math.log2(2 + rank)
  const sumOf = (rows) => rows.slice(0, k).reduce((sum, row, rank) => sum + gain(row, rank), 0)
  let first = 0
  let total = 0
  for (const size of groupSizes) {
    const rows = Array.from({ length: size }, (_, i) => first + i)
    const best = sumOf(rows.toSorted((a, b) => y[b] - y[a]))
    // as LightGBM: of a query without relevant rows every order is right
    total += best === 0 ? 1 : sumOf(rows.toSorted((a, b) => predicted[b] - predicted[a])) / best
    first += size
  }
  return total / groupSizes.length
}

/** By the names that cases use. */
export const metrics = {
  rmse: lower('RMSE', rmse),
  l1: mean('mean absolute error', (p, y) => Math.abs(p - y)),
  medianError: lower('median absolute error', medianError),
  auc: higher('AUC', auc),
  logLoss: lower('log-loss', logLoss),
  multiLogLoss: lower('log-loss of classes', multiLogLoss),
  accuracy: higher('accuracy', accuracy),
  mape: mean('absolute percentage error', (p, y) => Math.abs(p - y) / Math.max(1, Math.abs(y))),
  quantile: mean('quantile loss', (p, y, params) => {
    const alpha = number(params, 'alpha', 0.9)
    return y > p ? alpha * (y - p) : (1 - alpha) * (p - y)
  }),
  huber: mean('Huber loss', (p, y, params) => {
    const alpha = number(params, 'alpha', 0.9)
    const off = Math.abs(p - y)
    return off <= alpha ? 0.5 * off * off : alpha * (off - 0.5 * alpha)
  }),
  fair: mean('Fair loss', (p, y, params) => {
    const c = number(params, 'fair_c', 1)
    const off = Math.abs(p - y)
    return c * off - c * c * Math.log1p(off / c)
  }),
  poisson: mean('Poisson loss', (p, y) => p - y * Math.log(p)),
  gamma: mean('gamma loss', (p, y) => y / p + Math.log(p)),
  tweedie: mean('Tweedie loss', (p, y, params) => {
    const rho = number(params, 'tweedie_variance_power', 1.5)
    return -y * p ** (1 - rho) / (1 - rho) + p ** (2 - rho) / (2 - rho)
  }),
  crossEntropy: mean('cross-entropy', crossEntropy),
  /** The prediction is the intensity: the probability is 1 - e^-lambda. */
  crossEntropyLambda: mean('cross-entropy', (p, y) => crossEntropy(-Math.expm1(-p), y)),
  ndcg5: higher('NDCG@5', (predicted, part) => ndcg(predicted, part, 5)),
  ndcg10: higher('NDCG@10', (predicted, part) => ndcg(predicted, part, 10)),
}
