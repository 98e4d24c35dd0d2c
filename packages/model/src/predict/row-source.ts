/** Rows as encoded numbers. */

/** Rows that can be read as encoded numbers, some at a time. */
export interface RowSource {
  readonly nRows: number
  /** Values of a row that `pack` gives, where they are not all features. */
  readonly nPacked?: number
  /** Writes rows [first, first + count) to the start of `out`, row-major. */
  fill(first: number, count: number, out: Float64Array): void
  /**
   * The same rows as they are had most cheaply.
   * @param scratch - gives an array of that length, or a longer one, for what has to be made
   */
  pack(first: number, count: number, scratch: Scratch): PackedRows
}

/** Encoded rows; float32 values stand for the same doubles. */
export interface PackedRows {
  /** Rows x features or, by column, features x rows. */
  readonly values: Float64Array | Float32Array
  /** Features that there are values of. */
  readonly nFeatures: number
  /** Which they are, ascending: at least those that the trees look at. Null: the model's, all. */
  readonly features: Int32Array | null
  readonly isByColumn: boolean
  /** The values are in an array of the caller's. */
  readonly isView: boolean
}

type Scratch = (length: number) => Float64Array

/** `pack` of row-major numbers: a view. */
export function packView(
  data: Float64Array | Float32Array, nFeatures: number, features: Int32Array | null = null,
): RowSource['pack'] {
  return (first, count) => ({
    values: data.subarray(first * nFeatures, (first + count) * nFeatures),
    nFeatures, features, isByColumn: false, isView: true,
  })
}
