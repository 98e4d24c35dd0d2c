/** The contract of the kernels of stored numbers (sources in `assembly/`); as in `CsvKernels`. */
export interface StoredKernels {
  /**
   * f32 to f64: -0 becomes +0, every NaN the canonical one.
   *
   * @param out - n f64, and one more where n is odd
   * @param singles - n f32, and one more may be read
   */
  promoteSingles(out: number, singles: number, n: number): void
  /** As `promoteSingles`, of f64. */
  copyDoubles(out: number, doubles: number, n: number): void
  /**
   * i64 or u64 to the nearest f64, as far as no number is larger than `limit` either way.
   *
   * @returns the place of the first number that is, or n
   */
  convertLongs(
    out: number, longs: number, n: number, isUnsigned: number, limit: number,
  ): number
}
