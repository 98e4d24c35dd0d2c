/** Which rows a fold trains on and which it is judged by. Nothing here reads a row. */
import { addRow, noRows, type RowBits } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { drawOrder, type ShuffleSeed } from './row-order.js'

/** A bit for each row. */
export interface Fold {
  readonly train: RowBits
  readonly valid: RowBits
}

/** The parts of k folds, each the rows that one of them is judged by. */
export function foldsOfParts(partOf: Uint16Array, nFolds: number): Fold[] {
  return Array.from({ length: nFolds }, (_, fold) => {
    const [train, valid] = [noRows(partOf.length), noRows(partOf.length)]
    for (let row = 0; row < partOf.length; row++) {
      addRow(partOf[row] === fold ? valid : train, row)
    }
    return { train, valid }
  })
}

/**
 * Parts of equal numbers of rows, the first ones of one more; without a seed they are runs of rows.
 * Matches scikit-learn's KFold.
 */
export function plainParts(nRows: number, nFolds: number, seed: ShuffleSeed): Uint16Array {
  requireEnough(nFolds, nRows, 'rows')
  const partOf = new Uint16Array(nRows)
  const order = drawOrder(nRows, seed)
  const [size, more] = [Math.floor(nRows / nFolds), nRows % nFolds]
  let at = 0
  for (let fold = 0; fold < nFolds; fold++) {
    for (const end = at + size + Number(fold < more); at < end; at++) partOf[order[at]!] = fold
  }
  return partOf
}

/**
 * Parts in which each stratum has its share. Matches scikit-learn's StratifiedKFold, which deals
 * the rows of all strata in turn, so that the sizes of the parts differ by one at most.
 *
 * @param strataOf - of each row, any number: equal ones are of one stratum
 */
export function stratifiedParts(
  strataOf: ArrayLike<number>, nFolds: number, seed: ShuffleSeed,
): Uint16Array {
  const nRows = strataOf.length
  requireEnough(nFolds, nRows, 'rows')
  const { codes, counts } = byAppearance(strataOf)
  const largest = counts.reduce((most, count) => Math.max(most, count), 0)
  if (largest < nFolds) {
    throw new CoppiceError('DATA', `no class has ${nFolds} rows, one for each fold (the largest ` +
      `has ${largest}); use fewer folds, or stratified: false`)
  }
  const left = shares(counts, nFolds)
  const next = counts.map(() => 0)
  const partOf = new Uint16Array(nRows)
  for (const row of drawOrder(nRows, seed)) {
    const k = codes[row]!
    while (left[next[k]!]![k] === 0) next[k]!++
    left[next[k]!]![k]!--
    partOf[row] = next[k]!
  }
  return partOf
}

/** Rows of each stratum in each part: strata one after the other, dealt in turn. */
function shares(counts: readonly number[], nFolds: number): number[][] {
  const table = Array.from({ length: nFolds }, () => counts.map(() => 0))
  let at = 0
  for (const [k, count] of counts.entries()) {
    for (let i = 0; i < nFolds; i++) {
      table[(at + i) % nFolds]![k] = Math.floor(count / nFolds) + Number(i < count % nFolds)
    }
    at = (at + count) % nFolds
  }
  return table
}

/** Numbers as codes by their first appearance, and how often each is there. */
function byAppearance(values: ArrayLike<number>): { codes: Uint32Array, counts: number[] } {
  const codeOf = new Map<number, number>()
  const counts: number[] = []
  const codes = Uint32Array.from(values, (value) => {
    let code = codeOf.get(value)
    if (code === undefined) {
      code = codeOf.size
      codeOf.set(value, code)
      counts.push(0)
    }
    counts[code]!++
    return code
  })
  return { codes, counts }
}

/**
 * Parts that cut no group, of about equal numbers of rows: each group goes to the smallest part
 * so far (of those the first), large groups first, as in scikit-learn's GroupKFold, whose order of
 * groups of one size is left open; here it is that of their first rows. With a seed the order is
 * drawn.
 *
 * @param groupOf - of each row, a number
 */
