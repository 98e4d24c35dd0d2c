import { bitBytes } from '../bin-set.js'
import type { BinnedDataset } from '../dataset.js'
import { CoppiceError } from '../errors.js'
import { Exchange, HEADER_BYTES } from '../execution/exchange.js'
import { byteLayout, recordLayout, TILE_BYTES_MAX } from '../execution/record-layout.js'
import { TreePlanes } from '../execution/tree-planes.js'
import { CELL_BYTES, SUM_BYTES } from '../kernels/api.js'
import { cellsOf } from '../kernels/cells.js'
import { THREADS_MAX } from '../params/core.js'
import { BINS_MAX, BYTE_BINS, isWide, rowBytesOf } from '../row-bytes.js'
import { DEFAULT_SPECULATION, EXCHANGE_BYTES } from './executor-traits.js'

/** The size of a training, known before any row is read. */
export interface TrainingSize {
  readonly nRows: number
  readonly nFeatures: number
  /** Bytes of a row's bins, see `storedColumns`; nFeatures where it is not known. */
  readonly nColumns?: number
  /** Rows of all evaluation sets. */
  readonly nEvalRows: number
  /** 1, or the number of classes. */
  readonly nOutputs: number
  readonly numLeaves: number
  readonly nThreads: number
  /** Expansions outstanding, as asked for; 0, or none, where the executor chooses. */
  readonly speculation?: number
  /** Bins of all features together. */
  readonly nBins: number
  /** Most bins of a feature; 256 where it is not known to have more. */
  readonly widestBins?: number
  readonly usesBagging: boolean
  readonly hasWeight: boolean
  /** Label columns; default 1. */
  readonly nLabels?: number
  /** Leaves are percentiles, for which residuals are kept; default false. */
  readonly keepsResiduals?: boolean
  /** Gradients are kept as doubles first. */
  readonly ranks?: boolean
  /** Rows were shown at positions whose biases are learnt. */
  readonly hasPositions?: boolean
  /** Leaves are linear: which one a row is in is kept as a double. */
  readonly marksLeaves?: boolean
  /** Features that rows pay for, of which it is kept who was asked. */
  readonly nAsked?: number
  /** For the histograms of open leaves, see `histogramPoolBytes`. */
  readonly histogramPoolBytes: number
  /** Each thread grows whole trees, over all rows; default false. */
  readonly growsApart?: boolean
}

/** The JavaScript engine and the code of one thread. */
const THREAD_BYTES = 40 * 1024 * 1024
/** Of a feature, while it is looked for those that share a byte: counts of bins, bits of rows. */
const BUNDLING_BYTES = 1536

/** What one thread's WebAssembly memory can hold. */
export const ARENA_BYTES_MAX = 4_294_967_296

/**
 * Bytes of a row's bins in the block where they are most. Threads bundle their rows anew, which
 * comes to about as many.
 */
export function storedColumns({ blocks, features }: BinnedDataset): number {
  const whole = rowBytesOf(features)
  return blocks.reduce((most, { packing }) => Math.max(most, packing?.nColumns ?? whole), 1)
}

/**
 * Of an expansion outstanding, nodes beyond the open leaves that have a histogram: its own, and as
 * many that ran ahead in vain. A rule from trainings that were looked at: more may, as far as
 * `expansionsAhead` says, hardly any do; the pool is the bound.
 */
const NODES_AHEAD = 2

/**
 * Bytes that training takes besides the binned data set it is given: two buffers of records,
 * scores, labels, weights and gradients per row, and the histograms of open leaves.
 */
export function estimateTraining(size: TrainingSize): number {
  const { nThreads, nRows, nOutputs, numLeaves, growsApart = false } = size
  const thread = arenaBytes(size) + THREAD_BYTES + size.nFeatures * BUNDLING_BYTES
  const together = nThreads * thread + exchangeBytes(size)
  return !growsApart ? together : together + growers(size) * treeArenaBytes(size) +
    TreePlanes.bytes({ nRows, nOutputs, maxLeaves: numLeaves, features: [] })
}

