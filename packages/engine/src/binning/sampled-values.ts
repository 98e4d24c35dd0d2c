/** Sampled values of a column. Plain data; equal for every order in which rows were added. */
export interface SampledValues {
  /** Distinct values in ascending order, without NaN and zeros (|x| <= zeroThreshold). */
  readonly values: Float64Array
  /** Rows of each value. */
  readonly counts: Uint32Array
  readonly zeroCount: number
  readonly nanCount: number
}
