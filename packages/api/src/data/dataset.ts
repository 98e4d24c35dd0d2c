import type { MemoryRows } from '@coppice/data'
import type { BinnedDataset, RowBits } from '@coppice/engine'
import { CoppiceError } from '@coppice/model'
import { type FileOptions, FileSource } from './files.js'
import { type Labels, MemorySource, type RowOptions } from './memory.js'
import { checkRowOptions } from './option-kinds.js'
import { checkOptionNames, optionNames } from '../options.js'
import { rowBits, rowsOfRows, SelectedSource } from './selected-rows.js'
import type { LoadRequest, RowSource, SelectableRows } from './source.js'

/** Options of `Dataset.open`. */
export interface OpenOptions extends FileOptions {
  /** A data set in files whose options are taken over where they are not given here. */
  readonly reference?: Dataset | undefined
}

const roleNames = {
  label: true, weight: true, group: true, queryId: true, position: true, initScore: true,
  ignore: true, categorical: true,
} as const

const openOptionNames = optionNames<OpenOptions>({
  ...roleNames, format: true, header: true, missingValues: true, unnamed: true, sideFiles: true,
  schema: true, reference: true,
})

const rowOptionNames = optionNames<RowOptions>({
  ...roleNames, schema: true, featureNames: true, weights: true, groupSizes: true,
  initScores: true, positions: true,
})

interface Loaded {
  readonly key: string
  readonly reference: BinnedDataset | undefined
  readonly loaded: BinnedDataset
}

/**
 * Rows with a label, in files or in memory. Nothing is read until a training or a prediction
 * needs it; what one training has binned is kept for the next with the same binning parameters.
 */
export class Dataset {
  /** Where the rows are: for the trainer and the predictor. */
  readonly source: RowSource
  #loaded: Loaded | null = null

  private constructor(source: RowSource) {
    this.source = source
  }

  /**
   * A data set in Parquet, Arrow, CSV, TSV, LibSVM or .npy files.
   *
   * @param inputs - files, folders, glob patterns or one manifest
   * @throws CoppiceError 'IO' for what is missing, 'DATA' for files given twice, 'PARAMETER' for a
   *   `header` of true and `missingValues` where no file is CSV or TSV
   */
  static async open(
    inputs: string | readonly string[], options: OpenOptions = {},
  ): Promise<Dataset> {
    checkOptionNames('Dataset.open', options, openOptionNames)
    const { reference, ...own } = options
    if (reference !== undefined) requireDataset(reference, 'the reference')
    const source = reference === undefined ? undefined : allRowsOf(reference).source
    const inherited = source instanceof FileSource ? source.options : {}
    return new Dataset(await FileSource.open(inputs, own, inherited))
  }

  /**
   * A data set in files that only the workers of a cluster have to reach: paths on their disks,
   * http:, https: or s3: uris. Nothing is looked at here, so what is missing is told by the
   * training; relative paths are relative to the working folder of this process.
   *
   * @param inputs - as for `open`
   */
  static remote(
    inputs: string | readonly string[], options: Omit<OpenOptions, 'reference'> = {},
  ): Dataset {
    checkOptionNames('Dataset.remote', options,
      openOptionNames.filter((name) => name !== 'reference'))
    return new Dataset(FileSource.elsewhere(inputs, options))
  }

  /**
   * A data set in memory.
   *
   * @param X - rows as arrays or objects, a matrix {data, shape} (row-major), a sparse one
   *   {data, indices, indptr, shape} (CsrMatrix), columns by name, or an Arrow
   *   table; not copied before a training
   * @param y - one label per row, or an array of them for objectives with several label columns;
   *   null where `options.label` names columns of X
   */
  static from(X: MemoryRows, y: Labels | null = null, options: RowOptions = {}): Dataset {
    checkOptionNames('Dataset.from', options, rowOptionNames)
    checkRowOptions(y, options)
    return new Dataset(new MemorySource(X, y, options))
  }

  /**
   * Some of the rows as a data set of their own, with the bins, dictionaries and classes of *all*
   * rows of this one, as LightGBM's `Dataset.subset` has them: folds are made so, and what is
   * binned is binned once for all selections. A training counts the selected rows from 0, messages
   * name them as they were.
   *
   * @param rows - indices of rows, from 0, each once; the rows remain in their order
   * @throws CoppiceError 'DATA' for what is no index, here or, where the number of rows is not
   *   known yet, when the rows are read
   */
  select(rows: ArrayLike<number>): Dataset {
    return this.selectBits(rowBits(rows, null, 'rows'))
  }

  /** As `select`, by a bit for each row: the business of those who make folds. */
  selectBits(bits: RowBits): Dataset {
    if (!(this.source instanceof SelectedSource)) {
      return new Dataset(new SelectedSource(this, bits))
    }
    const { base, bits: own } = this.source
    return new Dataset(new SelectedSource(base, rowsOfRows(own, bits)))
  }

  /**
   * The rows, binned for a training: the trainer's business, public for tools.
   * @throws CoppiceError 'IO', 'DATA', 'MEMORY' or 'ABORTED'
   */
  async load(request: LoadRequest): Promise<BinnedDataset> {
    const { labelKind, binning, reference } = request
    const key = JSON.stringify([labelKind, binning])
    const known = this.#loaded
    if (known !== null && known.key === key &&
      // by its own bins a data set is what it is
      (known.reference === reference || known.loaded === reference)) return known.loaded
    const loaded = await this.source.load(request)
    this.#loaded = { key, reference, loaded }
    return loaded
  }

  /** Gives the binned rows back to the garbage collector; the next training loads them again. */
  release(): void {
    this.#loaded = null
    if (this.source instanceof SelectedSource) this.source.base.release()
  }
}

/** @throws CoppiceError 'DATA' where the argument is no Dataset */
export function requireDataset(value: unknown, what: string): asserts value is Dataset {
  if (value instanceof Dataset) return
  throw new CoppiceError('DATA',
    `${what} must be a Dataset; make one with Dataset.open(paths) or Dataset.from(X, y)`)
}

/** The data set that a selection was taken of; of any other, itself. */
export function allRowsOf(dataset: Dataset): SelectableRows {
  return dataset.source instanceof SelectedSource ? dataset.source.base : dataset
}
