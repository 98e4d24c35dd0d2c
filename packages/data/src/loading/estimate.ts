import { CoppiceError } from '@coppice/model'

/** The size of a job, known before any row is decoded. */
export interface LoadSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Bytes of a binned row: nFeatures, or fewer where rows are packed. */
  readonly binnedRowBytes: number
  /** Columns that are decoded, features included. */
  readonly nColumns: number
  /** Label, weight and init score columns. */
  readonly nNumberArrays: number
  /** Rows of the largest unit. */
  readonly unitRowsMax: number
  /** Encoded bytes of the largest unit, where known. */
  readonly unitBytesMax: number
  readonly nThreads: number
  /** Rows that the bins are found from. */
  readonly nSampled: number
}

/** Bytes at the peak of loading, by what they are for. */
export interface MemoryEstimate {
  readonly binnedBytes: number
  readonly numberBytes: number
  readonly sampleBytes: number
  readonly unitBytes: number
  readonly totalBytes: number
}

/** A decoded unit holds a double per value, and its bins and scratch about as much again. */
const bytesPerDecodedValue = 16
/** A sampled value, its count, and both again while samples are merged. */
const bytesPerSampledValue = 24
/** The JavaScript engine and the code of one thread. */
const threadBytes = 40 * 1024 * 1024

/**
 * Estimates the memory that loading takes at its peak. The sample is gone when rows are binned,
 * so the larger of the two passes counts. Dictionaries of text columns are not known before.
 */
export function estimateMemory(size: LoadSize): MemoryEstimate {
  const nActive = Math.max(1, size.nThreads)
  const binnedBytes = size.nRows * size.binnedRowBytes
  const numberBytes = size.nRows * size.nNumberArrays * 8
  const sampleBytes = size.nSampled * size.nFeatures * bytesPerSampledValue
  const perUnit = size.unitRowsMax * size.nColumns * bytesPerDecodedValue + size.unitBytesMax
  const unitBytes = nActive * (perUnit + threadBytes)
  const totalBytes = unitBytes + Math.max(sampleBytes, binnedBytes + numberBytes)
  return { binnedBytes, numberBytes, sampleBytes, unitBytes, totalBytes }
}

/**
 * Throws CoppiceError 'MEMORY' with both figures where the estimate exceeds the limit.
 *
 * @param limitName - where the limit comes from, such as 'maxMemoryMb' or 'this machine'
 */
export function requireMemory(
  estimate: MemoryEstimate,
  limitBytes: number,
  limitName: string,
): void {
  if (estimate.totalBytes <= limitBytes) return
  const mb = (bytes: number) => `${Math.ceil(bytes / 1048576)} MB`
  throw new CoppiceError(
    'MEMORY',
    `loading needs about ${mb(estimate.totalBytes)} (binned rows ${mb(estimate.binnedBytes)}, ` +
      `labels and weights ${mb(estimate.numberBytes)}, sample ${mb(estimate.sampleBytes)}, ` +
      `units being read ${mb(estimate.unitBytes)}), more than the ${mb(limitBytes)} of ` +
      `${limitName}; ${limitName === 'max_memory_mb' ? 'raise it' : 'use a larger machine'}, or ` +
      `use fewer threads, fewer columns (ignore), a smaller bin_construct_sample_cnt, or smaller ` +
      `row groups`,
  )
}
