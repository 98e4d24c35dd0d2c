/**
 * Which rows the bins are found from. Whether a row belongs to the sample depends on its global
 * row id and the seed alone (contract rule 2), so every partitioning of the same rows gives the
 * same sample.
 */
import { Purpose, fractionLimit, startHash } from '../random.js'
import { valueKernels } from './value-kernels.js'

/** Tells sampled rows from others; plain data, so that it can be sent to threads and workers. */
export interface SampleRule {
  /** Hash that the row id is mixed into. */
  readonly start: number
  /** A row is sampled when its draw is below this; 2^32 takes every row. */
  readonly limit: number
}

/**
 * The rule for a data set.
 * @param nRows - of the whole data set, all partitions
 * @param sampleCount - `bin_construct_sample_cnt`: all rows are taken when there are no more,
 *   otherwise this many on average
 * @param seed - `data_random_seed`
 */
export function sampleRule(nRows: number, sampleCount: number, seed: number): SampleRule {
  const fraction = nRows <= sampleCount ? 1 : sampleCount / nRows
  return { start: startHash(seed, Purpose.binSample), limit: fractionLimit(fraction) }
}

/**
 * Offsets, relative to `firstRow`, of the sampled ones among consecutive rows; null means all of
 * them. Compute it once per block of rows and give it to every column's collector.
 */
export function sampledOffsets(
  rule: SampleRule,
  firstRow: number,
  nRows: number,
): Int32Array | null {
  const { start, limit } = rule
  return limit === 0x1_0000_0000 ? null : valueKernels().drawRows(start, limit, firstRow, nRows)
}
