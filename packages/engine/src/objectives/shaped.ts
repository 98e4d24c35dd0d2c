import { exp, type Objective } from '@coppice/model'
import type { Kernels } from '../kernels/api.js'
import { ShapedKind } from '../kernels/objective-kinds.js'
import type { ResolvedParams } from '../params/index.js'
import type {
  GradientInputs, LabelStatistics, ObjectiveKernel, ObjectiveSpec,
} from './objective.js'

/** Objectives that LightGBM does not have. */
export type ShapedObjective = Extract<Objective,
  { readonly name: 'expectile' | 'pseudo_huber' | 'log_cosh' | 'focal' | 'hinge' }>

/** Parameters that they read. */
export type ShapedParams = Pick<ResolvedParams,
  'expectileAlpha' | 'huberSlope' | 'focalGamma' | 'focalAlpha'>

/** The objective of that name. */
export function shapedObjective(
  name: ShapedObjective['name'], params: ShapedParams,
): ShapedObjective {
  switch (name) {
    case 'expectile': return { name, alpha: params.expectileAlpha }
    case 'pseudo_huber': return { name, slope: params.huberSlope }
    case 'focal': return { name, gamma: params.focalGamma, alpha: params.focalAlpha }
    default: return { name }
  }
}

/**
 * Bounds that are proven, for weights of at most `maxWeight`; of the errors of numbers the largest
 * gradient is looked for, as labels may be far smaller than what bounds it.
 *
 * Focal, of a row with p = the probability of its class, q = 1 - p, c = the class's factor: the
 * gradient is c q^g (g p ln p - q), and -p ln p <= 1/e; the hessian is
 * c q^g p (q (1 + 2 g) + g ln p (q - g p)), of which p q <= 1/4 and -p^2 ln p <= 1 / (2 e).
 */
export function shapedSpec(
  objective: ShapedObjective, { maxWeight }: LabelStatistics,
): ObjectiveSpec {
  const [gradient, hessian] = boundsOf(objective)
  return {
    objective, binaryWeights: [1, 1],
    gradientBound: gradient === null ? null : gradient * maxWeight,
    hessianBound: hessian * maxWeight,
  }
}

function boundsOf(objective: ShapedObjective): readonly [number | null, number] {
  switch (objective.name) {
    case 'expectile': return [null, Math.max(objective.alpha, 1 - objective.alpha)]
    case 'focal': {
      const { alpha, gamma } = objective
      const share = Math.max(alpha, 1 - alpha)
      return [share * (1 + gamma * exp(-1)),
        share * Math.max(1e-6, (1 + 2 * gamma) / 4 + gamma * gamma * exp(-1) / 2)]
    }
    case 'hinge': return [1, 1]
    default: return [null, 1]
  }
}

/** An objective of a kind of its own over the rows of a thread. */
export class ShapedKernel implements ObjectiveKernel {
  readonly #kind: readonly [kind: number, a: number, b: number]
  readonly #isMeasured: boolean
  readonly #kernels: Kernels
  readonly #in: GradientInputs

  constructor(
    objective: ShapedObjective, spec: ObjectiveSpec, kernels: Kernels, inputs: GradientInputs,
  ) {
    this.#kind = kindOf(objective)
    this.#isMeasured = spec.gradientBound === null
    this.#kernels = kernels
    this.#in = inputs
  }

  maxGradient(): number {
    if (!this.#isMeasured) return 0
    const { scores, labels, weights, nRows } = this.#in
    return this.#kernels.shapedMaximum(...this.#kind, scores, labels, weights, nRows)
  }

  gradients(gradientScale: number, hessianScale: number): void {
    const { gradients, gradientStride, scores, labels, weights, nRows } = this.#in
    this.#kernels.shapedGradients(
      ...this.#kind, gradients, gradientStride, scores, labels, weights, nRows, gradientScale,
      hessianScale)
  }
}

function kindOf(objective: ShapedObjective): readonly [number, number, number] {
  switch (objective.name) {
    case 'expectile': return [ShapedKind.expectile, objective.alpha, 0]
    case 'pseudo_huber': return [ShapedKind.pseudoHuber, objective.slope, 0]
    case 'log_cosh': return [ShapedKind.logCosh, 0, 0]
    case 'focal': return [ShapedKind.focal, objective.gamma, objective.alpha]
    case 'hinge': return [ShapedKind.hinge, 0, 0]
  }
}
