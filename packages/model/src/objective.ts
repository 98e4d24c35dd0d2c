import type { CustomObjectiveOfModel, ModelObjective, Objective } from './types.js'

/** A number that an objective carries, with what is legal; or a text or a list of numbers. */
export interface ObjectiveField {
  readonly key: string
  /** A list of two numbers or more that ascend; what is legal is of each. */
  readonly isList?: boolean
  /** `true`, or absent. */
  readonly isMark?: boolean
  /** One of these texts, and no number. */
  readonly texts?: readonly string[]
  readonly isInteger?: boolean
  /** Smallest legal value, itself legal. */
  readonly min?: number
  /** Legal values are greater than this. */
  readonly above?: number
  /** Legal values are less than this. */
  readonly below?: number
}

const sigmoid: ObjectiveField = { key: 'sigmoid', above: 0 }
const numTarget: ObjectiveField = { key: 'numTarget', isInteger: true, min: 2 }
const numClass: ObjectiveField = { key: 'numClass', isInteger: true, min: 2 }

/** The numbers of each objective, in the order in which model files have them. */
export const objectiveFields: Readonly<Record<Objective['name'], readonly ObjectiveField[]>> = {
  regression: [],
  regression_sqrt: [],
  regression_l1: [],
  quantile: [{ key: 'alpha', above: 0, below: 1 }],
  mape: [],
  huber: [{ key: 'alpha', above: 0 }],
  fair: [{ key: 'c', above: 0 }],
  poisson: [{ key: 'maxDeltaStep', above: 0 }],
  gamma: [],
  tweedie: [{ key: 'variancePower', min: 1, below: 2 }],
  cross_entropy: [],
  cross_entropy_lambda: [],
  lambdarank: [],
  rank_xendcg: [],
  binary: [sigmoid],
  multiclass: [numClass],
  multiclassova: [numClass, sigmoid],
  expectile: [{ key: 'alpha', above: 0, below: 1 }],
  pseudo_huber: [{ key: 'slope', above: 0 }],
  log_cosh: [],
  focal: [{ key: 'gamma', min: 0 }, { key: 'alpha', above: 0, below: 1 }],
  hinge: [],
  multi_quantile: [{ key: 'quantiles', isList: true, above: 0, below: 1 },
    { key: 'sorted', isMark: true }],
  multi_regression: [numTarget],
  multi_label: [numTarget],
  squared_log_error: [],
  cox: [],
  aft: [{ key: 'distribution', texts: ['normal', 'logistic', 'extreme'] },
    { key: 'scale', above: 0 }],
  custom: [{ key: 'numClass', isInteger: true, min: 0 }],
}

/** The links that a custom objective may have, by the classes of its label; the default first. */
export function customLinks(nClasses: number): readonly CustomObjectiveOfModel['link'][] {
  if (nClasses === 0) return ['identity', 'exp', 'sigmoid', 'softplus']
  return nClasses === 2 ? ['sigmoid'] : ['softmax', 'sigmoid']
}

/** Whether scores order the rows of a query, and are compared with others of no query but it. */
export function isRanking(objective: { readonly name: string }): boolean {
  return objective.name === 'lambdarank' || objective.name === 'rank_xendcg'
}

/** Whether scores are divided by the number of iterations in use: a random forest. */
export function isForest({ averages }: ModelObjective): boolean {
  return averages === true
}

/** The objective's numbers, lists and texts in order. */
export function objectiveNumbers(
  objective: Objective,
): [string, number | string | readonly number[]][] {
  const values = objective as unknown as Readonly<Record<string, number>>
  return objectiveFields[objective.name]
    .filter(({ key, isMark }) => isMark !== true || values[key] !== undefined)
    .map(({ key }) => [key, values[key]!])
}

/** Classes of the label: 2 of binary, those of multi-class objectives, 0 where it is a number. */
export function nClassesOf(objective: ModelObjective): number {
  switch (objective.name) {
    case 'binary':
    case 'focal':
    case 'hinge': return 2
    case 'imported':
    case 'custom':
    case 'multiclass':
    case 'multiclassova': return objective.numClass
    default: return 0
  }
}

/** Whether a row has several numbers as its label, and a score for each. */
export function hasTargets(
  objective: ModelObjective,
): objective is Extract<Objective, { readonly numTarget: number }> {
  return objective.name === 'multi_regression' || objective.name === 'multi_label'
}

/** Numbers that are the label of a row: one, each target, or the bounds of a time. */
export function labelsPerRow(objective: ModelObjective): number {
  if (objective.name === 'aft') return 2
  return hasTargets(objective) ? objective.numTarget : 1
}

/** Raw scores of a row: one, or one per class of multi-class objectives, quantile or target. */
export function nOutputsOf(objective: ModelObjective): number {
  if (objective.name === 'imported') return objective.numOutputs
  if (objective.name === 'multi_quantile') return objective.quantiles.length
  if (hasTargets(objective)) return objective.numTarget
  const nClasses = nClassesOf(objective)
  return nClasses <= 2 && !objective.name.startsWith('multi') ? 1 : nClasses
}
