import type { Objective } from '@coppice/model'

/** Which percentile an objective's leaves and base score are. */
export interface PercentileObjective {
  /** Of each score, the share of the weight that lies below it, in (0, 1). */
  readonly alphas: readonly number[]
  /** Rows weigh 1 / max(1, |label|) times their weight. */
  readonly isRelative: boolean
}

/**
 * What an objective's leaves are a percentile of, or null where they are the Newton step of sums
 * (`leafOutput`). The gradients of these losses say on which side of the score labels are, not how
 * far, so LightGBM puts the percentile of the residuals of the leaf's rows in the place of the
 * step (`RenewTreeOutput`). Whatever bounds a leaf by its sums does not hold for such leaves.
 */
export function percentileObjective(objective: Objective): PercentileObjective | null {
  switch (objective.name) {
    case 'regression_l1': return { alphas: [0.5], isRelative: false }
    case 'quantile': return { alphas: [objective.alpha], isRelative: false }
    case 'multi_quantile': return { alphas: objective.quantiles, isRelative: false }
    case 'mape': return { alphas: [0.5], isRelative: true }
    default: return null
  }
}
