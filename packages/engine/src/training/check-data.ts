import { isRanking } from '@coppice/model'
import { CoppiceError } from '../errors.js'
import { isPosition, POSITION_MAX } from '../execution/position-sums.js'
import { isHessianUnbounded } from '../objectives/hessian-bound.js'
import { labelRange } from '../objectives/label-range.js'
import type { ObjectivePlan } from '../objectives/objective.js'
import { describeLabel, describeRow, type RowNames } from './row-names.js'

/** Counts of rows are 32-bit integers; fixed-point sums over so many rows stay below 2^61. */
const ROWS_MAX = 0x7fff_ffff

/** Largest |label| and |init score|, and the least that is told from 0. */
const SCORE_MAX = 1e90
const SCORE_MIN = 1e-90
/** Largest weight. */
const WEIGHT_MAX = 1e80
/** Of the rows' gradients and hessians, see `checkMagnitudes`. */
const GRADIENT_RANGE = [1e-90, 1e90] as const
export const HESSIAN_RANGE = [1e-80, 1e80] as const

/** What the columns beside the features have to fit. */
export interface TargetShape {
  /** As in the model. */
  readonly objective: string
  /** Labels are class indices 0 .. nClasses - 1; 0 where they are numbers. */
  readonly nClasses: number
  /** Init scores of a row. */
  readonly nOutputs: number
  /** Label columns; absent for one. */
  readonly nLabels?: number
  /** Of objectives of rankings: labels are whole numbers up to it, and rows need queries. */
  readonly maxLabel?: number
}

/** Names a row, counted from the first of those that are checked. */
type DescribeRow = (row: number) => string

/** What comes with rows beside their features: the part of a `BinnedDataset` that is checked. */
export interface LabelledRows {
  readonly nRows: number
  /** nRows numbers: the target or the class index; of several label columns row-major. */
  readonly label: Float64Array | null
  /** nRows weights, or null for all 1. */
  readonly weight: Float64Array | null
  /** nRows x nOutputs raw scores, row-major, or null. */
  readonly initScore: Float64Array | null
  /** Row counts of the query groups; absent or null where there are none. */
  readonly groupSizes?: Uint32Array | null
  /** nRows positions at which rows were shown; absent or null where they are not known. */
  readonly shownAt?: Float64Array | null
  /** Global row id of the first row, for messages; default 0. */
  readonly firstRow?: number
  /** For messages. */
  readonly names?: RowNames
}

/**
 * Checks labels, weights and init scores row by row: readers have done so for files, callers of
 * the engine may not have.
 *
 * @param where - ' of evaluation set "name"', or '' for the training set
 * @throws CoppiceError 'DATA' naming the row, the value and what is legal
 */
export function checkRows(rows: LabelledRows, shape: TargetShape, where: string): void {
  const { nRows, label, weight, initScore, shownAt = null, firstRow = 0, names } = rows
  const rowAt: DescribeRow = (row) => describeRow(names, firstRow + row) + where
  checkRowCount(nRows, where)
  if (label === null) {
    throw new CoppiceError('DATA', `the rows${where} have no label; name the label column`)
  }
  checkLength('labels', label, nRows * (shape.nLabels ?? 1), where)
  if (shape.objective === 'aft') checkBounds(label, rowAt, names)
  else checkLabels(label, shape, rowAt, names)
  if (shape.maxLabel !== undefined) checkQueries(rows, shape.objective, where)
  if (weight !== null) {
    checkLength('weights', weight, nRows, where)
    checkWeights(weight, shape, rowAt)
  }
  if (initScore !== null) {
    checkLength('init scores', initScore, nRows * shape.nOutputs, where)
    checkInitScores(initScore, shape.nOutputs, rowAt)
  }
  if (shownAt !== null) {
    checkLength('positions', shownAt, nRows, where)
    checkPositions(shownAt, shape, rowAt, where)
  }
}

/** @throws CoppiceError 'DATA' for more rows than can be counted */
export function checkRowCount(nRows: number, where: string): void {
  if (nRows <= ROWS_MAX) return
  throw new CoppiceError('DATA',
    `the ${nRows} rows${where} are more than rows are counted for, ${ROWS_MAX}; use fewer rows`)
}

