/** What a load is given and what it gives back. */
import type {
  BinnedBlock, BinnedDataset, NumericBinMapper, NumericFeatureOptions, FloatLookup,
} from '@coppice/engine'
import type { ColumnType, Format, TextOptions } from '../reader.js'
import type { RoleOptions } from '../schema.js'
import type {
  BinningParams,
  ColumnRole,
  Encoding,
  JobContext,
  LabelKind,
  LoadTask,
  LocalResults,
  LocalTask,
  TaskResults,
} from './job.js'
import type { DatasetRecipe } from './recipe.js'

/** A partition to load, before it is planned. */
export interface PartitionInfo {
  readonly name: string
  readonly format: Format
  /** Rows and SHA-256 that a manifest promises, or null. */
  readonly expected: { readonly rows: number; readonly hash: string } | null
}

/** Training data whose bins, dictionaries, classes and feature names are used again. */
export type DatasetReference = Pick<BinnedDataset, 'features' | 'classes'>

/** Options that do not depend on where the rows come from. */
export interface DatasetOptions extends RoleOptions {
  /** What the label is; without it the label is not read. Needs `label`. */
  readonly labelKind?: LabelKind | undefined
  /** Types by column name, instead of the inferred ones. */
  readonly schema?: Readonly<Record<string, ColumnType>> | undefined
  readonly params?: Partial<BinningParams> | undefined
  /** A data set loaded before, or its recipe. */
  readonly reference?: DatasetReference | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** How far a load has come: units (partitions while planning) done, of all in this phase. */
export interface LoadProgress {
  readonly phase: 'plan' | 'verify' | 'scan' | 'bin'
  readonly done: number
  readonly total: number
}

/**
 * Runs tasks, on threads or on other machines; gives results in the order of the tasks. Tasks are
 * pure: a runner may run one twice and take either result.
 */
export interface TaskRunner {
  readonly nThreads: number
  /** What the tasks of later calls of `run` share. */
  setContext(context: JobContext): void
  /** Rejects with the error of the first task (in order) that failed. */
  run<T extends LoadTask>(
    tasks: readonly T[],
    onDone?: (done: number) => void,
  ): Promise<TaskResults[T['kind']][]>
}

/** A runner within this process, which can write into shared arrays. */
export interface LocalRunner extends TaskRunner {
  /** What later 'encode' tasks share, beside the context; null lets go of the arrays. */
  setEncoding(encoding: Encoding | null): void
  run<T extends LocalTask>(
    tasks: readonly T[],
    onDone?: (done: number) => void,
  ): Promise<LocalResults[T['kind']][]>
}

/** A partition as it was loaded: a line of the data set's manifest. */
export interface LoadedPartition {
  readonly name: string
  readonly format: Format
  readonly firstRow: number
  readonly nRows: number
  /** SHA-256 of its bytes where a manifest asked for the check, else null. */
  readonly hash: string | null
}

/** A column of the input and what became of it. */
export interface LoadedColumn {
  readonly name: string
  readonly role: ColumnRole | 'ignored'
  /** null for columns that were not read. */
  readonly type: ColumnType | null
}

export interface LoadedDataset {
  readonly data: BinnedDataset
  readonly partitions: readonly LoadedPartition[]
  readonly columns: readonly LoadedColumn[]
}

/** What `surveyDataset` finds. */
export interface DatasetSurvey {
  readonly recipe: DatasetRecipe
  /** Row counts of the query groups, in row order, or null. */
  readonly groupSizes: Uint32Array | null
  readonly partitions: readonly LoadedPartition[]
  readonly columns: readonly LoadedColumn[]
}

/** A numeric feature whose bins are wanted. */
export interface FeatureToFind {
  /** By the partition's plan. */
  readonly column: number
  readonly options: NumericFeatureOptions
}

/** What `surveyDataset` needs beside the options. */
export interface SurveyInputs {
  readonly partitions: readonly PartitionInfo[]
  readonly textOptions: TextOptions
  readonly params: BinningParams
  readonly runner: TaskRunner
  /** Memory that may be used, and what sets the limit; null where others hold the rows. */
  readonly memory: { readonly limitBytes: number; readonly limitName: string } | null
  /**
   * Finds the bins of features of the only partition: those that its units check but do not sample
   * (`readSample`). So the samples of all columns are never in memory together. Absent where units
   * sample.
   *
   * @param offsets - the rows to sample, null for all
   */
  readonly findBins?: (
    features: readonly FeatureToFind[], offsets: Int32Array | null) => Promise<NumericBinMapper[]>
  /**
   * Waited for after each feature whose bins were found in the calling thread (milliseconds
   * each), to let other events through. Without it they are found in one go.
   */
  readonly pause?: (() => Promise<void>) | undefined
}

/** What `runLoad` needs beside the options. */
export interface LoadInputs extends SurveyInputs {
  readonly runner: LocalRunner
  /**
   * Bins all rows of features of the only partition, by its plan, into blocks, where that is worth
   * doing beside the units, which are gone through at the same time. Null, with nothing done,
   * elsewhere.
   */
  readonly binAhead?: (
    columns: readonly number[], types: readonly (ColumnType | null)[],
    lookups: readonly FloatLookup[], blocks: readonly BinnedBlock[]) => Promise<void> | null
}
