/** The first pass over a unit: what the bins, dictionaries and classes are made of. */
import { CategorySample, sampledOffsets, ValueSample } from '@coppice/engine'
import { assert, CoppiceError } from '@coppice/model'
import type { ColumnChunk, NumberChunk } from '../reader.js'
import { scanGroups } from './groups.js'
import type { FeatureScan, JobColumn, ScanPlan, UnitPlace, UnitScan } from './job.js'
import { scanLabel } from './labels.js'
import { cellError, describeRow } from './place.js'

/**
 * Scans the decoded columns of one unit.
 *
 * Throws CoppiceError 'DATA' naming row and file for bad labels, weights, query ids and
 * categories.
 *
 * @param chunks - one per column; null for columns that this round does not look at
 */
export function scanUnit(
  plan: ScanPlan,
  columns: readonly JobColumn[],
  place: UnitPlace,
  chunks: readonly (ColumnChunk | null)[],
): UnitScan {
  const { sampleRule, labelKind } = plan
  const offsets =
    sampleRule === null ? null : sampledOffsets(sampleRule, place.firstRow, place.nRows)
  let label: UnitScan['label'] = null
  let groups: UnitScan['groups'] = null
  let hasPositiveWeight = false
  const features = columns.map((column, i): FeatureScan | null => {
    const chunk = chunks[i]
    if (chunk === null || chunk === undefined) return null
    switch (column.role) {
      case 'feature':
        return sampleRule === null ? null : scanFeature(column, place, chunk, offsets)
      case 'label':
        if (labelKind !== null) label = scanLabel(labelKind, column.name, place, chunk)
        return null
      case 'group':
        groups = scanGroups(column.name, place, chunk)
        return null
      case 'weight':
        hasPositiveWeight = scanWeight(column.name, place, requireNumbers(chunk))
        return null
      case 'initScore':
        scanInitScore(column.name, place, requireNumbers(chunk))
        return null
    }
  })
  const types = chunks.map((chunk) => chunk?.type ?? 'empty')
  return { types, features, label, groups, hasPositiveWeight }
}

function scanFeature(
  column: JobColumn,
  place: UnitPlace,
  chunk: ColumnChunk,
  offsets: Int32Array | null,
): FeatureScan {
  if (chunk.type === 'string') return scanTexts(chunk.codes, chunk.dictionary, offsets)
  if (column.isCategorical) return scanNumbers(column, place, chunk, offsets)
  const sample = new ValueSample(offsets?.length ?? chunk.values.length)
  sample.add(chunk.values, offsets)
  return { kind: 'values', sampled: sample.finish() }
}

function scanTexts(
  codes: Int32Array,
  dictionary: readonly string[],
  offsets: Int32Array | null,
): FeatureScan {
  // All rows count for the dictionary, sampled ones for the bins. A dictionary may be larger
  // than its chunk, so unused texts are taken out.
  const isUsed = new Uint8Array(dictionary.length)
  for (let row = 0; row < codes.length; row++) if (codes[row]! >= 0) isUsed[codes[row]!] = 1
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

function scanNumbers(
  column: JobColumn,
  place: UnitPlace,
  { type, values }: NumberChunk,
  offsets: Int32Array | null,
): FeatureScan {
  if (type === 'date') {
    throw new CoppiceError(
      'DATA',
      `feature column '${column.name}' holds dates (${place.partition}) and cannot be ` +
        `categorical; leave it numeric or store it as text`,
    )
  }
  const codeOf = new Map<number, number>()
  const codes = new Int32Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (value !== value) {
      codes[row] = -1
      continue
    }
    let code = codeOf.get(value)
    if (code === undefined) {
      if (!Number.isSafeInteger(value)) {
        const what = `is categorical but is ${value} (categories are integers or text)`
        throw cellError('feature', column.name, place, row, what)
      }
      code = codeOf.size
      codeOf.set(value, code)
    }
    codes[row] = code
  }
  const sample = new CategorySample(codeOf.size)
  sample.add(codes, offsets)
  return {
    kind: 'categories',
    values: Float64Array.from(codeOf.keys()),
    sampled: sample.finish(),
  }
}

/** Weights must be finite and >= 0. Returns whether one is positive. */
function scanWeight(name: string, place: UnitPlace, values: Float64Array): boolean {
  let hasPositive = false
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (!(value >= 0 && value < Infinity)) {
      throw new CoppiceError(
        'DATA',
        `weight column '${name}' is ${value} in ${describeRow(place, row)}; weights are finite ` +
          `numbers >= 0: correct it, or use 0 to leave the row out`,
      )
    }
    if (value > 0) hasPositive = true
  }
  return hasPositive
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
