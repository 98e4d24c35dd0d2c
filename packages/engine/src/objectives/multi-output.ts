import { hasTargets, type Objective } from '@coppice/model'
import type { GradientInputs, ObjectiveKernel, ObjectiveSpec } from './objective.js'

/** Objectives that are several of one score each, over the same rows. */
export type MultiObjective = Extract<Objective,
  { readonly name: 'multi_quantile' | 'multi_regression' | 'multi_label' }>

/** Whether an objective is several of one score each. */
export function isMultiOutput(objective: Objective): objective is MultiObjective {
  return objective.name === 'multi_quantile' || hasTargets(objective)
}

/**
 * Whether each score has grids of its own, of gradients and of scores: its trees are then those of
 * a training on its labels alone.
 */
export function hasOwnScales(objective: Objective): boolean {
  return objective.name === 'multi_regression'
}

/** The objective of one of the scores. */
export function outputObjective(objective: MultiObjective, output: number): Objective {
  switch (objective.name) {
    case 'multi_quantile': return { name: 'quantile', alpha: objective.quantiles[output]! }
    case 'multi_regression': return { name: 'regression' }
    case 'multi_label': return { name: 'binary', sigmoid: 1 }
  }
}

/** How many scores, and objectives, it has. */
export function outputsOf(objective: MultiObjective): number {
  return objective.name === 'multi_quantile' ? objective.quantiles.length : objective.numTarget
}

/** An objective for each score, each with planes of its own, or one label for all. */
export class MultiOutputKernel implements ObjectiveKernel {
  readonly #outputs: readonly ObjectiveKernel[]

  /** @param bind - makes the kernel of one score */
  constructor(
    spec: ObjectiveSpec, objective: MultiObjective, inputs: GradientInputs,
    bind: (spec: ObjectiveSpec, inputs: GradientInputs) => ObjectiveKernel,
  ) {
    const labelPlaneBytes = hasTargets(objective) ? inputs.scorePlaneBytes : 0
    this.#outputs = Array.from({ length: outputsOf(objective) }, (_, k) => bind(
      { ...spec, objective: outputObjective(objective, k) },
      {
        ...inputs,
        scores: inputs.scores + k * inputs.scorePlaneBytes,
        labels: inputs.labels + k * labelPlaneBytes,
        gradients: inputs.gradients + k * inputs.gradientPlaneBytes,
      }))
  }

  output(output: number): ObjectiveKernel {
    return this.#outputs[output]!
  }

  maxGradient(): number {
    return this.#outputs.reduce((max, output) => Math.max(max, output.maxGradient()), 0)
  }

  gradients(gradientScale: number, hessianScale: number): void {
    for (const output of this.#outputs) output.gradients(gradientScale, hessianScale)
  }
}
