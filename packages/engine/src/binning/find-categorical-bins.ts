import type { CategoricalBinMapper } from '../dataset.js'
import type { SampledCategories } from './category-sample.js'
import { BINS_MAX, BYTE_BINS } from '../row-bytes.js'
import type { FoundBins } from './find-numeric-bins.js'
import { requireMaxBin } from './max-bin.js'

/** How the bins of a categorical feature are chosen; the parameters of the same names. */
export interface CategoricalBinOptions {
  /** Bins to fill, bin 0 included: 2 .. 65,535. May be exceeded, see below. */
  readonly maxBin: number
  /** Fewest sampled rows of a category, once two are kept; >= 1. */
  readonly minDataInBin: number
}

/** Share of the rows that categories shall cover: LightGBM's float 0.99. */
const coverage = Math.fround(0.99)

/** `RoundInt(nRows * 0.99f)`: a float32 product, rounded half up. */
function rowsToCover(nRows: number): number {
  return Math.floor(Math.fround(Math.fround(nRows) * coverage) + 0.5)
}

/**
 * Bins of a categorical feature as LightGBM 4.6 chooses them (BinMapper::FindBin): by descending
 * count, equal counts by ascending code; categories are kept while they cover less than 99 % of
 * the rows that are not missing, or fewer than `maxBin` bins are used; rare ones end it. All
 * others share bin 0 with missing values.
 *
 * The 99 % rule may take more bins than `maxBin`, as in LightGBM. Unlike there, 256 is the end
 * where `maxBin` is at most 255, so that a bin is a byte unless more is asked for; else 65,536.
 * O(categories * log(categories)).
 */
export function findCategoricalBins(
  sampled: SampledCategories,
  options: CategoricalBinOptions,
): FoundBins<CategoricalBinMapper> {
  const { maxBin, minDataInBin } = options
  requireMaxBin(maxBin)
  const mostBins = maxBin < BYTE_BINS ? BYTE_BINS : BINS_MAX
  const { counts, missingCount } = sampled
  const nRows = counts.reduce((total, count) => total + count, 0)
  const seen = [...counts.keys()]
    .filter(code => counts[code]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
  const target = rowsToCover(nRows)
  const wantedBins = Math.min(maxBin, seen.length + (missingCount > 0 ? 1 : 0))
  const binCounts = [0]
  let covered = 0
  for (const [index, code] of seen.entries()) {
    const count = counts[code]!
    const nBins = binCounts.length
    if (covered >= target && nBins >= wantedBins) break
    if (count < minDataInBin && index > 1) break
    if (nBins === mostBins) break
    binCounts.push(count)
    covered += count
  }
  binCounts[0] = nRows + missingCount - covered
  const codes = Int32Array.from(seen.slice(0, binCounts.length - 1))
  return { mapper: { kind: 'categorical', codes, nBins: binCounts.length }, counts: binCounts }
}
