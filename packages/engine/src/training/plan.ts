import type { EngineSetup } from '../execution/protocol.js'
import type { FeatureSampling } from '../grower/feature-sampler.js'
import type { OutputParams } from '../grower/leaf-output.js'
import type { GrowthParams } from '../grower/tree-grower.js'

/** Row sampling: a share of the rows, drawn anew every `baggingFreq` iterations. */
export interface BaggingParams {
  readonly baggingFraction: number
  /** 0: no bagging. */
  readonly baggingFreq: number
  readonly baggingSeed: number
}

/** All that decides a training's trees besides the data. Plain data: crosses threads by copy. */
export interface TrainingPlan {
  readonly engine: EngineSetup
  readonly growth: GrowthParams
  readonly output: OutputParams & { readonly catL2: number }
  readonly learningRate: number
  readonly bagging: BaggingParams
  readonly sampling: FeatureSampling
  /** Features that can split at all, ascending. */
  readonly usableFeatures: readonly number[]
  /** Magnitude of the scores, for the leaf grid. */
  readonly scoreScale: number
}
