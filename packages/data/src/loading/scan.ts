/** The first pass over a unit: what the bins, dictionaries and classes are made of. */
import {
  CategorySample, isPosition, POSITION_MAX, sampleCodes, ValueSample,
} from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import { isTime } from '../column-types.js'
import { occurringNumbers } from '../formats/coded-numbers.js'
import { withValues } from '../formats/stored-columns.js'
import type {
  CodedNumbers, ColumnChunk, NumberChunk, SampledNumbers, SparseNumbers, StoredColumn,
} from '../reader.js'
import { scanGroups } from './groups.js'
import type { FeatureScan, JobColumn, ScanPlan, UnitPlace, UnitScan } from './job.js'
import { scanLabel } from './labels.js'
import { NumberCodes } from './number-codes.js'
import { cellError, RowError } from './place.js'
import type { SampledRows } from './sampled-rows.js'

/**
 * Scans the decoded columns of one unit.
 *
 * Throws CoppiceError 'DATA' naming row and file for bad labels, weights, positions, query ids
 * and categories.
 *
 * @param chunks - one per column; null for columns that this round does not look at; only
 *   features and labels may be coded, only features sparse, or sampled
 * @param sample - the sampled rows of the unit, by the plan
 */
export function scanUnit(
  plan: ScanPlan,
  columns: readonly JobColumn[],
  place: UnitPlace,
  chunks: readonly (StoredColumn | SampledNumbers | null)[],
  sample: SampledRows,
): UnitScan {
  const { sampleRule, labelKind } = plan
  const labels: UnitScan['labels'][number][] = []
  let groups: UnitScan['groups'] = null
  let hasPositiveWeight = false
  const features = columns.map((column, i): FeatureScan | null => {
    const chunk = chunks[i]
    if (chunk === null || chunk === undefined) return null
    if ('sampled' in chunk) {
      assert(column.role === 'feature', 'only features are sampled')
      return chunk.sampled === null ? null : { kind: 'values', sampled: chunk.sampled }
    }
    switch (column.role) {
      case 'feature':
        return sampleRule === null ? null : scanFeature(column, place, chunk, sample)
      case 'label':
        if (labelKind !== null) {
          labels.push(scanLabel(labelKind, column.name, place, requireAll(chunk)))
        }
        return null
      case 'group':
        groups = scanGroups(column.name, place, requirePlain(chunk))
        return null
      case 'weight':
        hasPositiveWeight = scanWeight(column.name, place, requireNumbers(requirePlain(chunk)))
        return null
      case 'position':
        scanPosition(column.name, place, requireNumbers(requirePlain(chunk)))
        return null
      case 'initScore':
        scanInitScore(column.name, place, requireNumbers(requirePlain(chunk)))
        return null
    }
  })
  const types = chunks.map((chunk) => chunk?.type ?? 'empty')
  return { types, features, labels, groups, hasPositiveWeight }
}

function scanFeature(
  column: JobColumn,
  place: UnitPlace,
  chunk: StoredColumn,
  sampled: SampledRows,
): FeatureScan {
  const { offsets } = sampled
  if (chunk.type === 'string') return scanTexts(chunk.codes, chunk.dictionary, offsets)
  if ('numbers' in chunk) {
    if (column.isCategorical) return scanCodedCategories(column, place, chunk, offsets)
    return { kind: 'values', sampled: sampleCodes(chunk.codes, chunk.numbers, offsets) }
  }
  if (column.isCategorical) {
    return scanNumbers(column, place, withValues(chunk) as NumberChunk, offsets)
  }
  if ('stored' in chunk) return scanSparse(chunk, sampled)
  const sample = new ValueSample(sampled.nRows)
  sample.add(chunk.values, offsets)
  return { kind: 'values', sampled: sample.finish() }
}

/** Equal to what the values of all rows tell. */
function scanSparse({ rows, stored }: SparseNumbers, sampled: SampledRows): FeatureScan {
  const values = sampled.of(stored, rows)
  const sample = new ValueSample(values.length)
  sample.add(values, null)
  sample.addZeros(sampled.nRows - values.length)
  return { kind: 'values', sampled: sample.finish() }
}

function scanTexts(
  codes: Int32Array,
  dictionary: readonly string[],
  offsets: Int32Array | null,
): FeatureScan {
  // All rows count for the dictionary, sampled ones for the bins. A dictionary may be larger
  // than its chunk, so unused texts are taken out.
  const isUsed = usedCodes(codes, dictionary.length)
  const sample = new CategorySample(dictionary.length)
  sample.add(codes, offsets)
  const { counts, missingCount } = sample.finish()
  const used = dictionary.flatMap((_, code) => (isUsed[code] === 1 ? [code] : []))
  return {
    kind: 'categories',
    values: used.map((code) => dictionary[code]!),
    sampled: { counts: Uint32Array.from(used, (code) => counts[code] ?? 0), missingCount },
  }
}

