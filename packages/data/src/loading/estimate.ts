import { CoppiceError } from '@coppice/model'
import type { Format } from '../reader.js'

/** The size of a job, known before any row is decoded. */
export interface LoadSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Bytes of a binned row: nFeatures, or fewer where rows are packed. */
  readonly binnedRowBytes: number
  /** Label, weight and init score columns. */
  readonly nNumberArrays: number
  /** What the largest unit takes while it is decoded, see `unitBytesOf`. */
  readonly unitBytesMax: number
  readonly nThreads: number
  /** Values that the bins are found from, at most: zeros that are not stored are not held. */
  readonly nSampledValues: number
  /** Features times units: what each unit tells of each feature is held until all are read. */
  readonly nScans: number
}

/** Bytes at the peak of loading, by what they are for. */
export interface MemoryEstimate {
  readonly binnedBytes: number
  readonly numberBytes: number
  readonly sampleBytes: number
  readonly unitBytes: number
  readonly totalBytes: number
}

/** A value with its bin and scratch, which are about as much again. */
const bytesPerDecodedValue = 16
/** A stored value with its row and column, in their order, by column, and its bin. */
const bytesPerStoredValue = 32
/** Encoded bytes of a stored value at least: `index:value` and a space; a row, if nothing else. */
const encodedBytesPerStoredValue: Partial<Record<Format, number>> = { libsvm: 4, csr: 2 }
/** A sampled value, its count, and both again while samples are merged. */
const bytesPerSampledValue = 24
/** What a unit tells of a feature, here and on its way (measured); and its arrays, if not empty. */
const bytesPerScan = 300
const bytesPerScanArrays = 700
/** The JavaScript engine and the code of one thread. */
const threadBytes = 40 * 1024 * 1024

/** A unit, before it is decoded. */
export interface UnitSize {
  readonly nRows: number
  /** Columns that are decoded, features included. */
  readonly nColumns: number
  /** Encoded bytes, where known. */
  readonly nBytes: number
  readonly format: Format
}

/** The most values that a unit can hold; zeros only where they are stored. */
export function unitValuesMax({ nRows, nColumns, nBytes, format }: UnitSize): number {
  const nValues = nRows * nColumns
  const encodedBytes = encodedBytesPerStoredValue[format]
  return encodedBytes === undefined ? nValues : Math.min(nValues, Math.ceil(nBytes / encodedBytes))
}

/** Bytes of a unit while it is decoded. */
export function unitBytesOf(unit: UnitSize): number {
  const perValue = unit.format in encodedBytesPerStoredValue ? bytesPerStoredValue
    : bytesPerDecodedValue
  return unitValuesMax(unit) * perValue + unit.nBytes
}

/**
 * Estimates the memory that loading takes at its peak. The sample is gone when rows are binned,
 * so the larger of the two passes counts. Dictionaries of text columns are not known before.
 */
export function estimateMemory(size: LoadSize): MemoryEstimate {
  const nActive = Math.max(1, size.nThreads)
  const binnedBytes = size.nRows * size.binnedRowBytes
  const numberBytes = size.nRows * size.nNumberArrays * 8
  const { nScans, nSampledValues } = size
  const sampleBytes = nSampledValues * bytesPerSampledValue + nScans * bytesPerScan +
    Math.min(nScans, nSampledValues) * bytesPerScanArrays
  const unitBytes = nActive * (size.unitBytesMax + threadBytes)
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
