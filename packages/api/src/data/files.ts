import {
  type ColumnRef, type ColumnType, featureTypes, type Format, type Prediction, type PredictionType,
  resolveRoles, type RoleOptions, unpackPrediction,
} from '@coppice/data'
import {
  loadDataset, openRaw, predictFiles, predictionThreads, type RawTable, resolveInputs,
} from '@coppice/data/node'
import type { BinnedDataset } from '@coppice/engine'
import { CoppiceError, type Predictor } from '@coppice/model'
import { queryRoles } from './query-groups.js'
import type { LoadRequest, OpenRows, RowSource } from './source.js'

/** How files are read, and what their columns are. */
export interface FileOptions extends RoleOptions {
  /** As `group`: the column of query ids. */
  readonly queryId?: ColumnRef | undefined
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
  readonly isInMemory = false
  readonly inputs: string | readonly string[]
  readonly options: FileOptions

  private constructor(inputs: string | readonly string[], options: FileOptions) {
    this.inputs = inputs
    const { group, queryId, ...rest } = options
    const roles = queryRoles({ group, queryId })
    this.options = { ...rest, ...(roles.group === undefined ? {} : { group: roles.group }) }
  }

  /** @throws CoppiceError 'IO' or 'DATA' when the inputs name no file, or one twice */
  static async open(
    inputs: string | readonly string[], options: FileOptions,
  ): Promise<FileSource> {
    await resolveInputs(inputs, options.format)
    return new FileSource(inputs, options)
  }

  /** For files that only the workers of a cluster can read: they are not looked at. */
  static elsewhere(inputs: string | readonly string[], options: FileOptions): FileSource {
    return new FileSource(inputs, options)
  }

  /** Names of the features, in their order. @throws CoppiceError 'IO' or 'DATA' */
  async featureNames(): Promise<readonly string[]> {
    const raw = await openRaw(this.inputs, this.options)
    await raw.close()
    return resolveRoles(raw.names, this.options).features.map((index) => raw.names[index]!)
  }

  async load({ labelKind, binning, ...rest }: LoadRequest): Promise<BinnedDataset> {
    const { data } = await loadDataset({
      ...this.options,
      ...rest,
      inputs: this.inputs,
      params: binning,
      ...(labelKind === null ? {} : { labelKind }),
    })
    return data
  }

  async open(): Promise<OpenRows> {
    const raw = await openRaw(this.inputs, this.options)
    try {
      const { names, nRows } = raw
      // Names that only training needs may be absent from rows to predict.
      const { label, weight, group } = this.options
      const roles = resolveRoles(names, { label, weight })
      const isSparse = raw.partitions.some(({ format }) => format === 'libsvm')
      const nameOf = (index: number | null): string | null => index === null ? null : names[index]!
      return {
        nRows,
        label: nameOf(roles.label) ?? (isSparse && names[0] === 'label' ? 'label' : null),
        weight: nameOf(roles.weight),
        query: group === undefined ? null : queryName(names, { label, group }),
        batches: (wanted, types) => raw.units(wanted, { ...this.options.schema, ...types }),
        predict: (predictor, type, numThreads) =>
          predictRaw(raw, predictor, type, { numThreads, schema: this.options.schema ?? {} }),
        close: () => raw.close(),
      }
    } catch (error) {
      await raw.close()
      throw error
    }
  }
}

/** The column of query ids, where the rows have it: those to predict may not. */
function queryName(
  names: readonly string[], roles: Pick<RoleOptions, 'label' | 'group'>,
): string | null {
  try {
    const { group } = resolveRoles(names, roles)
    return group === null ? null : names[group]!
  } catch (error) {
    if (error instanceof CoppiceError && error.code === 'DATA') return null
    throw error
  }
}

async function* predictRaw<T extends PredictionType>(
  raw: RawTable, predictor: Predictor, type: T,
  { numThreads, schema }: {
    readonly numThreads: number, readonly schema: Readonly<Record<string, ColumnType>>,
  },
): AsyncGenerator<Prediction[T]> {
  const { model } = predictor
  const wanted = model.features.map(({ name }) => name)
  const types = { ...schema, ...featureTypes(model) }
  const nThreads = predictionThreads(numThreads,
    { nRows: raw.nRows, nColumns: wanted.length, nTrees: predictor.nTrees })
  for await (const { predictions } of
    predictFiles(raw, { predictor, type, wanted, types, kept: [] }, nThreads)) {
    yield unpackPrediction(model, type, predictions)
  }
}
