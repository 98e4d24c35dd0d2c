import { exp, softplus } from '@coppice/model'
import type { Kernels } from './api.js'
import { ShapedKind } from './objective-kinds.js'
import { nearestEven, saturate } from './fixed-point.js'

/** Gradient and hessian of a row without weight; see assembly/gradients-shaped.ts. */
export function shapedDerivatives(
  kind: number, a: number, b: number, s: number, y: number,
): [number, number] {
  const d = s - y
  switch (kind) {
    case ShapedKind.expectile: {
      const factor = d > 0 ? 1 - a : a
      return [factor * d, factor]
    }
    case ShapedKind.pseudoHuber: {
      const z = d / a
      const r = 1 + z * z
      const root = Math.sqrt(r)
      return [d / root, 1 / (r * root)]
    }
    case ShapedKind.logCosh: {
      const e = exp(-2 * Math.abs(d))
      const t = (1 - e) / (1 + e)
      return [d < 0 ? -t : t, 4 * e / ((1 + e) * (1 + e))]
    }
    case ShapedKind.focal: return focal(a, b, s, y > 0.5)
    default: {
      const sign = y > 0.5 ? 1 : -1
      return sign * s < 1 ? [-sign, 1] : [0, 0]
    }
  }
}

function focal(a: number, b: number, s: number, isPositive: boolean): [number, number] {
  const z = isPositive ? s : -s
  const [logP, logQ] = [-softplus(-z), -softplus(z)]
  const [p, q] = [exp(logP), exp(logQ)]
  const share = isPositive ? b : 1 - b
  const c = share * exp(a * logQ)
  const g = c * (a * p * logP - q)
  const h = c * p * (q * (1 + 2 * a) + a * logP * (q - a * p))
  return [isPositive ? g : -g, Math.max(h, share * 1e-6)]
}

/** Naive twins of the kernels of objectives beyond LightGBM's; see `referenceKernels`. */
export function referenceShapedKernels(
  memory: WebAssembly.Memory,
): Pick<Kernels, 'shapedMaximum' | 'shapedGradients'> {
  const double = (at: number, i: number): number =>
    new DataView(memory.buffer).getFloat64(at + i * 8, true)
  const weightOf = (weight: number, i: number): number => weight === 0 ? 1 : double(weight, i)
  const put = (at: number, value: number): void =>
    new DataView(memory.buffer).setInt32(at, saturate(nearestEven(value)), true)
  return {
    shapedMaximum: (kind, a, b, score, label, weight, n) => {
      let max = 0
      for (let i = 0; i < n; i++) {
        const [g] = shapedDerivatives(kind, a, b, double(score, i), double(label, i))
        max = Math.max(max, Math.abs(g * weightOf(weight, i)))
      }
      return max
    },
    shapedGradients: (kind, a, b, out, stride, score, label, weight, n, gScale, hScale) => {
      for (let i = 0; i < n; i++) {
        const [g, h] = shapedDerivatives(kind, a, b, double(score, i), double(label, i))
        const w = weightOf(weight, i)
        put(out + i * stride, g * w * gScale)
        put(out + i * stride + 4, h * w * hScale)
      }
    },
  }
}
