import type { ResolvedParams } from '@coppice/engine'
import { exp, log, softplus } from '@coppice/model'
import type { NaiveObjective } from './naive-loss.js'
import { powerAbove } from './naive-numbers.js'

interface Labels {
  readonly label: readonly number[]
  readonly maxWeight: number
  readonly hasWeight: boolean
  /** Largest magnitude of the init scores, 0 without any. */
  readonly maxInitScore: number
  /** Weighted mean of a function of the labels. */
  readonly mean: (of: (y: number) => number) => number
}

type Derivatives = (score: number, y: number, w: number) => [number, number]

/**
 * Objectives whose labels are numbers, written from LightGBM 4.6's, one row at a time; null for
 * others and for plain squared error.
 */
export function numericObjective(params: ResolvedParams, labels: Labels): NaiveObjective | null {
  const plan: MakePlan = (objective, base, of, rest) => ({
    objective,
    nOutputs: 1,
    baseScores: [params.boostFromAverage ? base : 0],
    derivatives: ([score], y, w) => [of(score!, y, w)],
    ...rest,
  })
  return nearLabels(params, labels, plan) ?? linked(params, labels, plan)
}

type MakePlan = (
  objective: NaiveObjective['objective'], base: number, of: Derivatives,
  rest: Pick<NaiveObjective,
    'scoreScale' | 'gradientBound' | 'hessianBound' | 'hessianSlope' | 'percentile'>,
) => NaiveObjective

const same = (y: number): number => y
const largest = (label: readonly number[]): number =>
  label.reduce((max, y) => Math.max(max, Math.abs(y)), 0)

/** Those whose scores are predictions, or nearly. */
function nearLabels(
  params: ResolvedParams, { label, maxWeight, maxInitScore, mean }: Labels, plan: MakePlan,
): NaiveObjective | null {
  const maxLabel = largest(label)
  const near = { scoreScale: maxLabel, gradientBound: null, hessianBound: maxWeight }
  switch (params.objective) {
    case 'regression': {
      const root = (y: number): number => y < 0 ? -Math.sqrt(-y) : Math.sqrt(y)
      return plan({ name: 'regression_sqrt' }, mean(root),
        (s, y, w) => [(s - root(y)) * w, w], { ...near, scoreScale: Math.sqrt(maxLabel) })
    }
    case 'regression_l1':
    case 'quantile':
    case 'mape': {
      // half a step of the grid of scores: they can be no nearer
      const reach = powerAbove(Math.max(maxLabel, maxInitScore)) / 2199023255552 // 2^41
      return ofSides(params, near, reach, plan)
    }
    case 'huber': {
      const { alpha } = params
      return plan({ name: 'huber', alpha }, mean(same), (s, y, w) => {
        const d = s - y
        return [(Math.abs(d) <= alpha ? d : Math.sign(d) * alpha) * w, w]
      }, near)
    }
    case 'fair': {
      const c = params.fairC
      return plan({ name: 'fair', c }, mean(same), (s, y, w) => {
        const t = Math.abs(s - y) + c
        return [c * (s - y) / t * w, c * c / (t * t) * w]
      }, near)
    }
    case 'expectile': {
      const alpha = params.expectileAlpha
      return plan({ name: 'expectile', alpha }, mean(same), (s, y, w) => {
        const factor = s > y ? 1 - alpha : alpha
        return [factor * (s - y) * w, factor * w]
      }, { ...near, hessianBound: Math.max(alpha, 1 - alpha) * maxWeight })
    }
    case 'pseudo_huber': {
      const slope = params.huberSlope
      return plan({ name: 'pseudo_huber', slope }, mean(same), (s, y, w) => {
        const z = (s - y) / slope
        const r = 1 + z * z
        return [(s - y) / Math.sqrt(r) * w, 1 / (r * Math.sqrt(r)) * w]
      }, near)
    }
    case 'log_cosh': return plan({ name: 'log_cosh' }, mean(same), (s, y, w) => {
      const e = exp(-2 * Math.abs(s - y))
      return [Math.sign(s - y) * ((1 - e) / (1 + e)) * w, 4 * e / ((1 + e) * (1 + e)) * w]
    }, near)
    default: return null
  }
}

