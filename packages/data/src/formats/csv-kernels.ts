/** The contract of the kernels of text (sources in `assembly/`). */

/**
 * All arguments are numbers: byte offsets into the one imported memory, and counts. No kernel
 * allocates or keeps state. `TEXT_MARGIN` bytes before and behind a text may be read; what they
 * hold does not matter. `separator` is the byte of a comma or a tab; the dialect is that of
 * `csv-records.ts`. A *field* is [start, end) relative to the text, quotes and spaces included.
 */
export interface CsvKernels {
  /**
   * Counts the complete records of a text that begins at a record, as long as all is well: at a
   * record that is incomplete or wrong it stops, for `scanRecords` of `csv-records.ts`, its twin.
   *
   * @param out - 3 i32: end of the last good record (or blank line), records, line ends before it
   */
  scanRecords(
    out: number, text: number, length: number, separator: number, nColumns: number,
  ): void
  /**
   * Finds the fields of the wanted columns in the complete records of a text. Its twin, with those
   * of the next two, is in `test/formats/reference/`.
   *
   * @param out - 1 i32: end of the last record (or blank line) that was gone through
   * @param isLast - 1 where the text ends with the unit, 0 where more follows
   * @param slots - nColumns i32: for each column its slot, or -1 where it is not wanted
   * @param nRowsMax - less than `stride`; blank lines behind so many rows are gone through
   * @param starts - slots x stride i32: field of row r at slot * stride + r
   * @param ends - as `starts`
   * @returns rows found, -1 where a record has not `nColumns` fields or a quote is not closed
   */
  splitFields(
    out: number, text: number, length: number, isLast: number, separator: number,
    nColumns: number, slots: number, nRowsMax: number, starts: number, ends: number,
    stride: number,
  ): number
  /**
   * Parses fields as numbers, correctly rounded, and as literals. Fields that are neither, that
   * are beyond 2^53, or that it cannot round for certain, are left to the caller.
   *
   * @param values - n f64, never -0, only the canonical NaN; those of the fields left are undefined
   * @param odd - receives the rows of the fields left, i32, ascending; room for n
   * @param found - 2 i32: the kinds of the other fields joined with |; the first row of one that
   *   is a number or boolean, or -1
   * @param starts - n i32
   * @param ends - n i32
   * @param literals - nLiterals x 24 bytes: text of up to eight bytes as u64, its length as i32,
   *   its kind as i32, its value as f64; compared without spaces and quotes around a field
   * @param powers - as `writePowers` has them
   * @returns how many fields are left
   */
  parseNumbers(
    values: number, odd: number, found: number, text: number, starts: number, ends: number,
    n: number, literals: number, nLiterals: number, powers: number,
  ): number
  /**
   * Gives the texts of fields their codes in a dictionary, in order of first appearance: without
   * the spaces around them, or what stands between quotes, with two of these as one.
   *
   * @param codes - n i32
   * @param dictionary - see `DICTIONARY_BYTES`; modified in place
   * @param row - the row to begin with
   * @param base - added to where texts stand first
   * @returns n, or the row at which the dictionary has no room for another text
   */
  internTexts(
    codes: number, dictionary: number, text: number, starts: number, ends: number, row: number,
    n: number, base: number,
  ): number
  /** Moves the entries of a dictionary's slots into others, more of them and all zero. */
  rehashTexts(to: number, nTo: number, from: number, nFrom: number): void
}

/** Bytes around a text that kernels may read. */
export const TEXT_MARGIN = 128
export const LITERAL_BYTES = 24
/**
 * A dictionary is eight i32: offset of its slots (8 bytes each: index + 1 and hash as i32), how
 * many these are (a power of two), texts in it, the most it has room for, offset of their ends
 * (i32 behind a 0), offset of where they stood first (i32), offset of the bytes of all, and how
 * many of these there is room for (`TEXT_MARGIN` behind them may be read, seven written).
 */
export const DICTIONARY_BYTES = 32

const EXACT_POWERS = 23
const POWER_MIN = -80
const POWER_MAX = 60
/** What `writePowers` writes. */
export const POWERS_BYTES = 192 + (POWER_MAX - POWER_MIN + 1) * 16

/**
 * Writes what numbers are scaled with: 10^0 .. 10^22 as f64; then, from byte 192 on, the 128
 * leading bits of 5^-80 .. 5^60 as two u64, the upper one first: rounded down from 5^0 on, up
 * below (as Lemire's fast_float has them).
 */
export function writePowers(view: DataView, at: number): void {
  for (let k = 0; k < EXACT_POWERS; k++) view.setFloat64(at + k * 8, Number(`1e${k}`), true)
  for (let q = POWER_MIN; q <= POWER_MAX; q++) {
    const five = powerOfFive(Math.abs(q))
    const nBits = BigInt(five.toString(2).length)
    const shift = q >= -27 ? nBits + 127n : 2n * nBits + 128n
    let bits = q >= 0 ? (five << 128n) >> nBits : (1n << shift) / five + 1n
    while (bits >> 128n !== 0n) bits >>= 1n
    const entry = at + 192 + (q - POWER_MIN) * 16
    view.setBigUint64(entry, bits >> 64n, true)
    view.setBigUint64(entry + 8, bits & 0xffff_ffff_ffff_ffffn, true)
  }
}

function powerOfFive(k: number): bigint {
  let power = 1n
  for (let i = 0; i < k; i++) power *= 5n
  return power
}
