import { mergeGroups, scanGroups } from '@coppice/data'
import { type BinnedDataset, countSelected } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { rowBits } from '../data/selected-rows.js'
import type { Dataset } from '../data/dataset.js'
import { type OpenRows, shownName } from '../data/source.js'
import { type ColumnOrValues, rowValues } from './column.js'
import { shownOption } from './shown-option.js'
import {
  type Fold, foldsOfParts, groupedParts, plainParts, stratifiedParts, timeFolds,
} from './folds.js'

/** Rows of a fold by their indices, from 0. */
export interface CustomFold {
  readonly train: ArrayLike<number>
  readonly valid: ArrayLike<number>
}

/** How rows become folds. */
export interface FoldOptions {
  /** Number of folds, 2 to 65535; default 5. */
  readonly nFolds?: number | undefined
  /** Every fold has the same shares of classes; default: true for classes without groups. */
  readonly stratified?: boolean | undefined
  /** Rows (groups) are drawn to folds; default true. Without it, folds are runs of rows. */
  readonly shuffle?: boolean | undefined
  /** Of the draws; default 0. */
  readonly seed?: number | undefined
  /**
   * One value per row, or the name of a column (which the Dataset should ignore as a feature):
   * rows of equal values are in one fold. Data with query groups are cut by query by themselves.
   */
  readonly groups?: ColumnOrValues | undefined
  /**
   * Folds of an expanding window: each is judged by rows that are later than those it trains on.
   * true: rows are in the order of time; or numbers or dates per row, or a column of them.
   */
  readonly time?: true | ColumnOrValues | undefined
  /** With `time`: rows left out between training and judging; default 0. */
  readonly gap?: number | undefined
  /** With `time`: train on so many rows at most, the latest; default all. */
  readonly maxTrainRows?: number | undefined
  /** Folds by row indices, instead of all of the above. */
  readonly folds?: readonly CustomFold[] | undefined
}

/** What is known of rows to be cut. */
export interface RowsToCut {
  readonly nRows: number
  /** A number for the class of each row, equal within a class; null without classes. */
  readonly strata: Float64Array | null
  readonly groupSizes: Uint32Array | null
}

/** What a data set's rows are cut by, once it is binned. */
export function rowsToCut(data: BinnedDataset, isOfClasses: boolean): RowsToCut {
  const { nRows, label, groupSizes } = data
  return { nRows, groupSizes, strata: isOfClasses ? label : null }
}

/**
 * What a data set's rows are cut by, from its label and query columns alone: for data that others
 * bin.
 *
 * @throws CoppiceError 'DATA' or 'IO' where they cannot be read here
 */
export async function readRowsToCut(dataset: Dataset, isOfClasses: boolean): Promise<RowsToCut> {
  const { labels: [label], query } = await namesIn(dataset)
  if (label === undefined) {
    throw new CoppiceError('DATA', 'the data have no label; pass y, or name the label column of ' +
      'the Dataset')
  }
  const values = await rowValues(dataset, label, null, 'the label')
  return {
    nRows: values.length,
    groupSizes: query === null ? null : await querySizes(dataset, query),
    strata: isOfClasses ? values : null,
  }
}

async function namesIn(dataset: Dataset): Promise<Pick<OpenRows, 'labels' | 'query'>> {
  const rows = await dataset.source.open()
  await rows.close()
  return rows
}

/** Row counts of the queries, as a training finds them. */
async function querySizes(dataset: Dataset, name: string): Promise<Uint32Array> {
  const rows = await dataset.source.open()
  try {
    const units = []
    let firstRow = 0
    for await (const { columns: [ids], nRows, partition = 'the rows' } of
      rows.batches([name], {})) {
      const place = { partition, firstRow, partitionRow: firstRow, nRows }
      units.push({ partition, groups: scanGroups(shownName(name, 'query'), place, ids!) })
      firstRow += nRows
    }
    return mergeGroups(shownName(name, 'query'), units)
  } finally {
    await rows.close()
  }
}

/**
 * Cuts rows into folds.
 * @throws CoppiceError 'PARAMETER' for options that contradict each other, 'DATA'
 */
export async function makeFolds(
  dataset: Dataset, rows: RowsToCut, options: FoldOptions,
): Promise<Fold[]> {
  checkFoldOptions(options)
  const { nRows, groupSizes } = rows
  const { nFolds = 5, shuffle = true, seed = 0, time, gap = 0, maxTrainRows = null } = options
  if (options.folds !== undefined) return customFolds(options.folds, nRows, groupSizes)
  if (time !== undefined) {
    if (groupSizes !== null) throw contradiction('time', 'query groups of the data')
    const times = time === true ? null : await rowValues(dataset, time, nRows, 'time', true)
    return timeFolds(nRows, times, { nFolds, gap, maxTrainRows })
  }
  const drawn = shuffle ? seed : null
  const groups = await groupsOf(dataset, rows, options)
  if (groups !== null) {
    if (options.stratified === true) throw contradiction('stratified', 'groups')
    return foldsOfParts(groupedParts(groups, nFolds, drawn), nFolds)
  }
  const isStratified = options.stratified ?? rows.strata !== null
  if (isStratified && rows.strata === null) {
    throw new CoppiceError('PARAMETER', 'stratified = true needs labels that are classes; the ' +
      'objective has numbers: leave it out')
  }
  return foldsOfParts(isStratified ? stratifiedParts(rows.strata!, nFolds, drawn)
    : plainParts(nRows, nFolds, drawn), nFolds)
}

