import { log1p } from '@coppice/model'

/** Predictions below it count as it: XGBoost's limit. */
const LEAST = 1e-6 - 1
/** Least hessian. */
const HESSIAN_MIN = 1e-6

/**
 * Writes [gradient, hessian] of (ln(1 + score) - ln(1 + label))^2 / 2, XGBoost's
 * `reg:squaredlogerror`.
 */
export function squaredLogDerivatives(
  score: number, label: number, _second: number, out: Float64Array,
): void {
  const prediction = Math.max(score, LEAST)
  const q = prediction + 1
  const difference = log1p(prediction) - log1p(label)
  out[0] = difference / q
  out[1] = Math.max((1 - difference) / (q * q), HESSIAN_MIN)
}
