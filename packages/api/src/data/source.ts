import type {
  BinningParams, ColumnChunk, LabelKind, LoadProgress, Prediction, PredictionType, UnitColumn,
  WantedType,
} from '@coppice/data'
import type { BinnedDataset } from '@coppice/engine'
import type { CoppiceError, Model, PredictInput, Predictor } from '@coppice/model'

/** What a training asks of a data set. */
export interface LoadRequest {
  /** What the label is, or null where it is not wanted. */
  readonly labelKind: LabelKind | null
  readonly binning: Partial<BinningParams> & { readonly maxMemoryMb?: number }
  /** Training data whose bins, dictionaries and classes are used again. */
  readonly reference?: BinnedDataset | undefined
  /** Threads to load with; default: all cores. The result does not depend on it. */
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** Some consecutive rows: one chunk per wanted column. */
export interface RowBatch<Column = ColumnChunk> {
  /** The file that the rows are in, for messages; absent in memory. */
  readonly partition?: string
  readonly nRows: number
  readonly columns: readonly Column[]
}

/** Rows that can be read as they are, a batch at a time. */
export interface OpenRows {
  readonly nRows: number
  /** Names for `batches` of the label columns; empty where there is none. */
  readonly labels: readonly string[]
  /** Names for `batches` of the weight and the query, null where there is none. */
  readonly weight: string | null
  readonly query: string | null
  /** What is wrong with the query that was named, where it is not there: predicting needs none. */
  readonly noQuery?: CoppiceError | undefined
  /**
   * @param wanted - column names; rows without names are taken to have the wanted ones
   * @param types - types by column name, instead of the inferred ones; 'number' for any number
   */
  batches(
    wanted: readonly string[], types: Readonly<Record<string, WantedType>>,
  ): AsyncIterable<RowBatch>
  /**
   * As `batches`; numbers of which most are 0 come without those. Only where files leave out zeros.
   */
  storedBatches?(
    wanted: readonly string[], types: Readonly<Record<string, WantedType>>,
  ): AsyncIterable<RowBatch<UnitColumn>>
  /**
   * Columns of a model that files which leave out zeros have no entry of are 0 from now on.
   * @throws CoppiceError 'DATA' for columns behind the last of the model
   */
  fitTo?(model: Model): void
  /** All rows in a form that a predictor takes, where they are in one; else null. */
  ready?(model: Model): PredictInput | null
  /**
   * Predicts all rows, a batch at a time, where that can be done on threads.
   * @param numThreads - 0 for all cores, where that pays
   */
  predict?<T extends PredictionType>(
    predictor: Predictor, type: T, numThreads: number,
  ): AsyncIterable<Prediction[T]>
  close(): Promise<void>
}

/** The name of a column for messages; that of an array beside the rows is none to be told. */
export function shownName<Other>(name: string, other: Other): string | Other {
  return name.startsWith('\0') ? other : name
}

/** Where the rows of a data set are, and what their columns are. */
export interface RowSource {
  /** The rows are in this process and nowhere else. */
  readonly isInMemory: boolean
  /** Reads and bins all rows. Rejects with CoppiceError 'IO', 'DATA', 'MEMORY' or 'ABORTED'. */
  load(request: LoadRequest): Promise<BinnedDataset>
  /** Opens the rows for predictions; close what it gives. */
  open(): Promise<OpenRows>
}

/** Of a data set, what a selection of its rows needs. */
export interface SelectableRows {
  readonly source: RowSource
  /** Reads and bins all rows, or gives what it has kept of the last time. Rejects as a source's. */
  load(request: LoadRequest): Promise<BinnedDataset>
  /** Forgets what it has kept. */
  release(): void
}
