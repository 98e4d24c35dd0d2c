import { exp } from '@coppice/model'
import { assert, CoppiceError } from '../errors.js'
import type { Kernels } from '../kernels/api.js'
import { PointwiseKind } from '../kernels/objective-kinds.js'
import { CoxKernel } from '../survival/cox-kernel.js'
import { aftDerivatives } from './aft.js'
import { FormulaKernel } from './formula-kernel.js'
import { MultiOutputKernel } from './multi-output.js'
import { ShapedKernel } from './shaped.js'
import { squaredLogDerivatives } from './squared-log-error.js'
import type { GradientInputs, ObjectiveKernel, ObjectiveSpec } from './objective.js'

/** Binds an objective to the rows of a thread. */
export function bindObjective(
  spec: ObjectiveSpec, kernels: Kernels, inputs: GradientInputs,
): ObjectiveKernel {
  switch (spec.objective.name) {
    case 'regression': return new SquaredError(kernels, inputs)
    case 'regression_sqrt': return new Pointwise(PointwiseKind.sqrt, 0, kernels, inputs)
    case 'regression_l1':
    case 'mape': {
      const isRelative = spec.objective.name === 'mape'
      return new SideLoss({ below: -1, equal: 0, above: 1, isRelative }, kernels, inputs)
    }
    case 'quantile': {
      // LightGBM counts a label that is met as one below the score
      const { alpha } = spec.objective
      const sides = { below: -alpha, equal: 1 - alpha, above: 1 - alpha, isRelative: false }
      return new SideLoss(sides, kernels, inputs)
    }
    case 'huber': return new Pointwise(PointwiseKind.huber, spec.objective.alpha, kernels, inputs)
    case 'fair': return new Pointwise(PointwiseKind.fair, spec.objective.c, kernels, inputs)
    case 'poisson': return new Pointwise(
      PointwiseKind.poisson, exp(spec.objective.maxDeltaStep), kernels, inputs)
    case 'gamma': return new Pointwise(PointwiseKind.gamma, 0, kernels, inputs)
    case 'tweedie': return new Pointwise(
      PointwiseKind.tweedie, spec.objective.variancePower, kernels, inputs)
    case 'cross_entropy': return new Pointwise(PointwiseKind.crossEntropy, 0, kernels, inputs)
    // without weights it is the same loss
    case 'cross_entropy_lambda': return inputs.weights === 0
      ? new Pointwise(PointwiseKind.crossEntropy, 0, kernels, inputs)
      : new CrossEntropyLambda(kernels, inputs)
    case 'binary': return new BinaryLogLoss([1], spec, spec.objective.sigmoid, kernels, inputs)
    case 'multiclassova': return new BinaryLogLoss(
      Array.from({ length: spec.objective.numClass }, (_, k) => k),
      spec, spec.objective.sigmoid, kernels, inputs)
    case 'multiclass': return new Softmax(spec.objective.numClass, kernels, inputs)
    // their gradients are of whole queries: ranking-kernels.ts
    case 'lambdarank':
    case 'rank_xendcg': throw new CoppiceError('INTERNAL', 'internal error: rows without queries')
    case 'expectile':
    case 'pseudo_huber':
    case 'log_cosh':
    case 'focal':
    case 'hinge': return new ShapedKernel(spec.objective, spec, kernels, inputs)
    case 'multi_quantile':
    case 'multi_regression':
    case 'multi_label': return new MultiOutputKernel(
      spec, spec.objective, inputs, (own, its) => bindObjective(own, kernels, its))
    case 'squared_log_error': return new FormulaKernel(squaredLogDerivatives, 1, inputs)
    case 'aft': {
      const { distribution, scale } = spec.objective
      return new FormulaKernel(aftDerivatives(distribution, scale), 2, inputs)
    }
    case 'cox': {
      assert(spec.events !== undefined, 'the events of the training are known')
      return new CoxKernel(spec.events.times, inputs)
    }
    case 'custom':
      throw new CoppiceError('INTERNAL', 'internal error: a custom objective has a CustomKernel')
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

/** An objective with a formula for each row; the largest gradient is looked for. */
class Pointwise implements ObjectiveKernel {
  readonly #kind: number
  readonly #number: number
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(kind: number, number: number, kernels: Kernels, inputs: GradientInputs) {
    this.#kind = kind
    this.#number = number
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    const { scores, labels, weights, nRows } = this.#in
    return this.#kernels.pointwiseMaximum(
      this.#kind, this.#number, scores, labels, weights, nRows)
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows } = this.#in
    this.#kernels.pointwiseGradients(
      this.#kind, this.#number, gradients, gradientStride, scores, labels, weights, nRows,
      gradientScale, hessianScale)
  }
}

/** Gradients of rows whose score is below, equal to or above the label, see signGradients. */
interface Sides {
  readonly below: number
  readonly equal: number
  readonly above: number
  readonly isRelative: boolean
}

/**
 * A loss of the side on which the label is; scores are no nearer than half a step of their grid.
 */
class SideLoss implements ObjectiveKernel {
  readonly #sides: Sides
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(sides: Sides, kernels: Kernels, inputs: GradientInputs) {
    this.#sides = sides
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    return 0
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows, quantum } = this.#in
    const { below, equal, above, isRelative } = this.#sides
    this.#kernels.signGradients(
      gradients, gradientStride, scores, labels, weights, nRows, quantum / 2, below, equal, above,
      Number(isRelative), gradientScale, hessianScale)
  }
}

/** Cross entropy with weights as exposures. */
class CrossEntropyLambda implements ObjectiveKernel {
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(kernels: Kernels, inputs: GradientInputs) {
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    return 0
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows } = this.#in
    this.#kernels.xentLambdaGradients(
      gradients, gradientStride, scores, labels, weights, nRows, gradientScale, hessianScale)
  }
}

/**
 * LightGBM's binary log-loss: labels as -1 and 1, response -y s / (1 + e^(y s score)). An output
 * for each positive class: 1 of two, or every one against the rest.
 */
class BinaryLogLoss implements ObjectiveKernel {
  readonly #positives: readonly number[]
  readonly #spec: ObjectiveSpec
  readonly #sigmoid: number
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(
    positives: readonly number[], spec: ObjectiveSpec, sigmoid: number, kernels: Kernels,
    inputs: GradientInputs,
  ) {
    this.#positives = positives
    this.#spec = spec
    this.#sigmoid = sigmoid
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    return 0
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const t = this.#in
    const { binaryWeights } = this.#spec
    for (const [k, positive] of this.#positives.entries()) {
      this.#kernels.binaryGradients(
        t.gradients + k * t.gradientPlaneBytes, t.gradientStride, t.scores + k * t.scorePlaneBytes,
        t.labels, t.weights, t.nRows, positive, this.#sigmoid, binaryWeights[2 * k]!,
        binaryWeights[2 * k + 1]!, gradientScale, hessianScale)
    }
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
