import { nearestEven, saturate } from '../kernels/fixed-point.js'
import type { GradientInputs, ObjectiveKernel } from './objective.js'

/** Writes [gradient, hessian] of a row; `second` is its second label, where it has one. */
export type RowFormula = (score: number, label: number, second: number, out: Float64Array) => void

/**
 * An objective with a formula for each row that is no kernel of WebAssembly: the arithmetic is that
 * of the formula, the same wherever rows are.
 */
export class FormulaKernel implements ObjectiveKernel {
  readonly #formula: RowFormula
  readonly #in: GradientInputs
  readonly #hasSecond: boolean
  /** Gradients and hessians of the scores as they are, from a maximum until they are written. */
  #derivatives: readonly [Float64Array, Float64Array] | null = null

  /** @param nLabels - label planes: 1 or 2 */
  constructor(formula: RowFormula, nLabels: number, inputs: GradientInputs) {
    this.#formula = formula
    this.#in = inputs
    this.#hasSecond = nLabels === 2
  }

  maxGradient(): number {
    this.#derivatives = this.#compute()
    return largest(this.#derivatives[0])
  }

  maxHessian(): number {
    this.#derivatives ??= this.#compute()
    return largest(this.#derivatives[1])
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const [gradients, hessians] = this.#derivatives ?? this.#compute()
    this.#derivatives = null
    putPairs(this.#in, gradients, hessians, { gradientScale, hessianScale })
  }

  onScores(): void {
    this.#derivatives = null
  }

  #compute(): readonly [Float64Array, Float64Array] {
    const { memory, nRows, scores, scorePlaneBytes, labels, weights } = this.#in
    const plane = (at: number): Float64Array => new Float64Array(memory.buffer, at, nRows)
    const [score, label] = [plane(scores), plane(labels)]
    const second = this.#hasSecond ? plane(labels + scorePlaneBytes) : label
    const weight = weights === 0 ? null : plane(weights)
    const gradients = new Float64Array(nRows)
    const hessians = new Float64Array(nRows)
    const out = new Float64Array(2)
    for (let i = 0; i < nRows; i++) {
      this.#formula(score[i]!, label[i]!, second[i]!, out)
      const w = weight === null ? 1 : weight[i]!
      gradients[i] = out[0]! * w
      hessians[i] = out[1]! * w
    }
    return [gradients, hessians]
  }
}

/** Writes gradients and hessians of all rows as fixed-point numbers. */
export function putPairs(
  { memory, gradients: offset, gradientStride, nRows }: GradientInputs,
  gradients: Float64Array, hessians: Float64Array,
  { gradientScale, hessianScale }:
  { readonly gradientScale: number, readonly hessianScale: number },
): void {
  const out = new Int32Array(memory.buffer)
  for (let i = 0; i < nRows; i++) {
    const word = (offset + i * gradientStride) >>> 2
    out[word] = saturate(nearestEven(gradients[i]! * gradientScale))
    out[word + 1] = saturate(nearestEven(hessians[i]! * hessianScale))
  }
}

/** The largest magnitude; 0 of nothing. */
export function largest(values: Float64Array): number {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!))
  return max
}