function checkLength(what: string, values: Float64Array, expected: number, where: string): void {
  if (values.length === expected) return
  throw new CoppiceError('DATA',
    `there are ${values.length} ${what}${where}, but the rows need ${expected}; give one for each`)
}

/** Every label is finite, and for classes one of 0 .. nClasses - 1. */
function checkLabels(
  label: Float64Array, shape: TargetShape, rowAt: DescribeRow, names: RowNames | undefined,
): void {
  const { nClasses, objective, maxLabel = Infinity, nLabels = 1 } = shape
  const range = labelRange(objective)
  const bad = (at: number, legal: string): CoppiceError => new CoppiceError('DATA',
    `${describeLabel(names, at % nLabels, nLabels)} of ${rowAt(Math.floor(at / nLabels))} is ` +
    `${label[at]!}; ${legal}`)
  const isPlain = range === null && !isRanking({ name: objective })
  for (let row = isPlain ? legalLabels(label, nClasses) : 0; row < label.length; row++) {
    const y = label[row]!
    if (!Number.isFinite(y)) {
      throw bad(row, 'labels must be finite numbers: drop or mend the row')
    }
    if (nClasses > 0 && (!Number.isInteger(y) || y < 0 || y >= nClasses)) {
      const legal = nClasses === 2 ? '0 or 1' : `an integer from 0 to ${nClasses - 1}`
      throw bad(row, `objective "${objective}" needs ${legal}` +
        (nClasses === 2 ? '; use multiclass for more classes, regression for numbers' : ''))
    }
    if (range !== null && !range.isLegal(y)) {
      throw bad(row,
        `objective "${objective}" needs ${range.legal}: mend it or use another`)
    }
    if (!(Number.isInteger(y) && y >= 0 && y <= maxLabel) && isRanking({ name: objective })) {
      throw bad(row, `objective "${objective}" needs whole numbers from 0 to ${maxLabel}, for ` +
        'which there are gains: mend it or give label_gain more of them')
    }
    if (Math.abs(y) > SCORE_MAX) {
      throw bad(row,
        `magnitudes up to ${SCORE_MAX} can be trained on: scale the labels down`)
    }
  }
}

/**
 * How many labels from the first on are legal, of classes or any numbers. Most are: a look at
 * them takes a tenth of what it takes to say what is wrong.
 */
function legalLabels(label: Float64Array, nClasses: number): number {
  let row = 0
  if (nClasses > 0) {
    while (row < label.length && isClass(label[row]!, nClasses)) row++
  } else {
    while (row < label.length && Math.abs(label[row]!) <= SCORE_MAX) row++
  }
  return row
}

function isClass(y: number, nClasses: number): boolean {
  return y >= 0 && y < nClasses && (y | 0) === y
}

/** Bounds of times: 0 <= lower <= upper, of which one at least is known. */
function checkBounds(
  bounds: Float64Array, rowAt: DescribeRow, names: RowNames | undefined,
): void {
  for (let at = 0; at < bounds.length; at += 2) {
    const [lower, upper] = [bounds[at]!, bounds[at + 1]!]
    const isKnown = lower > 0 || upper < Infinity
    const isIn = lower >= 0 && lower <= SCORE_MAX && (upper <= SCORE_MAX || upper === Infinity)
    if (isIn && lower <= upper && upper > 0 && isKnown) continue
    throw new CoppiceError('DATA',
      `the bounds of the time of ${rowAt(at / 2)} are ${lower} and ${upper}` +
      `${names === undefined ? '' : ` (${names.labels.join(', ')})`}; ` +
      `objective "aft" needs 0 <= lower <= upper, the upper above 0, ${SCORE_MAX} at most or ` +
      'infinite, and one of them known: lower,inf where the end is not, 0,upper where the begin ' +
      'is not')
  }
}

function checkQueries(
  { nRows, groupSizes = null }: LabelledRows, objective: string, where: string,
): void {
  if (nRows === 0) return
  if (groupSizes === null) {
    throw new CoppiceError('DATA',
      `the rows${where} have no queries, and objective "${objective}" orders the rows of a ` +
      'query; give the sizes of the query groups or the id of each row\'s query, or name the ' +
      'column of query ids (group_column)')
  }
  checkGroupSizes(groupSizes, nRows, where)
}

