import { CoppiceError, type Scalar } from '@coppice/model'
import {
  isTwoClass, labelClasses, labelColumns, type ObjectiveChoice,
} from '../objectives/families.js'
import type { LabelledRows } from './check-data.js'
import { describeRow } from './row-names.js'

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
 * @param rows - whose labels are class indices; absent where they are not at hand
 * @throws CoppiceError 'DATA', naming the first row with one class too many, where rows are given
 */
export function requireClassCount(
  classes: readonly Scalar[] | null,
  params: ObjectiveChoice,
  rows?: Pick<LabelledRows, 'label' | 'names'>,
): void {
  const wanted = labelClasses(params)
  if (classes === null || wanted === 0) return
  const { objective, numClass } = params
  if (classes.length === wanted) return
  const shown = classes.slice(0, 5).map(String).join(', ') + (classes.length > 5 ? ', ...' : '')
  if (objective === 'custom') {
    throw new CoppiceError('DATA', `the labels have ${classes.length} classes (${shown}), but ` +
      `the custom objective has numClass ${wanted}; correct one of them` +
      describeSurplus(classes, wanted, rows))
  }
  const advice = isTwoClass(objective) ? 'use objective multiclass' : 'leave num_class out'
  throw new CoppiceError('DATA', `the labels have ${classes.length} classes (${shown}), but ` +
    `${isTwoClass(objective) ? `objective ${objective}` : `num_class = ${numClass}`} needs ` +
    `${wanted}; ${advice} or correct the labels` + describeSurplus(classes, wanted, rows))
}

/**
 * The first row whose class is one too many: of numbers one that is no index of a class, of other
 * classes one after rows that have as many as there may be. '' where there is none.
 */
function describeSurplus(
  classes: readonly Scalar[], wanted: number,
  { label, names }: Pick<LabelledRows, 'label' | 'names'> = { label: null },
): string {
  if (label === null || classes.length <= wanted) return ''
  const areNumbers = classes.every((value) => typeof value === 'number')
  const seen = new Set<number>()
  const row = label.findIndex((index) => {
    const value = classes[index]!
    if (typeof value === 'number' && areNumbers) return value < 0 || value >= wanted
    return seen.add(index).size > wanted
  })
  // Of a selection of rows, such as a fold, the others may have it.
  if (row < 0) return ''
  const value = String(classes[label[row]!])
  const what = areNumbers ? `not from 0 to ${wanted - 1}` : 'one too many'
  return `: the first that is ${what} is ${value}, in ${describeRow(names, row)}`
}
