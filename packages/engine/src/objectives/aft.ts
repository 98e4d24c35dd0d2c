/**
 * Accelerated failure time (Barnwal, Cho and Hocking 2022; XGBoost's `survival:aft`): the
 * logarithm of a time is the score plus noise of a distribution, times a scale; of the time a
 * lower and an upper bound are known. Formulas, clipping and limits are those of XGBoost's
 * `survival_util.h`; only the differences of distribution functions are formed on the side where
 * they keep their digits.
 */
import { erfc, exp, log, type SurvivalDistribution } from '@coppice/model'

/** Gradients and hessians are clipped to these. */
export const AFT_GRADIENT_MAX = 15
export const AFT_HESSIAN_MAX = 15
const HESSIAN_MIN = 1e-16
/** Likelihoods below it count as it; denominators below it may call for a limit. */
const EPSILON = 1e-12

/** What is known of a noise z: density, its derivatives, and probabilities of both sides. */
interface Noise {
  readonly density: (z: number) => number
  /** First derivative of the density. */
  readonly slope: (z: number) => number
  /** Second derivative of the density. */
  readonly curve: (z: number) => number
  /** Probability of values up to z. */
  readonly below: (z: number) => number
  /** Probability of values above z. */
  readonly above: (z: number) => number
  /** Limits of gradient and hessian where the score is far off. */
  readonly limits: (kind: Censoring, isAbove: boolean, scale: number) => readonly [number, number]
}

type Censoring = 'none' | 'right' | 'left' | 'interval'

const ROOT_TWO = 1.4142135623730951
const NORMAL_FACTOR = 0.3989422804014327

const normal: Noise = {
  density: (z) => exp(-z * z / 2) * NORMAL_FACTOR,
  slope: (z) => -z * normal.density(z),
  curve: (z) => (z * z - 1) * normal.density(z),
  below: (z) => 0.5 * erfc(-z / ROOT_TWO),
  above: (z) => 0.5 * erfc(z / ROOT_TWO),
  limits: (kind, isAbove, scale) => {
    const own = 1 / (scale * scale)
    if (kind === 'right') return isAbove ? [-AFT_GRADIENT_MAX, own] : [0, HESSIAN_MIN]
    if (kind === 'left') return isAbove ? [0, HESSIAN_MIN] : [AFT_GRADIENT_MAX, own]
    return [isAbove ? -AFT_GRADIENT_MAX : AFT_GRADIENT_MAX, own]
  },
}

const logistic: Noise = {
  density: (z) => {
    // the same for -z, where nothing overflows
    const w = exp(-Math.abs(z))
    return w / ((1 + w) * (1 + w))
  },
  slope: (z) => {
    const w = exp(-Math.abs(z))
    const size = logistic.density(z) * ((1 - w) / (1 + w))
    return z > 0 ? -size : size
  },
  curve: (z) => {
    const w = exp(-Math.abs(z))
    return logistic.density(z) * ((w * w - 4 * w + 1) / ((1 + w) * (1 + w)))
  },
  below: (z) => 1 / (1 + exp(-z)),
  above: (z) => 1 / (1 + exp(z)),
  limits: (kind, isAbove, scale) => {
    const size = 1 / scale
    if (kind === 'right') return [isAbove ? -size : 0, HESSIAN_MIN]
    if (kind === 'left') return [isAbove ? 0 : size, HESSIAN_MIN]
    return [isAbove ? -size : size, HESSIAN_MIN]
  },
}

