import type { EngineSetup } from '../execution/protocol.js'
import type { FeatureSampling } from '../grower/feature-sampler.js'
import type { GrowthRules } from '../grower/growth-rules.js'
import type { OutputParams } from '../grower/leaf-output.js'
import type { GrowthParams } from '../grower/growth-params.js'
import type { LinearPlan } from '../linear/linear-plan.js'
import type { Schedule } from '../params/schedule.js'
import type { DartParams } from './dart.js'
import type { PercentilePlan } from './percentile-leaves.js'
import type { PositionPlan } from './position-biases.js'
import type { RowSampling, SamplingParams } from './row-sampling.js'

/** What decides whether trees of an iteration can grow without each other. */
export interface TreesPlan {
  readonly engine: Pick<EngineSetup, 'nOutputs' | 'rules' | 'asked'>
  /** Not null where leaves are percentiles. */
  readonly percentiles: object | null
  /** Present where leaves are linear functions. */
  readonly linear?: object | undefined
}

/** All that decides a training's trees besides the data. Plain data: crosses threads by copy. */
export interface TrainingPlan {
  readonly engine: EngineSetup
  readonly growth: GrowthParams
  /** Present where `engine.rules` is. */
  readonly growthRules?: GrowthRules
  /** Groups of features that may meet on a path; absent where any may. */
  readonly interactions?: readonly (readonly number[])[]
  readonly output: OutputParams & { readonly catL2: number }
  readonly learningRate: number
  /** Of the first iterations; those after them have `learningRate`. */
  readonly learningRates: readonly number[]
  /** What else is another in some iterations, see `settingsOf`; null: nothing. */
  readonly schedule: PlannedSchedule | null
  /** A random forest: what is added to every value of its trees, by output. Null: boosting. */
  readonly forest: { readonly bias: readonly number[] } | null
  /** Null: no trees are dropped. */
  readonly dart: DartParams | null
  /** Null where leaves are steps by the sums of their rows. */
  readonly percentiles: PercentilePlan | null
  /** Null where rows have no positions. */
  readonly positions: PositionPlan | null
  /** Present where `engine.linear` is. */
  readonly linear?: LinearPlan
  readonly rowSampling: RowSampling
  readonly sampling: FeatureSampling
  /** Of the thresholds of extra_trees. */
  readonly extraSeed: number
  /** Features that can split at all, ascending. */
  readonly usableFeatures: readonly number[]
  /** Magnitude of the scores, for the leaf grid. */
  readonly scoreScale: number
  /** Instead, of each score, where each has a leaf grid of its own. */
  readonly scoreScales?: readonly number[]
}

/** What of a plan changes from iteration to iteration. Plain data. */
export interface PlannedSchedule {
  readonly values: Schedule
  /** How rows are drawn where the schedule does not say. */
  readonly rows: SamplingParams
  readonly nRows: number
}
