import { assert, CoppiceError, compareUtf8, type Scalar } from '@coppice/model'
import { isTime } from '../column-types.js'
import { decodeCodes, occurringNumbers } from '../formats/coded-numbers.js'
import type { CodedNumbers, ColumnChunk, ColumnType, NumberChunk } from '../reader.js'
import { listNames } from '../suggest.js'
import type { LabelKind, LabelScan, ScannedLabel, UnitPlace } from './job.js'
import { codesOfNumbers, NumberCodes } from './number-codes.js'
import { cellError, RowError } from './place.js'

/** Distinct values kept for the message of a label that has too many. */
const binaryValuesMax = 20

/**
 * What one unit tells of the label.
 *
 * Throws CoppiceError 'DATA' naming row and file for missing and infinite labels, and for class
 * labels that are neither text, boolean nor integer; of 'zero-or-one' for all other numbers.
 */
export function scanLabel(
  kind: ScannedLabel,
  name: string,
  place: UnitPlace,
  chunk: ColumnChunk | CodedNumbers,
): LabelScan {
  if (chunk.type === 'string') return scanTexts(name, place, chunk.codes, chunk.dictionary)
  if (!('numbers' in chunk)) return scanNumbers(kind, name, place, chunk, null)
  const { values, firstRows } = occurringNumbers(chunk)
  return scanNumbers(kind, name, place, { type: chunk.type, values }, firstRows)
}

/** @param rows - where in the unit the values stand first; null where they are its rows */
function scanNumbers(
  kind: ScannedLabel,
  name: string,
  place: UnitPlace,
  { type, values }: NumberChunk,
  rows: Int32Array | null,
): LabelScan {
  const isListed = kind !== 'number' && kind !== 'bounds'
  const distinct = new NumberCodes(isListed ? values.length : 0)
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const isClass = kind !== 'class' || Number.isInteger(value)
    const isFinite = value !== Infinity || kind === 'bounds'
    if (value !== value || !isFinite || value === -Infinity || !isClass) {
      throw badLabel(name, place, rows === null ? i : rows[i]!, value)
    }
    if (kind === 'zero-or-one' && value !== 0 && value !== 1) {
      throw notBinary(name, place, rows === null ? i : rows[i]!, value)
    }
    if (value < min) min = value
    if (value > max) max = value
    if (!isListed || distinct.get(value) >= 0) continue
    if (kind === 'class' || distinct.numbers.length < binaryValuesMax) distinct.add(value + 0)
  }
  if (isTime(type) && isListed) {
    throw new CoppiceError(
      'DATA',
      `label column '${name}' holds ${type}s (${place.partition}); classes are texts, booleans ` +
        `or integers: store the label as one of these`,
    )
  }
  return { values: Float64Array.from(distinct.numbers), min, max }
}

function scanTexts(
  name: string,
  place: UnitPlace,
  codes: Int32Array,
  dictionary: readonly string[],
): LabelScan {
  const isUsed = new Uint8Array(dictionary.length)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!
    if (code < 0) throw missingLabel(name, place, row)
    isUsed[code] = 1
  }
  return { values: dictionary.filter((_, code) => isUsed[code] === 1), min: NaN, max: NaN }
}

/**
 * The classes in ascending order (texts by UTF-8 bytes), or null for numbers.
 *
 * Throws CoppiceError 'DATA' for labels that the kind does not allow, and for constant ones.
 */
export function mergeLabels(
  kind: LabelKind,
  name: string,
  type: ColumnType,
  scans: readonly LabelScan[],
): readonly Scalar[] | null {
  // one end may be known of no row, or the same of all
  if (kind === 'bounds') return null
  if (kind === 'number') {
    refuseConstantNumber(name, scans)
    return null
  }
  const classes = type === 'string' ? mergeTexts(scans) : mergeNumbers(scans)
  if (kind === 'binary') refuseNotBinary(name, type, classes)
  if (classes.length === 1) throw constantLabel(name, String(classes[0]))
  return type === 'bool' ? classes.map((value) => value === 1) : classes
}

function mergeTexts(scans: readonly LabelScan[]): string[] {
  const texts = new Set<string>()
  for (const { values } of scans) for (const value of values) texts.add(value as string)
  return [...texts].sort(compareUtf8)
}

function mergeNumbers(scans: readonly LabelScan[]): number[] {
  const numbers = new Set<number>()
  for (const { values } of scans) for (const value of values) numbers.add(value as number)
  return [...numbers].sort((a, b) => a - b)
}

function refuseConstantNumber(name: string, scans: readonly LabelScan[]): void {
  const min = scans.reduce((least, scan) => Math.min(least, scan.min), Infinity)
  const max = scans.reduce((most, scan) => Math.max(most, scan.max), -Infinity)
  if (min === max) throw constantLabel(name, String(min))
}

