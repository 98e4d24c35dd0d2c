import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { CoppiceError } from '@coppice/model'
import { runLoad } from '../loader.js'
import { InlineRunner, throwIfAborted } from '../loading/inline-runner.js'
import { type BinningParams, defaultBinning } from '../loading/job.js'
import type { DatasetOptions, LoadedDataset, LoadInputs, LocalRunner } from '../loading/options.js'
import type { Format, TextOptions, UnnamedColumns } from '../reader.js'
import { defaultTextOptions } from '../readers.js'
import { type InputPartition, resolveInputs } from './inputs.js'
import { memoryLimitBytes } from './memory-limit.js'
import type { SourceOptions } from './open-source.js'
import { SourcePartitions, sourceRefs } from './source-partitions.js'
import { ThreadRunner } from './thread-runner.js'
import { displayUri, isLocalUri } from './uri.js'

/** Options of `loadDataset`. */
export interface LoadOptions extends Omit<DatasetOptions, 'params'>, SourceOptions {
  /** Files, folders, glob patterns or one manifest; paths, or uris as in `resolveInputs`. */
  readonly inputs: string | readonly string[]
  /** The format of all files, instead of what their names and first bytes say. */
  readonly format?: Format | undefined
  /** Text files begin with a line of column names; default 'auto'. */
  readonly header?: boolean | 'auto' | undefined
  /** Texts that mean missing, in text files. */
  readonly missingValues?: readonly string[] | undefined
  /** Names of the columns of text without a header. */
  readonly unnamed?: UnnamedColumns | undefined
  /** Binning parameters, and the most memory that may be used. */
  readonly params?:
    (Partial<BinningParams> & { readonly maxMemoryMb?: number | undefined }) | undefined
  /** Threads; default: all cores. The result does not depend on it. */
  readonly threads?: number | undefined
  /**
   * Inputs of fewer bytes are loaded in the calling thread; by default 72 MiB where there would be
   * two threads, 48 where four, and never less than 36.
   */
  readonly inlineBytesMax?: number | undefined
}

/**
 * What the calling thread reads while others start and warm up: each takes 0.2 s to be as fast
 * (measured: CSV of 59 and 147 MB, Parquet of 80 MB, on one and two threads).
 */
const startBytes = 36 << 20

/**
 * Loads and bins a data set from files.
 *
 * The result is the same, byte for byte, for any number of threads and any cut of the same rows
 * into partitions and row groups. Rejects with CoppiceError 'IO', 'DATA', 'MEMORY' or 'ABORTED'
 * that names file, column and row, and says what to do.
 */
export async function loadDataset(options: LoadOptions): Promise<LoadedDataset> {
  throwIfAborted(options.signal)
  const { inputs, format, signal, params } = options
  const partitions = await resolveInputs(inputs, format, options)
  const nThreads = await chooseThreads(options, partitions)
  const refs = sourceRefs(partitions, options)
  const files = new SourcePartitions(refs)
  const inline = new InlineRunner(files, signal)
  const threads = nThreads > 1 ? new ThreadRunner(refs, nThreads, inline, signal) : null
  const runner: LocalRunner = threads ?? inline
  try {
    return await runLoad(loadInputs(options, partitions, runner), { ...options, params })
  } finally {
    await threads?.close()
    await files.close()
  }
}

function loadInputs(
  options: LoadOptions,
  partitions: readonly InputPartition[],
  runner: LocalRunner,
): LoadInputs {
  const { params } = options
  const limitMb = params?.maxMemoryMb
  const memory =
    limitMb === undefined || limitMb <= 0
      ? { limitBytes: memoryLimitBytes(), limitName: 'this machine' }
      : { limitBytes: limitMb * 1048576, limitName: 'max_memory_mb' }
  return {
    partitions: partitions.map(({ path, format, expected }) => ({
      name: displayUri(path),
      format,
      expected,
    })),
    textOptions: textOptionsOf(options),
    params: { ...defaultBinning, ...dropUndefined(params ?? {}) },
    runner,
    memory,
  }
}

/** The text options that the caller gave, and the defaults for the others. */
export function textOptionsOf(options: {
  readonly header?: boolean | 'auto' | undefined
  readonly missingValues?: readonly string[] | undefined
  readonly unnamed?: UnnamedColumns | undefined
}): TextOptions {
  return {
    ...(options.unnamed === undefined ? {} : { unnamed: options.unnamed }),
    header: options.header ?? defaultTextOptions.header,
    missingValues: options.missingValues ?? defaultTextOptions.missingValues,
  }
}

function dropUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

async function chooseThreads(
  { threads, inlineBytesMax }: LoadOptions,
  partitions: readonly InputPartition[],
): Promise<number> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new CoppiceError('PARAMETER', `threads must be an integer >= 1, got ${threads}`)
  }
  const wanted = threads ?? availableParallelism()
  if (wanted === 1) return 1
  // Threads overlap the waiting, however small the files are.
  if (partitions.some(({ path }) => !isLocalUri(path))) return wanted
  let nBytes = 0
  for (const { path } of partitions)
    nBytes += await stat(path).then(
      ({ size }) => size,
      () => 0,
    )
  return nBytes < (inlineBytesMax ?? startBytes * wanted / (wanted - 1)) ? 1 : wanted
}
