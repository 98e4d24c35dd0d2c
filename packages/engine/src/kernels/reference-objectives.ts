import { exp, softplus } from '@coppice/model'
import type { Kernels } from './api.js'
import { PointwiseKind } from './objective-kinds.js'
import { nearestEven, saturate } from './fixed-point.js'

type ObjectiveKernels = Pick<
  Kernels, 'pointwiseMaximum' | 'pointwiseGradients' | 'xentLambdaGradients' | 'signGradients'>

/** Gradient and hessian of a row without weight, of a kind of objective with its number. */
function derivatives(kind: number, a: number, s: number, y: number): [number, number] {
  switch (kind) {
    case PointwiseKind.sqrt: return [s - (y < 0 ? -Math.sqrt(-y) : Math.sqrt(y)), 1]
    case PointwiseKind.huber: return [Math.max(-a, Math.min(a, s - y)), 1]
    case PointwiseKind.fair: {
      const t = Math.abs(s - y) + a
      return [a * (s - y) / t, a * a / (t * t)]
    }
    case PointwiseKind.poisson: return [exp(s) - y, exp(s) * a]
    case PointwiseKind.gamma: return [1 - y * exp(-s), y * exp(-s)]
    case PointwiseKind.tweedie: {
      const [first, second] = [y * exp((1 - a) * s), exp((2 - a) * s)]
      return [second - first, (a - 1) * first + (2 - a) * second]
    }
    default: {
      const z = 1 / (1 + exp(-s))
      return [z - y, z * (1 - z)]
    }
  }
}

/** 1 - e^-x for x >= 0, of which e^-x is `power`. */
function complement(x: number, power: number): number {
  if (x >= 0.03125) return 1 - power
  return x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6 * (1 - x / 7))))))
}

/** Of cross_entropy_lambda, see assembly/gradients-xent-lambda.ts. */
function lambdaDerivatives(s: number, y: number, w: number): [number, number] {
  const sigma = 1 / (1 + exp(-s))
  const rest = 1 / (1 + exp(s))
  const x = w * softplus(s)
  const q = exp(-x)
  const p = complement(x, q)
  const r = p > 1e-300 ? w * sigma / p : 1
  const h = w * sigma * rest + y * (r * (r * q - rest))
  return [w * sigma - y * r, Math.max(h, 0)]
}

/** Naive twins of the kernels of the objectives with a formula; see `referenceKernels`. */
export function referenceObjectiveKernels(memory: WebAssembly.Memory): ObjectiveKernels {
  const view = (): DataView => new DataView(memory.buffer)
  const double = (at: number, i: number): number => view().getFloat64(at + i * 8, true)
  const weightOf = (weight: number, i: number): number => weight === 0 ? 1 : double(weight, i)
  const put = (at: number, gradient: number, hessian: number): void => {
    view().setInt32(at, saturate(nearestEven(gradient)), true)
    view().setInt32(at + 4, saturate(nearestEven(hessian)), true)
  }
  return {
    pointwiseMaximum: (kind, a, score, label, weight, n) => {
      let max = 0
      for (let i = 0; i < n; i++) {
        const [g] = derivatives(kind, a, double(score, i), double(label, i))
        max = Math.max(max, Math.abs(g * weightOf(weight, i)))
      }
      return max
    },
    pointwiseGradients: (kind, a, out, outStride, score, label, weight, n, gScale, hScale) => {
      for (let i = 0; i < n; i++) {
        const [g, h] = derivatives(kind, a, double(score, i), double(label, i))
        const w = weightOf(weight, i)
        put(out + i * outStride, g * w * gScale, h * w * hScale)
      }
    },
    signGradients: (
      out, outStride, score, label, weight, n, near, below, equal, above, isRelative, gScale,
      hScale,
    ) => {
      for (let i = 0; i < n; i++) {
        const [s, y, w] = [double(score, i), double(label, i), weightOf(weight, i)]
        const g = (s - y < -near ? below : s - y > near ? above : equal) * w
        const relative = isRelative === 1 ? g / Math.max(1, Math.abs(y)) : g
        put(out + i * outStride, relative * gScale, w * hScale)
      }
    },
    xentLambdaGradients: (out, outStride, score, label, weight, n, gScale, hScale) => {
      for (let i = 0; i < n; i++) {
        const [g, h] = lambdaDerivatives(double(score, i), double(label, i), double(weight, i))
        put(out + i * outStride, g * gScale, h * hScale)
      }
    },
  }
}
