/** The rows of a feature in one unit, and how to find their bins. */
import {
  type BinLookup,
  codedLookup,
  type NumericLookup,
  recodedLookup,
  type ValueColumn,
} from '@coppice/engine'
import { assert } from '@coppice/model'
import { withValues } from '../formats/stored-columns.js'
import type { SparseNumbers, StoredColumn } from '../reader.js'
import { requireNumbers } from './scan.js'
import { codesOfNumbers } from './number-codes.js'

/** A value, or a code, in each row; or the numbers that are stored. */
export type FeatureRows =
  | { readonly kind: 'dense'; readonly lookup: BinLookup; readonly rows: ValueColumn }
  | { readonly kind: 'sparse'; readonly lookup: NumericLookup; readonly numbers: SparseNumbers }

/**
 * Values that a unit codes keep its codes: a bin is looked up for each distinct one alone. Those
 * that are not stored are not looked up at all.
 *
 * @param codes - by category; null where the feature is numeric
 */
export function featureRows(
  lookup: BinLookup,
  codes: ReadonlyMap<string | number, number> | null,
  chunk: StoredColumn,
): FeatureRows {
  if (lookup.kind === 'numeric' || codes === null) {
    assert(lookup.kind === 'numeric' && codes === null, 'numeric features have no categories')
    if ('stored' in chunk) return { kind: 'sparse', lookup, numbers: chunk }
    return 'numbers' in chunk
      ? { kind: 'dense', lookup: codedLookup(lookup, chunk.numbers), rows: chunk.codes }
      : { kind: 'dense', lookup, rows: requireNumbers(chunk) }
  }
  const whole = 'stored' in chunk ? withValues(chunk) : chunk
  if (whole.type !== 'string' && !('numbers' in whole)) {
    return { kind: 'dense', lookup, rows: codesOfNumbers(codes, whole.values) }
  }
  const own = whole.type === 'string'
    ? Int32Array.from(whole.dictionary, (text) => codes.get(text) ?? -1)
    : codesOfNumbers(codes, whole.numbers)
  return { kind: 'dense', lookup: recodedLookup(lookup, own), rows: whole.codes }
}
