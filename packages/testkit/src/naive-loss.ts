import type { Objective } from '@coppice/model'

/** What the objective says: where scores start and how steep the loss is. */
export interface NaiveObjective {
  readonly objective: Objective
  readonly nOutputs: number
  readonly baseScores: readonly number[]
  readonly scoreScale: number
  /** Null: the largest |gradient| of the iteration. */
  readonly gradientBound: number | null
  /** Bound of the hessians, to which `hessianSlope` times that of the gradients is added. */
  readonly hessianBound: number
  /** 0 where it is not given. */
  readonly hessianSlope?: number
  /** Leaves and the base score are this percentile of residuals; null, or none: they are not. */
  readonly percentile?: { readonly alpha: number, readonly isRelative: boolean } | null
  /** [gradient, hessian] of each output for a row's scores; unrounded. */
  readonly derivatives: (scores: readonly number[], y: number, w: number) => [number, number][]
}