/** A number per row, equal within a group; null without groups. */
async function groupsOf(
  dataset: Dataset, { nRows, groupSizes }: RowsToCut, { groups }: FoldOptions,
): Promise<ArrayLike<number> | null> {
  if (groups !== undefined) {
    if (groupSizes !== null) throw contradiction('groups', 'query groups of the data')
    return rowValues(dataset, groups, nRows, 'groups')
  }
  if (groupSizes === null) return null
  const queryOf = new Uint32Array(nRows)
  let row = 0
  groupSizes.forEach((size, query) => queryOf.fill(query, row, row += size))
  return queryOf
}

function customFolds(
  folds: readonly CustomFold[], nRows: number, groupSizes: Uint32Array | null,
): Fold[] {
  return folds.map((each, i) => {
    requireLists(each, i)
    const { train, valid } = each
    const fold = {
      train: rowBits(train, nRows, `folds[${i}].train`),
      valid: rowBits(valid, nRows, `folds[${i}].valid`),
    }
    for (const [name, bits] of Object.entries(fold)) {
      if (countSelected(bits, 0, nRows) === 0) {
        throw new CoppiceError('DATA', `folds[${i}].${name} has no rows; give some`)
      }
      requireWholeQueries(bits, groupSizes, `folds[${i}].${name}`)
    }
    const both = fold.train.findIndex((byte, at) => (byte & fold.valid[at]!) !== 0)
    if (both >= 0) {
      throw new CoppiceError('DATA',
        `folds[${i}] trains on rows that it is judged by (among rows ` +
        `${both * 8} to ${both * 8 + 7}); leave them out of one`)
    }
    return fold
  })
}

/** @throws CoppiceError 'PARAMETER' where a fold is not two lists */
function requireLists(fold: unknown, i: number): void {
  const isList = (value: unknown): boolean =>
    Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
  const given = typeof fold === 'object' && fold !== null ? fold as Record<string, unknown> : {}
  const bad = (['train', 'valid'] as const).find((name) => !isList(given[name]))
  const other = Object.keys(given).find((name) => name !== 'train' && name !== 'valid')
  if (bad === undefined && other === undefined) return
  throw new CoppiceError('PARAMETER', `folds[${i}] must be {train, valid}, lists of indices of ` +
    `rows, ${bad === undefined ? `but has '${other!}', too` : `but ${bad} is none`}`)
}

function requireWholeQueries(
  bits: Uint8Array, groupSizes: Uint32Array | null, what: string,
): void {
  let row = 0
  for (const size of groupSizes ?? []) {
    const count = countSelected(bits, row, row + size)
    if (count !== 0 && count !== size) {
      throw new CoppiceError('DATA',
        `${what} cuts the query of rows ${row} to ${row + size - 1}; ` +
        'queries must be whole')
    }
    row += size
  }
}

/** @throws CoppiceError 'PARAMETER' */
function checkFoldOptions(options: FoldOptions): void {
  const { nFolds, seed, gap, maxTrainRows, folds, time, shuffle } = options
  requireInteger('nFolds', nFolds, 2, 65_535)
  requireInteger('seed', seed, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  requireInteger('gap', gap, 0, Number.MAX_SAFE_INTEGER)
  requireInteger('maxTrainRows', maxTrainRows, 1, Number.MAX_SAFE_INTEGER)
  for (const name of ['shuffle', 'stratified'] as const) {
    if (options[name] === undefined || typeof options[name] === 'boolean') continue
    throw new CoppiceError('PARAMETER', `${name} must be true or false, got ` +
      `${JSON.stringify(options[name])}`)
  }
  if (folds !== undefined) {
    if (!Array.isArray(folds) || folds.length === 0) {
      throw new CoppiceError('PARAMETER', 'folds must be a list of {train, valid}, got ' +
        `${JSON.stringify(folds)}`)
    }
    const others = ['nFolds', 'stratified', 'shuffle', 'seed', 'groups', 'time', 'gap',
      'maxTrainRows'] as const
    const other = others.find((name) => options[name] !== undefined)
    if (other !== undefined) throw contradiction(other, 'folds')
    return
  }
  if (time !== undefined) {
    const others = ['stratified', 'shuffle', 'groups', 'seed'] as const
    const other = others.find((name) => options[name] !== undefined && options[name] !== false)
    if (other !== undefined) throw contradiction(other, 'time')
    return
  }
  const misplaced = (['gap', 'maxTrainRows'] as const).find((name) => options[name] !== undefined)
  if (misplaced !== undefined) {
    throw new CoppiceError('PARAMETER', `${shownOption(misplaced)} does nothing without ` +
      'time; leave it out')
  }
  if (seed !== undefined && shuffle === false) throw contradiction('seed', 'shuffle = false')
}

/** @throws CoppiceError 'PARAMETER' */
export function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`
  throw new CoppiceError('PARAMETER',
    `${shownOption(name)} must be an integer ${range}, got ` +
    (JSON.stringify(value) ?? typeof value))
}

function contradiction(name: string, other: string): CoppiceError {
  return new CoppiceError('PARAMETER', `${shownOption(name)} contradicts ${shownOption(other)}: ` +
    'both say how rows are cut; give one of them')
}