/** Those whose gradients say on which side the label is; their leaves are percentiles. */
function ofSides(
  params: ResolvedParams, near: { scoreScale: number, hessianBound: number }, reach: number,
  plan: MakePlan,
): NaiveObjective {
  const side = (s: number, y: number): number =>
    (Math.abs(s - y) <= reach ? 0 : Math.sign(s - y))
  const rest = { ...near, gradientBound: near.hessianBound }
  const median = { alpha: 0.5, isRelative: false }
  const { alpha } = params
  switch (params.objective) {
    case 'quantile': return plan({ name: 'quantile', alpha }, 0,
      (s, y, w) => [(side(s, y) >= 0 ? 1 - alpha : -alpha) * w, w],
      { ...rest, gradientBound: Math.max(alpha, 1 - alpha) * near.hessianBound,
        percentile: { alpha, isRelative: false } })
    case 'mape': return plan({ name: 'mape' }, 0,
      (s, y, w) => [side(s, y) * w / Math.max(1, Math.abs(y)), w],
      { ...rest, percentile: { ...median, isRelative: true } })
    default: return plan({ name: 'regression_l1' }, 0,
      (s, y, w) => [side(s, y) * w, w], { ...rest, percentile: median })
  }
}

/** Those with a link. */
function linked(
  params: ResolvedParams, { label, maxWeight, hasWeight, mean }: Labels, plan: MakePlan,
): NaiveObjective | null {
  const maxLabel = largest(label)
  const logarithmic = { scoreScale: 8, gradientBound: null }
  switch (params.objective) {
    case 'poisson': {
      const step = exp(params.poissonMaxDeltaStep)
      return plan({ name: 'poisson', maxDeltaStep: params.poissonMaxDeltaStep }, log(mean(same)),
        (s, y, w) => [(exp(s) - y) * w, exp(s) * step * w],
        { ...logarithmic, hessianBound: step * maxLabel * maxWeight, hessianSlope: step })
    }
    case 'gamma':
      return plan({ name: 'gamma' }, log(mean(same)),
        (s, y, w) => [(1 - y * exp(-s)) * w, y * exp(-s) * w],
        { ...logarithmic, hessianBound: maxWeight, hessianSlope: 1 })
    case 'tweedie': {
      const p = params.tweedieVariancePower
      return plan({ name: 'tweedie', variancePower: p }, log(mean(same)), (s, y, w) => {
        const first = y * exp((1 - p) * s)
        const second = exp((2 - p) * s)
        return [(second - first) * w, ((p - 1) * first + (2 - p) * second) * w]
      }, { ...logarithmic, hessianBound: exp((2 - p) * log(maxLabel)) * maxWeight,
        hessianSlope: 1 })
    }
    case 'cross_entropy':
    case 'cross_entropy_lambda': {
      const share = mean(same)
      const isExposure = params.objective === 'cross_entropy_lambda' && hasWeight
      const base = params.objective === 'cross_entropy' ? log(share / (1 - share))
        : share + log(1 - exp(-share))
      return plan({ name: params.objective }, base, isExposure ? exposure : (s, y, w) => {
        const z = 1 / (1 + exp(-s))
        return [(z - y) * w, z * (1 - z) * w]
      }, {
        scoreScale: 8,
        gradientBound: isExposure ? Math.max(1, maxWeight) : maxWeight,
        hessianBound: isExposure ? maxWeight / 4 + 1 : maxWeight / 4,
      })
    }
    default: return null
  }
}

/** Cross entropy of 1 - (1 + e^s)^-w, as arranged in the engine's kernel. */
function exposure(s: number, y: number, w: number): [number, number] {
  const sigma = 1 / (1 + exp(-s))
  const x = w * softplus(s)
  const q = exp(-x)
  let p = 1 - q
  if (x < 1 / 32) {
    p = 1
    for (let k = 7; k > 1; k--) p = 1 - x / k * p
    p *= x
  }
  const r = w * sigma / p
  const rest = 1 / (1 + exp(s))
  return [w * sigma - y * r, w * sigma * rest + y * (r * (r * q - rest))]
}