function checkGroupSizes(groupSizes: Uint32Array, nRows: number, where: string): void {
  let sum = 0
  for (const size of groupSizes) sum += size
  if (sum === nRows && !groupSizes.includes(0)) return
  throw new CoppiceError('DATA', groupSizes.includes(0)
    ? `a query group${where} has no rows; sizes must be at least 1`
    : `the query groups${where} have ${sum} rows in all, but there are ${nRows}; the sizes must ` +
      'add up')
}

function checkWeights(
  weight: Float64Array, { objective }: TargetShape, rowAt: DescribeRow,
): void {
  // LightGBM's rule: a row without exposure has no probability
  const needsPositive = objective === 'cross_entropy_lambda'
  for (let row = 0; row < weight.length; row++) {
    const w = weight[row]!
    if (w >= 0 && w <= WEIGHT_MAX && !(needsPositive && w === 0)) continue
    if (w === 0) {
      throw new CoppiceError('DATA',
        `the weight of ${rowAt(row)} is 0; objective ` +
        `"${objective}" needs weights above 0: leave the row out`)
    }
    throw new CoppiceError('DATA',
      `the weight of ${rowAt(row)} is ${w}; weights must be from 0 to ` +
      `${WEIGHT_MAX}: mend the row or scale the weights`)
  }
}

function checkInitScores(
  initScore: Float64Array, nOutputs: number, rowAt: DescribeRow,
): void {
  for (let i = 0; i < initScore.length; i++) {
    const score = initScore[i]!
    if (Math.abs(score) <= SCORE_MAX) continue
    throw new CoppiceError('DATA',
      `the init score of ${rowAt(Math.floor(i / nOutputs))} is ${score}; init ` +
      `scores must be finite and at most ${SCORE_MAX} in magnitude`)
  }
}

function checkPositions(
  shownAt: Float64Array, { objective }: TargetShape, rowAt: DescribeRow, where: string,
): void {
  if (objective !== 'lambdarank') {
    throw new CoppiceError('DATA',
      `the rows${where} have positions, which objective "${objective}" does not learn from; ` +
      'leave them out, or use lambdarank')
  }
  for (const [row, position] of shownAt.entries()) {
    if (isPosition(position)) continue
    throw new CoppiceError('DATA',
      `the position of ${rowAt(row)} is ${position}; positions must be whole ` +
      `numbers from 0 to ${POSITION_MAX}: number them so`)
  }
}

/**
 * Refuses magnitudes with which gains would overflow or vanish: a gain's largest intermediate is
 * Tl^2 Dr + Tr^2 Dl <= g^2 h n^3 / 4 for gradients up to g, hessians up to h and n rows. With
 * g = 1e90, h = 1e80, n = 2^31 and scores 2^12 scales off it is below 1e296; at the lower ends a
 * single row's g^2 h is 1e-260, which leaves room for gradients that training makes smaller.
 *
 * @param scoreScale - magnitude of labels and init scores, 0 where all of them are 0
 * @throws CoppiceError 'DATA'
 */
export function checkMagnitudes({ spec }: ObjectivePlan, scoreScale: number): void {
  const { hessianBound, objective } = spec
  // what functions of the user's give is bounded when they have given it
  if (spec.custom != null || spec.measuresHessian === true) return
  // with a logarithmic link hessians are of the gradients' magnitude
  const isLogarithmic = isHessianUnbounded(spec)
  const gradientBound = spec.gradientBound ?? (isLogarithmic ? hessianBound
    : scoreScale * hessianBound)
  const isIn = (value: number, [low, high]: readonly [number, number]): boolean =>
    value >= low && value <= high
  const isZero = spec.gradientBound === null && scoreScale === 0 && !isLogarithmic
  if (isIn(hessianBound, HESSIAN_RANGE) && (isZero ||
    (isIn(gradientBound, GRADIENT_RANGE) && isIn(scoreScale, [SCORE_MIN, SCORE_MAX])))) return
  const isBinary = objective.name === 'binary' || objective.name === 'multiclassova'
  const causes = isBinary ? 'the weights, sigmoid or scale_pos_weight'
    : spec.gradientBound === null ? 'the labels or weights' : 'the weights'
  throw new CoppiceError('DATA',
    `gradients of up to ${gradientBound} and hessians of up to ${hessianBound} are out of the ` +
    `range in which gains can be computed, ${GRADIENT_RANGE.join(' to ')} and ` +
    `${HESSIAN_RANGE.join(' to ')}; scale ${causes}`)
}