function refuseNotBinary(name: string, type: ColumnType, classes: readonly Scalar[]): void {
  if (type === 'string' || type === 'bool') {
    if (classes.length <= 2) return
    throw new CoppiceError(
      'DATA',
      `label column '${name}' has ${classes.length} classes ` +
        `(${listNames(classes.map(String), 5)}) but the binary objective needs two; use ` +
        `objective multiclass`,
    )
  }
  // whoever merges has had the row named before
  assert(classes.every(isZeroOrOne), 'numbers of a binary label are 0 and 1')
}

/**
 * Where a label of two classes has other numbers than 0 and 1: the index of the first unit with
 * such a number, and what numbers there are, for the message. Null where all is well.
 */
export function otherThanBinary(
  type: ColumnType, scans: readonly LabelScan[],
): { readonly unit: number, readonly found: string } | null {
  if (type === 'string' || type === 'bool') return null
  const unit = scans.findIndex(({ values }) =>
    !(values as Float64Array).every(isZeroOrOne))
  if (unit < 0) return null
  const all = mergeNumbers(scans)
  return { unit, found: all.slice(0, 10).join(', ') + (all.length > 10 ? ', ...' : '') }
}

function isZeroOrOne(value: Scalar): boolean {
  return value === 0 || value === 1
}

function notBinary(name: string, place: UnitPlace, row: number, value: number): CoppiceError {
  return new RowError(place, row, (where) =>
    `label column '${name}' must be 0 or 1 for the binary objective, but is ${value} in ` +
    `${where}; map the values to 0 and 1, or use objective multiclass (classes) or regression ` +
    '(numbers)')
}

function constantLabel(name: string, value: string): CoppiceError {
  return new CoppiceError(
    'DATA',
    `label column '${name}' is ${value} in every row; there is nothing to learn: check that it ` +
      `is the right column and that the rows were not filtered by it`,
  )
}

/**
 * Writes a unit's labels: class indices where there are classes, else the numbers.
 *
 * Throws CoppiceError 'DATA' for a label that is not among the classes (of the training data).
 *
 * @param at - where in `out` the unit's first row goes
 */
export function encodeLabel(
  name: string,
  place: UnitPlace,
  chunk: ColumnChunk | CodedNumbers,
  classes: readonly Scalar[] | null,
  out: Float64Array,
  at: number,
): void {
  if (chunk.type === 'string') {
    const indices = chunk.dictionary.map((text) => classes?.indexOf(text) ?? -1)
    for (let row = 0; row < chunk.codes.length; row++) {
      const code = chunk.codes[row]!
      const index = code < 0 ? -1 : indices[code]!
      if (index < 0) throw unknownClass(name, place, row, `'${chunk.dictionary[code]}'`, classes)
      out[at + row] = index
    }
    return
  }
  if (classes === null) {
    if ('numbers' in chunk) {
      decodeCodes(chunk.codes, chunk.numbers, out.subarray(at), chunk.codes.length)
    } else {
      out.set(chunk.values, at)
    }
    return
  }
  const indexOf = new Map(classes.map((value, index) => [Number(value), index]))
  if ('numbers' in chunk) {
    const { codes, numbers } = chunk
    const indices = Int32Array.from(numbers, (value) => indexOf.get(value) ?? -1)
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!
      const index = code < 0 ? -1 : indices[code]!
      if (index < 0) {
        const value = String(code < 0 ? NaN : numbers[code])
        throw unknownClass(name, place, row, value, classes)
      }
      out[at + row] = index
    }
    return
  }
  const own = out.subarray(at, at + chunk.values.length)
  codesOfNumbers(indexOf, chunk.values, own)
  const row = own.indexOf(-1)
  if (row >= 0) throw unknownClass(name, place, row, String(chunk.values[row]), classes)
}

function unknownClass(
  name: string,
  place: UnitPlace,
  row: number,
  value: string,
  classes: readonly Scalar[] | null,
): CoppiceError {
  const legal =
    classes === null
      ? 'must be a number'
      : `is not a class of the training data (${listNames(classes.map(String), 10)})`
  return new RowError(place, row, (where) =>
    `label ${value} in ${where} (column '${name}') ${legal}; correct it or leave the row out`)
}

function missingLabel(name: string, place: UnitPlace, row: number): CoppiceError {
  return new RowError(place, row, (where) =>
    `label column '${name}' is missing (NaN) in ${where}; fill it or leave the row out`)
}

/** NaN, an infinity, or a class that is no integer. */
function badLabel(name: string, place: UnitPlace, row: number, value: number): CoppiceError {
  if (value !== value) return missingLabel(name, place, row)
  if (!Number.isFinite(value)) {
    return cellError('label', name, place, row, `is ${value} (it must be finite)`)
  }
  return notAClass(name, place, row, value)
}

function notAClass(name: string, place: UnitPlace, row: number, value: number): CoppiceError {
  return new RowError(place, row, (where) =>
    `label column '${name}' is ${value} in ${where}, but classes are texts, booleans or ` +
    'integers; use a regression objective for a continuous label')
}