/** Marks the codes that some row has. */
function usedCodes(codes: Int32Array, nCodes: number): Uint8Array {
  const isUsed = new Uint8Array(nCodes)
  let nLeft = nCodes
  for (let row = 0; row < codes.length && nLeft > 0; row++) {
    const code = codes[row]!
    if (code < 0 || isUsed[code] === 1) continue
    isUsed[code] = 1
    nLeft--
  }
  return isUsed
}

function scanNumbers(
  column: JobColumn,
  place: UnitPlace,
  chunk: NumberChunk,
  offsets: Int32Array | null,
): FeatureScan {
  const { categories, codes } = findCategories(column, place, chunk, null)
  const sample = new CategorySample(categories.length)
  sample.add(codes, offsets)
  return { kind: 'categories', values: categories, sampled: sample.finish() }
}

function scanCodedCategories(
  column: JobColumn,
  place: UnitPlace,
  chunk: CodedNumbers,
  offsets: Int32Array | null,
): FeatureScan {
  const { values, firstRows, indexOf } = occurringNumbers(chunk)
  const occurring = { type: chunk.type, values }
  const { categories, codes } = findCategories(column, place, occurring, firstRows)
  // Where a column has no missing values, no row leads to -1.
  const codeOf = indexOf.map((index) => (index < 0 ? -1 : codes[index]!))
  const sample = new CategorySample(categories.length)
  sample.add(chunk.codes.map((code) => codeOf[code + 1]!), offsets)
  return { kind: 'categories', values: categories, sampled: sample.finish() }
}

/**
 * The categories of some numbers, in order of first appearance, and the code of each number.
 *
 * @param rows - where in the unit the numbers stand first; null where they are its rows
 */
function findCategories(
  column: JobColumn,
  place: UnitPlace,
  { type, values }: NumberChunk,
  rows: Int32Array | null,
): { readonly categories: Float64Array; readonly codes: Int32Array } {
  if (isTime(type)) {
    throw new CoppiceError(
      'DATA',
      `feature column '${column.name}' holds ${type}s (${place.partition}) and cannot be ` +
        `categorical; leave it numeric or store it as text`,
    )
  }
  const known = new NumberCodes(values.length)
  const codes = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    let code = known.get(value)
    // of missing values there is none
    if (code < 0 && value === value) {
      if (!Number.isSafeInteger(value)) {
        const what = `is categorical but is ${value} (categories are integers or text)`
        throw cellError('feature', column.name, place, rows === null ? i : rows[i]!, what)
      }
      code = known.add(value)
    }
    codes[i] = code
  }
  return { categories: Float64Array.from(known.numbers), codes }
}

/** Weights must be finite and >= 0. Returns whether one is positive. */
function scanWeight(name: string, place: UnitPlace, values: Float64Array): boolean {
  let hasPositive = false
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (!(value >= 0 && value < Infinity)) {
      throw new RowError(place, row, (where) =>
        `weight column '${name}' is ${value} in ${where}; weights are finite numbers >= 0: ` +
        'correct it, or use 0 to leave the row out')
    }
    if (value > 0) hasPositive = true
  }
  return hasPositive
}

function scanPosition(name: string, place: UnitPlace, values: Float64Array): void {
  const row = values.findIndex((value) => !isPosition(value))
  if (row < 0) return
  const what = `is ${values[row]} (positions are whole numbers from 0 to ${POSITION_MAX})`
  throw cellError('position', name, place, row, what)
}

function scanInitScore(name: string, place: UnitPlace, values: Float64Array): void {
  const row = values.findIndex((value) => !Number.isFinite(value))
  if (row >= 0) {
    throw cellError('initScore', name, place, row, `is ${values[row]} (it must be finite)`)
  }
}

/** The numbers of a column that was found to have no text. */
export function requireNumbers(chunk: ColumnChunk): Float64Array {
  assert(chunk.type !== 'string', 'text in a numeric column is refused before')
  return chunk.values
}

/** Columns of all roles but features and labels are read as plain values. */
function requirePlain(chunk: StoredColumn): ColumnChunk {
  const whole = requireAll(chunk)
  assert(!('numbers' in whole), 'only features and labels are coded')
  return whole
}

/** Columns of all roles but features have a value or a code in each row. */
export function requireAll(chunk: StoredColumn): ColumnChunk | CodedNumbers {
  assert(!('stored' in chunk), 'only features are sparse')
  return chunk
}