/** Bytes of the memory in which a thread grows whole trees: all rows, and a share of the pool. */
export function treeArenaBytes(size: TrainingSize): number {
  const { nRows, usesBagging, histogramPoolBytes } = size
  const row = 2 * recordBytes(size) + 8 + (usesBagging ? 5 : 0)
  return nRows * row + openHistograms(size, histogramPoolBytes / growers(size)) +
    ownBytes(size)
}

/** Threads that grow trees apart. */
function growers({ nThreads, nOutputs }: TrainingSize): number {
  return Math.min(nThreads, nOutputs)
}

/** Histograms on their way between threads: as many as a limit allows, but two of each at least. */
function exchangeBytes(size: TrainingSize): number {
  const { nThreads } = size
  if (nThreads === 1) return 0
  const one = nThreads * (HEADER_BYTES + histogramBytes(size))
  const most = Math.floor(EXCHANGE_BYTES / Math.max(1, one))
  return one * Exchange.roomFor(Math.min(outstanding(size), most))
}

function outstanding({ speculation = 0 }: TrainingSize): number {
  return speculation > 0 ? speculation : DEFAULT_SPECULATION
}

function histogramBytes({ nBins }: TrainingSize): number {
  return nBins * SUM_BYTES
}

/** Bytes of one thread's memory: its rows, and its share of the histograms of open leaves. */
function arenaBytes(size: TrainingSize): number {
  return spreadBytes(size) / size.nThreads + ownBytes(size)
}

/** What is spread over the threads. */
function spreadBytes(size: TrainingSize): number {
  const { nRows, nEvalRows, histogramPoolBytes, growsApart = false } = size
  const histograms = growsApart ? 0 : openHistograms(size, histogramPoolBytes)
  return nRows * bytesPerRow(size) + nEvalRows * bytesPerEvalRow(size) + histograms
}

/** Of open leaves, in a pool of this size. */
function openHistograms(size: TrainingSize, poolBytes: number): number {
  const nHistograms =
    Math.min(size.numLeaves, Math.max(2, size.nRows)) + NODES_AHEAD * outstanding(size)
  return Math.min(
    nHistograms * histogramBytes(size), Math.max(poolBytes, 2 * histogramBytes(size)))
}

/** Of the tables that PackedFill reads, by packed column. */
const PACKED_COLUMN_BYTES = 256 * 5

/** What each thread has, however many there are. */
function ownBytes(size: TrainingSize): number {
  const { nFeatures, nColumns = nFeatures, nBins, numLeaves, widestBins = BYTE_BINS } = size
  // cells of a tile; where features share columns, of all
  const nSummed = nColumns < nFeatures ? nColumns : Math.min(nColumns, TILE_BYTES_MAX)
  const hasWide = isWide(widestBins)
  // no more than those of all bins, each feature's rounded up
  const nCells = hasWide
    ? Math.min(nSummed * cellsOf(widestBins), nBins + nFeatures * cellsOf(1)) + cellsOf(BINS_MAX)
    : nSummed * cellsOf(BYTE_BINS)
  // a tree's tables of which bins go left
  const tables = hasWide ? numLeaves * bitBytes(widestBins) : 0
  // tables of what packed rows stand for
  const entries = nColumns < nFeatures ? nColumns * PACKED_COLUMN_BYTES : 0
  return nCells * CELL_BYTES + tables + entries + 2 * histogramBytes(size)
}

/** Bytes of a training row in the thread that has it. */
function bytesPerRow(size: TrainingSize): number {
  const {
    nOutputs, nLabels = 1, hasWeight, usesBagging, keepsResiduals, ranks, growsApart = false,
    marksLeaves, nAsked = 0,
  } = size
  const gradients = nOutputs > 1 ? nOutputs * 8 : 0
  return (growsApart ? 1 : 2) * recordBytes(size) + nOutputs * 8 + gradients + 8 * nLabels +
    (hasWeight ? 8 : 0) + (usesBagging ? 9 : 0) + (keepsResiduals === true ? 12 : 0) +
    (ranks === true ? 16 : 0) + (marksLeaves === true ? 8 : 0) +
    (size.hasPositions === true ? 12 : 0) + (nAsked > 0 ? 8 + 4 * nAsked : 0)
}