export function groupedParts(
  groupOf: ArrayLike<number>, nFolds: number, seed: ShuffleSeed,
): Uint16Array {
  const { codes, counts } = byAppearance(groupOf)
  requireEnough(nFolds, counts.length, 'groups')
  const order = [...drawOrder(counts.length, seed)]
  if (seed === null) order.sort((a, b) => counts[b]! - counts[a]! || a - b)
  const sizes = new Array<number>(nFolds).fill(0)
  const foldOf = new Uint16Array(counts.length)
  for (const group of order) {
    const fold = sizes.indexOf(Math.min(...sizes))
    foldOf[group] = fold
    sizes[fold]! += counts[group]!
  }
  return Uint16Array.from(codes, (code) => foldOf[code]!)
}

/** What folds by time are made of. */
export interface TimeFoldOptions {
  readonly nFolds: number
  /** Rows between those that are trained on and those that are judged by. */
  readonly gap: number
  /** The latest rows that are trained on at most; null: all. */
  readonly maxTrainRows: number | null
}

/**
 * Folds of an expanding window: each is judged by the rows that follow those it trains on. Matches
 * scikit-learn's TimeSeriesSplit.
 *
 * @param times - of each row, or null where the rows are in the order of time; rows of one time are
 *   not cut, they are judged by
 */
export function timeFolds(
  nRows: number, times: Float64Array | null, options: TimeFoldOptions,
): Fold[] {
  const { nFolds, gap, maxTrainRows } = options
  const size = Math.floor(nRows / (nFolds + 1))
  if (size === 0) requireEnough(nFolds + 1, nRows, 'rows')
  const order = Uint32Array.from({ length: nRows }, (_, row) => row)
  if (times !== null) order.sort((a, b) => times[a]! - times[b]! || a - b)
  const cut = (at: number): number => {
    let first = at
    while (times !== null && first > 0 && first < nRows &&
      times[order[first - 1]!] === times[order[first]!]) first--
    return first
  }
  return Array.from({ length: nFolds }, (_, fold) => {
    const meant = nRows - (nFolds - fold) * size
    const [first, end] = [cut(meant), fold + 1 === nFolds ? nRows : cut(meant + size)]
    const last = Math.max(0, first - gap)
    const begin = maxTrainRows === null ? 0 : Math.max(0, last - maxTrainRows)
    if (last === begin || first >= end) {
      throw new CoppiceError('DATA', `fold ${fold + 1} of ${nFolds} by time has ` +
        `${last === begin ? 'no rows to train on' : 'no rows to be judged by'}: too many rows ` +
        'are of one time, or gap is too large; use fewer folds or a smaller gap')
    }
    return { train: bitsOf(order, begin, last), valid: bitsOf(order, first, end) }
  })
}

function bitsOf(order: Uint32Array, begin: number, end: number): RowBits {
  const bits = noRows(order.length)
  for (let at = begin; at < end; at++) addRow(bits, order[at]!)
  return bits
}

/**
 * A share of the rows for judging, at random; of each stratum its share, where there are such, by
 * largest remainders.
 *
 * @param strataOf - as for `stratifiedParts`; null where there are none
 * @param fraction - above 0 and below 1; ceil(fraction x nRows) rows, as scikit-learn does
 */
export function holdOut(
  nRows: number, strataOf: ArrayLike<number> | null, fraction: number, seed: number,
): Fold {
  const { codes, counts } = byAppearance(strataOf ?? new Float64Array(nRows))
  const nValid = Math.ceil(fraction * nRows)
  if (nValid >= nRows) {
    throw new CoppiceError('DATA', `a validation fraction of ${fraction} leaves none of the ` +
      `${nRows} rows to train on; use a smaller one`)
  }
  const left = apportion(counts, nValid)
  const [train, valid] = [noRows(nRows), noRows(nRows)]
  for (const row of drawOrder(nRows, seed)) {
    const k = codes[row]!
    addRow(left[k]! > 0 ? valid : train, row)
    left[k]!--
  }
  return { train, valid }
}

/** Shares of a total in the ratio of the counts: largest remainders first, then the first. */
function apportion(counts: readonly number[], total: number): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0)
  const given = counts.map((count) => Math.floor(count * total / all))
  const missing = total - given.reduce((sum, count) => sum + count, 0)
  const rest = (k: number): number => counts[k]! * total % all
  const order = counts.map((_, k) => k).sort((a, b) => rest(b) - rest(a) || a - b)
  for (const k of order.slice(0, missing)) given[k]!++
  return given
}

function requireEnough(nFolds: number, n: number, what: string): void {
  if (n >= nFolds) return
  throw new CoppiceError('DATA',
    `${nFolds} folds need ${nFolds} ${what} at least, there are ${n}; use fewer folds`)
}
