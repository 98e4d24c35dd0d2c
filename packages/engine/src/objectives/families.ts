import { objectiveDefinition } from '../custom/definitions.js'
import type { ResolvedParams } from '../params/index.js'

/** What of the parameters says which labels and scores rows have. */
export type ObjectiveChoice = Pick<ResolvedParams,
  'objective' | 'numClass' | 'numTarget' | 'quantiles' | 'regSqrt' | 'customObjective' |
  'customMetrics'>

/** Objectives with a score per class. */
export function isMulticlass(objective: ResolvedParams['objective']): boolean {
  return objective === 'multiclass' || objective === 'multiclassova'
}

/** Objectives of two classes with one score. */
export function isTwoClass(objective: ResolvedParams['objective']): boolean {
  return objective === 'binary' || objective === 'focal' || objective === 'hinge'
}

/** Whether the labels are numbers, not classes. */
export function isNumeric(objective: ResolvedParams['objective']): boolean {
  return !isTwoClass(objective) && !isMulticlass(objective)
}

/**
 * Whether leaves are percentiles of residuals (percentile-objectives.ts), not steps by the sums of
 * their rows: what bounds those, as monotone constraints do, cannot be kept.
 */
export function hasPercentileLeaves(objective: ResolvedParams['objective']): boolean {
  return objective === 'regression_l1' || objective === 'quantile' || objective === 'mape' ||
    objective === 'multi_quantile'
}

/** Classes of the labels; 0 where they are numbers. */
export function labelClasses(choice: ObjectiveChoice): number {
  const { objective, numClass } = choice
  if (objective === 'custom') return objectiveDefinition(choice).numClass
  if (isMulticlass(objective)) return numClass
  return isTwoClass(objective) ? 2 : 0
}

/** Whether a row has several label columns, each with a score of its own. */
export function hasTargetColumns(objective: ResolvedParams['objective']): boolean {
  return objective === 'multi_regression' || objective === 'multi_label'
}

/** Label columns of a row: of aft the bounds of a time. */
export function labelColumns(
  { objective, numTarget }: Pick<ObjectiveChoice, 'objective' | 'numTarget'>,
): number {
  if (objective === 'aft') return 2
  return hasTargetColumns(objective) ? numTarget : 1
}

/** Scores of a row. */
export function scoresPerRow(choice: ObjectiveChoice): number {
  const { objective, numClass, numTarget, quantiles } = choice
  if (objective === 'multi_quantile') return quantiles.length
  if (hasTargetColumns(objective)) return numTarget
  if (objective === 'custom') {
    const nClasses = objectiveDefinition(choice).numClass
    return nClasses > 2 ? nClasses : 1
  }
  return isMulticlass(objective) ? numClass : 1
}

/** The name in the model: regression with reg_sqrt has its own. */
export function objectiveName(
  { objective, regSqrt }: Pick<ObjectiveChoice, 'objective' | 'regSqrt'>,
): string {
  return objective === 'regression' && regSqrt ? 'regression_sqrt' : objective
}
