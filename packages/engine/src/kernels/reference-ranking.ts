import { exp, log } from '@coppice/model'
import { powerOfTwo } from '../numeric/exact-sum.js'
import { rowDraw } from '../random.js'
import type { Kernels } from './api.js'
import { nearestEven, saturate } from './fixed-point.js'

type RankingKernels = Pick<Kernels, 'lambdaGradients' | 'xendcgGradients' | 'putRounded'>

/** Gradients and hessians of a query's rows, in row order. */
interface QueryDerivatives {
  readonly gradients: number[]
  readonly hessians: number[]
}

interface LambdaQuery {
  readonly scores: readonly number[]
  readonly labels: readonly number[]
  readonly inverse: number
  readonly gains: (label: number) => number
  readonly discounts: (rank: number) => number
  readonly truncation: number
  readonly isNormed: boolean
  readonly sigmoid: number
}

/** Sums of even and of odd partners apart, then together, as the lanes of the kernel. */
class PairSum {
  readonly #lanes: [number, number] = [0, 0]

  add(step: number, value: number): void {
    this.#lanes[step & 1]! += value
  }

  get total(): number {
    return this.#lanes[0] + this.#lanes[1]
  }
}

function lambdas(query: LambdaQuery): QueryDerivatives {
  const { scores, labels, inverse, gains, discounts, truncation, sigmoid } = query
  const n = scores.length
  const zeros = (): number[] => scores.map(() => 0)
  if (inverse === 0 || n < 2) return { gradients: zeros(), hessians: zeros() }
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
  const isNormed = query.isNormed && scores[order[0]!] !== scores[order[n - 1]!]
  const [gradients, hessians] = [zeros(), zeros()]
  let sum = 0
  for (let i = 0; i < Math.min(truncation, n - 1); i++) {
    const a = order[i]!
    const [own, curves, sums] = [new PairSum(), new PairSum(), new PairSum()]
    for (let j = i + 1; j < n; j++) {
      const b = order[j]!
      if (labels[a] === labels[b]) continue
      const distance = scores[a]! - scores[b]!
      const sign = labels[a]! < labels[b]! ? -1 : 1
      const gap = Math.abs(gains(labels[a]!) - gains(labels[b]!))
      let delta = gap * Math.abs(discounts(i) - discounts(j)) * inverse
      if (isNormed) delta /= Math.fround(0.01) + Math.abs(distance)
      const p = 1 / (1 + exp(sign * distance * sigmoid))
      const h = p * (1 - p) * (sigmoid * sigmoid * delta)
      const l = p * (-sigmoid * delta)
      own.add(j - i - 1, sign * l)
      curves.add(j - i - 1, h)
      sums.add(j - i - 1, -l)
      gradients[b]! -= sign * l
      hessians[b]! += h
    }
    gradients[a]! += own.total
    hessians[a]! += curves.total
    sum += sums.total
  }
  sum *= 2
  const factor = query.isNormed && sum > 0 ? log(1 + sum) * 1.44269504088896338700 / sum : 1
  return {
    gradients: gradients.map((g) => g * factor), hessians: hessians.map((h) => h * factor),
  }
}

/** LightGBM's kEpsilon, a float. */
const EPSILON = Math.fround(1e-15)

function xendcg(
  scores: readonly number[], labels: readonly number[], drawOf: (row: number) => number,
): QueryDerivatives {
  const zeros = (): number[] => scores.map(() => 0)
  if (scores.length < 2) return { gradients: zeros(), hessians: zeros() }
  const sumOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0)
  const best = Math.max(...scores)
  const powers = scores.map((s) => exp(s - best))
  const shares = powers.map((e) => e / sumOf(powers))
  const rests = shares.map((share) => Math.max(EPSILON, 1 - share))
  const phi = labels.map((y, i) => powerOfTwo(y) - drawOf(i) / 0x1_0000_0000)
  const inverse = 1 / Math.max(EPSILON, sumOf(phi))
  const first = shares.map((share, i) => share - phi[i]! * inverse)
  const p1 = first.map((l, i) => l / rests[i]!)
  const second = shares.map((share, i) => share * (sumOf(p1) - p1[i]!))
  const p2 = second.map((l, i) => l / rests[i]!)
  const third = shares.map((share, i) => share * (sumOf(p2) - p2[i]!))
  return {
    gradients: shares.map((_, i) => first[i]! + second[i]! + third[i]!),
    hessians: shares.map((share) => share * (1 - share)),
  }
}

/** Naive twins of the kernels of ranking; see `referenceKernels`. */
export function referenceRankingKernels(memory: WebAssembly.Memory): RankingKernels {
  const view = (): DataView => new DataView(memory.buffer)
  const double = (at: number, i: number): number => view().getFloat64(at + i * 8, true)
  const doubles = (at: number, begin: number, end: number): number[] =>
    Array.from({ length: end - begin }, (_, i) => double(at, begin + i))

  /** Writes the derivatives of each query, and finds the largest. */
  const eachQuery = (
    planes: { readonly gradient: number, readonly hessian: number, readonly weight: number },
    starts: number, nQueries: number, slope: number,
    derive: (q: number, begin: number, end: number) => QueryDerivatives,
  ): number => {
    let largest = 0
    for (let q = 0; q < nQueries; q++) {
      const [begin, end] = [0, 4].map((at) => view().getInt32(starts + q * 4 + at, true))
      const { gradients, hessians } = derive(q, begin!, end!)
      gradients.forEach((g, i) => {
        const row = begin! + i
        const w = planes.weight === 0 ? 1 : double(planes.weight, row)
        view().setFloat64(planes.gradient + row * 8, g * w, true)
        view().setFloat64(planes.hessian + row * 8, hessians[i]! * w, true)
        largest = Math.max(largest, Math.abs(g * w))
        if (slope > 0) largest = Math.max(largest, hessians[i]! * w / slope)
      })
    }
    return largest
  }
  return {
    lambdaGradients: (gradient, hessian, score, label, weight, starts, nQueries, inverses, gains,
      discount, truncation, isNormed, sigmoid) =>
      eachQuery({ gradient, hessian, weight }, starts, nQueries, sigmoid, (q, begin, end) =>
        lambdas({
          scores: doubles(score, begin, end), labels: doubles(label, begin, end),
          inverse: double(inverses, q), gains: (y) => double(gains, y),
          discounts: (rank) => double(discount, rank), truncation, isNormed: isNormed !== 0,
          sigmoid,
        })),
    xendcgGradients: (gradient, hessian, score, label, weight, starts, nQueries, firstIds,
      hashStart) =>
      eachQuery({ gradient, hessian, weight }, starts, nQueries, 0, (q, begin, end) =>
        xendcg(doubles(score, begin, end), doubles(label, begin, end),
          (row) => rowDraw(hashStart, double(firstIds, q) + row))),
    putRounded: (out, outStride, gradient, hessian, n, gradientScale, hessianScale) => {
      for (let i = 0; i < n; i++) {
        const put = (at: number, value: number): void =>
          view().setInt32(at, saturate(nearestEven(value)), true)
        put(out + i * outStride, double(gradient, i) * gradientScale)
        put(out + i * outStride + 4, double(hessian, i) * hessianScale)
      }
    },
  }
}
