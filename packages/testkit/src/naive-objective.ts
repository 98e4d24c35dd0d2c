import { ExactSum, type BinnedDataset, type ResolvedParams } from '@coppice/engine'
import { exp, log } from '@coppice/model'
import type { NaiveObjective } from './naive-loss.js'
import { numericObjective } from './naive-numeric-objectives.js'

function sumOf(values: Iterable<number>): number {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum.value()
}

/** The objective of a training, written from LightGBM 4.6's objectives, one row at a time. */
export function describeObjective(params: ResolvedParams, data: BinnedDataset): NaiveObjective {
  const label = [...data.label!]
  const weight = data.weight === null ? label.map(() => 1) : [...data.weight]
  const sumWeight = sumOf(weight)
  const maxWeight = weight.reduce((max, w) => Math.max(max, w), 0)
  const classWeight = (k: number): number => sumOf(weight.filter((_, i) => label[i] === k))
  const average = params.boostFromAverage
  if (params.objective === 'regression' && !params.regSqrt) {
    return {
      objective: { name: 'regression' },
      nOutputs: 1,
      baseScores: [average ? sumOf(label.map((y, i) => y * weight[i]!)) / sumWeight : 0],
      scoreScale: label.reduce((max, y) => Math.max(max, Math.abs(y)), 0),
      gradientBound: null,
      hessianBound: maxWeight,
      derivatives: ([score], y, w) => [[(score! - y) * w, w]],
    }
  }
  const numeric = numericObjective(params, {
    label, maxWeight, hasWeight: data.weight !== null,
    maxInitScore: Math.max(0, ...(data.initScore ?? []).map(Math.abs)),
    mean: (of) => sumOf(label.map((y, i) => of(y) * weight[i]!)) / sumWeight,
  })
  if (numeric !== null) return numeric
  if (params.objective === 'multiclassova') {
    return againstTheRest(params, label, (k) => classWeight(k) / sumWeight, maxWeight)
  }
  if (params.objective === 'multiclass') {
    return softmax(params, (k) => classWeight(k) / sumWeight, maxWeight)
  }
  const s = params.sigmoid
  const positives = label.filter((y) => y === 1).length
  const negatives = label.length - positives
  const factors = [1, 1]
  if (params.isUnbalance) {
    if (positives > negatives) factors[0] = positives / negatives
    else factors[1] = negatives / positives
  }
  factors[1]! *= params.scalePosWeight
  const share = classWeight(1) / (classWeight(0) + classWeight(1))
  const p = Math.min(1 - 1e-15, Math.max(1e-15, share))
  const bound = s * Math.max(...factors) * maxWeight
  return {
    objective: { name: 'binary', sigmoid: s },
    nOutputs: 1,
    baseScores: [average ? log(p / (1 - p)) / s : 0],
    scoreScale: 8 / s,
    gradientBound: bound,
    hessianBound: bound * s / 4,
    derivatives: ([score], y, w) => {
      const sign = y === 1 ? 1 : -1
      const response = s / (1 + exp(sign * s * score!))
      const factor = factors[y]! * w
      return [[-sign * response * factor, response * (s - response) * factor]]
    },
  }
}

/** A binary log-loss for each class, with its own class weights. */
function againstTheRest(
  params: ResolvedParams, label: readonly number[], share: (k: number) => number,
  maxWeight: number,
): NaiveObjective {
  const { numClass, sigmoid: s } = params
  const classes = Array.from({ length: numClass }, (_, k) => k)
  const factors = classes.map((k) => {
    const positives = label.filter((y) => y === k).length
    const ratio = positives / (label.length - positives)
    const [no, yes] = !params.isUnbalance ? [1, 1] : ratio > 1 ? [ratio, 1] : [1, 1 / ratio]
    return [no!, yes! * params.scalePosWeight]
  })
  const bound = s * Math.max(...factors.flat()) * maxWeight
  return {
    objective: { name: 'multiclassova', numClass, sigmoid: s },
    nOutputs: numClass,
    baseScores: classes.map((k) => {
      const p = Math.min(1 - 1e-15, Math.max(1e-15, share(k)))
      return params.boostFromAverage ? log(p / (1 - p)) / s : 0
    }),
    scoreScale: 8 / s,
    gradientBound: bound,
    hessianBound: bound * s / 4,
    derivatives: (scores, y, w) => scores.map((score, k) => {
      const sign = y === k ? 1 : -1
      const response = s / (1 + exp(sign * s * score))
      const factor = factors[k]![y === k ? 1 : 0]! * w
      return [-sign * response * factor, response * (s - response) * factor]
    }),
  }
}

function softmax(
  params: ResolvedParams, share: (k: number) => number, maxWeight: number,
): NaiveObjective {
  const K = params.numClass
  return {
    objective: { name: 'multiclass', numClass: K },
    nOutputs: K,
    baseScores: Array.from({ length: K }, (_, k) =>
      params.boostFromAverage ? log(Math.max(1e-15, share(k))) : 0),
    scoreScale: 8,
    gradientBound: maxWeight,
    hessianBound: maxWeight * (K / (K - 1)) / 4,
    derivatives: (scores, y, w) => {
      const max = Math.max(...scores)
      const powers = scores.map((score) => exp(score - max))
      const total = powers.reduce((a, b) => a + b, 0)
      return powers.map((e, k) => {
        const p = e / total
        return [(p - (y === k ? 1 : 0)) * w, K / (K - 1) * p * (1 - p) * w]
      })
    },
  }
}
