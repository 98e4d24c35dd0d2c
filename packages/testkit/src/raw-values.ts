import type { BinnedBlock, BinnedDataset } from '@coppice/engine'
import { allBins } from './datasets.js'
import { TestRandom } from './random.js'

/** A data set with raw values, and its rows as a predictor takes them. */
export interface RawDataset {
  readonly data: BinnedDataset
  readonly rows: readonly (readonly (number | string | null)[])[]
}

/**
 * Gives rows of `makeDataset` values within their bins: of the numeric ones that are not
 * missing, the whole number of the bin and a fraction from -3/8 to 3/8, a multiple of 1/64.
 */
export function withRawValues(
  { data, rows }: RawDataset, seed = 1,
): RawDataset {
  const random = new TestRandom(seed)
  const made = rows.map((row) => row.map((cell) =>
    typeof cell === 'number' ? cell + (random.below(49) - 24) / 64 : cell))
  return { data: keepRaw(data, made), rows: made }
}

/** The data set with these values beside the bins. */
export function keepRaw(
  data: BinnedDataset, rows: readonly (readonly (number | string | null)[])[],
): BinnedDataset {
  const kept = data.features.flatMap(({ mapper }, f) =>
    mapper.kind === 'numeric' && mapper.nBins > 1 ? [f] : [])
  const blocks = data.blocks.map((block): BinnedBlock => ({
    ...block,
    raw: Float64Array.from(rows.slice(block.firstRow, block.firstRow + block.nRows)
      .flatMap((row) => kept.map((f) => row[f] === null ? NaN : Number(row[f])))),
  }))
  return { ...data, blocks }
}

/** The labels plus slopes along the values, so that linear leaves have something to find. */
export function withSlopes({ data, rows }: RawDataset, slope = 0.4): RawDataset {
  const label = Float64Array.from(data.label!, (y, row) => y + rows[row]!.reduce<number>(
    (sum, cell, f) => sum + (typeof cell === 'number' ? slope * cell / (f + 1) : 0), 0))
  return { data: { ...data, label }, rows }
}

/** Rows with raw values in blocks of other sizes. */
export function recutRaw(made: RawDataset, sizes: readonly number[]): BinnedDataset {
  const { data } = made
  const nFeatures = data.features.length
  const bins = allBins(data)
  const blocks: BinnedBlock[] = []
  let firstRow = 0
  for (const size of [...sizes, data.nRows]) {
    const nRows = Math.min(size, data.nRows - firstRow)
    if (nRows <= 0) break
    blocks.push({ firstRow, nRows,
      bins: bins.slice(firstRow * nFeatures, (firstRow + nRows) * nFeatures) })
    firstRow += nRows
  }
  return keepRaw({ ...data, blocks }, made.rows)
}