const extreme: Noise = {
  density: (z) => finite(exp(z), (w) => w * exp(-w)),
  slope: (z) => finite(exp(z), (w) => (1 - w) * (w * exp(-w))),
  curve: (z) => finite(exp(z), (w) => (w * w - 3 * w + 1) * (w * exp(-w))),
  below: (z) => {
    const w = exp(z)
    // 1 - e^-w loses digits near 0
    return w < 1e-5 ? w - w * w / 2 + w * w * w / 6 : 1 - exp(-w)
  },
  above: (z) => exp(-exp(z)),
  limits: (kind, isAbove, scale) => {
    const gradient = isAbove ? -AFT_GRADIENT_MAX : 1 / scale
    const hessian = isAbove ? AFT_HESSIAN_MAX : HESSIAN_MIN
    if (kind === 'right') return isAbove ? [gradient, hessian] : [0, HESSIAN_MIN]
    if (kind === 'left') return [isAbove ? 0 : gradient, HESSIAN_MIN]
    return [gradient, hessian]
  },
}

/** 0 where w^2 overflows: e^-w is 0 long before. */
function finite(w: number, value: (w: number) => number): number {
  return w > 1e150 ? 0 : value(w)
}

const noises: Readonly<Record<SurvivalDistribution, Noise>> = { normal, logistic, extreme }

/** P(low < noise <= high), from the side on which both are small. */
function between(noise: Noise, low: number, high: number): number {
  return low > 0 ? noise.above(low) - noise.above(high) : noise.below(high) - noise.below(low)
}

/** How a time is known, with both bounds as noise; an end that is not known is infinite. */
function boundsOf(
  lower: number, upper: number, score: number, scale: number,
): readonly [kind: Censoring, low: number, high: number] {
  const low = lower > 0 ? (log(lower) - score) / scale : -Infinity
  if (lower === upper) return ['none', low, low]
  if (upper === Infinity) return ['right', low, Infinity]
  return [lower > 0 ? 'interval' : 'left', low, (log(upper) - score) / scale]
}

/** The negative log likelihood of a time between the bounds (XGBoost's `aft-nloglik`). */
export function aftLoss(
  distribution: SurvivalDistribution, scale: number,
): (score: number, lower: number, upper: number) => number {
  const noise = noises[distribution]
  return (score, lower, upper) => {
    const [kind, low, high] = boundsOf(lower, upper, score, scale)
    const likelihood = kind === 'none' ? noise.density(low) / (scale * lower)
      : between(noise, low, high)
    return -log(Math.max(likelihood, EPSILON))
  }
}

/**
 * Writes gradient and hessian of the loss by the score.
 * @param out - [gradient, hessian]
 */
export function aftDerivatives(
  distribution: SurvivalDistribution, scale: number,
): (score: number, lower: number, upper: number, out: Float64Array) => void {
  const noise = noises[distribution]
  const at = (of: (z: number) => number, z: number): number =>
    z === Infinity || z === -Infinity ? 0 : of(z)
  return (score, lower, upper, out) => {
    const [kind, low, high] = boundsOf(lower, upper, score, scale)
    // of the likelihood: its first two derivatives by z, with the sign turned
    const isExact = kind === 'none'
    const mass = isExact ? noise.density(low) : between(noise, low, high)
    const first = isExact ? noise.slope(low) : at(noise.density, high) - at(noise.density, low)
    const second = isExact ? noise.curve(low) : at(noise.slope, high) - at(noise.slope, low)
    const gradient = first / (scale * mass)
    const hessian = -(mass * second - first * first) / (scale * mass * (scale * mass))
    const isAbove = (low > 0 && low !== Infinity) || (high > 0 && high !== Infinity)
    const [limit, limitHessian] = noise.limits(kind, isAbove, scale)
    out[0] = clip(Number.isFinite(gradient) ? gradient : limit, -AFT_GRADIENT_MAX, AFT_GRADIENT_MAX)
    out[1] = clip(
      Number.isFinite(hessian) ? hessian : limitHessian, HESSIAN_MIN, AFT_HESSIAN_MAX)
  }
}

function clip(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

/** The logarithm of the bound that is known: the lower, or the upper where that is 0. */
export function knownLogTime(lower: number, upper: number): number {
  return log(lower > 0 ? lower : upper)
}
