import { exp, log, log1p } from '@coppice/model'
import { CoppiceError } from '../errors.js'

/** Predictions below it count as it where their logarithm is taken (LightGBM). */
const EPSILON = 1e-10
/** LightGBM's log_arg_epsilon of cross entropies. */
const PROBABILITY_EPSILON = 1e-12

/** Loss of a prediction (of the label's kind, not a raw score) for a label. */
export type NumberLoss = (prediction: number, label: number) => number

/** LightGBM's losses of numbers, by the name of the metric; `parameter` as in MetricSpec. */
export function numberLoss(metric: string, parameter: number): NumberLoss {
  switch (metric) {
    case 'l1': return (t, y) => Math.abs(t - y)
    case 'quantile': return (t, y) => y < t ? (parameter - 1) * (y - t) : parameter * (y - t)
    case 'mape': return (t, y) => Math.abs(y - t) / Math.max(1, Math.abs(y))
    case 'huber': return huber(parameter)
    case 'fair': return (t, y) => {
      const x = Math.abs(t - y)
      return parameter * x - parameter * parameter * log1p(x / parameter)
    }
    case 'poisson': return poisson
    case 'gamma': return (t, y) => y / t + log(t)
    case 'gamma_deviance': return gammaDeviance
    case 'tweedie': return tweedie(parameter)
    case 'cross_entropy': return crossEntropy
    case 'rmsle': return squaredLogError
    // twice the objective's loss at 0.5 would be l2
    case 'expectile': return (t, y) => (y > t ? parameter : 1 - parameter) * (t - y) * (t - y)
    case 'pseudo_huber': return (t, y) => {
      const z = (t - y) / parameter
      return parameter * parameter * (Math.sqrt(1 + z * z) - 1)
    }
    case 'log_cosh': return logCosh
    case 'kullback_leibler': return (t, y) => crossEntropy(t, y) + negentropy(y)
    default: return (t, y) => (t - y) * (t - y)
  }
}

function huber(alpha: number): NumberLoss {
  return (t, y) => {
    const x = Math.abs(t - y)
    return x <= alpha ? 0.5 * x * x : alpha * (x - 0.5 * alpha)
  }
}

/** ln cosh(t - y) without the overflow of cosh. */
function logCosh(t: number, y: number): number {
  const x = Math.abs(t - y)
  return x - (log(2) - log1p(exp(-2 * x)))
}

/** Of ln(1 + x); predictions of -1 and less count as little more than -1. */
function squaredLogError(t: number, y: number): number {
  if (!(y > -1)) {
    throw new CoppiceError('DATA',
      `metric rmsle needs labels above -1, got ${y}; use another metric, or mend the row`)
  }
  const d = log1p(Math.max(t, 1e-6 - 1)) - log1p(y)
  return d * d
}

/** Negative log likelihood without what depends on the label alone. */
function poisson(t: number, y: number): number {
  const mean = Math.max(EPSILON, t)
  return mean - y * log(mean)
}

/** Half the deviance of a row; LightGBM gives the doubled sum, not a mean. */
function gammaDeviance(t: number, y: number): number {
  const ratio = y / (t + 1e-9)
  return ratio - log(ratio) - 1
}

function tweedie(power: number): NumberLoss {
  // the limit at 1, where LightGBM divides by 0
  if (power === 1) return poisson
  return (t, y) => {
    const logMean = log(Math.max(EPSILON, t))
    return exp((2 - power) * logMean) / (2 - power) -
      y * exp((1 - power) * logMean) / (1 - power)
  }
}

/** Cross entropy of a probability and a label in [0, 1]. */
export function crossEntropy(probability: number, label: number): number {
  const positive = log(Math.max(PROBABILITY_EPSILON, probability))
  const negative = log(Math.max(PROBABILITY_EPSILON, 1 - probability))
  return -(label * positive + (1 - label) * negative)
}

/** y log y + (1 - y) log(1 - y); 0 at both ends. */
function negentropy(y: number): number {
  const term = (p: number): number => p > 0 ? p * log(p) : 0
  return term(y) + term(1 - y)
}
