/** The contract of the kernels that search the bounds of a feature; see `Kernels`. */

/**
 * What values are searched for in, in bytes. At `low`, `scale`, `last`, `unit` are doubles: value
 * x is in cell (x - low) * scale, cut to [0, last] and rounded to the nearest whole number, NaN in
 * cell last + 1. Where cells are curved, x is first replaced by sign(x) * (h(1 + unit |x|) - h(1)),
 * with h the upper 32 bits of a double as an integer. `bounds` are ascending doubles, Infinity
 * behind the last. Byte i of `cells` is the number of bounds in cells before i, and that of NaN its
 * bin. The bin of x is what its cell says and how many of the bounds from there on are less than x.
 */
export const SearchLayout = {
  low: 0, scale: 8, last: 16, unit: 24, bounds: 32, boundsMax: 260, cells: 2112, cellsMax: 2049,
  size: 4224,
} as const

/** Kernels that find bins of values. */
export interface SearchFunctions {
  /**
   * The bins of n values, one every `step` bytes, go to every `stride` bytes of `out`. `search` is
   * laid out as SearchLayout says; no cell has more than two bounds.
   */
  searchDoubles(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /** As `searchDoubles`, with at most four bounds in a cell. */
  searchDoublesLong(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /** As `searchDoublesLong`, where cells are of curved values. */
  searchDoublesCurved(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /** As `searchDoubles`, of floats. */
  searchFloats(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /** As `searchDoublesLong`, of floats. */
  searchFloatsLong(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /** As `searchDoublesCurved`, of floats. */
  searchFloatsCurved(
    out: number, stride: number, values: number, step: number, n: number, search: number,
  ): void
  /**
   * The bins of n codes (i32) go to every `stride` bytes of `out`: byte `code` of `bins`, or
   * `otherBin` for codes that are negative or not below nCodes.
   */
  lookUpCodes(
    out: number, stride: number, codes: number, n: number, bins: number, nCodes: number,
    otherBin: number,
  ): void
}
