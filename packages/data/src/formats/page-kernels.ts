/** The contract of the kernels of columnar pages (sources in `assembly/`); as in `CsvKernels`. */
export interface PageKernels {
  /**
   * Decodes the indices of a page as `decodeHybrid` (`rle.ts`, its twin) does. Eight bytes
   * behind the page may be read.
   *
   * @param out - n i32; undefined where it returns 0
   * @param page - where the runs begin
   * @param length - bytes from there to the end of the page
   * @param width - bits of an index
   * @param nEntries - of the dictionary
   * @returns 1; 0 where the page is damaged, an index is not below nEntries, or the width is
   *   beyond 24, which is left to the twin
   */
  decodeIndices(
    out: number, page: number, length: number, width: number, n: number, nEntries: number,
  ): number
  /**
   * Replaces indices by their codes, until one has none yet.
   *
   * @param indices - n i32, all within the codes; modified in place from `first` on
   * @param codes - i32 by index; negative: none
   * @returns the first of the indices that has none, or n
   */
  recodeIndices(indices: number, first: number, n: number, codes: number): number
}
