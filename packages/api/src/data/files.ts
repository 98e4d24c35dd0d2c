import type { ColumnType, Format, LoadedDataset, RoleOptions } from '@coppice/data'
import { loadDataset, resolveInputs } from '@coppice/data/node'
import type { LoadRequest, RowSource } from './source.js'

/** How files are read, and what their columns are. */
export interface FileOptions extends RoleOptions {
  /** The format of all files, instead of what their names and first bytes say. */
  readonly format?: Format | undefined
  /** Text files begin with a line of column names; default 'auto'. */
  readonly header?: boolean | 'auto' | undefined
  /** Texts that mean missing, in text files; default '', NA, N/A, NaN, nan, null, NULL, None, ?. */
  readonly missingValues?: readonly string[] | undefined
  /** Types by column name, instead of the inferred ones. */
  readonly schema?: Readonly<Record<string, ColumnType>> | undefined
}

/** Rows in files. */
export class FileSource implements RowSource {
  readonly inputs: string | readonly string[]
  readonly options: FileOptions

  private constructor(inputs: string | readonly string[], options: FileOptions) {
    this.inputs = inputs
    this.options = options
  }

  /** @throws CoppiceError 'IO' or 'DATA' when the inputs name no file, or one twice */
  static async open(
    inputs: string | readonly string[], options: FileOptions,
  ): Promise<FileSource> {
    await resolveInputs(inputs, options.format)
    return new FileSource(inputs, options)
  }

  async load(request: LoadRequest): Promise<LoadedDataset> {
    const { labelKind, binning, ...rest } = request
    return loadDataset({
      ...this.options,
      ...rest,
      inputs: this.inputs,
      params: binning,
      ...(labelKind === null ? {} : { labelKind }),
    })
  }
}
