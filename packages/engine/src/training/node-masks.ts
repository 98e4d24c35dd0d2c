import { FeatureSampler } from '../grower/feature-sampler.js'
import { Interactions } from '../grower/interactions.js'
import { ThresholdDraws } from '../grower/threshold-draws.js'
import type { TrainingPlan } from './plan.js'

/** The features that may split the nodes of one tree at a time, and with extra_trees where. */
export class NodeMasks {
  readonly #sampler: FeatureSampler
  /** Null where all thresholds are scored. */
  readonly #thresholds: ThresholdDraws | null
  readonly #interactions: Interactions | null

  constructor(plan: TrainingPlan) {
    const { features, scan } = plan.engine
    this.#sampler = new FeatureSampler(plan.sampling, plan.usableFeatures, features.length)
    this.#thresholds = scan.extraTrees
      ? new ThresholdDraws(plan.extraSeed, features, scan.maxCatToOnehot) : null
    this.#interactions = plan.interactions === undefined ? null
      : new Interactions(plan.interactions, features.length)
  }

  /** Draws the features of a tree. @param sampling - its own */
  startTree(
    iteration: number, output: number, sampling: TrainingPlan['sampling'] | undefined,
  ): void {
    this.#sampler.startTree(iteration, output, sampling)
    this.#thresholds?.startTree(iteration, output)
  }

  /** As `NodeMask`. */
  mask(nodeKey: number, path: readonly number[]): Uint8Array {
    const mask = this.#sampler.mask(nodeKey, this.#interactions?.allowed(path))
    return this.#thresholds === null ? mask : this.#thresholds.draw(mask, nodeKey)
  }
}
