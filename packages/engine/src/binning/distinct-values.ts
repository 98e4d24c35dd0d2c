/** Distinct values with the rows up to each of them, which are searched instead of summed. */

/** Consecutive distinct values in ascending order. */
export interface DistinctValues {
  readonly values: Float64Array
  /** Rows of each value and of all before it, those of `rowsBefore` included. */
  readonly ends: Int32Array
  /** Rows before the first value. */
  readonly rowsBefore: number
  /** No value has more rows than this. */
  readonly mostRows: number
}

/** @param counts - rows of each value; fewer than 2^31 in all, as samples have */
export function distinctValues(values: Float64Array, counts: Uint32Array): DistinctValues {
  // as signed numbers they stay integers to the compiler
  const signed = new Int32Array(counts.buffer, counts.byteOffset, counts.length)
  const ends = new Int32Array(counts.length)
  let rows = 0
  let mostRows = 0
  for (let i = 0; i < signed.length; i++) {
    const count = signed[i]!
    rows = (rows + count) | 0
    ends[i] = rows
    if (count > mostRows) mostRows = count
  }
  return { values, ends, rowsBefore: 0, mostRows }
}

/** Rows of all values. */
export function rowsOfValues({ ends, rowsBefore }: DistinctValues): number {
  return (ends.at(-1) ?? rowsBefore) - rowsBefore
}

/** Values [start, end). */
export function partOfValues(
  { values, ends, rowsBefore, mostRows }: DistinctValues, start: number, end?: number,
): DistinctValues {
  return {
    values: values.subarray(start, end),
    ends: ends.subarray(start, end),
    rowsBefore: start === 0 ? rowsBefore : ends[start - 1]!,
    mostRows,
  }
}

/**
 * How many values are less than a bound.
 *
 * @param values - in ascending order
 */
export function countBelow(values: Float64Array, bound: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** Rows of values that are no greater than a bound. */
export function rowsUpTo(
  { values, ends, rowsBefore }: DistinctValues, bound: number,
): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! <= bound) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : ends[low - 1]! - rowsBefore
}
