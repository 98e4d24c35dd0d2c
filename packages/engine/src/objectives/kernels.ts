import type { Kernels } from '../kernels/api.js'
import type { GradientInputs, ObjectiveKernel, ObjectiveSpec } from './objective.js'

/** Binds an objective to the rows of a thread. */
export function bindObjective(
  spec: ObjectiveSpec, kernels: Kernels, inputs: GradientInputs,
): ObjectiveKernel {
  switch (spec.objective.name) {
    case 'regression': return new SquaredError(kernels, inputs)
    case 'binary': return new BinaryLogLoss(spec, spec.objective.sigmoid, kernels, inputs)
    case 'multiclass': return new Softmax(spec.objective.numClass, kernels, inputs)
  }
}

/** gradient (score - label) w, hessian w. */
class SquaredError implements ObjectiveKernel {
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(kernels: Kernels, inputs: GradientInputs) {
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    const { scores, labels, weights, nRows } = this.#in
    return this.#kernels.residuals(scores, labels, weights, nRows)
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows } = this.#in
    this.#kernels.residualGradients(
      gradients, gradientStride, scores, labels, weights, nRows, gradientScale, hessianScale)
  }
}

/** LightGBM's binary log-loss: labels as -1 and 1, response -y s / (1 + e^(y s score)). */
class BinaryLogLoss implements ObjectiveKernel {
  readonly #spec: ObjectiveSpec
  readonly #sigmoid: number
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(spec: ObjectiveSpec, sigmoid: number, kernels: Kernels, inputs: GradientInputs) {
    this.#spec = spec
    this.#sigmoid = sigmoid
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    return 0
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows } = this.#in
    const [negative, positive] = this.#spec.binaryWeights
    this.#kernels.binaryGradients(
      gradients, gradientStride, scores, labels, weights, nRows, this.#sigmoid, negative,
      positive, gradientScale, hessianScale)
  }
}

/** Softmax with the hessian factor K / (K - 1) of LightGBM (Friedman 2001, algorithm 6). */
class Softmax implements ObjectiveKernel {
  readonly #numClass: number
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(numClass: number, kernels: Kernels, inputs: GradientInputs) {
    this.#numClass = numClass
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    return 0
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const t = this.#in
    const factor = this.#numClass / (this.#numClass - 1)
    this.#kernels.softmaxGradients(
      t.gradients, t.gradientPlaneBytes, t.scores, t.scorePlaneBytes, t.labels, t.weights,
      t.nRows, this.#numClass, factor, gradientScale, hessianScale, t.work)
  }
}
