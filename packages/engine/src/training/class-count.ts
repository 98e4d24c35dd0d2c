import { CoppiceError, type Scalar } from '@coppice/model'
import {
  isTwoClass, labelClasses, labelColumns, type ObjectiveChoice,
} from '../objectives/families.js'

/**
 * What the labels are to tell: the number of classes of multi-class objectives, or the objective
 * too (binary for two classes, else multiclass); the number of label columns; null for nothing.
 */
export type InferredParams = 'num-class' | 'objective' | 'num-target' | null

/**
 * Raw parameters once the classes of the labels are known.
 *
 * @param given - without what is inferred
 * @param classes - values in class order; null where labels are numbers
 * @param nLabels - label columns; null where they are not known
 */
export function withInferred(
  given: Readonly<Record<string, unknown>>, inferred: InferredParams,
  classes: readonly Scalar[] | null, nLabels: number | null = null,
): Readonly<Record<string, unknown>> {
  const nClasses = classes?.length ?? 2
  switch (inferred) {
    case null: return given
    case 'num-target': return { ...given, numTarget: nLabels ?? 2 }
    case 'num-class': return { ...given, numClass: nClasses }
    case 'objective': return nClasses === 2 ? { ...given, objective: 'binary' }
      : { ...given, objective: 'multiclass', numClass: nClasses }
  }
}

/**
 * Refuses more or fewer label columns than the objective has.
 * @throws CoppiceError 'DATA'
 */
export function requireLabelCount(
  nLabels: number, params: Pick<ObjectiveChoice, 'objective' | 'numTarget'>,
): void {
  const wanted = labelColumns(params)
  if (nLabels === wanted) return
  const { objective, numTarget } = params
  const advice = wanted === 1
    ? 'name one, or use objective multi_regression or multi_label'
    : `name ${numTarget === wanted ? 'as many, or leave num_target out' : 'two: lower,upper'}`
  throw new CoppiceError('DATA', `there ${nLabels === 1 ? 'is 1 label column' :
    `are ${nLabels} label columns`}, but objective ${objective} has ${wanted}; ${advice}`)
}

/**
 * Refuses labels with more or fewer classes than the objective has.
 *
 * @param classes - values in class order; null where labels are numbers
 * @throws CoppiceError 'DATA'
 */
export function requireClassCount(
  classes: readonly Scalar[] | null,
  params: ObjectiveChoice,
): void {
  const wanted = labelClasses(params)
  if (classes === null || wanted === 0) return
  const { objective, numClass } = params
  if (classes.length === wanted) return
  const shown = classes.slice(0, 5).map(String).join(', ') + (classes.length > 5 ? ', ...' : '')
  if (objective === 'custom') {
    throw new CoppiceError('DATA', `the labels have ${classes.length} classes (${shown}), but ` +
      `the custom objective has numClass ${wanted}; correct one of them`)
  }
  const advice = isTwoClass(objective) ? 'use objective multiclass' : 'leave num_class out'
  throw new CoppiceError('DATA', `the labels have ${classes.length} classes (${shown}), but ` +
    `${isTwoClass(objective) ? `objective ${objective}` : `num_class = ${numClass}`} needs ` +
    `${wanted}; ${advice} or correct the labels`)
}
