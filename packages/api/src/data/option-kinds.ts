/** Options of data sets are looked at where they are given, not where they are read. */
import { formats } from '@coppice/data'
import { CoppiceError } from '@coppice/model'

/** Columns by name or index: one, or a list. */
const oneColumn = ['weight', 'position'] as const
const manyColumns = ['label', 'initScore', 'ignore', 'categorical'] as const

type Given = Readonly<Record<string, unknown>>

/**
 * Checks names of files, and how they are to be read; that they are there is another matter.
 * @throws CoppiceError 'PARAMETER' naming the option, what it is and what it must be
 */
export function checkFileOptions(inputs: unknown, options: object): void {
  const isPath = (value: unknown): boolean => typeof value === 'string'
  // files cannot be left out
  requireKind('the files of a Dataset', inputs ?? NaN, 'a path or a list of paths', (value) =>
    isPath(value) || (Array.isArray(value) && value.every(isPath)))
  const { group, queryId, header, missingValues, format } = options as Given
  checkColumns(options)
  requireKind('group', group, 'a column by name or index', isColumn)
  requireKind('queryId', queryId, 'a column by name or index', isColumn)
  requireKind('header', header, "true, false or 'auto'", (value) =>
    typeof value === 'boolean' || value === 'auto')
  requireKind('missingValues', missingValues, 'a list of texts', (value) =>
    Array.isArray(value) && value.every((text) => typeof text === 'string'))
  requireKind('format', format, `one of ${formats.join(', ')}`, (value) =>
    (formats as readonly unknown[]).includes(value))
}

/**
 * Checks labels and arrays beside rows in memory; how long they are is another matter.
 * @throws CoppiceError 'PARAMETER' as `checkFileOptions`
 */
export function checkRowOptions(labels: unknown, options: object): void {
  requireKind('the labels', labels, 'an array with one per row, a matrix {data, shape} or null',
    (value) => isArrayLike(value) || (typeof value === 'object' && 'shape' in value!))
  checkColumns(options)
  for (const name of ['weights', 'initScores', 'positions', 'groupSizes'] as const) {
    requireKind(name, (options as Given)[name], 'an array of numbers', isArrayLike)
  }
}

function checkColumns(options: object): void {
  const given = options as Given
  for (const name of oneColumn) {
    requireKind(name, given[name], 'a column by name or index', isColumn)
  }
  for (const name of manyColumns) {
    requireKind(name, given[name], 'a column by name or index, or a list of them', (value) =>
      isColumn(value) || (Array.isArray(value) && value.every(isColumn)))
  }
  requireKind('schema', given['schema'], 'an object of types by column name', (value) =>
    typeof value === 'object' && !Array.isArray(value))
}

function isColumn(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function isArrayLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null &&
    typeof (value as { readonly length?: unknown }).length === 'number'
}

/** What is left out, or null, is for others to say. */
function requireKind(
  name: string, value: unknown, noun: string, isLegal: (value: unknown) => boolean,
): void {
  if (value === undefined || value === null || isLegal(value)) return
  throw new CoppiceError('PARAMETER', `${name} must be ${noun}, got ` +
    `${JSON.stringify(value)?.slice(0, 60) ?? typeof value}`)
}
