import type { BinningParams, LabelKind, LoadedDataset, LoadProgress } from '@coppice/data'
import type { BinnedDataset } from '@coppice/engine'

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

/** Where the rows of a data set are, and what their columns are. */
export interface RowSource {
  /** Reads and bins all rows. Rejects with CoppiceError 'IO', 'DATA', 'MEMORY' or 'ABORTED'. */
  load(request: LoadRequest): Promise<LoadedDataset>
}