/** Of a row in one of the buffers, with half of what is needed to split rows in several planes. */
function recordBytes(
  { nFeatures, nColumns = nFeatures, widestBins = BYTE_BINS }: TrainingSize,
): number {
  const hasWide = isWide(widestBins)
  // a column of two bytes is counted as two: of them the layout says where the side is
  const { rowBytes, nTiles } = hasWide
    ? recordLayout([widestBins, ...new Array<number>(Math.max(0, nColumns - 2)).fill(1)])
    : byteLayout(nColumns)
  return rowBytes + (nTiles > 1 || hasWide ? 2.5 : 0)
}

function bytesPerEvalRow(
  { nFeatures, nColumns = nFeatures, nOutputs, nLabels = 1, marksLeaves }: TrainingSize,
): number {
  return nColumns + nOutputs * 8 + 8 + 8 * nLabels + (marksLeaves === true ? 8 : 0)
}

/**
 * Refuses a training that cannot fit.
 *
 * @param limitBytes - memory that is there for it; Infinity where that is not known
 * @throws CoppiceError 'MEMORY' with both figures
 */
export function requireTrainingMemory(size: TrainingSize, limitBytes: number): void {
  const needed = estimateTraining(size)
  const perThread = arenaBytes(size)
  const what = `training on ${size.nRows} rows x ${size.nFeatures} features with num_leaves ` +
    `${size.numLeaves} needs about`
  if (needed > limitBytes) {
    throw new CoppiceError('MEMORY',
      `${what} ${mb(needed)} besides the binned data, there are ${mb(Math.max(0, limitBytes))}; ` +
      `${savings(size, limitBytes)}use fewer rows or features, a smaller max_bin, or more memory ` +
      '(max_memory_mb, where that is the limit)')
  }
  if (perThread > ARENA_BYTES_MAX) {
    throw new CoppiceError('MEMORY',
      `${what} ${mb(perThread)} in each of ${size.nThreads} threads, a thread can hold ` +
      `${mb(ARENA_BYTES_MAX)}; ${wayOut(size)}`)
  }
}

/** What would do by itself: it changes the time that a training takes, never the model. */
function savings(size: TrainingSize, limitBytes: number): string {
  const fits = (change: Partial<TrainingSize>): boolean => {
    const own = { ...size, ...change }
    return estimateTraining(own) <= limitBytes && arenaBytes(own) <= ARENA_BYTES_MAX
  }
  const ways: string[] = []
  let nThreads = size.nThreads - 1
  while (nThreads > 0 && !fits({ nThreads })) nThreads--
  if (nThreads > 0) ways.push(`num_threads = ${nThreads}`)
  if (outstanding(size) > 1 && size.nThreads > 1 && fits({ speculation: 1 })) {
    ways.push('speculation = 1')
  }
  let poolMb = Math.floor(size.histogramPoolBytes / 1_048_576)
  while (poolMb > 0 && !fits({ histogramPoolBytes: poolMb * 1_048_576 })) {
    poolMb = Math.floor(poolMb / 2)
  }
  if (poolMb > 0) ways.push(`histogram_pool_size = ${poolMb}`)
  return ways.length === 0 ? '' : `${ways.join(', or ')} would do; or `
}

/** With how many threads a training fits that does not fit the memory of each. */
function wayOut(size: TrainingSize): string {
  const room = ARENA_BYTES_MAX - ownBytes(size)
  const nThreads = Math.ceil(spreadBytes(size) / room)
  return room > 0 && nThreads <= THREADS_MAX
    ? `use num_threads = ${nThreads} or more (there may be more threads than cores), or a ` +
      'smaller histogram_pool_size or max_bin'
    : 'use fewer rows or features, or a smaller max_bin'
}

function mb(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MB`
}
