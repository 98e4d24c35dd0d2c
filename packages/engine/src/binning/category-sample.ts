/** Counts the sampled categories of one categorical column. */

/** Rows of each category. Plain data; equal for every order in which rows were added. */
export interface SampledCategories {
  /** Rows by category code. Codes at or beyond the length have none. */
  readonly counts: Uint32Array
  /** Rows whose code is negative. */
  readonly missingCount: number
}

/** Counts by category code, growing with the codes. */
export class CategorySample {
  private counts: Uint32Array
  private missingCount = 0

  /** @param nCategories - expected number of categories; grows when exceeded */
  constructor(nCategories = 16) {
    this.counts = new Uint32Array(nCategories)
  }

  /**
   * Adds rows of a chunk.
   * @param codes - one category code per row; negative is missing
   * @param offsets - the sampled rows (`sampledOffsets`), or null for all
   */
  add(codes: Int32Array, offsets: Int32Array | null): void {
    const n = offsets === null ? codes.length : offsets.length
    for (let i = 0; i < n; i++) {
      const code = codes[offsets === null ? i : offsets[i]!]!
      if (code < 0) {
        this.missingCount++
        continue
      }
      if (code >= this.counts.length) this.grow(code + 1)
      this.counts[code]!++
    }
  }

  private grow(length: number): void {
    const grown = new Uint32Array(Math.max(length, this.counts.length * 2))
    grown.set(this.counts)
    this.counts = grown
  }

  /** What was counted, trailing categories without rows left out. */
  finish(): SampledCategories {
    return { counts: trim(this.counts), missingCount: this.missingCount }
  }
}

/** A copy up to the last category that has rows: the canonical form, for equality. */
function trim(counts: Uint32Array): Uint32Array {
  return counts.slice(0, counts.findLastIndex(count => count > 0) + 1)
}

/**
 * Counts under other codes: a partition has a dictionary of its own until all are known.
 * @param newCodes - by old code: the new one; negative counts as missing
 */
export function recodeSampledCategories(
  sampled: SampledCategories,
  newCodes: Int32Array,
): SampledCategories {
  let missingCount = sampled.missingCount
  const length = newCodes.reduce((most, code) => Math.max(most, code + 1), 0)
  const counts = new Uint32Array(length)
  for (const [code, count] of sampled.counts.entries()) {
    const newCode = newCodes[code] ?? -1
    if (newCode < 0) missingCount += count
    else counts[newCode]! += count
  }
  return { counts: trim(counts), missingCount }
}

/** Adds up samples of disjoint sets of rows under one coding, in any order. */
export function mergeSampledCategories(parts: readonly SampledCategories[]): SampledCategories {
  const length = parts.reduce((most, part) => Math.max(most, part.counts.length), 0)
  const counts = new Uint32Array(length)
  let missingCount = 0
  for (const part of parts) {
    missingCount += part.missingCount
    for (let code = 0; code < part.counts.length; code++) counts[code]! += part.counts[code]!
  }
  return { counts: trim(counts), missingCount }
}
